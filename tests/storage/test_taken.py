"""What the limits of the platforms took: kept for the process that starts next."""

import asyncio
import sqlite3
import time

import pytest

from aion_bot.delivery.registry import Registry
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.messages import ThreadKey
from aion_bot.ports.rate_limits import Budget, Limits, Operation, Scope
from aion_bot.ratelimit.permit import Priority
from aion_bot.runtime.limit_memory import remembering
from aion_bot.storage import Store
from aion_bot.storage.limits import REMEMBERED_FOR
from tests.support.plain_adapter import PlainAdapter

UPDATES = Budget("updates", 50, 60.0, Scope.WORKSPACE)
POSTS = Budget("posts", 50, 60.0, Scope.CHANNEL)
LIMIT = ("updates", "T")
THREAD = ThreadKey("plain", "t")


class _Adapter(PlainAdapter):
    """An adapter with a limit of a workspace and one of each channel."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(1000, 0.0, {Operation.EDIT: (UPDATES,), Operation.POST: (POSTS,)})

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        return "T" if scope is Scope.WORKSPACE else thread.id


async def edits(registry: Registry, adapter: PlainAdapter, count: int, operation: Operation) -> None:
    limiter = registry.thread(adapter, THREAD).limiter
    for _ in range(count):
        async with limiter.permit(operation, THREAD, Priority.FINAL):
            pass


async def test_what_was_noted_last_counts(store: Store) -> None:
    """One row a limit; a refusal leaves 0, which nobody relies on."""
    await store.taken.note("slack", LIMIT, 30, 60.0)
    await store.taken.note("slack", LIMIT, 40, 60.0)
    assert await store.taken.noted() == {"slack": {LIMIT: (40, 60.0)}}
    await store.taken.note("slack", LIMIT, 0, 60.0)
    assert await store.taken.noted() == {}


async def test_what_is_old_is_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform may have changed its limits meanwhile."""
    await store.taken.note("slack", LIMIT, 30, 60.0)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + REMEMBERED_FOR + 1)
    assert await store.taken.noted() == {}


async def test_the_next_process_knows_what_a_limit_took(store: Store) -> None:
    """What was taken above half of a workspace's limit is kept at the end; that of a channel is not."""
    adapter = _Adapter()
    registry = Registry([adapter])
    async with remembering(store, registry):
        await edits(registry, adapter, 30, Operation.EDIT)
        await edits(registry, adapter, 30, Operation.POST)
    assert await store.taken.noted() == {"plain": {LIMIT: (30, 60.0)}}


async def test_a_refusal_is_forgotten_by_nobody(store: Store) -> None:
    """What an earlier process noted does not outlive the refusal that another one met."""
    await store.taken.note("plain", LIMIT, 48, 60.0)
    adapter = _Adapter()
    registry = Registry([adapter], taken=await store.taken.noted())
    async with remembering(store, registry):
        await edits(registry, adapter, 3, Operation.EDIT)
        with pytest.raises(RateLimited):
            async with registry.thread(adapter, THREAD).limiter.permit(
                Operation.EDIT, THREAD, Priority.FINAL
            ):
                raise RateLimited(30.0)
    assert await store.taken.noted() == {}


async def test_nothing_is_written_where_nothing_was_learned(store: Store) -> None:
    """Below half of a limit a process learns nothing, and leaves what others noted."""
    await store.taken.note("plain", LIMIT, 48, 60.0)
    adapter = _Adapter()
    registry = Registry([adapter], taken=await store.taken.noted())
    async with remembering(store, registry):
        await edits(registry, adapter, 20, Operation.EDIT)
    assert await store.taken.noted() == {"plain": {LIMIT: (48, 60.0)}}


async def test_another_window_says_nothing() -> None:
    """What was taken in other seconds than a version documents is not relied on."""
    adapter = _Adapter()
    registry = Registry([adapter], taken={"plain": {LIMIT: (48, 1.0)}})
    limit = registry.thread(adapter, THREAD).limiter.limits(Operation.EDIT, THREAD)[0]
    assert not limit.window.takes_now(time.monotonic() + 120.0, 25)


async def test_limits_may_be_learned_while_others_are_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests go on while the database is slow: a limit that is new then is written the next time."""

    class Teams(_Adapter):
        def scope_key(self, thread: ThreadKey, scope: Scope) -> str:  # noqa: ARG002  # all scopes are alike
            return thread.id

    adapter, write = Teams(), store.taken.note
    registry = Registry([adapter])
    limiter = registry.thread(adapter, THREAD).limiter

    async def use(thread: str) -> None:
        for _ in range(30):
            async with limiter.permit(Operation.EDIT, ThreadKey("plain", thread), Priority.FINAL):
                pass

    async def slow(platform: str, limit: tuple[str, str], taken: int, seconds: float) -> None:
        await use(f"new beside {limit[1]}")
        await write(platform, limit, taken, seconds)

    monkeypatch.setattr(store.taken, "note", slow)
    async with remembering(store, registry):
        await use("first")
        await use("second")
    assert set((await store.taken.noted())["plain"]) == {("updates", "first"), ("updates", "second")}


async def test_what_a_full_disk_did_not_take_is_written_later(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next process knows what was learned while nothing could be written, although nothing new was learned since."""
    adapter, write = _Adapter(), store.taken.note
    registry, failures = Registry([adapter]), [sqlite3.OperationalError("database or disk is full")]

    async def note(platform: str, limit: tuple[str, str], taken: int, seconds: float) -> None:
        if failures:
            raise failures.pop()
        await write(platform, limit, taken, seconds)

    monkeypatch.setattr(store.taken, "note", note)
    await edits(registry, adapter, 30, Operation.EDIT)
    async with asyncio.timeout(60), remembering(store, registry, every=0.005):
        while failures:  # noqa: ASYNC110  # the look at what was learned tells nobody
            await asyncio.sleep(0.005)
    assert await store.taken.noted() == {"plain": {LIMIT: (30, 60.0)}}
