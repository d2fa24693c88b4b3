"""How several answers share a limit: reservations for their ends, and how fast their previews may go. No I/O."""

import math
from dataclasses import dataclass

from aion_bot.ports.rate_limits import Charge
from aion_bot.ratelimit.outlook import Outlook
from aion_bot.ratelimit.sliding_window import SlidingWindow


@dataclass(eq=False, slots=True)
class SharedLimit:
    """The window of one budget in one scope, and the answers that share it."""

    charge: Charge
    window: SlidingWindow
    outlook: Outlook
    """How long the answers that share the limit for their previews go on."""
    reserved: int = 0
    """Requests that somebody will certainly send: previews leave them free."""
    waiting: int = 0
    """Permits that wait for the limit."""
    awaiting_reservation: int = 0
    """Answers whose first message waits until their end can be reserved in this limit."""
    previewed_at: float = -math.inf
    """When the last preview was issued."""
    _given: tuple[float, ...] = ()
    """What the pace of previews was last worked out from."""
    _used: int = 0
    _worked_out: float = -math.inf
    """What counted then, and when the outlook of then was worked out."""
    _due: tuple[float, bool] = (-math.inf, False)
    """What came of it: when the next preview is due, and whether that is later than wanted."""

    @property
    def answers(self) -> int:
        """Answers that share the limit for their previews."""
        return self.outlook.answers

    @property
    def preview_headroom(self) -> int:
        """Requests that previews leave free: those reserved, those about to be, and the budget's headroom."""
        return self.reserved + self.awaiting_reservation + self.window.budget.headroom

    def best_effort_at(self, now: float, leaving: int = 0, *, probed: bool = True) -> float:
        """Return when a best-effort operation may run that leaves so many others; `inf` while only an answer can tell.

        Not `probed`: when the limit has a place for it (`SlidingWindow.capacity_at`).
        """
        # As previews do, but never all: a limit of one call would otherwise take none at all, however idle it is.
        headroom = min(self.preview_headroom + leaving, self.window.budget.calls - 1)
        return self.window.room_at(now, headroom) if probed else self.window.capacity_at(now, headroom)

    def is_idle(self, now: float) -> bool:
        """Tell whether nobody uses the limit and nothing is known of it but what is documented."""
        used = self.answers or self.awaiting_reservation or self.reserved
        return not used and self.window.is_fresh(now)

    def reserve(self, change: int) -> None:
        """Reserve so many requests more, or fewer; nothing where the budget keeps no reservations."""
        if self.window.budget.reserved:
            self.reserved += change

    def reservable_at(self, now: float, others: int = 0) -> float:
        """Return when one more request can be reserved, and `others` besides; `inf` while that is not known.

        A new reservation leaves those that there are free, and a quarter of the budget's headroom.
        """
        # A quarter: the headroom is kept for answers that begin, and this reservation is for one of them.
        headroom = self.reserved + self.window.budget.headroom // 4
        return self.window.capacity_at(now, headroom + others)

    def end_reservable_at(self, now: float, began: float) -> float:
        """Return when the end of an answer that began then can be reserved.

        A request that comes back before hardly an answer ends is as good as one that is free. An older answer may end at once.
        """
        return max(now, self.reservable_at(now) - max(0.0, began + self.outlook.soonest - now))

    def preview_at(self, now: float, gap: float) -> float:
        """Return when the next preview may be issued, where each message is edited every `gap` seconds at most."""
        headroom, window = self.preview_headroom, self.window
        # Called for every look, also while there is no room: it raises a limit that was lowered.
        room = window.room_at(now, headroom)
        if room > now:
            window.note_saturated(now, saturated=True)
            return room
        # Without a gap a message may be edited at any time, as fast as the limit permits.
        due, saturated = self._pace(now, headroom, self.outlook.answers / gap if gap > 0 else math.inf)
        # The window tries more than the documented limit only after permits always waited for it.
        window.note_saturated(now, saturated=saturated)
        return max(now, due)

    def _pace(self, now: float, headroom: int, wanted: float) -> tuple[float, bool]:
        """Return when the next preview is due, and whether that is later than wanted.

        Worked out anew where anything changed but the time: a pace only grows while the same requests are about to come back.
        Those that came back were foreseen, and a later outlook does not change that a preview is due.
        """
        window, outlook = self.window, self.outlook
        given, ahead = (self.previewed_at, headroom, wanted, window.calls), outlook.ahead(now)
        used, changed = window.used(now), given != self._given
        if not changed and now < self._due[0]:
            changed = used > self._used or outlook.worked_out != self._worked_out
        if changed:
            # An answer that is not shown by edits shares nothing: its only edits are not spread.
            rate = window.rate(now, headroom, wanted, ahead) if outlook.answers else wanted
            # Evenly spaced: previews that go out together would leave a long time without any.
            self._given, self._used, self._worked_out = given, used, outlook.worked_out
            self._due = (self.previewed_at + 1 / rate if rate > 0 else now), rate < wanted
        return self._due

    def preview_gap(self, now: float) -> float:
        """Return how many seconds each answer would wait between two previews if there were one answer more."""
        rate = self.window.rate(now, self.preview_headroom + 1, math.inf, self.outlook.ahead(now))
        return (self.answers + self.awaiting_reservation + 1) / rate if rate > 0 else math.inf


SharedLimits = tuple[SharedLimit, ...]
"""The limits that an operation counts against, the most specific first."""


def queue_of(limits: SharedLimits) -> float:
    """Return the seconds that the permits which wait for limits will take at their documented pace."""
    return max(limit.waiting * limit.window.budget.seconds / limit.window.budget.calls for limit in limits)


@dataclass(slots=True)
class AnswerShare:
    """What one answer holds of the limits: a reservation for its end, and a share of the previews.

    `began`: the scheduler's time at which the answer began.
    """

    began: float
    reserved: SharedLimits = ()
    previews: SharedLimits = ()

    def hold(self, reserved: SharedLimits, previews: SharedLimits) -> None:
        """Reserve a request in the first limits, share the others, and give back what is held besides."""
        # Give back first, then reserve: holding the same again changes nothing, and no limit is counted twice.
        for limit in self.reserved:
            limit.reserve(-1)
        for limit in reserved:
            limit.reserve(1)
        if previews != self.previews:
            for limit in self.previews:
                limit.outlook.remove(self.began)
            for limit in previews:
                limit.outlook.add(self.began)
        self.reserved, self.previews = reserved, previews
