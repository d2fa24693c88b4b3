"""The row of a turn while it runs: what is posted and how it ends, written later where the disk did not take it."""

import sqlite3
from collections.abc import Awaitable
from dataclasses import dataclass

import structlog

from aion_bot.conversation.aion_stream import AionStream
from aion_bot.conversation.late_posts import hand_over
from aion_bot.delivery.diff import MessageDiff
from aion_bot.delivery.sync import TakenOver
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import EndReason, FirstSeen, Outcome, Turn
from aion_bot.ports.messages import MessageRef
from aion_bot.storage import FOR_A_DAY, Store, recorded, retry_write


@dataclass(slots=True)
class TurnRecord:
    """Writes the row. `seen` is None where an earlier process has posted: it is not known when people saw that first.

    `posts_written`, `unwritten_end`, `unwritten_shown`: what a failure of the database has left to be written.
    """

    store: Store
    turn: Turn
    stream: AionStream
    seen: FirstSeen | None
    log: structlog.stdlib.BoundLogger
    posts_written: bool = True
    unwritten_end: Outcome | None = None
    unwritten_shown: EndReason | None = None

    async def note_posting(self, name: str) -> bool:
        """Record a message that is about to be posted, by its fingerprint or nonce; returns whether the database took it."""
        return await recorded(self.log, self.store.turns.note_posting(self.turn.key, name))

    async def note_beside(self, thread: Thread, writing: Awaitable[object]) -> None:
        """Record a message that a row of its own names, by `writing`; then it is not about to be posted any more."""
        if await recorded(self.log, writing) and thread.reads_seldom:
            await recorded(self.log, self.store.turns.forget_posting(self.turn.key))

    async def note_posted(self, thread: Thread, diff: MessageDiff, message: MessageRef) -> None:
        """Record the messages that show the answer so far, of which `message` is new.

        Raises:
            TakenOver: somebody has had the question asked again; the message is the later attempt's, or gone.
        """
        turn, noted = self.turn, True

        # Where the write fails `noted` stays True: then nothing says that there is a later attempt.
        async def note() -> None:
            nonlocal noted
            noted = await self.store.turns.note_posted(
                turn.key, turn.attempt, diff.replies, diff.file, self.seen
            )

        # All of them each time: a write that succeeds makes up for those that failed before it.
        self.posts_written = await recorded(self.log, note())
        if not noted and await self._is_asked_again():
            await hand_over(self.store, thread, turn, message)
            raise TakenOver("a later attempt shows this answer")

    async def _is_asked_again(self) -> bool:
        now = await self.store.turns.get(self.turn.key)
        return now is not None and now.attempt > self.turn.attempt

    async def write_posts(self, thread: Thread, diff: MessageDiff) -> None:
        """Record the messages that show the answer, until the database takes them."""
        turn, turns = self.turn, self.store.turns
        if not await retry_write(lambda: turns.note_posted(turn.key, turn.attempt, diff.replies, diff.file)):
            for message in diff.replies:
                await hand_over(self.store, thread, turn, message)

    async def note_failure(self, outcome: Outcome) -> bool:
        """Record a failure before its Retry can be pressed; returns whether that can be offered now."""
        try:
            return await self.stream.record_end(outcome.reason)
        except sqlite3.Error as error:
            self.unwritten_end, failure = outcome, str(error)
        self.log.error("database write failed", what="end of turn", reason=failure)
        return False

    async def note_shown(self, reason: EndReason) -> None:
        """Record that the thread shows how the attempt ended; what the database does not take now is left to `write_shown`."""
        if not await recorded(self.log, self._shown(reason)):
            self.unwritten_shown = reason

    async def write_shown(self, reason: EndReason) -> bool:
        """Record that the thread shows how the attempt ended, once the database takes it; False where that is left to the next start."""
        return await recorded(self.log, retry_write(lambda: self._shown(reason), FOR_A_DAY))

    def _shown(self, reason: EndReason) -> Awaitable[None]:
        shown = self.turn.key, self.turn.attempt, reason, self.stream.answer_id, self.seen
        return self.store.turns.note_shown(*shown, unnamed=self.stream.unnamed)
