"""Tells people whose question waits long behind others of its thread."""

import asyncio
from collections import Counter
from dataclasses import replace

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.private_reply import reply_privately
from aion_bot.conversation.silence import lasts_long
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.turn import Turn, TurnPhase
from aion_bot.ports.messages import ThreadKey
from aion_bot.storage import Store


class QueueWaits:
    """Each person is told once for all of theirs that wait in a thread, after `silence.LONG` seconds."""

    def __init__(self, store: Store, tasks: BackgroundTasks) -> None:
        self._turns = store.turns
        self._tasks = tasks
        self._waiting: dict[str, asyncio.Event] = {}
        """What is set when a question does not wait any more, by the turn's key."""
        self._of_person: Counter[tuple[ThreadKey, str]] = Counter()
        self._told: set[tuple[ThreadKey, str]] = set()

    def begin(self, thread: Thread, turn: Turn) -> None:
        """Note that a question waits from now on."""
        over = self._waiting[turn.key] = asyncio.Event()
        self._of_person[turn.thread, turn.asker.id] += 1
        self._tasks.spawn(self._tell(thread, turn, over))

    def end(self, turn: Turn) -> None:
        """Note that it is the turn of a question; nothing if it did not wait."""
        over = self._waiting.pop(turn.key, None)
        if over is not None:
            over.set()
            one = (turn.thread, turn.asker.id)
            self._of_person -= Counter([one])
            if one not in self._of_person:
                self._told.discard(one)

    async def _tell(self, thread: Thread, turn: Turn, over: asyncio.Event) -> None:
        one = (turn.thread, turn.asker.id)
        if turn.origin is None or not await lasts_long(over) or one in self._told:
            return
        now = await self._turns.get(turn.key)
        # It may have been withdrawn, or its turn come, meanwhile.
        if now is not None and now.phase is TurnPhase.QUEUED and not over.is_set() and one not in self._told:
            self._told.add(one)
            # Without its message: that has the mark of a question which waits, and needs no other.
            origin = replace(turn.origin, source=None)
            await reply_privately(thread, origin, (strings.STILL_QUEUED,), hidden=True)
