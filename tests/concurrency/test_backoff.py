"""The one retry schedule. No test here takes time: sleeping is a list that grows."""

import itertools
import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.concurrency.backoff import Backoff, retry


class Work:
    """Fails with each of `errors` in turn, then returns how often it was called."""

    def __init__(self, *errors: BaseException) -> None:
        self._errors = iter(errors)
        self.calls = 0

    async def __call__(self) -> int:
        self.calls += 1
        if (error := next(self._errors, None)) is not None:
            raise error
        return self.calls


class Sleeper:
    """Notes the seconds that it was asked to sleep."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.mark.parametrize(
    ("backoff", "delays"),
    [
        (Backoff(0.2, factor=5.0, attempts=4), [0.2, 1.0, 5.0]),
        (Backoff(1.0, cap=4.0, attempts=6), [1, 2, 4, 4, 4]),
        (Backoff(1.0, total=10.0), [1, 2, 4, 3]),
        (Backoff(1.0, factor=1.0, total=3.0), [1, 1, 1]),
        (Backoff(5.0, cap=2.0, attempts=3), [2, 2]),
        (Backoff(0.0, attempts=3), [0, 0]),
        (Backoff(1.0, attempts=1), []),
        (Backoff(1.0, total=0.0), []),
        (Backoff(0.1, factor=1.0, total=0.7), [0.1] * 7),
        (Backoff(1.0, factor=1e300, cap=9.0, attempts=5), [1, 9, 9, 9]),
    ],
)
def test_delays_follow_the_parameters(backoff: Backoff, delays: list[float]) -> None:
    """Growth, cap, total and attempts; every run begins anew."""
    assert list(backoff.delays()) == pytest.approx(delays)
    assert list(backoff) == pytest.approx(delays)


def test_without_a_limit_the_delays_never_end() -> None:
    """They stay at the cap."""
    assert list(itertools.islice(Backoff(1.0, cap=3.0), 1_000))[-1] == 3.0


@pytest.mark.slow
@given(
    initial=st.floats(0.01, 100),
    factor=st.floats(1, 10),
    cap=st.floats(0.01, 100),
    total=st.floats(0, 50),
    jitter=st.floats(0, 0.9),
    draws=st.lists(st.floats(0, 1), min_size=1, max_size=5),
)
def test_delays_stay_within_their_limits(
    initial: float, factor: float, cap: float, total: float, jitter: float, draws: list[float]
) -> None:
    """Whatever is drawn: no delay above the cap or below its part, and together they take `total` seconds."""
    backoff = Backoff(initial, factor, cap, total, jitter=jitter)
    drawn: Iterator[float] = itertools.cycle(draws)
    delays = list(itertools.islice(backoff.delays(lambda: next(drawn)), 5_000))
    assert all(delay <= cap for delay in delays)
    assert all(delay >= min(initial, cap) * (1 - jitter) * 0.999 for delay in delays[:-1])
    assert sum(delays) <= total * 1.001
    assert len(delays) == 5_000 or sum(delays) == pytest.approx(total, abs=1e-8)


@pytest.mark.parametrize(
    "wrong",
    [
        {"initial": -1.0},
        {"initial": 1.0, "factor": 0.5},
        {"initial": 1.0, "cap": -1.0},
        {"initial": 1.0, "cap": math.inf},
        {"initial": 1.0, "total": -1.0},
        {"initial": 1.0, "jitter": 1.5},
        {"initial": 1.0, "attempts": 0},
        {"initial": 0.0},
        {"initial": 0.0, "total": 10.0},
        {"initial": 1.0, "cap": 0.0},
        {"initial": 1.0, "jitter": 1.0},
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    """Among them every one that would try for ever without a pause."""
    with pytest.raises(ValueError, match="Backoff"):
        Backoff(**wrong)  # type: ignore[arg-type]  # one dictionary for floats and a whole number


async def test_tries_come_at_once_and_after_each_delay() -> None:
    """The first attempt waits for nothing; after the last one nothing is waited for."""
    sleep = Sleeper()
    seen = [(attempt, list(sleep.slept)) async for attempt in Backoff(1.0, attempts=3).tries(sleep)]
    assert seen == [(1, []), (2, [1.0]), (3, [1.0, 2.0])]


async def test_work_is_repeated_until_it_succeeds() -> None:
    """The delays between the attempts are the schedule's, and each failure is told."""
    work, sleep = Work(OSError("a"), OSError("b")), Sleeper()
    told: list[tuple[str, float]] = []
    result = await retry(
        work,
        backoff=Backoff(1.0),
        on=OSError,
        sleep=sleep,
        before_sleep=lambda error, delay: told.append((str(error), delay)),
    )
    assert result == 3
    assert sleep.slept == [1.0, 2.0]
    assert told == [("a", 1.0), ("b", 2.0)]


async def test_the_last_error_is_raised_when_the_delays_are_used_up() -> None:
    """Three attempts have two delays; nobody is told of a pause that does not come."""
    work, sleep = Work(*(OSError(str(number)) for number in range(1, 5))), Sleeper()
    told: list[Exception] = []
    with pytest.raises(OSError, match="3"):
        await retry(
            work,
            backoff=Backoff(1.0, attempts=3),
            on=(OSError, ValueError),
            sleep=sleep,
            before_sleep=lambda error, _: told.append(error),
        )
    assert (work.calls, sleep.slept, len(told)) == (3, [1.0, 2.0], 2)


async def test_other_errors_are_raised_at_once() -> None:
    """Only what `on` names is repeated."""
    work, sleep = Work(ValueError("wrong")), Sleeper()
    with pytest.raises(ValueError, match="wrong"):
        await retry(work, backoff=Backoff(1.0), on=OSError, sleep=sleep)
    assert (work.calls, sleep.slept) == (1, [])


async def test_a_function_decides_and_may_name_the_delay() -> None:
    """A server's Retry-After replaces one delay of the schedule, also if it is zero; the schedule goes on behind it."""
    waits: dict[str, bool | float] = {"a": True, "b": 7.5, "c": 0.0, "d": True, "e": False}
    work, sleep = Work(*map(OSError, waits)), Sleeper()
    with pytest.raises(OSError, match="e"):
        await retry(work, backoff=Backoff(1.0), on=lambda error: waits[str(error)], sleep=sleep)
    assert sleep.slept == [1.0, 7.5, 0.0, 8.0]


async def test_a_plain_sequence_of_delays_will_do() -> None:
    """Where a schedule follows no rule."""
    work, sleep = Work(OSError(), OSError()), Sleeper()
    assert await retry(work, backoff=(3.0, 1.0), on=OSError, sleep=sleep) == 3
    assert sleep.slept == [3.0, 1.0]


async def test_the_delay_is_really_waited_for() -> None:
    """Without a replacement the event loop's own sleep is used."""
    assert await retry(Work(OSError()), backoff=Backoff(0.0, attempts=2), on=OSError) == 2
