"""When a failed request is sent again, and after which pause. No I/O."""

import random
from dataclasses import dataclass
from enum import Enum, auto

from aion_bot.aion.errors import (
    AionvisionError,
    AionvisionTimeoutError,
    CircuitBreakerError,
    QuotaExceededError,
)

LONGEST_PAUSE = 60.0
"""Seconds. A server that wants to be left alone for longer is not waited for: the error says for how long."""


class Repeat(Enum):
    """What a call allows."""

    ALWAYS = auto()
    """Doing it twice is doing it once: reads, and writes that set a value."""
    REFUSED_ONLY = auto()
    """Doing it twice would do it twice: only what was not done is repeated."""
    UNSENT_ONLY = auto()
    """A person decided once: only what never left is repeated."""


class Outcome(Enum):
    """What is known of a request that failed."""

    UNSENT = auto()
    """No connection was made."""
    REFUSED = auto()
    """The server answered that it did nothing for now (429, 503)."""
    FAILED = auto()
    """The server answered that it failed (other 5xx)."""
    LOST = auto()
    """No answer arrived: silence, or a broken connection."""
    FINAL = auto()
    """The answer stands, however often one asks."""


_REPEATED = {
    Repeat.ALWAYS: {Outcome.UNSENT, Outcome.REFUSED, Outcome.FAILED, Outcome.LOST},
    Repeat.REFUSED_ONLY: {Outcome.UNSENT, Outcome.REFUSED},
    Repeat.UNSENT_ONLY: {Outcome.UNSENT},
}


def outcome_of(error: AionvisionError) -> Outcome:
    """Tell what is known of the request behind `error`."""
    if isinstance(error, QuotaExceededError | CircuitBreakerError):
        return Outcome.FINAL
    if isinstance(error, AionvisionTimeoutError):
        # Also when connecting: the caller's patience is used up.
        return Outcome.LOST
    if not error.request_sent:
        return Outcome.UNSENT
    if error.status_code is None:
        return Outcome.LOST
    if error.status_code in {429, 503}:
        return Outcome.REFUSED
    return Outcome.FAILED if error.status_code >= 500 else Outcome.FINAL


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `retries` repetitions; the first pause is `delay` seconds, each further one twice as long."""

    retries: int
    delay: float

    def pause_after(self, error: AionvisionError, repeat: Repeat, tried: int) -> float:
        """Return the seconds to wait after the failure of attempt `tried` (1 is the first); raises it to give up.

        Half of a pause is random, so that clients that failed together do not come back together; a Retry-After
        is waited for in full and a little longer.
        """
        if tried > self.retries or outcome_of(error) not in _REPEATED[repeat]:
            raise error
        backoff = min(self.delay * 2.0 ** min(tried - 1, 30), LONGEST_PAUSE)
        if error.retry_after is None:
            return backoff * random.uniform(0.5, 1.0)
        if error.retry_after > LONGEST_PAUSE:
            raise error
        return error.retry_after + backoff * random.uniform(0.0, 0.1)
