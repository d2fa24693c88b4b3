"""The grid measures what it says: its clock, its least staleness, its platforms and its figures."""

import asyncio
import itertools
import time

import pytest

from aion_bot.ports.errors import RateLimited
from benchmarks.grid import clairvoyant, figures, plain_loop, product
from benchmarks.grid.cells import RATE, Arrival, Ask, Cell, Limiting, Platform
from benchmarks.grid.platforms import RequestsWithin, counted
from benchmarks.grid.seen import Seen, mean_staleness
from benchmarks.grid.virtual_time import run_in_virtual_time

pytestmark = pytest.mark.slow


def cell(count: int, length: float, platform: Platform = Platform.SLACK, **given: object) -> Cell:
    """A cell of answers that begin together."""
    return Cell(platform, Arrival.TOGETHER, count, length, **given)  # type: ignore[arg-type]  # fields of the cell


def test_hours_pass_at_once() -> None:
    """The clock of the loop, and `time.monotonic`, jump to the next timer."""

    async def sleep() -> float:
        began = time.monotonic()
        await asyncio.sleep(3_600.0)
        return time.monotonic() - began

    really = time.process_time()  # what else the machine does is no time of the loop's
    assert run_in_virtual_time(sleep()) == pytest.approx(3_600.0)
    assert time.process_time() - really < 5.0


def test_the_least_staleness_of_one_answer_is_that_of_one_edit_a_second() -> None:
    """One answer has more edits than it can use."""
    assert clairvoyant.least(cell(1, 20)) == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize(("count", "length"), [(10, 20), (25, 40), (50, 10)])
def test_the_least_staleness_of_equal_answers_is_that_of_equal_gaps(count: int, length: float) -> None:
    """Of 50 edits each of `n` answers has `50 / n`, and a post: so many gaps, all equal, the last one to the end."""
    showings = 1 + 50 / count
    assert clairvoyant.least(cell(count, length)) == pytest.approx(length / 2 / showings, rel=0.02)


def test_the_cheapest_schedule_is_the_cheapest_of_all() -> None:
    """Dynamic programming finds what trying all schedules finds: here of six steps, with a price for each edit."""
    price, seconds, places = 1.3, 1.5, 6
    step = seconds / places

    def cost(edits: tuple[int, ...]) -> float:
        gaps = [after - before for before, after in itertools.pairwise((0, *edits))]
        return sum((gap * step) ** 2 / 2 for gap in gaps) + price * (len(edits) - 1)

    choices = [
        (*places_before, places)
        for shown in range(places)
        for places_before in itertools.combinations(range(1, places), shown)
        if all(after - before >= 1.0 / step for before, after in itertools.pairwise((*places_before, places)))
    ]
    found, _ = clairvoyant.cheapest(0.0, seconds, [price])
    assert found == pytest.approx(min(map(cost, choices)))


def test_staleness_is_the_mean_over_all_characters() -> None:
    """Words that came evenly for two seconds and are seen at their end were seen a second late."""
    one = Seen(Ask(0.0, 2.0, 0), began=100.0)
    one.read(102.0, "m", "1", "word" * one.ask.tokens, to_all=False)
    assert mean_staleness([one]) == pytest.approx(1.0, abs=1 / RATE)
    assert one.bystanders.shown == []


@pytest.mark.parametrize("platform", list(Platform))
@pytest.mark.parametrize("limiting", list(Limiting))
def test_whatever_the_limits_are_nothing_is_lost(platform: Platform, limiting: Limiting) -> None:
    """Ten answers stand whole, once, where limits are as documented, lower, change, or are shared with another process."""
    shown = run_in_virtual_time(product.play(cell(10, 10, platform, limiting=limiting)))
    assert shown.whole == 10
    if limiting in {Limiting.DOCUMENTED, Limiting.NONE}:
        assert shown.platform.refused == []


@pytest.mark.parametrize(
    ("count", "length", "platform"),
    [(10, 20, Platform.SLACK), (30, 5, Platform.SLACK), (30, 5, Platform.DISCORD), (3, 34, Platform.DISCORD)],
)
def test_answers_that_end_together_stand_in_time(count: int, length: float, platform: Platform) -> None:
    """Within 0.3 s of the last token in a new process: with thirty, and on Discord a moment after a page break."""
    one = cell(count, length, platform)
    shown = run_in_virtual_time(product.play(one))
    assert figures.figures(one, shown, None, 1.0).late <= 0.3
    assert shown.platform.refused == []


@pytest.mark.parametrize("limiting", [Limiting.HALF, Limiting.CHANGING, Limiting.SHARED])
@pytest.mark.parametrize("length", [5, 10])
def test_ends_cost_one_refusal_a_limit(length: int, limiting: Limiting) -> None:
    """Where limits are lower than documented, ends that come together are not refused more often than once a limit and minute."""
    shown = run_in_virtual_time(product.play(cell(30, length, limiting=limiting)))
    ends = [one.name for one in shown.platform.refused if one.name in {"chat.update", "chat.stopStream"}]
    assert len(ends) == len(set(ends))


def test_a_refusal_names_the_limit_that_was_exceeded() -> None:
    """On Discord fifty requests a second count for the whole bot: the fifty-first says nothing of its thread, as in the adapter."""

    async def refusals() -> list[str]:
        platform = counted(Platform.DISCORD)
        platform.restrict(Limiting.DOCUMENTED)
        turns = [product.turn_of("discord", number, Ask(0.0, 1.0, number)) for number in range(51)]
        for turn in turns:
            platform.asks(turn.key, Seen(Ask(0.0, 1.0, 0), 0.0))
        shows = (platform.show_activity(one.thread, one.asker, active=True) for one in turns)
        results = await asyncio.gather(*shows, return_exceptions=True)
        return [one.budget for one in results if isinstance(one, RateLimited)]

    assert run_in_virtual_time(refusals()) == ["global"]


def test_a_second_process_of_a_bot_leaves_half_of_its_whole_limit() -> None:
    """However many threads it edits messages in, it makes 25 requests a second at most."""

    async def most_in_a_second() -> int:
        made: list[float] = []

        def make(channel: str, calls: int) -> int:  # noqa: ARG001  # as `Rates.use`
            made.extend([time.monotonic()] * calls)
            return calls

        within, until = RequestsWithin(25, 1.0, make), time.monotonic() + 5.0
        while time.monotonic() < until:
            for number in range(100):
                within.use(str(number), 1)
            await asyncio.sleep(0.05)
        return max(sum(0 <= one - first < 1.0 for one in made) for first in made)

    assert run_in_virtual_time(most_in_a_second()) == 25


def test_a_plain_loop_is_refused() -> None:
    """The platforms refuse what a loop without regard for their limits does, and show its answers in the end."""
    shown = run_in_virtual_time(plain_loop.play(cell(10, 10)))
    assert shown.platform.refused
    assert shown.whole == 10
