"""When a request is sent again: the table, and the pauses."""

import pytest

from aion_bot.aion import (
    AionvisionConnectionError,
    AionvisionError,
    AionvisionTimeoutError,
    CircuitBreakerError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
    ValidationError,
)
from aion_bot.aion.retry import Outcome, RetryPolicy, RetryRule, outcome_of


def told(error: AionvisionError, status: int | None = None, *, sent: bool = True) -> AionvisionError:
    error.status_code, error.request_sent = status, sent
    return error


UNSENT = told(AionvisionConnectionError(), sent=False)
LOST = told(AionvisionConnectionError())
CASES = {
    Outcome.UNSENT: [UNSENT],
    Outcome.REFUSED: [told(RateLimitError(), 429), told(ServerError(), 503)],
    Outcome.FAILED: [told(ServerError(), 500), told(ServerError(), 502)],
    Outcome.LOST: [LOST, told(AionvisionTimeoutError()), told(AionvisionTimeoutError(), sent=False)],
    Outcome.FINAL: [
        told(ValidationError("no"), 400),
        told(QuotaExceededError("month"), 429),
        CircuitBreakerError("messages", 3.0),
    ],
}
RETRIED = {
    RetryRule.ALWAYS: {Outcome.UNSENT, Outcome.REFUSED, Outcome.FAILED, Outcome.LOST},
    RetryRule.REFUSED_ONLY: {Outcome.UNSENT, Outcome.REFUSED},
    RetryRule.UNSENT_ONLY: {Outcome.UNSENT},
}


@pytest.mark.parametrize("rule", RetryRule)
@pytest.mark.parametrize("outcome", Outcome)
def test_the_table(rule: RetryRule, outcome: Outcome) -> None:
    """Each kind of call is repeated after exactly the outcomes that leave it undone, or harmless to do again."""
    policy = RetryPolicy(retries=3, delay=0.1)
    for error in CASES[outcome]:
        assert outcome_of(error) is outcome
        if outcome in RETRIED[rule]:
            assert policy.pause_after(error, rule, 1) > 0
        else:
            with pytest.raises(type(error)):
                policy.pause_after(error, rule, 1)


def test_pauses_double_and_are_spread() -> None:
    """Each pause is between half of and all of twice the one before, a minute at most."""
    policy = RetryPolicy(retries=100, delay=1.0)
    for tried, whole in [(1, 1.0), (2, 2.0), (3, 4.0), (7, 60.0), (99, 60.0)]:
        pauses = {policy.pause_after(UNSENT, RetryRule.ALWAYS, tried) for _ in range(50)}
        assert min(pauses) >= whole / 2
        assert max(pauses) <= whole
        assert len(pauses) > 1


def test_retry_after_is_waited_for_in_full() -> None:
    """The pause is never shorter than Retry-After and hardly longer."""
    error = told(RateLimitError(retry_after=2.0), 429)
    pauses = [RetryPolicy(3, 1.0).pause_after(error, RetryRule.REFUSED_ONLY, 1) for _ in range(50)]
    assert 2.0 <= min(pauses) <= max(pauses) <= 2.1


@pytest.mark.parametrize(("retries", "tried"), [(0, 1), (3, 4)])
def test_enough_is_enough(retries: int, tried: int) -> None:
    """After the last repetition the error itself is raised."""
    with pytest.raises(AionvisionConnectionError) as raised:
        RetryPolicy(retries, 0.1).pause_after(UNSENT, RetryRule.ALWAYS, tried)
    assert raised.value is UNSENT
