"""Which permit is issued when, by a clock of the tests' own."""

import functools
import heapq
import itertools
import math
from collections.abc import Callable
from statistics import fmean

import pytest

from aion_bot.ports.errors import RateLimited
from aion_bot.ports.rate_limits import Budget, Charge, Scope
from aion_bot.ratelimit.accounting import RequestAccounting
from aion_bot.ratelimit.fair_share import AnswerShare, SharedLimits
from aion_bot.ratelimit.lengths import AnswerLengths
from aion_bot.ratelimit.permit import Permit, Priority
from aion_bot.ratelimit.scheduler import Scheduler
from aion_bot.ratelimit.tuning import REMEMBERED_LIMITS

Charges = tuple[Charge, ...]

UPDATES: Charges = (
    (Budget("updates", 50, 60.0, Scope.WORKSPACE, reserved=True, headroom=5, probe_threshold=25), "team"),
)
POSTS: Charges = ((Budget("posts", 1, 1.0, Scope.CHANNEL), "channel"),)
BRIEF: Charges = ((Budget("brief", 2, 10.0, Scope.WORKSPACE), "team"),)


def finish(scheduler: Scheduler, one: Permit, now: float, error: RateLimited | None = None) -> None:
    """The operation of a permit runs and ends, with an adapter that does not report its requests."""
    accounting = RequestAccounting(scheduler)
    accounting.start(one)
    accounting.finish(one, now, error)


def limits(scheduler: Scheduler, charges: Charges, now: float = 0.0) -> SharedLimits:
    return tuple(scheduler.limit(charge, now) for charge in charges)


def permit(scheduler: Scheduler, priority: Priority, since: float, charges: Charges = BRIEF) -> Permit:
    return Permit(limits(scheduler, charges), priority, since)


def issued_at(scheduler: Scheduler, *permits: Permit, until: float = 1000.0) -> dict[Permit, float]:
    """When each permit is issued, if every request is answered at once."""
    now, times = 0.0, dict[Permit, float]()
    for one in permits:
        scheduler.request(one, now)
    while now <= until:
        issued, again = scheduler.issue(now)
        for one in issued:
            times[one] = now
            finish(scheduler, one, now)
        now = now if issued else again
    return times


def test_who_ends_goes_first_then_who_begins_then_who_has_waited_longest() -> None:
    """Finals before first signs, these before previews, those by how long something has been unseen."""
    scheduler = Scheduler(gap=0.0)
    best_effort, newer, older = (
        permit(scheduler, Priority.BEST_EFFORT, 0.0),
        permit(scheduler, Priority.PREVIEW, 2.0),
        permit(scheduler, Priority.PREVIEW, 1.0),
    )
    sign, final = permit(scheduler, Priority.FIRST_MESSAGE, 3.0), permit(scheduler, Priority.FINAL, 4.0)
    times = issued_at(scheduler, best_effort, newer, older, sign, final)
    assert list(times) == [final, sign, older, newer, best_effort]


def test_whoever_sees_nothing_goes_before_those_who_have_a_sign() -> None:
    """The first message of a question without any sign goes before others that are older, and behind every end."""
    scheduler = Scheduler(gap=0.0)
    signed, unsigned, final = (
        permit(scheduler, Priority.FIRST_MESSAGE, 0.0, POSTS),
        permit(scheduler, Priority.FIRST_SIGN, 1.0, POSTS),
        permit(scheduler, Priority.FINAL, 2.0, POSTS),
    )
    assert list(issued_at(scheduler, signed, unsigned, final)) == [final, unsigned, signed]


def test_a_permit_that_is_taken_leaves_what_is_spare() -> None:
    """A permit is taken at once or not at all; so many requests stay free, but never all that the limit has."""
    scheduler = Scheduler(gap=0.0)
    two: Charges = ((Budget("two", 2, 60.0, Scope.WORKSPACE, probe_threshold=2), "team"),)
    assert scheduler.take(permit(scheduler, Priority.BEST_EFFORT, 0.0, two), 0.0, leaving=1)
    assert not scheduler.take(permit(scheduler, Priority.BEST_EFFORT, 0.0, two), 0.0, leaving=1)
    assert scheduler.take(permit(scheduler, Priority.BEST_EFFORT, 0.0, two), 0.0, leaving=0)
    assert scheduler.take(permit(scheduler, Priority.BEST_EFFORT, 0.0, POSTS), 0.0, leaving=1)


def test_previews_leave_what_is_reserved() -> None:
    """However many previews are wanted, every running answer's last edit goes out at once, and so does a newcomer's."""
    scheduler = Scheduler(gap=1.0)
    for _ in range(10):
        AnswerShare(0.0).hold(limits(scheduler, UPDATES), limits(scheduler, UPDATES))
    previews = [permit(scheduler, Priority.PREVIEW, float(i), UPDATES) for i in range(200)]
    assert 33 <= len(issued_at(scheduler, *previews, until=59.0)) <= 35
    for _ in range(10):
        final = permit(scheduler, Priority.FINAL, 59.0, UPDATES)
        scheduler.request(final, 59.0)
        assert scheduler.issue(59.0)[0] == [final]
        finish(scheduler, final, 59.0)


def test_a_message_that_would_grow_waits_for_a_reservation_but_not_for_ever() -> None:
    """Where no last edit can be reserved, the first message waits; after its time it goes all the same."""
    scheduler = Scheduler(gap=1.0)
    posts, updates = limits(scheduler, POSTS), limits(scheduler, UPDATES)
    shares = [AnswerShare(0.0) for _ in range(49)]  # of fifty; one is left alone
    for share in shares:
        share.hold(updates, ())
    first = Permit(posts, Priority.FIRST_MESSAGE, 0.0, reserve=updates, insists_until=12.0)
    assert issued_at(scheduler, first)[first] == 12.0
    shares[0].hold((), ())
    second = Permit(posts, Priority.FIRST_MESSAGE, 20.0, reserve=updates, insists_until=32.0)
    scheduler.request(second, 20.0)
    assert scheduler.issue(20.0)[0] == [second]


@pytest.mark.parametrize("behind", [Priority.PREVIEW, Priority.BEST_EFFORT])
def test_a_first_message_keeps_its_place_when_others_come_behind_it(behind: Priority) -> None:
    """What is requested later, against the same limits, neither goes before it nor makes it wait for ever."""
    scheduler = Scheduler(gap=0.0)
    end, first = (permit(scheduler, one, 0.0, POSTS) for one in (Priority.FINAL, Priority.FIRST_MESSAGE))
    scheduler.request(end, 0.0)
    scheduler.request(first, 0.0)
    assert scheduler.issue(0.0)[0] == [end]
    finish(scheduler, end, 0.0)
    later = permit(scheduler, behind, 0.5, POSTS)
    scheduler.request(later, 0.5)
    assert scheduler.issue(0.5) == ([], 1.0)
    assert scheduler.issue(1.0)[0] == [first]
    finish(scheduler, first, 1.0)
    assert scheduler.issue(2.0)[0] == [later]


def test_who_waits_for_a_reservation_holds_up_nobody_else() -> None:
    """What needs none is issued meanwhile: the limit that both count against has room."""
    scheduler = Scheduler(gap=0.0)
    posts, updates = limits(scheduler, POSTS), limits(scheduler, UPDATES)
    for _ in range(50):
        AnswerShare(0.0).hold(updates, ())
    growing = Permit(posts, Priority.FIRST_MESSAGE, 0.0, reserve=updates)
    mention, sign = (Permit(posts, one, 1.0) for one in (Priority.FIRST_MESSAGE, Priority.BEST_EFFORT))
    assert issued_at(scheduler, growing, mention, sign) == {mention: 0.0, sign: 1.0}


def test_what_is_cancelled_is_never_issued() -> None:
    """A permit that was cancelled takes nobody's place."""
    scheduler = Scheduler(gap=0.0)
    first, second = permit(scheduler, Priority.FINAL, 0.0), permit(scheduler, Priority.FINAL, 1.0)
    scheduler.request(first, 0.0)
    scheduler.cancel(first)
    assert set(issued_at(scheduler, second)) == {second}


def test_an_operation_waits_for_every_limit_it_counts_against() -> None:
    """A post counts in its channel and in its workspace: both must have room, and a full channel delays no other."""
    scheduler = Scheduler(gap=0.0)
    there: Charges = ((POSTS[0][0], "other"),)
    first, second, elsewhere = (
        permit(scheduler, Priority.FIRST_MESSAGE, float(i), charges)
        for i, charges in enumerate((POSTS + BRIEF, POSTS + BRIEF, there))
    )
    times = issued_at(scheduler, first, second, elsewhere)
    assert (times[first], times[second], times[elsewhere]) == (0.0, 1.0, 0.0)


def test_a_refusal_is_charged_to_the_limit_that_was_named() -> None:
    """Where the platform names the limit that was exceeded, the others stay open."""
    scheduler = Scheduler(gap=0.0)
    one = permit(scheduler, Priority.FINAL, 0.0, POSTS + BRIEF)
    scheduler.request(one, 0.0)
    scheduler.issue(0.0)
    finish(scheduler, one, 0.0, RateLimited(30.0, "brief"))
    alone = permit(scheduler, Priority.FINAL, 0.0, POSTS)
    scheduler.request(alone, 1.0)
    assert scheduler.issue(1.0)[0] == [alone]


@pytest.mark.slow
def test_channels_in_which_nothing_goes_on_are_forgotten() -> None:
    """However many channels there were, what is remembered is what is in use, and what was learned."""
    scheduler = Scheduler(gap=0.0)
    refused = permit(scheduler, Priority.FINAL, 0.0, POSTS)
    scheduler.request(refused, 0.0)
    scheduler.issue(0.0)
    finish(scheduler, refused, 0.0, RateLimited(1.0))
    for number in range(10_000):
        charges, now = ((POSTS[0][0], str(number)),), 10.0 * number
        one = Permit(limits(scheduler, charges, now), Priority.FINAL, 0.0)
        scheduler.request(one, now)
        scheduler.issue(now)
        finish(scheduler, one, now)
    assert len(scheduler._limits) < 1_100  # what is remembered cannot be told from outside
    assert scheduler.limit(POSTS[0], 1e6).window.refusals == 1


def test_a_limit_is_not_forgotten_while_its_permit_is_requested() -> None:
    """Where the second limit of a permit is one too many, the permit keeps its first."""
    scheduler = Scheduler(gap=0.0)
    for number in range(REMEMBERED_LIMITS - 1):
        scheduler.limit((POSTS[0][0], str(number)), 0.0)
    one = permit(scheduler, Priority.FINAL, 0.0, POSTS + BRIEF)
    scheduler.request(one, 1.0)
    assert scheduler.issue(1.0)[0] == [one]


@pytest.mark.slow
def test_what_headers_tell_anew_is_forgotten_too() -> None:
    """A limit that each answer's headers name is no reason to remember a channel in which nothing goes on."""
    scheduler = Scheduler(gap=0.0)
    for number in range(10_000):
        key, now = ("posts", str(number)), 10.0 * number
        one = Permit(limits(scheduler, ((POSTS[0][0], str(number)),), now), Priority.FINAL, 0.0)
        scheduler.request(one, now)
        scheduler.issue(now)
        scheduler.apply_reading(key, now, calls=7, remaining=6, reset_after=1.0)
        finish(scheduler, one, now)
    assert len(scheduler._limits) < 1_100  # what is remembered cannot be told from outside


class Crowd:
    """`size` answers of `seconds` that begin together, each growing evenly, in a clock of their own."""

    def __init__(
        self, size: int, seconds: float, gap: float = 1.0, lengths: AnswerLengths | None = None
    ) -> None:
        self.scheduler = Scheduler(gap, lengths=lengths)
        self._updates = limits(self.scheduler, UPDATES)
        self._gap = gap
        self._end = seconds
        self._now = 0.0
        self._shown = [0.0] * size
        self._area = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._whose: dict[Permit, int] = {}
        self._waiting: dict[int, Permit] = {}
        self.lags: list[float] = []
        self._at(0.0, lambda: None)
        for answer in range(size):
            AnswerShare(0.0).hold(self._updates, self._updates)
            self._want(answer, earliest=gap)
            self._at(seconds, functools.partial(self._finish, answer))

    def mean_staleness(self) -> float:
        """Run to the end; seconds between saying and showing, over all that was said."""
        while self._events:
            self._now, _, event = heapq.heappop(self._events)
            event()
            issued, again = self.scheduler.issue(self._now)
            for one in issued:
                self._show(one)
            if issued:
                again = self._now
            if again < math.inf and (not self._events or again < self._events[0][0]):
                self._at(again, lambda: None)
        return self._area / self._end / len(self._shown)

    def _at(self, when: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), event))

    def _want(self, answer: int, earliest: float) -> None:
        if earliest < self._end:
            one = Permit(self._updates, Priority.PREVIEW, self._shown[answer], earliest=earliest)
            self._whose[one], self._waiting[answer] = answer, one
            self.scheduler.request(one, self._now)

    def _finish(self, answer: int) -> None:
        if answer in self._waiting:
            self.scheduler.cancel(self._waiting[answer])
        one = Permit(self._updates, Priority.FINAL, self._shown[answer])
        self._whose[one] = answer
        self.scheduler.request(one, self._now)

    def _show(self, one: Permit) -> None:
        answer = self._whose[one]
        before, until = self._shown[answer], min(self._now, self._end)
        self._area += (self._now - (before + until) / 2) * (until - before)
        self._shown[answer] = until
        finish(self.scheduler, one, self._now)
        self._waiting.pop(answer, None)
        if one.priority is Priority.FINAL:
            self.lags.append(self._now - self._end)
        else:
            self._want(answer, self._now + self._gap)


def bound(size: int, seconds: float, gap: float = 1.0) -> float:
    """See `benchmarks/relay`: all previews that the window holds less what is kept, evenly over the answer."""
    previews = 50 - size - 5
    return max(gap / 2, size / (2 * previews / min(seconds, 60.0)))


def test_no_length_is_special() -> None:
    """Nobody knows a length; in the mean of many, staleness is 1.35 times the bound at most, and every end is shown at once.

    Of long answers, whose length hardly matters, it is 1.25 times the bound at most for any number of them.
    """
    ratios, long = [], []
    for seconds in (5.0, 10.0, 20.0, 40.0, 80.0, 133.0, 160.0):
        for size in (1, 3, 5, 10, 20):
            crowd = Crowd(size, seconds)
            ratios.append(crowd.mean_staleness() / bound(size, seconds))
            long += ratios[-1:] if seconds == 133.0 else []
            assert max(crowd.lags) == 0.0
    assert fmean(ratios) <= 1.35
    assert max(ratios) <= 2.75
    assert max(long) <= 1.25


def test_what_is_known_of_lengths_makes_answers_fresher() -> None:
    """Where a thousand answers took twenty seconds, ten of twenty seconds are nearly as fresh as if their length were known."""
    lengths = AnswerLengths()
    for _ in range(1_000):
        lengths.record(20.0)
    assert Crowd(10, 20.0, lengths=lengths).mean_staleness() <= 1.2 * bound(10, 20.0)
