"""One limit of a platform."""

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.ports.rate_limits import Budget, Operation, Scope, unlimited
from aion_bot.ratelimit.caution import Caution
from aion_bot.ratelimit.sliding_window import SlidingWindow

UPDATES = Budget("updates", 50, 60.0, Scope.WORKSPACE, reserved=True, headroom=5, probe_threshold=25)
BRIEF = Budget("brief", 5, 4.0, Scope.CHANNEL)


def make(window: SlidingWindow, now: float, calls: int = 1) -> None:
    for _ in range(calls):
        window.begin()
        window.end(now)


@pytest.mark.slow
@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 1)), max_size=80))
def test_no_stretch_ever_holds_more_calls_than_the_budget(calls: list[tuple[float, float]]) -> None:
    """Whenever the platform counts a call between its beginning and its answer, no window holds more than allowed."""
    window = SlidingWindow(BRIEF, 0.0)
    now = 0.0
    counted: list[tuple[float, float]] = []
    for pause, answer in calls:
        now += pause
        now = max(now, window.room_at(now, 0))
        window.begin()
        window.end(now + answer)
        counted.append((now, now + answer))
        now += answer
    for _, latest in counted:
        assert sum(latest <= begun < latest + BRIEF.seconds for begun, _ in counted) <= BRIEF.calls
    for begun, _ in counted:
        assert sum(begun <= end < begun + BRIEF.seconds for _, end in counted) <= BRIEF.calls


def test_what_is_kept_is_left_alone() -> None:
    """Room for a call that has to leave others is given up earlier than room for one that has not."""
    window = SlidingWindow(BRIEF, 0.0)
    make(window, 1.0, 3)
    assert window.room_at(1.0, headroom=1) == 1.0
    assert window.room_at(1.0, headroom=2) == 5.0
    assert window.room_at(1.0, headroom=0) == 1.0


def test_requests_without_an_answer_say_nothing_of_the_limit() -> None:
    """Where the platform is away, forty requests count and may count there as well, and above 25 they still go one at a time."""
    window = SlidingWindow(UPDATES, 0.0)
    for _ in range(40):
        window.begin()
        window.end(1.0, taken=False)
    assert window.used(1.0) == 40
    assert at_once(window, 1.0) == 1
    assert window.taken is None


STOPS = Budget("stops", 20, 60.0, Scope.WORKSPACE, reserved=True, ends_together=2)


def at_once(window: SlidingWindow, now: float, *, ends: bool = True) -> int:
    """Begin as many requests as may go at once; returns their number."""
    begun = 0
    while window.room_at(now, 0, ends=ends) <= now:
        window.begin()
        begun += 1
    return begun


@pytest.mark.parametrize(
    ("most", "expected"), [(1, [10] + [1] * 10), (2, [10, 1, 2, 2, 2, 2, 1]), (20, [10, 1, 2, 4, 3])]
)
def test_ends_grow_above_what_is_sure(most: int, expected: list[int]) -> None:
    """Ends that come together need few rounds of requests, each of at most one more than were taken above half of the limit."""
    window, rounds = SlidingWindow(replace(STOPS, ends_together=most), 0.0), list[int]()
    for number in range(len(expected)):
        rounds.append(at_once(window, number * 0.1))
        for _ in range(rounds[-1]):
            window.end(number * 0.1 + 0.1)
    assert rounds == expected


def test_after_a_refusal_in_the_workspace_ends_go_one_at_a_time() -> None:
    """Who uses a part of one limit uses a part of the others: no other limit of the workspace is tried by two ends at once."""
    caution = Caution()
    edits, stops = SlidingWindow(UPDATES, 0.0, caution=caution), SlidingWindow(STOPS, 0.0, caution=caution)
    make(edits, 0.0, 30)
    edits.begin()
    edits.refused(0.1, 60.0)
    make(stops, 0.1, 11)
    assert at_once(stops, 0.2) == 1
    another = SlidingWindow(STOPS, 0.0, caution=Caution())
    make(another, 0.1, 11)
    assert at_once(another, 0.2) == 2


def test_a_refusal_at_the_documented_limit_says_nothing_of_others() -> None:
    """A limit that was tried higher than documented, and refused, is used by nobody else."""
    caution = Caution()
    edits, stops = SlidingWindow(UPDATES, 0.0, caution=caution), SlidingWindow(STOPS, 0.0, caution=caution)
    make(edits, 0.0, UPDATES.calls)
    edits.begin()
    edits.refused(0.1, 60.0)
    make(stops, 0.1, 11)
    assert at_once(stops, 0.2) == 2


@pytest.mark.parametrize("budget", [UPDATES, STOPS])
def test_half_of_a_limit_costs_ends_one_refusal(budget: Budget) -> None:
    """Where the limit is half of what is documented, one end is refused, and no other is sent before the platform's time."""
    window = SlidingWindow(budget, 0.0)
    make(window, 0.0, budget.calls // 2)
    assert at_once(window, 0.1) == 1
    window.refused(0.2, 60.0)
    assert at_once(window, 0.3) == 0


def test_where_ends_do_not_double_they_go_one_at_a_time() -> None:
    """A budget says whether its ends may: the taking away of indicators may not."""
    window = SlidingWindow(UPDATES, 0.0)
    make(window, 0.0, 25)
    window.begin()
    window.end(0.1)
    assert at_once(window, 0.1) == 1


def test_what_was_taken_before_goes_at_once() -> None:
    """What an earlier process saw taken need not be found out again."""
    window = SlidingWindow(STOPS, 0.0, taken=18, believed_from=60.0)
    assert at_once(window, 60.0, ends=False) == 18
    assert window.taken is None


def test_what_was_taken_before_is_not_believed_in_the_first_window() -> None:
    """What the process before sent still counts there."""
    window = SlidingWindow(STOPS, 0.0, taken=18, believed_from=60.0)
    assert at_once(window, 59.9, ends=False) == 10


def test_a_refusal_forgets_what_was_taken_before() -> None:
    """The limit has become lower, so that nothing goes at once that was only taken before; the next process learns of it."""
    window = SlidingWindow(STOPS, 0.0, taken=18)
    make(window, 0.0, 12)
    window.begin()
    window.refused(0.1, 30.0)
    assert window.taken == 0
    assert at_once(window, 61.0, ends=False) == 6


def test_what_is_taken_is_known() -> None:
    """Below half of the limit nothing is learned; above it the most that counted at once."""
    window = SlidingWindow(STOPS, 0.0)
    make(window, 0.0, 10)
    assert window.taken is None
    make(window, 1.0, 3)
    assert window.taken == 13
    make(window, 70.0, 1)
    assert window.taken == 13


def test_it_is_known_whether_a_request_would_run_at_once() -> None:
    """It would not while the limit is closed or full, nor where it is probed behind others."""
    window = SlidingWindow(STOPS, 0.0)
    assert window.takes_now(0.0, 9)
    assert not window.takes_now(0.0, 10)
    make(window, 0.0, 20)
    assert not window.takes_now(59.0, 0)
    assert window.takes_now(61.0, 19)
    window.begin()
    window.refused(61.0, 30.0)
    assert not window.takes_now(62.0, 0)


def test_above_what_is_sure_calls_go_one_at_a_time() -> None:
    """Beyond half of the documented limit the next call waits for the answer of the one before, until that is proven."""
    window = SlidingWindow(UPDATES, 0.0)
    make(window, 0.0, 25)
    assert window.room_at(0.0, 0) == 0.0
    window.begin()
    assert window.room_at(0.0, 0) == math.inf
    window.end(0.1)
    assert window.room_at(0.1, 0) == 0.1


def test_what_was_taken_once_is_sure_until_a_refusal() -> None:
    """So many calls as were taken in one window may be made side by side, until the platform refuses one."""
    window = SlidingWindow(UPDATES, 0.0)
    make(window, 0.0, 40)
    for _ in range(30):
        window.begin()
        assert window.room_at(100.0, 0) == 100.0
    window.refused(100.0, 1.0)
    assert window.room_at(102.0, 0) == math.inf


def test_a_refusal_closes_the_limit_for_as_long_as_it_says() -> None:
    """After a refusal nothing is sent before the platform's own time."""
    window = SlidingWindow(UPDATES, 0.0)
    make(window, 4.0, 10)
    window.begin()
    window.refused(5.0, 7.0)
    assert window.room_at(6.0, 0) == 12.0


def test_a_refusal_teaches_how_much_there_is() -> None:
    """What the platform took before it refused is what it is believed to take, and not a call more."""
    window = SlidingWindow(UPDATES, 0.0)
    make(window, 0.0, 25)
    window.begin()
    window.refused(1.0, 3.0)
    assert window.calls == 25
    assert window.room_at(10.0, 0) == 60.0


def test_calls_of_long_ago_prove_nothing() -> None:
    """Only what was taken in one window is sure: calls that count no more are not added to those that do."""
    window = SlidingWindow(UPDATES, 0.0)
    for start in (0.0, 61.0):
        for _ in range(20):
            window.begin()
            window.end(start)
    window.begin()
    for _ in range(5):
        window.begin()
        window.end(61.0)
    assert window.room_at(61.0, 0) == math.inf


def test_a_refusal_is_recent_for_a_minute() -> None:
    """Where calls were refused a moment ago another delivery mode is better; a minute later nobody remembers."""
    window = SlidingWindow(UPDATES, 0.0)
    assert not window.recently_refused(0.0)
    window.begin()
    window.refused(1.0, 1.0)
    assert window.recently_refused(60.0)
    assert not window.recently_refused(61.0)


def test_a_limit_that_takes_not_even_one_call_a_window_is_longer_than_documented() -> None:
    """A channel that takes a post every two seconds is learned to take one every two seconds."""
    window = SlidingWindow(Budget("posts", 1, 1.0, Scope.CHANNEL), 0.0)
    make(window, 0.0)
    window.begin()
    window.refused(1.0, 1.0)
    make(window, 2.0)
    assert window.room_at(2.5, 0) == pytest.approx(4.0)


def test_quiet_raises_a_lowered_limit_again() -> None:
    """A minute after a refusal a little more is tried, up to what is documented, as long as it is wanted."""
    window = SlidingWindow(UPDATES, 0.0)
    make(window, 0.0, 20)
    window.begin()
    window.refused(0.0, 1.0)
    assert window.calls == 20
    for minute in range(1, 8):
        window.note_saturated(60.0 * minute, saturated=True)
        window.room_at(60.0 * minute, 0)
    assert window.calls == 50


def test_a_raise_that_is_refused_is_tried_again_ever_later() -> None:
    """Where the platform stays with its lower limit, the refusals become rarer."""
    window = SlidingWindow(UPDATES, 0.0)
    now, refused_at = 0.0, [0.0]
    make(window, 0.0, 20)
    window.begin()
    window.refused(0.0, 1.0)
    while len(refused_at) < 5:
        now += 1.0
        window.note_saturated(now, saturated=True)
        if window.room_at(now, 0) > now:
            continue
        window.begin()
        if window.used(now) > 20:
            window.refused(now, 1.0)
            refused_at.append(now)
        else:
            window.end(now)
    pauses = [after - before for before, after in itertools.pairwise(refused_at)]
    assert pauses[0] >= 60.0
    assert all(later >= 1.5 * earlier for earlier, later in itertools.pairwise(pauses))


def test_more_than_documented_is_found_out_when_it_is_always_wanted() -> None:
    """After three minutes in which calls always waited, more than documented is tried, and kept if it is taken."""
    window = SlidingWindow(UPDATES, 0.0)
    now = 0.0
    while now < 179.0:
        window.note_saturated(now, saturated=True)
        window.room_at(now, 0)
        now += 1.0
    assert window.calls == 50
    while now < 600.0:
        window.note_saturated(now, saturated=True)
        window.room_at(now, 0)
        now += 1.0
    assert window.calls >= 100


def test_more_than_documented_is_never_tried_where_nobody_waits() -> None:
    """A limit that suffices is left as it is."""
    window = SlidingWindow(UPDATES, 0.0)
    for now in range(0, 3600, 10):
        window.note_saturated(now, saturated=now % 100 == 0)
        window.room_at(now, 0)
    assert window.calls == 50


def test_headers_are_believed_at_once() -> None:
    """What an answer says of its limit is taken over, and what somebody else used of it counts as used."""
    window = SlidingWindow(BRIEF, 0.0)
    window.begin()
    window.apply_reading(0.0, calls=10, remaining=4, reset_after=3.0)
    assert window.calls == 10
    assert window.calls - window.used(0.0) == 4
    window.end(0.0)
    assert window.calls - window.used(3.5) == 9


def test_the_even_pace_is_what_the_window_can_keep() -> None:
    """A fresh window's calls are spread over the time that answers go on; a used one waits for what comes back."""
    window = SlidingWindow(UPDATES, 0.0)
    whole = [5.0 * number for number in range(13)]
    ten = [min(one, 10.0) for one in whole]
    assert window.rate(0.0, headroom=20, wanted=99.0, ahead=whole) == pytest.approx(0.5)
    assert window.rate(0.0, headroom=20, wanted=99.0, ahead=ten) == pytest.approx(3.0)
    assert window.rate(0.0, headroom=20, wanted=2.0, ahead=ten) == 2.0
    make(window, 0.0, 25)
    assert window.rate(10.0, headroom=20, wanted=99.0, ahead=whole) == pytest.approx(0.1)


def test_where_no_limit_is_named_a_refusal_is_only_a_pause() -> None:
    """What nobody has named a budget for is held for as long as the platform says, and not taken to be limited."""
    window = SlidingWindow(unlimited(Operation.OPEN_THREAD), 0.0)
    window.begin()
    window.refused(1.0, 3.0)
    assert window.room_at(1.0, 0) == 4.0
    for _ in range(1000):
        window.begin()
    assert window.room_at(4.0, 0) == 4.0


def test_as_many_are_tried_side_by_side_as_the_budget_says() -> None:
    """Above the threshold one request at a time would be slower than a limit of many a second."""
    window = SlidingWindow(Budget("wide", 10, 1.0, Scope.BOT, probe_threshold=5, probe_width=2), 0.0)
    for _ in range(5):
        window.begin()
    assert window.room_at(0.0, 0) == math.inf
    for _ in range(4):
        window.end(0.1)
    assert window.room_at(0.1, 0) == 0.1
    window.begin()
    assert window.room_at(0.1, 0) == math.inf
