"""The whole bot where nothing is reached but through a proxy with a password."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import connector
from httpx._transports import default

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot
from tests.support.connect_proxy import PASSWORD, ConnectProxy, anonymous_tls

pytestmark = pytest.mark.slow

AION, SLACK, SOCKET = "aion.example", "slack.example", "socket.slack.example"
DISCORD, GATEWAY = "discord.example", "gateway.discord.example"


def outside(address: str, host: str) -> str:
    """The address of a service of this machine in the world behind the proxy."""
    return f"https://{host}{urlsplit(address).path}"


@pytest.fixture
async def proxy(
    aion: SimulatedAion, slack: SimulatedSlack, discord: SimulatedDiscord
) -> AsyncIterator[ConnectProxy]:
    """A proxy with the three services behind it."""
    addresses = (aion.base_url, slack.env["SLACK_API_URL"], discord.env["DISCORD_API_URL"])
    ports = [int(urlsplit(one).port or 0) for one in addresses]
    hosts = dict(zip((AION, SLACK, DISCORD), ports, strict=True))
    async with ConnectProxy({**hosts, SOCKET: hosts[SLACK], GATEWAY: hosts[DISCORD]}) as made:
        yield made


@pytest.fixture
def world(
    aion: SimulatedAion, slack: SimulatedSlack, discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The settings that name the services as the world behind the proxy does; the services name their sockets so, too."""
    client = anonymous_tls(ssl.PROTOCOL_TLS_CLIENT)
    monkeypatch.setattr(connector, "_SSL_CONTEXT_VERIFIED", client)
    monkeypatch.setattr(default, "create_ssl_context", lambda **_: client)
    monkeypatch.setattr(slack, "socket_address", lambda: f"wss://{SOCKET}/link/{slack.sockets.ticket()}")
    discord.server._backend.gateway.described["url"] = f"wss://{GATEWAY}/gateway/"
    return {
        "AIONVISION_BASE_URL": outside(aion.base_url, AION),
        "SLACK_API_URL": outside(slack.env["SLACK_API_URL"], SLACK),
        "DISCORD_API_URL": outside(discord.env["DISCORD_API_URL"], DISCORD),
    }


@pytest.mark.parametrize("variable", ["AION_BOT_PROXY_URL", "HTTPS_PROXY"])
async def test_slack_and_aion_are_reached_through_a_proxy(
    aion: SimulatedAion,
    slack: SimulatedSlack,
    proxy: ConnectProxy,
    world: dict[str, str],
    tmp_path: Path,
    variable: str,
) -> None:
    """Requests to Slack, its socket and the stream of Aion's answer are tunnelled, each with the proxy's password."""
    bot, settings = Bot(aion, slack, tmp_path), {variable: proxy.address, **world}
    del settings["DISCORD_API_URL"]
    await bot.start(**settings)
    await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    await bot.stop()
    assert set(proxy.tunnels) == {AION, SLACK, SOCKET}
    assert not proxy.refused


async def test_discord_is_reached_through_a_proxy(
    aion: SimulatedAion, discord: SimulatedDiscord, proxy: ConnectProxy, world: dict[str, str], tmp_path: Path
) -> None:
    """Requests to Discord, its gateway and Aion are tunnelled."""
    bot, settings = Bot(aion, discord, tmp_path), {"HTTPS_PROXY": proxy.address, **world}
    del settings["SLACK_API_URL"]
    await bot.start(**settings)
    await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    await bot.stop()
    assert set(proxy.tunnels) == {AION, DISCORD, GATEWAY}
    assert not proxy.refused


async def test_this_machine_and_excepted_hosts_are_reached_directly(bot: Bot, proxy: ConnectProxy) -> None:
    """A bot whose services are on this machine asks the proxy for nothing, whichever variable names it."""
    await bot.stop()
    for more in ({"AION_BOT_PROXY_URL": proxy.address}, {"HTTPS_PROXY": proxy.address, "NO_PROXY": "*"}):
        await bot.start(**more)
        await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
        await bot.stop()
    assert not proxy.tunnels
    await bot.start()


async def test_a_wrong_password_of_the_proxy_is_told_without_it(
    aion: SimulatedAion, slack: SimulatedSlack, proxy: ConnectProxy, tmp_path: Path
) -> None:
    """Where the proxy refuses, people read that Aion cannot be reached, and neither they nor the log see the password."""
    bot = Bot(aion, slack, tmp_path)
    wrong = proxy.address.replace("bot:", "other:")
    await bot.start(
        AIONVISION_PROXY_URL=wrong, AIONVISION_BASE_URL=f"https://{AION}/api/v2", AIONVISION_MAX_RETRIES="0"
    )
    thread = await slack.ask(bot.ada, "What is damaged on site 7?")
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])
    assert PASSWORD not in bot.text(thread)
    assert proxy.refused
    await bot.stop()
