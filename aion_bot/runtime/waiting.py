"""Questions that wait in the queue of their thread, or for a slot: how many are ahead of each, and taking one back.

A place is shown to all who read the thread by a message of its own (`conversation.waiting_sign`), which is edited while the
queue moves. Where no message stands, the person is told in private that their question waits.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Awaitable, MutableMapping
from dataclasses import dataclass, field, replace

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation import silence
from aion_bot.conversation.failed_answer import show_withdrawn
from aion_bot.conversation.indicators import Indicators
from aion_bot.conversation.private_reply import refused, reply_privately
from aion_bot.conversation.services import Services
from aion_bot.conversation.waiting_sign import MOST_COUNTED, WaitingSign, place_of_sign
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.access import Intent, Refusal
from aion_bot.domain.turn import UNFINISHED, EndReason, Turn, TurnPhase, read_key
from aion_bot.ports.events import Click, Prompt
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.runtime.active_turns import ActiveTurns, SlotWait

_log = structlog.get_logger(__name__)

AFTER = 1.0
"""Seconds for which a question waits before its place is shown: until then its mark says that it arrived."""

EVERY = 1.0
"""Seconds between two edits of a sign at least, and between two looks for room."""

SLOTS_EVERY = 5.0
"""Seconds between two looks at how many are ahead of a question that waits for a slot."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """A question that waits. `over` is set once it does not any more, `moved` when it may be at another place.

    `first`: nothing of its thread is ahead of it, and it waits for a slot, which `slot` is about once it is asked for.
    """

    thread: Thread
    turn: Turn
    sign: WaitingSign
    over: asyncio.Event = field(default_factory=asyncio.Event)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    first: bool = False
    slot: SlotWait | None = None


class WaitingQuestions:
    """The questions that wait, by thread and in order."""

    def __init__(
        self, services: Services, tasks: BackgroundTasks, indicators: Indicators, active: ActiveTurns
    ) -> None:
        self._services, self._tasks, self._indicators, self._active = services, tasks, indicators, active
        self._of_thread: dict[ThreadKey, dict[str, _Waiting]] = {}
        self.withdrawn: dict[str, ThreadKey] = {}
        """Questions that were taken back and whose jobs are still in their queue, by the turn's key."""
        self.known: set[str] = set()
        """The keys of questions that wait, or were taken back and still have a job in their queue."""
        self._of_person: Counter[tuple[ThreadKey, str]] = Counter()
        self._told: set[tuple[ThreadKey, str]] = set()
        self._closed = False

    def begin(
        self, thread: Thread, turn: Turn, signs: MutableMapping[str, MessageRef | None] | None = None
    ) -> None:
        """Note that a question waits from now on. Its sign is taken out of `signs`, which an earlier process left."""
        # Not whether there is a message: a process that was killed may have posted it without recording it.
        left = signs is not None and turn.key in signs
        message = None if signs is None else signs.pop(turn.key, None)
        one = self._add(thread, turn, message)
        self._tasks.spawn(self._tell(one))
        if left or place_of_sign(thread, turn) is not None:
            self._tasks.spawn(self._show(one, left=left))

    def for_slot(self, thread: Thread, turn: Turn, slot: SlotWait) -> None:
        """Note that a question at the head of its thread waits for a slot.

        Its person was told so privately: a sign alone is added where none stands.
        """
        one = self._of_thread.get(turn.thread, {}).get(turn.key)
        # One that was taken back is known, and has no place any more: its job only comes to its end.
        if one is None and turn.key not in self.known and not self._closed:
            one = self._add(thread, turn, None)
            # Others of the thread may have begun to wait before its slot was asked for.
            self._of_thread[turn.thread] = {turn.key: one} | self._of_thread[turn.thread]
            if place_of_sign(thread, turn) is not None:
                self._tasks.spawn(self._show(one, left=False))
        if one is not None:
            one.first, one.slot = True, slot
            self._moved(turn.thread)

    def _add(self, thread: Thread, turn: Turn, message: MessageRef | None) -> _Waiting:
        one = _Waiting(thread, turn, self._sign(thread, turn, message))
        self._of_thread.setdefault(turn.thread, {})[turn.key] = one
        self.known.add(turn.key)
        self._of_person[_whose(turn)] += 1
        return one

    def _sign(self, thread: Thread, turn: Turn, message: MessageRef | None) -> WaitingSign:
        place = place_of_sign(thread, turn) or turn.thread
        where = thread if place == thread.key else self._services.registry.thread(thread.adapter, place)
        return WaitingSign(self._services.store, where, turn, message)

    def leave(self, thread: Thread, turn: Turn, message: MessageRef | None) -> None:
        """Remove the sign of a question that does not wait any more, which an earlier process posted; None: it may have posted one."""
        sign = self._sign(thread, turn, message)
        self._tasks.spawn(_removed(sign, look=message is None))

    def first(self, turn: Turn) -> None:
        """Note that nothing of its thread is ahead of a question any more."""
        one = self._of_thread.get(turn.thread, {}).get(turn.key)
        if one is not None:
            one.first = True
            self._moved(turn.thread)

    def end(self, turn: Turn) -> None:
        """Note that a question does not wait any more; nothing where it did not."""
        self.withdrawn.pop(turn.key, None)
        self.known.discard(turn.key)
        self._remove(turn)

    async def pass_over(self, thread: Thread, turn: Turn) -> None:
        """Close a question whose turn it is, and that was taken back before."""
        await self._services.store.turns.note_shown(turn.key, turn.attempt)
        if (observer := self._services.observer) is not None:
            observer.ended(turn, turn.reason or EndReason.WITHDRAWN)
        self._tasks.spawn(self._indicators.clear(thread, turn))

    def close(self) -> None:
        """Leave every sign as it is: the next start goes on with it."""
        self._closed = True
        for one in (one for waiting in self._of_thread.values() for one in waiting.values()):
            one.over.set()

    def withdrawn_in(self, thread: ThreadKey) -> int:
        """Count the questions of a thread whose jobs are still in its queue, and that nobody waits for."""
        return sum(where == thread for where in self.withdrawn.values())

    async def withdraw(self, click: Click) -> str:
        """Take a question back for whoever pressed, and return what they are told. Raises `sqlite3.Error`."""
        turn = await self._services.store.turns.get(read_key(click.key)[0])
        # A press can be forged: a key counts in the thread of its question alone, and where that was asked.
        if turn is None or click.thread not in {turn.thread, turn.origin and turn.origin.in_place}:
            return strings.WITHDRAW_GONE
        platform, person = click.thread.platform, click.person
        refusal = await self._services.access.refusal(
            platform, Intent.WITHDRAW, click.place, person, turn.asker
        )
        if refusal is not None:
            mine = refusal is not Refusal.NOT_THEIRS
            return refused(platform, click, refusal) if mine else strings.WITHDRAW_NOT_YOURS
        if not await self._take_back(turn):
            now = await self._services.store.turns.get(turn.key) or turn
            return strings.WITHDRAW_TOO_LATE if now.phase in UNFINISHED else strings.WITHDRAW_GONE
        return strings.WITHDRAWN

    async def replace(self, thread: Thread, prompt: Prompt) -> None:
        """Take back what its asker has waiting in the thread of a new question; what others ask goes on waiting."""
        taken = False
        for one in list(self._of_thread.get(prompt.thread, {}).values()):
            if await self._services.access.allows(
                thread.platform, Intent.REPLACE, prompt.place, prompt.person, one.turn.asker
            ):
                try:
                    taken = await self._take_back(one.turn) or taken
                # It goes on waiting: the new question has its row, and has to come into its queue whatever fails here.
                except sqlite3.Error as error:
                    _log.error("database write failed", turn=one.turn.key, reason=str(error))
        if taken:
            told = (strings.REPLACED_WAITING,)
            self._tasks.spawn(reply_privately(thread, replace(prompt, source=None), told, hidden=True))

    def deleted(self, platform: str, prompt: str) -> None:
        """Note that the message of a question was deleted, or says something else, and that its row says so."""
        self._active.withdraw(platform, prompt)
        for waiting in list(self._of_thread.values()):
            for one in list(waiting.values()):
                if one.turn.origin is not None and one.turn.origin.key == prompt:
                    self._note_withdrawn(one)

    async def _take_back(self, turn: Turn) -> bool:
        """Withdraw a question; False where it does not wait any more. The row says so before anybody sees it."""
        if not await self._services.store.waiting_signs.withdraw(turn.key):
            return False
        if turn.origin is not None:
            self._active.withdraw(turn.thread.platform, turn.origin.key)
        one = self._of_thread.get(turn.thread, {}).get(turn.key)
        if one is not None:
            self._note_withdrawn(one)
        return True

    def _note_withdrawn(self, one: _Waiting) -> None:
        self.withdrawn[one.turn.key] = one.turn.thread
        self._remove(one.turn)
        if one.slot is not None:
            one.slot.give_up()
        self._tasks.spawn(self._indicators.dequeued(one.thread, one.turn))
        if one.turn.attempt:
            self._tasks.spawn(show_withdrawn(self._services, one.thread, one.turn))

    def _remove(self, turn: Turn) -> None:
        waiting = self._of_thread.get(turn.thread, {})
        if self._closed or (one := waiting.pop(turn.key, None)) is None:
            return
        one.over.set()
        if not waiting:
            del self._of_thread[turn.thread]
        self._moved(turn.thread)
        self._of_person -= Counter([_whose(turn)])
        if _whose(turn) not in self._of_person:
            self._told.discard(_whose(turn))

    def _moved(self, thread: ThreadKey) -> None:
        for one in self._of_thread.get(thread, {}).values():
            one.moved.set()

    def _ahead(self, one: _Waiting) -> int:
        """Count the questions that are answered before one that waits, that which is answered now included."""
        waiting = list(self._of_thread.get(one.turn.thread, {}).values())
        place = waiting.index(one) if one in waiting else 0
        if one.first:
            return 0 if one.slot is None else one.slot.ahead(MOST_COUNTED)
        return place + (not waiting[0].first)

    async def _show(self, one: _Waiting, *, left: bool) -> None:
        """Show the place of a question, and how it changes, until it does not wait any more; `left`: its sign may stand."""
        sign = one.sign
        if left:
            await sign.find()
        elif await silence.happens(one.over, AFTER):
            return
        while not one.over.is_set() and not sign.refused:
            # Before it is counted: what moves while the sign is edited is counted in the next round.
            one.moved.clear()
            ahead = self._ahead(one)
            # One that is wrong by more than one goes before others that would be nice to have.
            insist = sign.shown is not None and sign.shown - ahead > 1
            await _unless(one.over, sign.show(ahead, insist=insist)) if insist else await sign.show(ahead)
            if not await silence.happens(one.over, EVERY) and sign.stands and not one.moved.is_set():
                # Nothing tells when the queue for slots moves, so it is looked at now and again.
                await _first_of(one.over, one.moved, within=SLOTS_EVERY if one.slot else None)
        # One that cannot be edited any more would become wrong.
        if not self._closed:
            await sign.remove()

    async def _tell(self, one: _Waiting) -> None:
        """Tell a person after `silence.LONG` seconds that their question waits, once for all of theirs in the thread.

        Nothing is said where their place stands in the thread.
        """
        turn, whose = one.turn, _whose(one.turn)
        if turn.origin is None or await silence.happens(one.over, silence.LONG) or whose in self._told:
            return
        now = await self._services.store.turns.get(turn.key)
        # It may have been withdrawn, or its turn come, meanwhile.
        waits = now is not None and now.phase is TurnPhase.QUEUED and not one.over.is_set()
        if waits and whose not in self._told and not one.sign.stands:
            self._told.add(whose)
            # Without its message: that has the mark of a question which waits, and needs no other.
            origin = replace(turn.origin, source=None)
            await reply_privately(one.thread, origin, (strings.STILL_QUEUED,), hidden=True)


def _whose(turn: Turn) -> tuple[ThreadKey, str]:
    return turn.thread, turn.asker.id


async def _removed(sign: WaitingSign, *, look: bool) -> None:
    if not look or await sign.find():
        await sign.remove()


async def _first_of(*events: asyncio.Event, within: float | None = None) -> None:
    """Wait until one of some events is set, for so many seconds at most."""
    waiting = {asyncio.create_task(one.wait()) for one in events}
    try:
        await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


async def _unless(over: asyncio.Event, work: Awaitable[None]) -> None:
    """Do something, and give it up once an event is set."""
    doing, waiting = asyncio.ensure_future(work), asyncio.create_task(over.wait())
    try:
        await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        doing.cancel()
        # Waited for: the sign is removed next, and its methods are awaited one after the other.
        await asyncio.gather(doing, return_exceptions=True)
