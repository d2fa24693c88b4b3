"""One line for all questions of a channel that have no room for a sign of their own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation import shared_lines
from aion_bot.conversation.shared_line import SharedLine
from aion_bot.conversation.shared_lines import SharedLines
from aion_bot.delivery.registry import Registry
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.turn import Turn
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformDown, PlatformError
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Content, MessageRef, Person, Reply, ThreadKey
from aion_bot.ports.rate_limits import Budget, Limits, Operation, Scope
from aion_bot.storage import Store
from tests.support.databases import lay_database
from tests.support.plain_adapter import PlainAdapter

CHANNEL = ThreadKey("plain", "C1")


class Channels(PlainAdapter):
    """A platform whose channels take lines. `stands` has what each message shows; `error` is raised after a post arrived or not."""

    def __init__(self) -> None:
        super().__init__()
        self.stands: dict[str, str] = {}
        self.shown: list[str] = []
        self.nonces: dict[str, str] = {}
        self.error: PlatformError | None = None
        self.changed = asyncio.Condition()

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:  # noqa: ARG002  # the port's signature
        return thread.id

    def line_channel(self, prompt: Prompt) -> ThreadKey | None:
        return None if prompt.place.direct else ThreadKey("plain", prompt.place.channel)

    async def _note(self, message: str, content: Content | None) -> None:
        async with self.changed:
            if content is None:
                del self.stands[message]
            else:
                assert isinstance(content, Reply)
                self.stands[message] = content.note
                self.shown.append(content.note)
            self.changed.notify_all()

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        if not isinstance(self.error, Forbidden):
            message = f"m{len(self.nonces)}"
            self.nonces[message] = nonce
            await self._note(message, content)
        if self.error is not None:
            raise self.error
        return MessageRef(thread, message)

    async def edit(self, message: MessageRef, content: Content) -> None:
        await self._note(message.id, content)

    async def delete(self, message: MessageRef) -> None:
        if message.id not in self.stands:
            raise MessageGone
        await self._note(message.id, None)

    async def own_messages(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        return [OwnMessage(MessageRef(thread, one), self.nonces[one]) for one in self.stands]

    async def until(self, *stands: str) -> None:
        """Wait until these lines stand."""
        async with asyncio.timeout(5.0), self.changed:
            await self.changed.wait_for(lambda: list(self.stands.values()) == list(stands))


class Lines:
    """The lines of one process."""

    def __init__(self, store: Store) -> None:
        self.store, self.tasks, self.adapter = store, BackgroundTasks(), Channels()
        self.registry = Registry()
        self.lines = SharedLines(store, self.tasks)

    def thread(self, key: ThreadKey) -> Thread:
        return self.registry.thread(self.adapter, key)

    def join(self, number: int, over: asyncio.Event, *, direct: bool = False) -> "asyncio.Task[bool]":
        """Count a question."""
        key, person = ThreadKey("plain", f"C1~{number}"), Person(f"U{number}")
        origin = Prompt(str(number), key, Place("T1", "C1", direct=direct), person, "What?")
        turn = Turn(str(number), key, person, "What?", origin=origin)
        return asyncio.create_task(self.lines.join(self.thread(key), turn, over))

    async def settle(self) -> None:
        """Wait until nothing is on its way."""
        await self.tasks.wait(5.0)
        assert not self.tasks.running


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_lines, "_LOOK_EVERY", 0.01)
    monkeypatch.setattr(shared_lines, "_EDIT_EVERY", 0.0)


@pytest.fixture
async def lines(tmp_path: Path) -> AsyncIterator[Lines]:
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    yield Lines(store)
    await store.close()


async def test_one_line_counts_all_and_goes_with_the_last(lines: Lines) -> None:
    """A channel's questions share one message; it says how many wait, and is removed once nobody does."""
    overs = [asyncio.Event() for _ in range(3)]
    assert (
        await asyncio.gather(*(lines.join(number, over) for number, over in enumerate(overs))) == [True] * 3
    )
    await lines.adapter.until(strings.also_waiting(3))
    assert [one.message for one in await lines.store.shared_lines.left()] == [MessageRef(CHANNEL, "m0")]
    overs[0].set()
    overs[1].set()
    await lines.adapter.until(strings.also_waiting(1))
    overs[2].set()
    await lines.adapter.until()
    await lines.settle()
    assert lines.adapter.shown == [strings.also_waiting(3), strings.also_waiting(1)]
    assert await lines.store.shared_lines.left() == []


async def test_the_removal_of_a_line_is_kept_for_it(lines: Lines) -> None:
    """While it stands a deletion is reserved, which the replaced answers of a crowd would use up; none stays reserved."""
    budget = Budget("deletions", 50, 60.0, Scope.WORKSPACE, reserved=True)
    lines.adapter.limits = Limits(page=1000, edit_gap=0.0, budgets={Operation.DELETE: (budget,)})
    over = asyncio.Event()
    assert await lines.join(0, over)
    (deletions,) = lines.thread(CHANNEL).limits(Operation.DELETE)
    assert deletions.reserved == 1
    over.set()
    await lines.settle()
    assert deletions.reserved == 0


async def test_a_question_that_comes_later_has_the_line_at_once(lines: Lines) -> None:
    """Where a line stands a further question is counted in it; after its end the next one posts another."""
    first, second = asyncio.Event(), asyncio.Event()
    assert await lines.join(0, first)
    assert await lines.join(1, second)
    await lines.adapter.until(strings.also_waiting(2))
    first.set()
    second.set()
    await lines.settle()
    third = asyncio.Event()
    assert await lines.join(2, third)
    third.set()
    await lines.settle()
    assert len(set(lines.adapter.nonces.values())) == 2
    assert lines.adapter.stands == {}


async def test_a_direct_message_has_no_line(lines: Lines) -> None:
    """Where nobody else asks, no line is posted."""
    assert not await lines.join(0, asyncio.Event(), direct=True)
    assert lines.adapter.shown == []


async def test_a_channel_that_takes_no_line_is_left_alone(lines: Lines) -> None:
    """A refusal leaves no row, and is not asked for again with the next question."""
    lines.adapter.error = Forbidden("not here")
    over = asyncio.Event()
    assert not await lines.join(0, over)
    await lines.settle()
    lines.adapter.error = None
    assert not await lines.join(1, over)
    assert lines.adapter.shown == []
    assert await lines.store.shared_lines.left() == []


async def test_a_post_without_an_answer_is_found_and_removed(lines: Lines) -> None:
    """A line whose post arrived although nobody said so does not stay."""
    lines.adapter.error = PlatformDown("no answer")
    assert not await lines.join(0, asyncio.Event())
    await lines.settle()
    assert lines.adapter.shown == [strings.also_waiting(1)]
    assert lines.adapter.stands == {}
    assert await lines.store.shared_lines.left() == []


@pytest.mark.parametrize("recorded", [True, False])
async def test_the_next_process_removes_a_line_that_was_left(lines: Lines, *, recorded: bool) -> None:
    """After a kill, with the line's message recorded or its post still under way, the next start removes it."""
    message = await lines.adapter.post(CHANNEL, Reply("", strings.also_waiting(2)), nonce="line1")
    await lines.store.shared_lines.note_posting("line1", CHANNEL)
    if recorded:
        await lines.store.shared_lines.note_standing("line1", message)
    for left in await lines.store.shared_lines.left():
        await SharedLine(lines.store, lines.thread(CHANNEL), left).remove()
    assert lines.adapter.stands == {}
    assert await lines.store.shared_lines.left() == []


async def test_a_line_that_somebody_removed_is_gone(lines: Lines) -> None:
    """A message that is gone when it is to be removed is no reason to try again."""
    over = asyncio.Event()
    assert await lines.join(0, over)
    lines.adapter.stands.clear()
    over.set()
    await lines.settle()
    assert await lines.store.shared_lines.left() == []
