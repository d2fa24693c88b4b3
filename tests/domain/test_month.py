"""The month's allowance: when channels share it, how much each may ask, and when it opens again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aion_bot.domain.allowance import Whose
from aion_bot.domain.month import Month, days_left, in_words

DAY = 86_400.0
TENTH = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
"""Ten days of the month are left, with this one."""


@pytest.mark.parametrize(
    ("used", "today", "of_channel", "channels", "whose"),
    [
        (0, 0, 0, 1, None),
        (1_599, 900, 900, 3, None),  # not short yet: nobody shares
        (1_600, 0, 0, 4, None),  # 400 left over ten days among four channels: ten a day each
        (1_609, 9, 9, 4, None),
        (1_610, 10, 10, 4, Whose.SHARE),
        (1_610, 10, 0, 4, None),  # what one channel has used is not taken from another
        (1_999, 0, 0, 50, None),  # one at least
        (1_999, 1, 1, 50, Whose.SHARE),
        (2_000, 0, 0, 1, Whose.MONTH),
        (2_400, 0, 0, 1, Whose.MONTH),
    ],
)
def test_the_rule(used: int, today: int, of_channel: int, channels: int, whose: Whose | None) -> None:
    """Below 80 % nothing is shared; above it each channel has its part of the day; at the end nobody may ask."""
    found = Month(2_000, used).refusal(TENTH, today=today, of_channel=of_channel, channels=channels)
    assert (found and found.whose) == whose
    if found is not None:
        assert found.wait == (DAY / 2 if whose is Whose.SHARE else 9.5 * DAY)


@pytest.mark.slow
@given(
    st.integers(10, 5_000), st.floats(0.8, 0.99), st.integers(1, 30), st.lists(st.integers(0, 300), min_size=1, max_size=12)
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_each_channel_gets_its_share(allowed: int, part: float, days: int, wanted: list[int]) -> None:
    """Of channels that want different amounts none gets more than its share a day, and none less than it wants of that."""
    month, asked = Month(allowed, int(allowed * part)), [0] * len(wanted)
    share = month.share(days, 0, len(wanted))
    turn = datetime(2026, 12, 31 - days + 1, tzinfo=UTC).timestamp()
    used = month.used
    for _ in range(max(wanted)):
        for channel, want in enumerate(wanted):
            if asked[channel] < want and not Month(allowed, used).refusal(
                turn, today=sum(asked), of_channel=asked[channel], channels=len(wanted)
            ):
                asked[channel] += 1
                used += 1
    assert used <= allowed
    if share * len(wanted) <= month.left and month.percent >= 80:
        assert asked == [min(want, share) for want in wanted]


@pytest.mark.parametrize(
    ("percent", "warning"), [(0, None), (79, None), (80, 80), (94, 80), (95, 95), (200, 95)]
)
def test_warnings(percent: int, warning: int | None) -> None:
    """The highest of the two percentages that is reached."""
    assert Month(100, percent).warning == warning


def test_ends_of_months() -> None:
    """The last day is a day; February of a leap year has one more; a wait is in hours, then in days."""
    assert days_left(datetime(2026, 11, 30, tzinfo=UTC)) == 1
    assert days_left(datetime(2028, 2, 1, tzinfo=UTC)) == 29
    assert Month(0, 0).percent == 100
    assert [in_words(one) for one in (1, 3_601, 36 * 3_600, 37 * 3_600, 20 * DAY)] == [
        "an hour", "2 hours", "36 hours", "2 days", "20 days",
    ]  # fmt: skip
