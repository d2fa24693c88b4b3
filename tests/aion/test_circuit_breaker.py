"""A failing part of the API is left alone."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from aion_bot.aion import AionVision, AionvisionError, CircuitBreakerError, ServerError, ValidationError
from aion_bot.aion.circuit_breaker import CircuitBreaker
from aion_bot.simulators.aion import API_KEY, SimulatedAion


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def answered(status: int) -> AionvisionError:
    error: AionvisionError = ServerError() if status >= 500 else ValidationError("no")
    error.status_code = status
    return error


def fail(breaker: CircuitBreaker, group: str = "messages", error: AionvisionError | None = None) -> None:
    failure = error or answered(500)
    with pytest.raises(type(failure)), breaker.guard(group):
        raise failure


def succeed(breaker: CircuitBreaker, group: str = "messages") -> None:
    with breaker.guard(group):
        pass


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock)
    for _ in range(5):
        fail(breaker)
    return breaker


def test_five_failures_in_a_row_open_the_circuit_for_thirty_seconds() -> None:
    """The sixth call is refused unsent, with the seconds that are left."""
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10
    with pytest.raises(CircuitBreakerError) as raised, breaker.guard("messages"):
        pass
    assert (raised.value.endpoint, raised.value.retry_after, raised.value.code) == (
        "messages",
        20.0,
        "CIRCUIT_OPEN",
    )
    assert not raised.value.request_sent
    assert not raised.value.maybe_acted


def test_other_groups_are_not_concerned() -> None:
    """Each group of endpoints has a circuit of its own."""
    succeed(opened(Clock()), "sessions")


def test_a_success_forgets_failures() -> None:
    """Only failures in a row count."""
    breaker = CircuitBreaker(Clock())
    for _ in range(4):
        fail(breaker)
    succeed(breaker)
    for _ in range(4):
        fail(breaker)
    succeed(breaker)


def test_refusals_by_a_living_server_are_no_failures() -> None:
    """A 4xx, 429 included, shows that the server is there."""
    breaker = CircuitBreaker(Clock())
    for status in (400, 401, 404, 409, 429, 429):
        fail(breaker, error=answered(status))
    succeed(breaker)


def test_two_successful_trials_close_the_circuit() -> None:
    """After thirty seconds trials are let through; after two successes everything is."""
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    succeed(breaker)
    succeed(breaker)
    for _ in range(4):
        fail(breaker)
    succeed(breaker)


def test_a_failed_trial_opens_it_again() -> None:
    """One failure of a trial means thirty more seconds."""
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    succeed(breaker)
    fail(breaker)
    with pytest.raises(CircuitBreakerError), breaker.guard("messages"):
        pass


def test_only_one_trial_at_a_time() -> None:
    """While a trial is under way nothing else is sent; an interrupted trial makes room for the next."""
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    refused: list[CircuitBreakerError] = []

    def interrupted_trial() -> None:
        with breaker.guard("messages"):
            try:
                succeed(breaker)
            except CircuitBreakerError as error:
                refused.append(error)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_trial()
    assert [error.retry_after for error in refused] == [1.0]
    succeed(breaker)


@pytest.mark.parametrize("late", [succeed, fail])
def test_calls_from_before_the_opening_change_nothing(late: Callable[[CircuitBreaker], None]) -> None:
    """What began while the circuit was closed neither closes it later nor keeps it open longer."""
    clock = Clock()
    breaker = CircuitBreaker(clock)

    def end_late() -> None:
        with breaker.guard("messages"), breaker.guard("messages"):
            for _ in range(5):
                fail(breaker)
            clock.now += 10
            if late is fail:
                raise answered(500)

    with suppress(AionvisionError):
        end_late()
    with pytest.raises(CircuitBreakerError) as raised:
        succeed(breaker)
    assert raised.value.retry_after == 20.0


async def test_the_client_stops_asking_a_failing_server(aion: SimulatedAion) -> None:
    """After five failed calls nothing is sent to that group; other groups still are."""
    aion.fail_next("list_sessions", 500, times=9)
    async with AionVision(API_KEY, base_url=aion.base_url, max_retries=0) as client:
        for _ in range(5):
            with pytest.raises(ServerError):
                await client.chats.list_sessions()
        with pytest.raises(CircuitBreakerError):
            await client.chats.create_session()
        assert (await client.chats.get_all_images()).total_count == 6
    assert aion.count("list_sessions") == 5
    assert aion.count("create_session") == 0
