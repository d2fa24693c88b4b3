"""Indicators on a slow platform and at a rate limit."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation import indicators as indicators_module
from aion_bot.conversation import queued_marks
from aion_bot.conversation.indicators import Indicators
from aion_bot.conversation.progress import Progress
from aion_bot.conversation.queued_marks import Marked, QueuedMarks
from aion_bot.delivery.registry import Registry
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import Forbidden
from aion_bot.ports.events import InboundEvent, Place, Prompt
from aion_bot.ports.messages import Line, MessageRef, Person, ThreadKey
from aion_bot.ports.rate_limits import Budget, Operation, Scope
from aion_bot.storage import Store
from tests.support.databases import lay_database
from tests.support.plain_adapter import PlainAdapter

ADA = Person("U1", "ada")
THREAD = ThreadKey("plain", "1")


_registry = WeakKeyDictionary[PlainAdapter, Registry]()


def bound(adapter: PlainAdapter) -> Thread:
    """The bound thread of these tests on a platform."""
    return _registry.setdefault(adapter, Registry()).thread(adapter, THREAD)


class SlowAdapter(PlainAdapter):
    """Clears the activity when `go` is set; `asked` is set once that was requested. `shows`: whether activity is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go = asyncio.Event(), asyncio.Event()
        self.shows = True

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool, title: str = "") -> bool:  # fmt: skip  # noqa: ARG002  # the port's signature
        if not active:
            self.asked.set()
            await self.go.wait()
        self.shows = active
        return True


def turn(key: str) -> Turn:
    origin = Prompt(key, THREAD, Place("T1", "C1"), ADA, "What?")
    return Turn(key, THREAD, ADA, "What?", origin=origin)


async def test_activity_is_not_started_while_an_earlier_one_is_being_cleared(tmp_path: Path) -> None:
    """A new turn shows activity only after that of an earlier process is cleared, and nothing is shown at the end."""
    store, tasks, adapter = (
        await Store.open(lay_database(tmp_path / "bot.db")),
        BackgroundTasks(),
        SlowAdapter(),
    )
    indicators = Indicators(store, tasks)
    indicators.adopt(turn("old"))
    tasks.spawn(indicators.clear(bound(adapter), turn("old")))
    await adapter.asked.wait()
    seen = asyncio.Event()
    async with indicators.working(bound(adapter), turn("new"), asyncio.Event(), seen.set):
        await asyncio.sleep(0)
        adapter.go.set()
        await seen.wait()
    await tasks.wait(5.0)
    assert not adapter.shows
    await store.close()


class Renewing(PlainAdapter):
    """Whose activity lasts for a moment; `go` lets the second request that shows it through."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = replace(self.limits, activity_lasts=0.01)
        self.asked, self.go = asyncio.Event(), asyncio.Event()
        self.calls: list[bool] = []

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool, title: str = "") -> bool:  # fmt: skip  # noqa: ARG002  # the port's signature
        if active and self.calls:
            self.asked.set()
            await self.go.wait()
        self.calls.append(active)
        return True


async def test_activity_that_is_being_renewed_is_ended_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that shows it anew and one that ends it never run at once: the platform may take them in any order."""
    monkeypatch.setattr(indicators_module, "_LASTING", 0.0)
    monkeypatch.setattr(indicators_module, "_UNNOTICED", 60.0)
    store, tasks, adapter = await Store.open(lay_database(tmp_path / "bot.db")), BackgroundTasks(), Renewing()
    indicators, ended = Indicators(store, tasks), asyncio.Event()
    progress = Progress(asyncio.Event(), ended=ended, silent=lambda _: True)
    async with indicators.working(bound(adapter), turn("one"), progress, lambda: None):
        await adapter.asked.wait()
        ending = asyncio.create_task(indicators.end_activity(bound(adapter), turn("one")))
        await asyncio.wait({ending}, timeout=0.05)
        assert adapter.calls == [True]
        adapter.go.set()
        await ending
        assert adapter.calls == [True, True, False]
        ended.set()
    await tasks.wait(5.0)
    assert adapter.calls == [True, True, False]
    await store.close()


class LimitedMarkers(PlainAdapter):
    """A platform that takes two markers in a minute."""

    def __init__(self) -> None:
        super().__init__()
        marks = Budget("marks", 2, 60.0, Scope.WORKSPACE)
        self.limits = replace(self.limits, budgets={Operation.MARK_QUEUED: (marks,)})
        self.calls: list[tuple[str, bool]] = []

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        return "" if scope is Scope.BOT else thread.id

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        self.calls.append((message.id, queued))


async def test_only_set_markers_are_removed(tmp_path: Path) -> None:
    """No request removes a queued marker that a rate limit left out."""
    store, tasks, adapter = (
        await Store.open(lay_database(tmp_path / "bot.db")),
        BackgroundTasks(),
        LimitedMarkers(),
    )
    indicators = Indicators(store, tasks)
    turns = [replace(turn(key), origin=asked(key)) for key in ("1", "2", "3")]
    for one in turns:
        indicators.queued(bound(adapter), one)
    await tasks.wait(5.0)
    for one in turns:
        await indicators.dequeued(bound(adapter), one)
    marked = [name for name, waiting in adapter.calls if waiting]
    assert len(marked) == 2
    assert sorted(name for name, waiting in adapter.calls if not waiting) == sorted(marked)
    await store.close()


class SlowlyUnmarking(LimitedMarkers):
    """Removes marks when `go` is set, and has no limits; `asked` is set once a removal was requested."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = replace(self.limits, budgets={})
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        if not queued:
            self.asked.set()
            await self.go.wait()
        await super().mark_queued(message, queued=queued)


async def test_a_marker_that_waits_for_an_earlier_one_to_go_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark that is shown as soon as that of an earlier process is gone does not stay, however slow the platform is."""
    monkeypatch.setattr(indicators_module, "_LONGEST_HOLD_UP", 0.0)
    monkeypatch.setattr(indicators_module, "_UNNOTICED", 0.0)
    showing, show = asyncio.Event(), QueuedMarks.show

    async def noted(marks: QueuedMarks, thread: Thread, turn: Turn) -> Marked:
        showing.set()
        return await show(marks, thread, turn)

    monkeypatch.setattr(QueuedMarks, "show", noted)
    store, tasks, adapter = await Store.open(tmp_path / "bot.db"), BackgroundTasks(), SlowlyUnmarking()
    indicators, thread, answered = Indicators(store, tasks), bound(adapter), asyncio.Event()
    one, seen = replace(turn("1"), origin=asked("1")), asyncio.Event()
    indicators.adopt(one)
    await indicators.dequeued(thread, one)
    await asyncio.wait_for(adapter.asked.wait(), 60)
    async with indicators.working(thread, one, answered, seen.set):
        await asyncio.wait_for(showing.wait(), 60)
        adapter.go.set()
        await asyncio.wait_for(seen.wait(), 60)
        answered.set()
    await tasks.wait(5.0)
    assert adapter.calls == [("1", False), ("1", True), ("1", False)]
    await store.close()


async def test_a_marker_is_shown_after_a_removal_that_was_faster(tmp_path: Path) -> None:
    """A removal that ends before an expected mark is asked for sends nothing, and neither hinders nor hides the mark."""
    store, adapter, marks = await Store.open(tmp_path / "bot.db"), LimitedMarkers(), QueuedMarks()
    thread, one = bound(adapter), replace(turn("1"), origin=asked("1"))
    assert marks.expect(thread, one)
    await marks.remove(thread, one)
    assert await marks.show(thread, one) is Marked.SHOWN
    await marks.remove(thread, one)
    assert adapter.calls == [("1", True), ("1", False)]
    await store.close()


async def test_a_marker_without_room_leaves_no_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the limits leave no room for a mark, that of an earlier process is removed all the same."""
    monkeypatch.setattr(queued_marks, "_PATIENCE", 0.0)
    store, adapter, marks = await Store.open(tmp_path / "bot.db"), LimitedMarkers(), QueuedMarks()
    thread, turns = bound(adapter), [replace(turn(key), origin=asked(key)) for key in ("1", "2", "3")]
    marks.adopt(turns[2])
    for one, marked in zip(turns, (Marked.SHOWN, Marked.SHOWN, Marked.NO_ROOM), strict=True):
        assert marks.expect(thread, one)
        assert await marks.show(thread, one) is marked
    await marks.remove(thread, turns[2])
    assert adapter.calls[-1] == ("3", False)
    await store.close()


class Telling(LimitedMarkers):
    """Takes private replies, and has a sign of activity only where `refusing` is not set."""

    refusing = False

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, Line]] = []
        self.refusals, self.done = 0, asyncio.Event()

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        if self.refusing:
            self.refusals += 1
            if self.refusals == 6:
                self.done.set()
            raise Forbidden("no scope")
        await super().mark_queued(message, queued=queued)

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:  # noqa: ARG002  # the port's signature
        self.told.append((event.person.id, line))
        if len(self.told) == 2:
            self.done.set()


@pytest.mark.parametrize("refusing", [False, True])
async def test_a_person_without_any_sign_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, refusing: bool
) -> None:
    """Where limits leave no mark, each person is told once for all of theirs; a platform that refuses marks is no crowd."""
    monkeypatch.setattr(indicators_module, "_UNSEEN", 0.0)
    monkeypatch.setattr(indicators_module, "_UNNOTICED", 0.01)
    monkeypatch.setattr(queued_marks, "_PATIENCE", 0.02)
    store, tasks, adapter = await Store.open(tmp_path / "bot.db"), BackgroundTasks(), Telling()
    adapter.refusing = refusing
    if refusing:
        adapter.limits = replace(adapter.limits, budgets={})
    indicators, thread, answered = Indicators(store, tasks), bound(adapter), asyncio.Event()
    people = [ADA, ADA, ADA, ADA, Person("U2"), Person("U2")]
    async with AsyncExitStack() as working:
        for at, person in enumerate(people):
            one = replace(turn(str(at)), origin=replace(asked(str(at)), person=person), asker=person)
            await working.enter_async_context(indicators.working(thread, one, answered, lambda: None))
        await asyncio.wait_for(adapter.done.wait(), 60)
        answered.set()
    await tasks.wait(5.0)
    assert adapter.told == ([] if refusing else [("U1", (strings.ARRIVED,)), ("U2", (strings.ARRIVED,))])
    await store.close()


async def test_in_a_burst_everybody_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where many questions have no sign, nobody waits for a mark: each person is told, and a few questions tell nobody."""
    monkeypatch.setattr(indicators_module, "_BURST", 3)
    store, tasks, adapter = await Store.open(tmp_path / "bot.db"), BackgroundTasks(), Telling()
    indicators, thread, answered = Indicators(store, tasks), bound(adapter), asyncio.Event()
    async with AsyncExitStack() as working:
        for at, person in enumerate([ADA, ADA, ADA, Person("U2"), ADA]):
            one = replace(turn(str(at)), origin=replace(asked(str(at)), person=person), asker=person)
            await working.enter_async_context(indicators.working(thread, one, answered, lambda: None))
            if at == 2:
                await asyncio.sleep(0)
                assert adapter.told == []
        await asyncio.wait_for(adapter.done.wait(), 60)
        answered.set()
    await tasks.wait(5.0)
    assert sorted(adapter.told) == [("U1", (strings.ARRIVED,)), ("U2", (strings.ARRIVED,))]
    await store.close()


class Busy(LimitedMarkers):
    """A platform whose activity ends by itself, and whose one limit takes a request in 0.1 s."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = Budget("whole", 1, 0.1, Scope.BOT)
        shared = {Operation.SHOW_ACTIVITY: (self.whole,), Operation.MARK_QUEUED: (self.whole,)}
        self.limits = replace(self.limits, activity_lasts=10.0, budgets=shared)
        self.active: list[bool] = []

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool, title: str = "") -> bool:  # fmt: skip  # noqa: ARG002  # the port's signature
        self.active.append(active)
        return True


async def test_an_activity_that_ends_by_itself_waits_for_room(tmp_path: Path) -> None:
    """Where the limits are used up for a moment, it is shown a moment later: one request, where a mark would be two."""
    store, tasks, adapter = await Store.open(lay_database(tmp_path / "bot.db")), BackgroundTasks(), Busy()
    indicators, thread, seen = Indicators(store, tasks), bound(adapter), asyncio.Event()
    one = replace(turn("1"), origin=asked("1"))
    taken = thread.limiter.take(Operation.SHOW_ACTIVITY, THREAD)
    assert taken is not None
    async with thread.limiter.using(taken):
        pass
    async with indicators.working(thread, one, asyncio.Event(), seen.set):
        await asyncio.wait_for(seen.wait(), 60)
    await tasks.wait(5.0)
    assert adapter.active[0]
    assert adapter.calls == []
    await store.close()


def asked(key: str) -> Prompt:
    return Prompt(key, THREAD, Place("T1", "C1"), ADA, "What?", source=MessageRef(THREAD, key))
