"""A platform's budget."""

from hypothesis import given
from hypothesis import strategies as st

from aion_bot.port.adapter import Budget
from aion_bot.relay.pacer import Pacer


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=80))
def test_no_window_ever_holds_more_calls_than_the_budget(wishes: list[tuple[float, bool]]) -> None:
    """Whoever asks when, and however urgent, no window of the budget holds more calls than it allows."""
    budget = Budget(5, 4.0)
    pacer = Pacer(budget)
    now = 0.0
    made: list[float] = []
    for pause, urgent in wishes:
        now = max(now + pause, pacer.ready_at(now + pause, urgent=urgent))
        pacer.made(now)
        made.append(now)
    for start in made:
        assert sum(start <= at < start + budget.seconds for at in made) <= budget.calls


def test_previews_leave_a_reserve_for_finals() -> None:
    """When previews have used what they may, a final text still goes out at once."""
    pacer = Pacer(Budget(10, 60.0))
    while pacer.ready_at(0.0, urgent=False) <= 0.0:
        pacer.made(0.0)
    assert pacer.ready_at(0.0, urgent=True) <= 0.0


def test_a_refusal_closes_the_scope_for_as_long_as_it_says() -> None:
    """After a refusal nothing is sent before the platform's own time."""
    pacer = Pacer(Budget(10, 60.0))
    pacer.refused(5.0, retry_after=7.0)
    assert pacer.ready_at(6.0, urgent=True) == 12.0
