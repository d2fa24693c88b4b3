"""Questions that a platform acknowledges in public before they are accepted: each has a place from that promise on.

Without it, two questions at once could compete for the last place: both would be repeated in public, and then one
refused.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.month_allowance import MonthAllowance
from aion_bot.domain.allowance import WINDOW, Allowance, UsedUp, Whose
from aion_bot.domain.rule_keys import NOTIFY_AFTER
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.storage import Store

_KEPT = 30.0
"""Seconds for which a place is kept: an acknowledgement and its retries take less. Some questions never come, as where
another process has acknowledged the command."""


class PromisedPlaces:
    """The questions that were promised to be taken, in that order."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.held: dict[str, tuple[float, Prompt]] = {}
        """Until when each is kept, by the prompt's key; some may be over."""

    def hold(self, prompt: Prompt) -> None:
        """Keep a place for a question. A second call for the same question changes nothing."""
        now = self._clock()
        self.held = {key: one for key, one in self.held.items() if one[0] > now}
        self.held.setdefault(prompt.key, (now + _KEPT, prompt))

    def release(self, prompt: Prompt) -> None:
        """Give up the place of a question."""
        self.held.pop(prompt.key, None)

    def holds(self, prompt: Prompt) -> bool:
        """Return whether a place is kept for a question."""
        return prompt.key in self.held and self.held[prompt.key][0] > self._clock()

    def before(self, prompt: Prompt) -> Sequence[Prompt]:
        """Return whose places come before a question's: those that were promised earlier, and all if it has none."""
        now, found = self._clock(), []
        for key, (until, one) in self.held.items():
            if key == prompt.key:
                break
            if until > now:
                found.append(one)
        return found

    def in_thread(self, prompt: Prompt) -> int:
        """Count those before a question in its thread; one that opens a thread of its own has none."""
        if prompt.opening is not None:
            return 0
        return sum(one.thread == prompt.thread and one.opening is None for one in self.before(prompt))


class Allowances:
    """The places of a rolling hour: those of rows, and those that are promised."""

    def __init__(
        self,
        store: Store,
        access: AccessControl,
        promised: PromisedPlaces,
        month: Callable[[Place], MonthAllowance | None] = lambda _: None,
    ) -> None:
        self._turns, self._month = store.turns, month
        self._access = access
        self._promised = promised

    async def used_up(self, prompt: Prompt) -> UsedUp | None:
        """Return which allowance leaves no room for a question."""
        platform, place, person = prompt.thread.platform, prompt.place, prompt.person
        month = self._month(place)
        if month is not None and month.short and (found := await month.refusal(prompt)):
            return found
        while True:
            before = self._promised.before(prompt)
            left = self._left(prompt, before)
            if isinstance(left, UsedUp):
                return left
            found = await self._turns.used_up(platform, place, person, left)
            # A place whose question was written meanwhile would count twice.
            if found is None:
                return None
            if before == self._promised.before(prompt):
                whole = self._access.rules.allowance(place, person)
                limit = whole.per_person if found.whose is Whose.PERSON else whole.per_channel
                return replace(found, limit=limit)

    def left_again(self, turn: Turn) -> Allowance | UsedUp:
        """Return what promised places leave to another attempt of a turn: it was promised none."""
        if turn.origin is None:
            return self._access.rules.allowance(turn.place, turn.asker)
        return self._left(turn.origin, self._promised.before(turn.origin))

    async def accept(self, turn: Turn, prompt: Prompt) -> UsedUp | bool:
        """Write a question; False where it was written before, and what is used up where too many were asked."""
        accepted: UsedUp | bool | None = None
        # An app reads no message that mentions it.
        wait = 0 if turn.asker.apps else self._access.rules.value(NOTIFY_AFTER, prompt.place)
        turn = replace(turn, notify_after=cast("int", wait))
        month = self._month(prompt.place)
        if (
            month is not None
            and month.short
            # Two deliveries at once both find no row earlier: the second one must not be refused as one too many.
            and not await self._turns.accepted(prompt.key)
            and (found := await month.refusal(prompt))
        ):
            self._promised.release(prompt)
            return found
        while accepted is None:
            left = self._left(prompt, self._promised.before(prompt) if self._promised.held else ())
            if isinstance(left, Allowance) and await self._turns.accept(turn, prompt, left):
                accepted = True
            # The platform delivers at least once: the prompt's key is unique, and the second delivery ends here.
            elif await self._turns.accepted(prompt.key):
                accepted = False
            # If nothing is used up, an hour has passed since the attempt, or a promised place is free again.
            else:
                accepted = await self.used_up(prompt)
        # Not after an error: the adapter tries again.
        if self._promised.held:
            self._promised.release(prompt)
        return accepted

    def _left(self, prompt: Prompt, before: Sequence[Prompt]) -> Allowance | UsedUp:
        """Return the allowances less the places of others; 0 still means that there is no limit."""
        whole = self._access.rules.allowance(prompt.place, prompt.person)
        taken = Counter(whose for one in before for whose in _shared(prompt, one))
        for whose, limit in ((Whose.PERSON, whole.per_person), (Whose.CHANNEL, whole.per_channel)):
            if limit and taken[whose] >= limit:
                return UsedUp(whose, limit, WINDOW)
        return Allowance(
            whole.per_person and whole.per_person - taken[Whose.PERSON],
            whole.per_channel and whole.per_channel - taken[Whose.CHANNEL],
        )


def _shared(prompt: Prompt, other: Prompt) -> list[Whose]:
    """Name the allowances that two questions share."""
    if prompt.thread.platform != other.thread.platform:
        return []
    shared = []
    same_person = prompt.person.id == other.person.id or not prompt.person.apps.isdisjoint(other.person.apps)
    if same_person and prompt.place.home == other.place.home:
        shared.append(Whose.PERSON)
    if prompt.place.channel == other.place.channel:
        shared.append(Whose.CHANNEL)
    return shared
