"""The end of a round: nothing fails any more, the bot starts once more, and people press what is left to press."""

import asyncio
import time

from aion_bot import wording
from benchmarks.chaos.fates import Course, Decision
from benchmarks.chaos.people import People, is_decided, is_under_way
from benchmarks.chaos.places import Seen
from benchmarks.chaos.world import Record, World

PATIENCE = 45.0
"""Seconds without any progress after which what is open counts as lost or stuck."""

_LOOK = 0.3
_AGAIN = 5.0
"""Seconds after which somebody presses a button again that is still there."""

SIGNS = (wording.THINKING, wording.FETCHING)
"""What must not stand anywhere in the end."""


class Settling:
    """Waits until every question has ended, one way or the other."""

    def __init__(self, world: World, people: People) -> None:
        self._world = world
        self._people = people
        self._pressed: dict[str, float] = {}

    async def settle(self, way: str) -> None:
        """Let everything come to its end."""
        self._world.calm()
        await self._world.restart(way)
        left, since = -1, time.monotonic()
        while time.monotonic() - since < PATIENCE:
            open_ = [one for one in self._world.records.values() if not self.is_over(one)]
            closed = {one.thread for one in self._world.records.values() if one.forbidden}
            signs = [
                sign
                for place in self._world.places.values()
                for thread, sign in place.signs()
                if thread not in closed
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
        if record.forbidden:
            return True
        if unfinished(shown):
            return False
        if record.fate.course in {Course.PLAN, Course.OPEN_PLAN}:
            card = self._people.card(record)
            if card is None or not (is_decided(card) or record.fate.decision is Decision.NOBODY):
                return False
        if record.fate.course is Course.LIMIT or record.stopped:
            return True
        return self._people.is_whole(record, shown)

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
        last = self._pressed.get(shown.id, 0.0)
        if time.monotonic() - last < _AGAIN:
            return False
        self._pressed[shown.id] = time.monotonic()
        return True


def unfinished(shown: list[Seen]) -> bool:
    """Whether a thread says that the bot is still at work."""
    return any(
        "Stop" in one.buttons
        or any(sign in one.text for sign in SIGNS)
        or (wording.PLAN_TITLE in one.text and is_under_way(one))
        for one in shown
    )
