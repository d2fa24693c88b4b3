"""When a failed request is sent again, and after which pause. No I/O.

A retry needs two facts: what the request allows (`RetryRule`), and what is known of the one that failed (`Outcome`).
The client has this schedule of its own, because it is a library in itself and imports nothing of the bot.
"""

import random
from dataclasses import dataclass
from enum import Enum, auto

from aion_bot.aion.errors import (
    AionvisionError,
    AionvisionTimeoutError,
    CircuitBreakerError,
    QuotaExceededError,
    RateLimitError,
)

MAX_PAUSE = 60.0
"""Seconds. A longer Retry-After is not waited for: the error is raised, and says for how long."""


MOST_REFUSALS = 10
"""Refusals for its rate that one request waits for, where a pace keeps to the limit: more show that it is another one."""


class RetryRule(Enum):
    """After which failures a request may be sent again."""

    ALWAYS = auto()
    """After any: it is idempotent. Reads, and writes that set a value."""
    REFUSED_ONLY = auto()
    """Only if nothing was done: a second request would ask, open or close a second time."""
    UNSENT_ONLY = auto()
    """Only if it never left: a person decided once."""


class Outcome(Enum):
    """What is known of a request that failed."""

    UNSENT = auto()
    """No connection was made."""
    REFUSED = auto()
    """The server answered that it did nothing for now (429, 503)."""
    FAILED = auto()
    """The server answered that it failed (other 5xx)."""
    LOST = auto()
    """No response arrived: silence, or a broken connection. The server may have acted."""
    FINAL = auto()
    """The response stands, however often the request is sent."""


_RETRIED = {
    RetryRule.ALWAYS: {Outcome.UNSENT, Outcome.REFUSED, Outcome.FAILED, Outcome.LOST},
    RetryRule.REFUSED_ONLY: {Outcome.UNSENT, Outcome.REFUSED},
    RetryRule.UNSENT_ONLY: {Outcome.UNSENT},
}


def outcome_of(error: AionvisionError) -> Outcome:
    """Return what is known of the request behind `error`."""
    if isinstance(error, QuotaExceededError | CircuitBreakerError):
        return Outcome.FINAL
    if isinstance(error, AionvisionTimeoutError):
        # Also for a timeout while connecting, when nothing was sent: the caller has waited the whole timeout already.
        return Outcome.LOST
    if not error.request_sent:
        return Outcome.UNSENT
    # Sent, and no response: the server may have acted.
    if error.status_code is None:
        return Outcome.LOST
    if error.status_code in {429, 503}:
        return Outcome.REFUSED
    return Outcome.FAILED if error.status_code >= 500 else Outcome.FINAL


def is_of_rate(error: RateLimitError) -> bool:
    """Tell whether the server refused a request for the key's rate: an overloaded one (MEMORY_LIMIT_EXCEEDED) did not."""
    return error.server_code != "MEMORY_LIMIT_EXCEEDED"


def waits_for_rate(error: AionvisionError, rule: RetryRule, refusals: int) -> bool:
    """Tell whether a request that was refused `refusals` times before waits for its pace, as no failure of its own.

    That is where the server named a time that is waited for.
    """
    if not isinstance(error, RateLimitError) or not is_of_rate(error):
        return False
    if rule is RetryRule.UNSENT_ONLY or refusals >= MOST_REFUSALS:
        return False
    return error.retry_after is not None and error.retry_after <= MAX_PAUSE


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `retries` retries. The first pause is `delay` seconds, each further one twice as long, a minute at most."""

    retries: int
    delay: float

    def pause_after(self, error: AionvisionError, rule: RetryRule, attempt: int) -> float:
        """Return the seconds to wait after the failure of attempt `attempt` (1 is the first); raises it to give up.

        Half of a pause is random, so that clients that failed together do not come back together. A Retry-After
        is waited for in full and a little longer.
        """
        if attempt > self.retries or outcome_of(error) not in _RETRIED[rule]:
            raise error
        # The exponent is bounded, because a float overflows at 2 ** 1024.
        backoff = min(self.delay * 2.0 ** min(attempt - 1, 30), MAX_PAUSE)
        if error.retry_after is None:
            return backoff * random.uniform(0.5, 1.0)
        # Earlier it would be refused again, and so long a wait is for the caller to decide.
        if error.retry_after > MAX_PAUSE:
            raise error
        return error.retry_after + backoff * random.uniform(0.0, 0.1)
