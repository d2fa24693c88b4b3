"""One rule says through which proxy each service is reached."""

from collections.abc import Mapping

import pytest

from adapters.discord import config as discord_config
from adapters.discord.client import RestClient
from adapters.discord.http import RequestReporter
from adapters.slack import config as slack_config
from adapters.slack.adapter import SlackAdapter
from aion_bot.config import Settings
from aion_bot.ports.secrets import secrets_in
from aion_bot.ports.settings import proxy_for

KEY = {"AIONVISION_API_KEY": "aion_" + "k" * 24}
SLACK = {"SLACK_BOT_TOKEN": "xoxb-1-a", "SLACK_APP_TOKEN": "xapp-1-a"}
DISCORD = {"DISCORD_TOKEN": "t0ken"}
ENVIRONMENT = {"HTTPS_PROXY": "http://env:1"}
OWN = {"AION_BOT_PROXY_URL": "http://own:2"}

RULES: list[tuple[Mapping[str, str], str | None]] = [
    ({}, None),
    (ENVIRONMENT, "http://env:1"),
    ({"https_proxy": "http://env:1"}, "http://env:1"),
    (ENVIRONMENT | OWN, "http://own:2"),
    (ENVIRONMENT | {"NO_PROXY": "*"}, None),
    (ENVIRONMENT | {"NO_PROXY": "example.org,service.example"}, None),
    (ENVIRONMENT | {"no_proxy": ".example"}, None),
    (ENVIRONMENT | {"NO_PROXY": "*.example"}, None),
    (ENVIRONMENT | {"NO_PROXY": "service.example:443"}, None),
    (ENVIRONMENT | {"NO_PROXY": "service.example:80"}, "http://env:1"),
    (ENVIRONMENT | {"NO_PROXY": "other.example"}, "http://env:1"),
    (OWN | {"NO_PROXY": "*"}, "http://own:2"),
    ({"HTTP_PROXY": "http://plain:1"}, None),
]


@pytest.mark.parametrize(("env", "proxy"), RULES)
def test_the_rule(env: Mapping[str, str], proxy: str | None) -> None:
    """The bot's own variable wins; otherwise the environment's holds, but for the hosts that it excepts."""
    assert proxy_for(env, "https://service.example/api") == proxy
    assert proxy_for(env, "http://127.0.0.1:8321/api") is None
    assert proxy_for(env, "http://localhost:8321/api") is None


@pytest.mark.parametrize(
    ("env", "proxy"), [(ENVIRONMENT, "http://env:1"), (ENVIRONMENT | OWN, "http://own:2")]
)
async def test_every_service_follows_it(env: Mapping[str, str], proxy: str) -> None:
    """Slack's requests and sockets, Discord's requests and gateway, and Aion go through the same proxy."""
    slack, _ = slack_config.read(SLACK | env)
    discord, _ = discord_config.read(DISCORD | env)
    aion, problems = Settings.read(KEY | env)
    assert slack is not None
    assert discord is not None
    assert aion is not None, problems
    assert (slack.proxy, discord.proxy, aion.proxy_url) == (proxy, proxy, proxy)
    adapter = SlackAdapter(slack)
    assert adapter._web.client.proxy == proxy
    await adapter.close()
    assert RestClient(discord, RequestReporter(discord.api_url)).new_client().http.proxy == proxy


async def test_the_library_of_slack_reads_no_proxy_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the process's environment that NO_PROXY excepts Slack from is not taken by its library."""
    monkeypatch.setenv("HTTPS_PROXY", "http://env:1")
    settings, _ = slack_config.read(SLACK | ENVIRONMENT | {"NO_PROXY": "slack.com"})
    assert settings is not None
    adapter = SlackAdapter(settings)
    assert adapter._web.client.proxy is None
    await adapter.close()


def test_aions_own_proxy_wins_for_aion() -> None:
    """`AIONVISION_PROXY_URL` goes before both others."""
    settings, _ = Settings.read(KEY | ENVIRONMENT | OWN | {"AIONVISION_PROXY_URL": "http://aion:3"})
    assert settings is not None
    assert settings.proxy_url == "http://aion:3"


@pytest.mark.parametrize(
    "value", ["proxy", "proxy:3128", "ftp://u:verysecret@proxy:1", "http://u:verysecret@p:x"]
)
def test_a_wrong_proxy_is_refused_and_not_repeated(value: str) -> None:
    """What is no address of an HTTP proxy is a problem of its variable; its password is not shown."""
    for name in ("AION_BOT_PROXY_URL", "HTTPS_PROXY"):
        settings, (problem,) = Settings.read(KEY | {name: value})
        assert settings is None
        assert problem.variable == name
        assert "verysecret" not in str(problem)


def test_a_proxys_password_is_a_secret() -> None:
    """Logs strike the password of a proxy's address."""
    assert "verysecret" in secrets_in({"HTTPS_PROXY": "http://u:verysecret@proxy:1"})
