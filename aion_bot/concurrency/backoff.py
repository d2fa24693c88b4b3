"""The one retry schedule: how long to pause between attempts, and when to give up.

A `Backoff` is a value that a caller names as a constant; it holds no state, so that it can be shared. `retry` repeats a
call along it. A loop that does more between its attempts takes the delays one by one:

    async for attempt in LOOK_AGAIN.tries():
        if (found := await look()) is not None:
            return found

The parameters are those of stamina and of procrastinate's RetryStrategy.
"""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

Sleep = Callable[[float], Awaitable[object]]
"""Waits for so many seconds. A test passes one that only counts."""

Retryable = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool | float]
"""What is worth another attempt: exception types, or a function that tells. Such a function returns True to wait for
the schedule's delay, a number to wait for that many seconds instead (a server's Retry-After), and False to give up."""

_ROUNDING = 1e-9
"""Seconds that rounding may leave of a total that is used up."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays in seconds: `initial` first, each further one `factor` times as long, none longer than `cap`.

    Without `total` and `attempts` the delays never end. With `jitter` a delay is shorter by a random part of up to
    this fraction, so that clients that failed together do not come back together: 0.5 draws between half and all.

    Attributes:
        total: seconds that all delays may take together; the last one is cut to it.
        attempts: how often something is tried; there is one delay less.

    Raises:
        ValueError: a parameter is out of range, or the schedule would repeat for ever without a pause.
    """

    initial: float
    factor: float = 2.0
    cap: float = 60.0
    total: float = math.inf
    attempts: int | None = None
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if self.initial < 0 or self.factor < 1 or self.total < 0:
            raise ValueError(f"delays must not be negative, nor become shorter: {self}")
        if not 0 <= self.cap < math.inf:
            raise ValueError(f"the longest delay must be a number of seconds: {self}")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter is a fraction from 0 to 1: {self}")
        if self.attempts is None:
            # Delays of zero seconds use up no total: such a schedule would be a busy loop without an end.
            if not min(self.initial, self.cap) > 0 or self.jitter == 1:
                raise ValueError(f"a schedule that may pause for zero seconds needs `attempts`: {self}")
        elif self.attempts < 1:
            raise ValueError(f"something is tried once at least: {self}")

    def __iter__(self) -> Iterator[float]:
        return self.delays()

    def delays(self, draw: Callable[[], float] = random.random) -> Iterator[float]:
        """Yield the delays of one run, in seconds. `draw` returns random numbers from 0 to 1."""
        delay, left, made = min(self.initial, self.cap), self.total, 1
        while left > _ROUNDING and made != self.attempts:
            # Cut before it is yielded: the last attempt is made when `total` has passed, not later.
            pause = min(delay * (1 - self.jitter * draw()), left)
            yield pause
            left -= pause
            made += 1
            delay = min(delay * self.factor, self.cap)

    async def tries(self, sleep: Sleep = asyncio.sleep) -> AsyncIterator[int]:
        """Yield 1, 2, 3 …, at once and then after each delay; ends after the last attempt."""
        yield (attempt := 1)
        for delay in self:
            await sleep(delay)
            attempt += 1
            yield attempt


async def retry(
    work: Callable[[], Awaitable[T]],
    *,
    backoff: Iterable[float],
    on: Retryable,
    sleep: Sleep = asyncio.sleep,
    before_sleep: Callable[[Exception, float], object] | None = None,
) -> T:
    """Return what `work` returns, repeating it while it raises what `on` names.

    `before_sleep` is called with the error and the delay in seconds, to log them. Anything else that `work` raises, and
    its last error once the delays are used up, is raised as it is. A cancellation is never repeated.
    """
    delays: Iterator[float] | None = None
    while True:
        try:
            return await work()
        except Exception as error:
            delays = iter(backoff) if delays is None else delays
            delay = next(delays, None)
            wanted = isinstance(error, on) if isinstance(on, type | tuple) else on(error)
            if wanted is False or delay is None:
                raise
            pause = delay if wanted is True else float(wanted)
            if before_sleep is not None:
                before_sleep(error, pause)
        # Outside of the handler, so that a cancellation during the pause carries no older error as its context.
        await sleep(pause)
