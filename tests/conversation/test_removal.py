"""Signs that have become wrong, on a platform that cannot be reached for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aion_bot.conversation import removal
from aion_bot.conversation.queued_marks import QueuedMarks
from aion_bot.conversation.shared_line import SharedLine
from aion_bot.conversation.waiting_sign import WaitingSign
from aion_bot.delivery.registry import Registry
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import Forbidden, PlatformDown, PlatformError, RateLimited
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Content, MessageRef, Person, ThreadKey
from aion_bot.storage import Store
from tests.support.databases import lay_database
from tests.support.plain_adapter import PlainAdapter

THREAD = ThreadKey("plain", "1")
ORIGIN = Prompt(
    "p", THREAD, Place("T1", "C1"), Person("U1", "ada"), "What?", source=MessageRef(THREAD, "asked")
)
TURN = Turn("t", THREAD, ORIGIN.person, "What?", origin=ORIGIN)


class Away(PlainAdapter):
    """Shows everything, and removes nothing while `failures` has errors; `stands` is what people see."""

    def __init__(self) -> None:
        super().__init__()
        self.stands = set[str]()
        self.failures: list[PlatformError] = []

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:  # noqa: ARG002  # the port's signature
        self.stands.add(nonce)
        return MessageRef(thread, nonce)

    async def delete(self, message: MessageRef) -> None:
        self._take_away(message.id)

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        if queued:
            self.stands.add(message.id)
        else:
            self._take_away(message.id)

    def _take_away(self, sign: str) -> None:
        if self.failures:
            raise self.failures.pop()
        self.stands.discard(sign)


async def waiting_sign(store: Store, thread: Thread) -> Callable[[], Awaitable[None]]:
    sign = WaitingSign(store, thread, TURN)
    await sign.show(1)
    return sign.remove


async def shared_line(store: Store, thread: Thread) -> Callable[[], Awaitable[None]]:
    line = SharedLine(store, thread)
    await line.post(2)
    return line.remove


async def queued_mark(_: Store, thread: Thread) -> Callable[[], Awaitable[None]]:
    marks = QueuedMarks()
    await marks.show_unless(asyncio.Event(), thread, TURN, lambda: None)
    return lambda: marks.remove(thread, TURN)


Show = Callable[[Store, Thread], Awaitable[Callable[[], Awaitable[None]]]]


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Away:
    """A platform, and removals that are repeated with pauses of a moment."""
    monkeypatch.setattr(removal, "_AGAIN", replace(removal._AGAIN, initial=0.0001, cap=0.0001))
    return Away()


@pytest.mark.parametrize("show", [waiting_sign, shared_line, queued_mark])
@pytest.mark.parametrize("error", [PlatformDown("status 503"), RateLimited(0.0)])
async def test_what_cannot_be_removed_now_is_removed_later(
    away: Away, tmp_path: Path, show: Show, error: PlatformError
) -> None:
    """However often the platform fails: nothing says that a question waits for as long as the process runs."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    remove = await show(store, Registry().thread(away, THREAD))
    assert away.stands
    away.failures = [error] * 50
    await remove()
    assert not away.stands
    await store.close()


@pytest.mark.parametrize("show", [waiting_sign, shared_line, queued_mark])
async def test_what_the_platform_refuses_to_remove_is_asked_for_once(
    away: Away, tmp_path: Path, show: Show
) -> None:
    """A refusal is not repeated: the next one would be the same."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    remove = await show(store, Registry().thread(away, THREAD))
    away.failures = [Forbidden("no")] * 2
    await remove()
    assert len(away.failures) == 1
    await store.close()


def test_pauses_are_short_and_last_for_a_day() -> None:
    """A platform that was away for hours takes a sign away half a minute after its return, and is not asked more often."""
    pauses = list(removal._AGAIN)
    assert max(pauses) == 30.0
    assert sum(pauses) == pytest.approx(86_400.0)
