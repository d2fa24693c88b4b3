"""Leaving a failing part of the API alone for a while. No I/O.

As the vendor documents it: five failures in a row open the circuit of a group of endpoints, for thirty seconds nothing
is sent there, then one trial at a time, and two successes close it. A failure is a call that, after its repetitions,
got no answer or a 5xx; every other answer shows that the server is there.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aion_bot.aion.errors import AionvisionError, CircuitBreakerError

FAILURES_TO_OPEN = 5
SUCCESSES_TO_CLOSE = 2
OPEN_FOR = 30.0
"""Seconds."""
TRIAL_FOR = 1.0
"""Seconds that a caller is asked to wait while another one's trial is under way."""


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    successes: int = 0
    opened: float | None = None
    trying: bool = False


class CircuitBreaker:
    """The circuits of one client, one for each group of endpoints. `clock` tells seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._circuits: dict[str, _Circuit] = {}

    @contextmanager
    def guard(self, group: str) -> Iterator[None]:
        """Let a call through and learn from how it ends. Raises CircuitBreakerError instead of letting it through."""
        circuit = self._circuits.setdefault(group, _Circuit())
        trial = self._admit(group, circuit)
        try:
            yield
        except AionvisionError as error:
            self._learn(circuit, trial=trial, failed=_is_failure(error))
            raise
        else:
            self._learn(circuit, trial=trial, failed=False)
        finally:
            circuit.trying = circuit.trying and not trial

    def _admit(self, group: str, circuit: _Circuit) -> bool:
        if circuit.opened is None:
            return False
        left = circuit.opened + OPEN_FOR - self._clock()
        if left > 0 or circuit.trying:
            raise CircuitBreakerError(group, max(left, TRIAL_FOR))
        circuit.trying = True
        return True

    def _learn(self, circuit: _Circuit, *, trial: bool, failed: bool) -> None:
        if circuit.opened is not None and not trial:
            return  # it began before the circuit opened, and knows nothing newer
        if failed:
            circuit.failures += 1
            circuit.successes = 0
            if trial or circuit.failures >= FAILURES_TO_OPEN:
                circuit.opened = self._clock()
            return
        circuit.failures = 0
        circuit.successes += 1
        if circuit.successes >= SUCCESSES_TO_CLOSE:
            circuit.opened = None


def _is_failure(error: AionvisionError) -> bool:
    return error.status_code is None or error.status_code >= 500
