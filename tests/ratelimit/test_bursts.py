"""Bursts of a limit whose platform documents no number for them."""

import itertools
import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.ports.rate_limits import Budget, Scope
from aion_bot.ratelimit.bursts import Bursts
from aion_bot.ratelimit.permit import Permit, Priority
from aion_bot.ratelimit.scheduler import Scheduler
from aion_bot.ratelimit.sliding_window import SlidingWindow
from aion_bot.ratelimit.tuning import LONGEST_QUIET

POSTS = Budget("posts", 1, 1.0, Scope.CHANNEL, burst=3)
HASTE = 1e-6


class Bucket:
    """A channel of a platform: it holds so many posts, and gains one a second."""

    def __init__(self, holds: int) -> None:
        self.holds, self._left, self._at = holds, float(holds), 0.0

    def take(self, at: float) -> bool:
        """Count a post; whether it is taken."""
        self._left = min(float(self.holds), self._left + at - self._at)
        self._at = at
        if self._left < 1 - HASTE:
            return False
        self._left -= 1
        return True


def post(window: SlidingWindow, bucket: Bucket, now: float, answer: float = 0.0) -> bool:
    """Post once, counted at the beginning; whether it was taken."""
    window.begin()
    taken = bucket.take(now)
    if taken:
        window.end(now + answer)
    else:
        window.refused(now + answer, 1.0)
    return taken


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 1)), max_size=60))
def test_a_platform_that_takes_bursts_of_three_refuses_none(posts: list[tuple[float, float]]) -> None:
    """However posts come and however long they take, no channel sees more than its bucket holds."""
    window, bucket, now = SlidingWindow(POSTS, 0.0, bursts=Bursts()), Bucket(3), 0.0
    for pause, answer in posts:
        now += pause
        now = max(now, window.room_at(now, 0))
        assert post(window, bucket, now, answer)
        now += answer


def test_a_burst_is_three_posts_and_then_one_a_second() -> None:
    """After a pause three go at once, and each second one more: no post is later than without bursts."""
    window, now, at = SlidingWindow(POSTS, 0.0, bursts=Bursts()), 0.0, []
    for _ in range(6):
        now = max(now, window.room_at(now, 0))
        assert post(window, Bucket(9), now)
        at.append(now)
    assert at == [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]


def test_a_platform_without_bursts_refuses_one_post_an_hour() -> None:
    """One refusal, in one of the channels that all want to post at once, and then each takes one post a second."""
    bursts, now = Bursts(), 0.0
    channels = [(SlidingWindow(POSTS, 0.0, bursts=bursts), Bucket(1)) for _ in range(20)]
    refused = 0
    while now < 20.0:
        began = []
        for window, bucket in channels:
            if window.room_at(now, 0) <= now:
                window.begin()
                began.append((window, bucket))
        for window, bucket in began:  # all are under way at the same time
            if bucket.take(now):
                window.end(now)
            else:
                refused += 1
                window.refused(now, 1.0)
        now += 0.25
    assert refused == 1
    assert not bursts.are_taken(POSTS, now)
    assert bursts.are_taken(POSTS, LONGEST_QUIET + 1)
    window, bucket = channels[1]
    times = list(itertools.islice(_times(window, bucket, now), 4))
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [1.0, 1.0, 1.0]


def _times(window: SlidingWindow, bucket: Bucket, now: float) -> Iterator[float]:
    """When the next posts of a channel go, each as soon as it may."""
    while True:
        now = max(now, window.room_at(now, 0))
        assert post(window, bucket, now)
        yield now


def test_a_refusal_without_a_post_before_says_more() -> None:
    """Where not even the first post is taken, the limit itself is lower, and bursts are tried no more."""
    bursts = Bursts()
    window = SlidingWindow(POSTS, 0.0, bursts=bursts)
    window.begin()
    window.refused(10.0, 4.0)
    assert not bursts.are_taken(POSTS, 10.0)
    assert (window.calls, window.room_at(10.0, 0)) == (1.0, 14.0)


@pytest.mark.parametrize(
    ("priority", "burst"),
    [(Priority.FINAL, 3), (Priority.FIRST_SIGN, 3), (Priority.BEST_EFFORT, 3), (Priority.FIRST_MESSAGE, 1)],
)
def test_bursts_are_for_signs_and_ends(priority: Priority, burst: int) -> None:
    """A first message that will grow waits for a second; what nobody may wait for goes at once."""
    scheduler = Scheduler(gap=0.0)
    for number in range(5):
        scheduler.request(Permit((scheduler.limit((POSTS, "C"), 0.0),), priority, float(number)), 0.0)
    issued = 0
    for _ in range(10):  # each is answered at once
        for one in scheduler.issue(0.0)[0]:
            issued += 1
            for limit in one.limits:
                limit.window.end(0.0)
    assert issued == burst


def test_a_permit_that_is_given_back_lets_another_channel_try() -> None:
    """A burst that was never sent shows nothing, and holds up nobody."""
    bursts = Bursts()
    first, second = (SlidingWindow(POSTS, 0.0, bursts=bursts) for _ in range(2))
    for window in (first, second):
        post(window, Bucket(3), 0.0)
    first.begin()
    assert second.room_at(0.0, 0) == 1.0
    first.give_back()
    assert second.room_at(0.0, 0) == 0.0
    assert math.isfinite(first.room_at(0.0, 0))
