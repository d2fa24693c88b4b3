"""What is promised of freshness, in those cells of the grid in which it is hardest to keep."""

import pytest

from benchmarks.grid import clairvoyant, figures, product
from benchmarks.grid.cells import Arrival, Cell, Platform
from benchmarks.grid.virtual_time import run_in_virtual_time

pytestmark = pytest.mark.slow

HARDEST = [
    (3, 20.0, Arrival.TOGETHER),
    (10, 5.0, Arrival.TOGETHER),
    (10, 10.0, Arrival.TOGETHER),
    (10, 10.0, Arrival.STAGGERED),
    (30, 10.0, Arrival.TOGETHER),
    pytest.param(30, 80.0, Arrival.TOGETHER, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("count", "length", "arrival"), HARDEST)
def test_up_to_thirty_answers_on_slack_are_fresh(count: int, length: float, arrival: Arrival) -> None:
    """Who asked sees at most twice the least staleness, others three times; words within 3 s, ends within 0.3 s, none refused."""
    cell = Cell(Platform.SLACK, arrival, count, length)
    shown = run_in_virtual_time(product.play(cell))
    found = figures.figures(cell, shown, None, clairvoyant.least(cell))
    assert (found.whole, found.refused) == (count, 0)
    assert found.asker <= 2.0 * found.least
    assert found.bystanders <= 3.0 * found.least
    assert (found.words <= 3.0, found.late <= 0.3) == (True, True), found
