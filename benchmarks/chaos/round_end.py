"""The end of a round: nothing fails any more, the bot starts once more, and people press what is left to press."""

import asyncio
import time
from collections import Counter

from adapters.discord.strings import NOT_TAKEN
from aion_bot.domain import strings
from benchmarks.chaos.environment import Record, World
from benchmarks.chaos.people import People, is_decided, is_under_way
from benchmarks.chaos.scenarios import Course, Decision
from benchmarks.chaos.workspaces import Seen

PATIENCE = 45.0
"""Seconds without any progress after which what is open counts as lost or stuck."""

_LOOK = 0.3
_AGAIN = 5.0
"""Seconds after which somebody presses a button again that is still there."""

MOST = 20
"""Presses of a button that is still there, after which nobody presses it any more."""

SIGNS = (strings.THINKING, strings.FETCHING)
"""What must not stand anywhere in the end."""


class Settling:
    """Waits until every question has ended, one way or the other."""

    def __init__(self, world: World, people: People) -> None:
        self._world = world
        self._people = people
        self._pressed: dict[str, float] = {}
        self._presses: Counter[str] = Counter()
        self._whole_since: dict[int, float] = {}
        self._unasked_since: dict[int, float] = {}

    async def settle(self, way: str) -> None:
        """Let everything come to its end."""
        self._world.calm()
        await self._world.restart(way)
        left, since = -1, time.monotonic()
        while time.monotonic() - since < PATIENCE:
            open_ = [one for one in self._world.records.values() if not self.is_over(one)]
            busy = {one.thread for one in self._world.records.values() if one.forbidden or _waits(one)}
            signs = [
                sign
                for place in self._world.places.values()
                for thread, sign in place.signs()
                if thread not in busy
            ]
            pressed = await self._press()
            if not open_ and not signs and not pressed:
                return
            if pressed or len(open_) + len(signs) != left:
                left, since = len(open_) + len(signs), time.monotonic()
            await asyncio.sleep(_LOOK)

    def is_over(self, record: Record) -> bool:
        """Whether nothing more is to be expected for a question."""
        shown = self._people.place(record).shown(record.thread)
        if record.forbidden or (not record.calls and self._stays_unasked(record, shown)):
            return True
        if unfinished(shown):
            return False
        if record.withdrawn and not any("Retry" in one.buttons for one in shown):
            return True
        if record.fate.course in {Course.PLAN, Course.OPEN_PLAN}:
            card = self._people.card(record)
            if card is None:
                return self._stays_without_card(record, shown)
            if not (is_decided(card) or record.fate.decision is Decision.NOBODY):
                return False
        return record.fate.course is Course.LIMIT or record.stopped or self._people.is_whole(record, shown)

    def _stays_unasked(self, record: Record, shown: list[Seen]) -> bool:
        """Whether a question will not reach Aion any more: withdrawn, never heard, or told as not recorded."""
        if record.withdrawn or self._world.is_unheard(record):
            return True
        return not unfinished(shown) and self._is_told(record, shown)

    def _is_told(self, record: Record, shown: list[Seen]) -> bool:
        """Whether a question has not reached Aion for a while, and somebody was told that it could not be recorded."""
        since = self._unasked_since.setdefault(record.fate.number, time.monotonic())
        if any(strings.NO_RECORD in one.text for one in shown):
            return True
        return time.monotonic() - since > 2 * _AGAIN and NOT_TAKEN in self._people.place(record).told()

    def _stays_without_card(self, record: Record, shown: list[Seen]) -> bool:
        """Whether an answer has stood there whole for a while with no plan: the stream broke before that came."""
        if not self._people.is_whole(record, shown):
            return False
        since = self._whole_since.setdefault(record.fate.number, time.monotonic())
        return time.monotonic() - since > _AGAIN

    async def _press(self) -> bool:
        pressed = False
        for record in list(self._world.records.values()):
            shown = self._people.place(record).shown(record.thread)
            failed = [one for one in shown if "Retry" in one.buttons and self._is_due(one)]
            pressed |= await self._people.retry(record, failed)
            card = self._people.card(record)
            decides = record.fate.decision is not Decision.NOBODY
            if card is not None and decides and "Approve" in card.buttons and self._is_due(card):
                await self._people.approve(record, card)
                pressed = True
        return pressed

    def _is_due(self, shown: Seen) -> bool:
        if time.monotonic() - self._pressed.get(shown.id, 0.0) < _AGAIN or self._presses[shown.id] == MOST:
            return False
        self._pressed[shown.id] = time.monotonic()
        self._presses[shown.id] += 1
        return True

    @property
    def futile(self) -> set[str]:
        """Messages whose button was pressed in vain, again and again."""
        return {message for message, presses in self._presses.items() if presses == MOST}


def _waits(record: Record) -> bool:
    """Whether Aion's stream stays open, as nobody decides the plan that it waits for."""
    return record.fate.course is Course.OPEN_PLAN and record.fate.decision is Decision.NOBODY


def unfinished(shown: list[Seen]) -> bool:
    """Whether a thread says that the bot is still at work."""
    return any(
        "Stop" in one.buttons
        or any(sign in one.text for sign in SIGNS)
        or (strings.PLAN_TITLE in one.text and is_under_way(one))
        for one in shown
    )
