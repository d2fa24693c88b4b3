"""Circuit breaker: stops sending to a part of the API that keeps failing. No I/O.

The numbers are the vendor's: five failures in a row open the circuit of a group of endpoints; for thirty seconds
nothing is sent there; then one trial request at a time is let through, and two successes close the circuit. A failure
is a request that got, after its retries, no response or a 5xx. Every other response shows that the server works.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aion_bot.aion.errors import AionvisionError, CircuitBreakerError

FAILURES_TO_OPEN = 5
SUCCESSES_TO_CLOSE = 2
OPEN_SECONDS = 30.0
TRIAL_RETRY_AFTER = 1.0
"""Seconds in the `retry_after` of a request that is refused while another one's trial runs."""


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    successes: int = 0
    opened_at: float | None = None
    """Time of the clock; None while the circuit is closed."""
    # Requests run at the same time: the first one after the pause is the trial, and has to refuse the others.
    trial_running: bool = False


class CircuitBreaker:
    """The circuits of one client, one for each group of endpoints. `clock` returns seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._circuits: dict[str, _Circuit] = {}

    @contextmanager
    def guard(self, group: str) -> Iterator[None]:
        """Let one request through and record how it ends. Raises CircuitBreakerError while the circuit is open.

        An error of another kind, such as a cancellation, says nothing about the server and is not recorded.
        """
        circuit = self._circuits.setdefault(group, _Circuit())
        trial = circuit.opened_at is not None
        if circuit.opened_at is not None:
            left = circuit.opened_at + OPEN_SECONDS - self._clock()
            if left > 0 or circuit.trial_running:
                raise CircuitBreakerError(group, max(left, TRIAL_RETRY_AFTER))
            circuit.trial_running = True
        failed: bool | None = None
        try:
            yield
            failed = False
        except AionvisionError as error:
            # Without a status there was no response.
            failed = error.status_code is None or error.status_code >= 500
            raise
        finally:
            if trial:
                circuit.trial_running = False
            # None: a cancellation, which is neither a failure nor a success. If the request began before the circuit
            # opened, its end says nothing new.
            if failed is not None and (trial or circuit.opened_at is None):
                # Only failures in a row count.
                circuit.failures = circuit.failures + 1 if failed else 0
                circuit.successes = 0 if failed else circuit.successes + 1
                if failed and (trial or circuit.failures >= FAILURES_TO_OPEN):
                    circuit.opened_at = self._clock()
                elif circuit.successes >= SUCCESSES_TO_CLOSE:
                    circuit.opened_at = None
