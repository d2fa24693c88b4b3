"""Who learns what happens in the bot, such as its metrics and its readiness."""

from collections.abc import Callable, Coroutine
from typing import Any

from aion_bot.domain.turn import EndReason, Turn
from aion_bot.ports.events import InboundEvent

Accept = Callable[[InboundEvent], Coroutine[Any, Any, None]]
"""Takes over what happened on a platform."""


class Observer:
    """Learns what happens; this one ignores it.

    The methods are called on the event loop, return at once and never raise. `platform` is `PlatformAdapter.platform`.
    """

    def heard(self, platform: str) -> None:
        """Called when a platform's connection has begun or has shown life."""

    def lost(self, platform: str) -> None:
        """Called when a platform's connection has ended."""

    def second_process(self, platform: str) -> None:
        """Called at each sign that another process uses the platform's token."""

    def around(self, platform: str, accept: Accept) -> Accept:  # noqa: ARG002  # one signature for all observers
        """Return what hands the events of a platform over: `accept`, or something that awaits it."""
        return accept

    def began(self, turn: Turn) -> None:
        """Called in the task that works on an attempt of a turn, or starts what does, also where an earlier process began it."""

    def accepted(self, turn: Turn) -> None:
        """Called when an attempt of a turn begins to wait for its answer."""

    def resumed(self, turn: Turn, waited: float, *, signed: bool, worded: bool) -> None:
        """Called where an earlier process accepted an attempt of a turn `waited` seconds ago, and this one goes on with it.

        `signed`, `worded`: whether people have seen a sign of it, and words of its answer.
        """

    def received(self, turn: Turn, part: int, length: int) -> None:
        """Called when Aion has sent text: part `part` of the answer, counted between its plans, has `length` characters."""

    def showed(self, turn: Turn, *, text: bool = False, until: float = 0.0, behind: int = 0) -> None:
        """Called when people see something of a turn: a mark, an indicator, a message; `text`: words of its answer.

        A message shows what had been received `until` then, by `time.monotonic`, but the last `behind` characters.
        """

    def end_shown(self, turn: Turn, lag: float) -> None:
        """Called when a thread shows the end of an answer, `lag` seconds after the answer had ended."""

    def ended(self, turn: Turn, reason: EndReason, *, timed: bool = True) -> None:
        """Called once for each attempt of a turn, when its thread shows how it ended.

        `timed`: how long it took says how fast the bot is; after a plan it says how long people thought.
        """

    def plan_decided(self, platform: str, action: str, outcome: str) -> None:
        """Called with what came of a plan action: `outcome` is the plan's phase."""
