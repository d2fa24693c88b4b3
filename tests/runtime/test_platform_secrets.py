"""Other secrets of the platforms take over at SIGHUP, and a platform whose token was refused listens again."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import structlog

from aion_bot.ports.errors import PlatformDown, TokenRefused
from aion_bot.ports.events import InboundEvent
from aion_bot.ports.host import Host, Presence
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.settings import Problem
from aion_bot.runtime.platform_secrets import PlatformSecrets
from aion_bot.runtime.supervisor import PlatformHost, RefusedPlatforms, supervise
from aion_bot.storage import Store
from tests.support.databases import lay_database
from tests.support.plain_adapter import PlainAdapter

VARIABLE, FILE = "PLAIN_TOKEN", "PLAIN_TOKEN_FILE"
OLD, NEW, OTHER = "plain-old-0123456789", "plain-new-0123456789", "plain-other-0123456789"


class Renewable(PlainAdapter):
    """A platform that accepts the tokens in `valid`, and presents itself if it `serves`."""

    secrets = (VARIABLE,)

    def __init__(self, *valid: str, serves: bool = True) -> None:
        super().__init__()
        self.valid, self.token, self.serves = set(valid), OLD, serves
        self.down = False
        self.listened: list[str] = []
        self.changed, self.began = asyncio.Event(), asyncio.Event()

    async def listen(self, host: Host) -> None:
        """Serve until the token is revoked."""
        self.listened.append(self.token)
        self.began.set()
        if self.serves and self.token in self.valid:
            await host.connected(Presence(("Northwind",), "Aion"))
        while self.token in self.valid:
            self.changed.clear()
            await self.changed.wait()
        raise TokenRefused(VARIABLE, "revoked")

    async def take_secrets(self, env: Mapping[str, str]) -> tuple[Sequence[str], Sequence[Problem]]:
        """Take a valid one."""
        if self.down:
            raise PlatformDown("gone")
        if env[VARIABLE] == self.token:
            return (), ()
        if env[VARIABLE] not in self.valid:
            return (), [Problem(VARIABLE, "refused")]
        self.token = env[VARIABLE]
        return [VARIABLE], ()

    def revoke(self) -> None:
        """Make the token in force worthless."""
        self.valid.clear()
        self.changed.set()

    async def until_listened(self, times: int) -> None:
        """Wait until the bot has begun to listen so often."""
        async with asyncio.timeout(60):
            while len(self.listened) < times:
                self.began.clear()
                await self.began.wait()


async def _ignore(_: InboundEvent) -> None:
    """Accept no event."""


async def test_a_secret_is_replaced_only_if_the_platform_takes_it(tmp_path: Path) -> None:
    """A good token, a bad one, a missing file and an unreachable platform are each said by the variable, without a token.

    Every token that was ever in the file is struck from what is written afterwards, the replaced one as well.
    """
    file, adapter = tmp_path / "token", Renewable(OLD, NEW)
    KNOWN.know([OLD])
    rotation = PlatformSecrets([adapter], RefusedPlatforms([adapter], {}))
    said: list[tuple[str, str]] = []
    with structlog.testing.capture_logs() as lines:
        for held, down in ((NEW, False), (OTHER, False), (NEW, False), (None, False), (OTHER, True)):
            if held is None:
                file.unlink()
            else:
                file.write_text(held)
            adapter.down = down
            await rotation.rotate({FILE: str(file)})
            said += [(line["event"], line["variable"]) for line in lines[len(said) :]]
    refused = [("key refused", name) for name in (VARIABLE, FILE, VARIABLE)]
    assert said == [("key replaced", VARIABLE), *refused]
    assert adapter.token == NEW
    assert not any(token in str(lines) for token in (OLD, NEW, OTHER))
    assert KNOWN.strike(f"{OLD} {NEW} {OTHER}") == "*** *** ***"


async def test_a_revoked_token_is_mended_by_another_one(tmp_path: Path) -> None:
    """The only platform, whose token is revoked while it serves, waits, and listens again with the token of its file."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    file, adapter = tmp_path / "token", Renewable(OLD)
    env = {FILE: str(file)}
    refused = RefusedPlatforms([adapter], env)
    rotation = PlatformSecrets([adapter], refused)
    host = PlatformHost(adapter.platform, store, _ignore, several_workspaces_expected=True)
    supervised = asyncio.create_task(supervise(adapter, host, refused=refused))
    await adapter.until_listened(1)
    adapter.revoke()
    file.write_text(OTHER)
    await rotation.rotate(env)  # a bad one between
    adapter.valid = {NEW}
    file.write_text(NEW)
    while len(adapter.listened) < 2:
        await rotation.rotate(env)
    assert adapter.listened == [OLD, NEW]
    assert not supervised.done()
    supervised.cancel()
    await store.close()


@pytest.mark.parametrize(("files", "serves"), [(True, False), (False, True)])
async def test_the_last_platform_ends_the_bot(tmp_path: Path, files: bool, serves: bool) -> None:
    """A token that is refused at the start, or that no file can replace, ends the platform where no other one is left."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    adapter = Renewable(OLD, serves=serves)
    refused = RefusedPlatforms([adapter], {FILE: "token"} if files else {})
    host = PlatformHost(adapter.platform, store, _ignore, several_workspaces_expected=True)
    supervised = asyncio.create_task(supervise(adapter, host, refused=refused))
    await adapter.until_listened(1)
    adapter.revoke()
    async with asyncio.timeout(60):
        await supervised
    await store.close()


async def test_the_last_platform_waits_for_its_token_for_a_while(tmp_path: Path) -> None:
    """Two platforms are revoked while they serve, and no other token comes: the first waits for as long as the other serves, then both end."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    first, second = Renewable(OLD), Renewable(OLD)
    second.platform = "other"
    refused = RefusedPlatforms([first, second], {FILE: "token"}, patience=0.05)
    supervised = []
    with structlog.testing.capture_logs() as lines:
        for adapter in (first, second):
            host = PlatformHost(adapter.platform, store, _ignore, several_workspaces_expected=True)
            supervised.append(asyncio.create_task(supervise(adapter, host, refused=refused)))
            await adapter.until_listened(1)
        first.revoke()
        await asyncio.wait(supervised, timeout=0.2)
        assert not any(one.done() for one in supervised)
        second.revoke()
        async with asyncio.timeout(60):
            await asyncio.gather(*supervised)
    waits = [one["platform"] for one in lines if one["event"] == "platform waits for token"]
    assert waits == [first.platform, second.platform]
    await store.close()


async def test_a_platform_refused_at_the_start_waits_beside_another_one() -> None:
    """While another platform serves, a refused one waits for its token; when the other one is lost for good, both end."""
    waits, other = Renewable(), Renewable()
    waits.platform, other.platform = "plain", "other"
    refused = RefusedPlatforms([waits, other], {FILE: "token"})
    first = asyncio.create_task(refused.wait("plain", served=False))
    await asyncio.sleep(0)
    refused.may_listen("plain")
    assert await first
    first = asyncio.create_task(refused.wait("plain", served=False))
    await asyncio.sleep(0)
    assert not await refused.wait("other", served=False)
    assert not await first
