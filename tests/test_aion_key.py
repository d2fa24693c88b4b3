"""`aion_key`: what the file may name, what is refused at the start, and keys that change while the bot serves."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from aion_bot.aion import AionVision
from aion_bot.cli import read_file
from aion_bot.config import CONFIG, Settings
from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.aion_keys import is_ours, of_session, services_at
from aion_bot.conversation.month_allowance import MonthAllowance
from aion_bot.conversation.services import Services
from aion_bot.delivery.registry import Registry
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.rule_keys import AION_KEY
from aion_bot.domain.rules import Rule, Rules
from aion_bot.keys.clients import KeyClients
from aion_bot.ports.events import Place
from aion_bot.ports.secrets import KNOWN, MARK
from aion_bot.ratelimit.request_pace import RequestPace
from aion_bot.simulators.aion import API_KEY, SimulatedAion
from aion_bot.storage import Store

SITE, NEW, NAME = "site_0123456789abcdefghij", "site_rotated_0123456789abcd", "SITE_KEY"
SITE_7, ELSEWHERE = Place("T1", "C7"), Place("T1", "C1")


@pytest.mark.parametrize(
    ("value", "env", "said"),
    [
        ("env:SITE_KEY", {}, "SITE_KEY is not set"),
        ("env:SITE_KEY", {NAME: " "}, "SITE_KEY is not set"),
        ("env:SITE_KEY", {NAME: "hunter2"}, "SITE_KEY must look like <prefix>_"),
        ("env:SITE_KEY", {f"{NAME}_FILE": "missing"}, "SITE_KEY_FILE the file cannot be read"),
        ("env:SITE_KEY", {NAME: SITE, f"{NAME}_FILE": "missing"}, "SITE_KEY_FILE is set together with"),
        ("env:", {}, "aion_key must be"),
        ("SITE_KEY", {NAME: SITE}, "aion_key must be"),
        ("env:SITE-KEY", {}, "aion_key must be"),
        ("env:env:SITE_KEY", {}, "aion_key must be"),
        (SITE, {}, "aion_key must be"),
        (f"env:{SITE}", {}, "aion_key must be"),
        ("env:SITE_KEY", {NAME: SITE}, ""),
        ("env:AIONVISION_API_KEY", {}, ""),
    ],
)
def test_a_variable_without_a_key_is_refused_by_file_and_line(
    tmp_path: Path, value: str, env: dict[str, str], said: str
) -> None:
    """Unset, empty, malformed, an unreadable file, both at once, and a key in place of its variable; nothing repeats a value."""
    file = tmp_path / "bot.toml"
    file.write_text(f'[channels.C0123456789]\naion_key = "{value}"\n')
    problems = [str(one) for one in read_file({CONFIG: str(file), **env})[1]]
    assert len(problems) == bool(said)
    assert all(one.startswith(f"{file}, line 2: {said}") for one in problems), problems
    assert not any(secret in str(problems) for secret in (SITE, "hunter2"))


@pytest.fixture
async def aion() -> AsyncIterator[SimulatedAion]:
    async with SimulatedAion() as simulated:
        simulated.other_keys = {SITE}
        yield simulated


@pytest.fixture
async def clients(aion: SimulatedAion, tmp_path: Path) -> AsyncIterator[KeyClients]:
    """The clients of a bot whose other key stands in a file."""
    settings, _ = Settings.read({**aion.env, "AIONVISION_RETRY_DELAY": "0.01"})
    assert settings is not None
    (tmp_path / "site").write_text(SITE)

    def watch(client: AionVision) -> None:
        client.pace = RequestPace()

    opened = KeyClients(settings, {f"{NAME}_FILE": str(tmp_path / "site")}, watch, check=False)
    yield opened
    await opened.close()


@pytest.fixture
async def services(aion: SimulatedAion, store: Store, clients: KeyClients) -> AsyncIterator[Services]:
    """Services of a bot that uses the other key in one channel."""
    rules = Rules(channels={SITE_7.channel: {AION_KEY: Rule(f"env:{NAME}", "bot.toml, line 2")}})
    access = AccessControl({"slack": AccessPolicy()}, rules)
    async with AionVision(aion.api_key, base_url=aion.base_url) as client:
        main = Services(store, client, Registry([]), access, month=MonthAllowance(store, client))
        yield await clients.connected(main)


def sent(aion: SimulatedAion) -> str:
    """The key of the newest request."""
    return aion.requests[-1].headers["Authorization"].removeprefix("Bearer ")


async def test_each_place_has_the_client_of_its_key(services: Services, aion: SimulatedAion) -> None:
    """Key, pace, month and uploads are those of the place; all threads of a channel share one client."""
    site = services_at(services, SITE_7)
    assert services_at(services, ELSEWHERE) is services
    assert services_at(services, replace(SITE_7, workspace="T9")) is site
    for one, key in (site, SITE), (services, API_KEY):
        await one.aion.chats.get_all_images(limit=1)
        assert sent(aion) == key
    assert site.aion.pace is not services.aion.pace
    assert site.month is not services.month
    assert site.uploads.limits is not services.uploads.limits
    assert site.uploads.slots is services.uploads.slots
    assert site.aion.key_digest != services.aion.key_digest
    assert KNOWN.strike(f"key {SITE}") == f"key {MARK}"


async def test_a_session_keeps_the_key_it_was_made_with(services: Services, store: Store) -> None:
    """Also where the file names the key no more: its plans are decided with it, and no place uses it any more."""
    site = services_at(services, SITE_7)
    await store.session_keys.note("s1", site.key)
    services.access.rules = Rules()
    assert services_at(services, SITE_7) is services
    assert await of_session(services, "s1") is site
    assert await of_session(site, "s2") is services
    assert not await is_ours(services, "s1")
    assert await is_ours(services, "s2")


@pytest.mark.parametrize(
    ("held", "taken"), [(NEW, True), (SITE, False), ("hunter2", False), ("", False), (f"{NEW}x", False)]
)
async def test_another_key_in_the_file_takes_over_if_aion_takes_it(
    services: Services, clients: KeyClients, aion: SimulatedAion, tmp_path: Path, held: str, *, taken: bool
) -> None:
    """A refused, malformed or missing one is said in the log, which has no key, and the old one stays."""
    aion.other_keys.add(NEW)
    (tmp_path / "site").write_text(held)
    with structlog.testing.capture_logs() as logs:
        await clients.rotate({f"{NAME}_FILE": str(tmp_path / "site")})
    await services_at(services, SITE_7).aion.chats.get_all_images(limit=1)
    assert sent(aion) == (NEW if taken else SITE)
    expected = ["key replaced"] if taken else [] if held == SITE else ["key refused"]
    assert [(one["event"], one["variable"]) for one in logs] == [(one, NAME) for one in expected]
    assert "hunter2" not in str(logs)
    assert "site_" not in str(logs)


async def test_without_the_key_in_the_file_nothing_is_looked_up(
    aion: SimulatedAion, store: Store, clients: KeyClients
) -> None:
    """No session was made with another key: neither a place nor a session costs an access to the database."""
    async with AionVision(aion.api_key, base_url=aion.base_url) as client:
        access = AccessControl({"slack": AccessPolicy()})
        services = await clients.connected(Services(store, client, Registry([]), access))
    await store.close()
    assert services_at(services, SITE_7) is services
    assert await of_session(services, "s1") is services
    assert await is_ours(services, "s1")
