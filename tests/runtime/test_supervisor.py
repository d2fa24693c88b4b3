"""Keeping platforms connected, and reporting their state."""

import asyncio
import sqlite3

import pytest

from aion_bot.concurrency.backoff import Backoff
from aion_bot.domain.observer import Observer
from aion_bot.domain.plan import Plan
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import PlatformDown, TokenRefused
from aion_bot.ports.events import InboundEvent, Place, Prompt
from aion_bot.ports.host import Host, Presence
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.runtime import supervisor
from aion_bot.runtime.supervisor import PlatformHost, supervise
from aion_bot.storage import Store
from tests.support.plain_adapter import PlainAdapter


async def _ignore(_: InboundEvent) -> None:
    """Accept no event."""


async def test_several_servers_without_an_access_list_are_reported(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bot in two servers without an access list reports at the start that everybody in both reaches the library."""
    presence = Presence(
        ("Northwind", "Southwind"), "Aion", ("invite the bot: https://discord.example",), ("it is public",)
    )
    await PlatformHost("discord", store, _ignore, several_workspaces_expected=False).connected(presence)
    output = capsys.readouterr().out
    assert "sits in 2 servers (Northwind, Southwind)" in output
    assert "invite the bot" in output
    assert "it is public" in output
    await PlatformHost("discord", store, _ignore, several_workspaces_expected=True).connected(presence)
    assert "sits in 2 servers" not in capsys.readouterr().out


async def test_each_platform_recalls_its_own_values(store: Store) -> None:
    """An adapter recalls what it remembered, and another platform does not see it."""
    await PlatformHost("discord", store, _ignore, several_workspaces_expected=True).remember(
        "commands", "hash"
    )
    assert (
        await PlatformHost("discord", store, _ignore, several_workspaces_expected=True).recall("commands")
        == "hash"
    )
    assert (
        await PlatformHost("slack", store, _ignore, several_workspaces_expected=True).recall("commands")
        is None
    )


async def test_a_button_is_known_in_every_round(store: Store) -> None:
    """Which process recorded what a button belongs to does not depend on the round in which it was offered."""
    host = PlatformHost("discord", store, _ignore, several_workspaces_expected=True)
    thread, ada = ThreadKey("discord", "1"), Person("2", "Ada")
    prompt = Prompt("discord:3", thread, Place("4", "5"), ada, "What?")
    assert await store.turns.accept(Turn("t1", thread, ada, "What?"), prompt)
    await store.plans.add(Plan("p1", "p", "s", thread, ada, "Sort"))
    keys = ("t1", "t1@0", "t1-0@7", "p1", "p1@2", "t2@0", "p2")
    assert [await host.knows(key) for key in keys] == [True] * 5 + [False] * 2


async def test_keeping_last_heard_continues_after_a_full_disk(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk for a moment does not end the task that records when the platform was last heard."""
    monkeypatch.setattr(supervisor, "_HEARD_EVERY", 0.0)
    host = PlatformHost("discord", store, _ignore, several_workspaces_expected=True)
    await host.missed_since()
    written, refused, noted = store.kv.set, asyncio.Event(), asyncio.Event()

    async def writing(platform: str, name: str, value: str) -> None:
        if not refused.is_set():
            refused.set()
            raise sqlite3.OperationalError("database or disk is full")
        await written(platform, name, value)
        noted.set()

    monkeypatch.setattr(store.kv, "set", writing)
    alive = asyncio.create_task(host.keep_last_heard())
    async with asyncio.timeout(60):
        await noted.wait()
    alive.cancel()
    assert refused.is_set()


class Flaky(PlainAdapter):
    """A platform that is down twice, and then refuses its token."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts = 0

    async def listen(self, host: Host) -> None:  # noqa: ARG002  # the port's signature
        self.attempts += 1
        if self.attempts < 3:
            raise PlatformDown("gone")
        raise TokenRefused("PLAIN_TOKEN", "revoked")


async def test_a_platform_is_connected_again_until_its_token_is_refused(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """A platform that is down is connected again; a refused token ends that, with the name of the variable."""
    adapter = Flaky()
    host = PlatformHost(adapter.platform, store, _ignore, several_workspaces_expected=True)
    await supervise(adapter, host, reconnect=Backoff(0.01))
    assert adapter.attempts == 3
    assert "PLAIN_TOKEN" in capsys.readouterr().out


class Witness(Observer):
    """Keeps what it is told about connections."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def heard(self, platform: str) -> None:
        """Keep it."""
        self.seen.append(f"{platform} heard")

    def lost(self, platform: str) -> None:
        """Keep it."""
        self.seen.append(f"{platform} lost")

    def second_process(self, platform: str) -> None:
        """Keep it."""
        self.seen.append(f"{platform} second process")


class Lively(PlainAdapter):
    """A platform that shows life before its first connection, connects, and is down; then its token is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.attempts = 0

    async def listen(self, host: Host) -> None:
        self.attempts += 1
        host.heard()
        if self.attempts > 1:
            raise TokenRefused("PLAIN_TOKEN", "revoked")
        await host.connected(Presence(("Northwind",), "Aion"))
        host.heard()
        raise PlatformDown("gone")


async def test_a_connection_is_alive_from_connected_on_until_listen_ends(store: Store) -> None:
    """What is heard before an adapter is connected, or connected again, is no sign of life."""
    witness, adapter = Witness(), Lively()
    host = PlatformHost("plain", store, _ignore, several_workspaces_expected=True, observer=witness)
    await supervise(adapter, host, reconnect=Backoff(0.01))
    assert witness.seen == ["plain heard", "plain heard", "plain lost", "plain lost"]


async def test_each_sign_of_a_second_process_is_observed_and_one_a_minute_logged(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """Readiness counts from the newest sign; the log has one line for many."""
    witness = Witness()
    host = PlatformHost("discord", store, _ignore, several_workspaces_expected=True, observer=witness)
    for _ in range(3):
        await host.second_process("posted elsewhere")
    assert witness.seen == ["discord second process"] * 3
    assert capsys.readouterr().out.count("second process  ") == 1
