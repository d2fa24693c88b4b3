"""Keeping platforms connected, and saying so."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aion_bot.concurrency.backoff import Backoff
from aion_bot.ports.errors import PlatformDown, TokenRefused
from aion_bot.ports.events import InboundEvent
from aion_bot.ports.host import Host, Presence
from aion_bot.runtime import supervisor
from aion_bot.runtime.supervisor import PlatformHost, supervise
from aion_bot.storage import Store
from tests.support.plain import PlainAdapter


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "bot.db")
    yield opened
    await opened.close()


async def _ignore(_: InboundEvent) -> None:
    """Take nothing."""


async def test_several_servers_without_a_list_are_pointed_out(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bot in two servers says at start that everybody in both reaches the library; with a list it does not."""
    presence = Presence(
        ("Northwind", "Southwind"), "Aion", ("invite the bot: https://discord.example",), ("it is public",)
    )
    await PlatformHost("discord", store, _ignore, several_workspaces_expected=False).connected(presence)
    told = capsys.readouterr().out
    assert "sits in 2 servers (Northwind, Southwind)" in told
    assert "invite the bot" in told
    assert "it is public" in told
    await PlatformHost("discord", store, _ignore, several_workspaces_expected=True).connected(presence)
    assert "sits in 2 servers" not in capsys.readouterr().out


async def test_notes_survive(store: Store) -> None:
    """What an adapter remembers it can recall, and another platform does not see it."""
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


async def test_it_goes_on_noting_after_a_full_disk(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full for a moment does not end the notes of until when nothing can have been missed."""
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
    async with asyncio.timeout(5):
        await noted.wait()
    alive.cancel()
    assert refused.is_set()


class Flaky(PlainAdapter):
    """Goes down twice, then has its token refused."""

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
    """A lost platform is tried again; a refused token ends it, with the variable's name."""
    adapter = Flaky()
    await supervise(adapter, store, _ignore, several_workspaces_expected=True, reconnect=Backoff(0.01))
    assert adapter.attempts == 3
    assert "PLAIN_TOKEN" in capsys.readouterr().out
