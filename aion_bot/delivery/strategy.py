"""How one answer gets to its readers: what its calls count against, and what it has promised. No I/O."""

import math

from aion_bot.delivery.diff import Append, Begin, Conclude, Delete, Edit, Post, Step
from aion_bot.delivery.thread import Thread
from aion_bot.ports.adapter import StreamingMode
from aion_bot.ports.messages import PlanCard
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.permit import Charges, Permit, Priority
from aion_bot.ratelimit.tuning import CROWDED_PREVIEW_GAP as CROWDED
from aion_bot.ratelimit.tuning import RESERVATION_PATIENCE as HELD

_CALLS: dict[type[Step], Operation] = {
    Post: Operation.POST,
    Edit: Operation.EDIT,
    Delete: Operation.DELETE,
    Begin: Operation.START_STREAM,
    Append: Operation.APPEND_STREAM,
    Conclude: Operation.STOP_STREAM,
}

_LONGEST_DELAY = 2.5
"""Seconds at most for which a first message waits for text, while people see another sign of life."""

_UNSIGNED = 1.0
"""Seconds for which it waits to know whether they do."""


class DeliveryStrategy:
    """Edits, until there is reason for a stream; an answer that has begun by edits stays with them.

    `began` is the clock's time at which the answer began.
    """

    def __init__(self, thread: Thread, began: float) -> None:
        self._limiter = thread.limiter
        self._thread = thread
        self._began = began
        self._shared: Charges = ()
        self._promised: Charges = ()
        self.signed = False
        """Whether people see another sign of life than a message, so that the first message may wait for some text."""

    def streams(self, now: float, *, queues: bool = False) -> bool:
        """Tell whether the next message should be a stream; `queues` if it is the whole answer and posts have to wait."""
        streaming = self._thread.streaming
        fit = streaming.streaming_mode(self._thread.key) if streaming else StreamingMode.NEVER
        edits = self._costs(Operation.EDIT)
        if fit is StreamingMode.NEVER or (self._shared and self._shared == edits):
            return False
        scheduler = self._limiter.scheduler
        alone = scheduler.active_answers(
            edits
        ) < self._thread.adapter.limits.crowded_from and not self.contested(now)
        if fit is StreamingMode.WHEN_CROWDED and alone and not self._shared and not queues:
            return False
        return all(
            scheduler.can_reserve(self._costs(call), now)
            for call in (Operation.START_STREAM, Operation.STOP_STREAM)
        )

    def costs(self, step: Step) -> Charges:
        """What a step's call counts against."""
        return self._costs(_CALLS[type(step)])

    def contested(self, now: float) -> bool:
        """Tell whether posts were refused here a moment ago, so that another road is better if there is one."""
        return self._limiter.scheduler.recently_refused(self._costs(Operation.POST), now)

    def permit(self, step: Step, since: float, *, hasty: bool) -> Permit:
        """Return what has to be granted for a step; `hasty` where it ends the answer, or a decision waits for it."""
        costs = self.costs(step)
        promise = self._ending(step) if isinstance(step, Post | Begin) and not self._promised else ()
        if hasty or (isinstance(step, Post) and isinstance(step.content, PlanCard)):
            # What posts the whole answer ends it; a stream has to be ended by another call.
            return Permit(costs, Priority.FINAL, since, reserve=promise if isinstance(step, Begin) else ())
        if isinstance(step, Post | Begin):
            earliest = self._began + self._delay(since) if isinstance(step, Post) and promise else -math.inf
            held_until = self._began + HELD
            return Permit(
                costs, Priority.FIRST_MESSAGE, since, earliest, reserve=promise, insists_until=held_until
            )
        earliest = step.earliest if isinstance(step, Edit | Append) else -math.inf
        priority = Priority.FINAL if isinstance(step, Conclude) else Priority.PREVIEW
        return Permit(costs, priority, since, earliest)

    def _delay(self, now: float) -> float:
        """Seconds that the first message waits for text: half a preview's gap in a crowd, so that it counts as one."""
        gap = self._limiter.scheduler.preview_gap(self._costs(Operation.EDIT), now)
        if gap < CROWDED:
            return 0.0
        return min(gap / 2, _LONGEST_DELAY) if self.signed else _UNSIGNED

    def _ending(self, step: Post | Begin) -> Charges:
        return self._costs(Operation.STOP_STREAM if isinstance(step, Begin) else Operation.EDIT)

    def granted(self, step: Step, now: float, *, hasty: bool) -> None:
        """Record that a step is about to be made: a growing message promises its end."""
        if isinstance(step, Conclude):
            self._release(now)
        if self._promised or not isinstance(step, Post | Begin) or (hasty and isinstance(step, Post)):
            return
        self._promised = self._ending(step)
        self._limiter.scheduler.reserve(self._promised, now)
        shared = self._costs(Operation.APPEND_STREAM if isinstance(step, Begin) else Operation.EDIT)
        if shared != self._shared:
            self._limiter.scheduler.leave(self._shared, self._began)
            self._limiter.scheduler.join(shared, self._began)
            self._shared = shared

    def leave(self, now: float) -> None:
        """Record that the answer has ended."""
        self._release(now)
        self._limiter.scheduler.leave(self._shared, self._began)
        self._shared = ()

    def _release(self, now: float) -> None:
        self._limiter.scheduler.release(self._promised, now)
        self._promised = ()

    def _costs(self, call: Operation) -> Charges:
        return self._limiter.charges(call, self._thread.key)
