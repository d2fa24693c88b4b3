"""The end of a round: faults stop, the bot restarts once more, and people press the remaining buttons."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from adapters.discord.strings import NOT_TAKEN
from aion_bot.domain import strings
from benchmarks.chaos.environment import Environment, Record
from benchmarks.chaos.people import People, is_decided, is_in_progress
from benchmarks.chaos.scenarios import Behaviour, Decision
from benchmarks.chaos.workspaces import ShownMessage

PATIENCE = 45.0
"""Seconds without progress after which open questions count as lost or stuck."""

_POLL_INTERVAL = 0.3
_REPEAT_AFTER = 5.0
"""Seconds after which a button that is still shown is pressed again."""

MAX_PRESSES = 20
"""The maximum of presses of one button."""

INDICATORS = (strings.THINKING, strings.FETCHING, strings.FETCHING_AFTER_RESTART)
"""Texts that no message may show at the end."""


class RoundEnd:
    """Waits until every question has ended."""

    def __init__(self, environment: Environment, people: People, beside: Callable[[], int]) -> None:
        """`beside` counts what has not ended of what people did beside asking."""
        self._environment, self._beside = environment, beside
        self._people = people
        self._pressed: dict[str, float] = {}
        self._presses: Counter[str] = Counter()
        self._whole_since: dict[int, float] = {}
        self._unasked_since: dict[int, float] = {}

    async def complete(self, method: str) -> None:
        """Restart the bot and wait until nothing is open, or nothing has changed for `PATIENCE` seconds."""
        self._environment.clear_faults()
        await self._environment.restart(method)
        left, since = -1, time.monotonic()
        while time.monotonic() - since < PATIENCE:
            open_ = [one for one in self._environment.records.values() if not self.is_over(one)]
            busy = {one.thread for one in self._environment.records.values() if one.forbidden or _waits(one)}
            indicators = [
                indicator
                for workspace in self._environment.workspaces.values()
                for thread, indicator in workspace.indicators()
                if thread not in busy
            ]
            pressed = await self._press()
            now = len(open_) + len(indicators) + self._beside()
            if not now and not pressed:
                return
            if pressed or now != left:
                left, since = now, time.monotonic()
            await asyncio.sleep(_POLL_INTERVAL)

    def is_over(self, record: Record) -> bool:
        """Whether a question has ended."""
        shown = self._people.workspace(record).shown(record.thread)
        if record.forbidden or (not record.calls and self._stays_unasked(record, shown)):
            return True
        if unfinished(shown):
            return False
        if record.withdrawn and not any("Retry" in one.buttons for one in shown):
            return True
        if record.scenario.behaviour in {Behaviour.PLAN, Behaviour.OPEN_PLAN}:
            card = self._people.card(record)
            if card is None:
                return self._stays_without_card(record, shown)
            if not (is_decided(card) or record.scenario.decision is Decision.NOBODY):
                return False
        return (
            # Slack may still be about to send the question again.
            (record.scenario.behaviour is Behaviour.LIMIT and record.calls > 0)
            or record.stopped
            or self._people.is_whole(record, shown)
        )

    def _stays_unasked(self, record: Record, shown: list[ShownMessage]) -> bool:
        """Whether a question will not reach Aion any more: withdrawn, not delivered, or reported as not recorded."""
        if record.withdrawn or self._environment.was_not_delivered(record):
            return True
        return not unfinished(shown) and self._was_told_unrecorded(record, shown)

    def _was_told_unrecorded(self, record: Record, shown: list[ShownMessage]) -> bool:
        """Whether a question has not reached Aion for a while, and a person learned that it could not be recorded."""
        since = self._unasked_since.setdefault(record.scenario.number, time.monotonic())
        if any(strings.NO_RECORD in one.text for one in shown):
            return True
        return (
            time.monotonic() - since > 2 * _REPEAT_AFTER
            and NOT_TAKEN in self._people.workspace(record).private_replies()
        )

    def _stays_without_card(self, record: Record, shown: list[ShownMessage]) -> bool:
        """Whether an answer has been complete for a while without its plan: the stream broke before the plan."""
        if not self._people.is_whole(record, shown):
            return False
        since = self._whole_since.setdefault(record.scenario.number, time.monotonic())
        return time.monotonic() - since > _REPEAT_AFTER

    async def _press(self) -> bool:
        pressed = False
        for record in list(self._environment.records.values()):
            shown = self._people.workspace(record).shown(record.thread)
            failed = [one for one in shown if "Retry" in one.buttons and self._is_due(one)]
            pressed |= await self._people.retry(record, failed)
            card = self._people.card(record)
            decides = record.scenario.decision is not Decision.NOBODY
            if card is not None and decides and "Approve" in card.buttons and self._is_due(card):
                await self._people.approve(record, card)
                pressed = True
        return pressed

    def _is_due(self, shown: ShownMessage) -> bool:
        if (
            time.monotonic() - self._pressed.get(shown.id, 0.0) < _REPEAT_AFTER
            or self._presses[shown.id] == MAX_PRESSES
        ):
            return False
        self._pressed[shown.id] = time.monotonic()
        self._presses[shown.id] += 1
        return True

    @property
    def unanswered_buttons(self) -> set[str]:
        """Messages whose button was pressed `MAX_PRESSES` times without effect."""
        return {message for message, presses in self._presses.items() if presses == MAX_PRESSES}


def _waits(record: Record) -> bool:
    """Whether Aion's stream stays open because nobody decides its plan."""
    return record.scenario.behaviour is Behaviour.OPEN_PLAN and record.scenario.decision is Decision.NOBODY


def unfinished(shown: list[ShownMessage]) -> bool:
    """Whether a thread says that the bot still works."""
    return answering(shown) or any(strings.PLAN_TITLE in one.text and is_in_progress(one) for one in shown)


def answering(shown: list[ShownMessage]) -> bool:
    """Whether a thread shows an answer that has not ended."""
    return any(
        "Stop" in one.buttons or any(indicator in one.text for indicator in INDICATORS) for one in shown
    )
