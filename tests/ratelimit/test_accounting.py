"""How many requests are counted, by a clock of the tests' own."""

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aion_bot.ports.errors import RateLimited
from aion_bot.ports.rate_limits import UNLIMITED_CALLS, Budget, Charge, PlatformRequest, RequestStatus, Scope
from aion_bot.ratelimit.accounting import RequestAccounting
from aion_bot.ratelimit.permit import Permit, Priority
from aion_bot.ratelimit.scheduler import Scheduler
from aion_bot.ratelimit.tuning import ANSWER_OVERDUE

POSTS: Charge = (Budget("posts", 50, 60.0, Scope.CHANNEL), "C1")
TOTAL: Charge = (Budget("total", 600, 60.0, Scope.WORKSPACE), "T1")
LOOK_UPS: Charge = (Budget("look-ups", 50, 60.0, Scope.WORKSPACE), "T1")
EDITS: Charge = (Budget("edits", 50, 60.0, Scope.WORKSPACE), "T1")
OK, LIMITED = RequestStatus.OK, RequestStatus.RATE_LIMITED


@dataclass
class Platform:
    """A scheduler, its accounting, and the requests of an adapter."""

    scheduler: Scheduler = field(default_factory=lambda: Scheduler(0.0))
    now: float = 0.0

    def __post_init__(self) -> None:
        self.accounting = RequestAccounting(self.scheduler)

    def permit(self, *charges: Charge) -> Permit:
        limits = tuple(self.scheduler.limit(charge, self.now) for charge in charges)
        return Permit(limits, Priority.FINAL, self.now)

    def operation(self, *charges: Charge) -> Permit:
        """An operation whose permit is issued and which starts."""
        permit = self.permit(*charges)
        self.scheduler.request(permit, self.now)
        assert self.scheduler.issue(self.now)[0] == [permit]
        self.accounting.start(permit)
        return permit

    def send(self, permit: Permit | None, *charges: Charge) -> PlatformRequest:
        request = PlatformRequest("a method", charges)
        self.accounting.sent(request, permit, self.now)
        return request

    def answer(self, request: PlatformRequest, status: RequestStatus = OK, retry_after: float = 0.0) -> None:
        self.accounting.answered(request, status, retry_after, self.now)

    def make(self, permit: Permit | None, *charges: Charge) -> None:
        """A request that is answered at once."""
        self.answer(self.send(permit, *charges))

    def finish(self, permit: Permit, error: RateLimited | None = None) -> None:
        self.accounting.finish(permit, self.now, error)

    def used(self, *charges: Charge) -> list[int]:
        return [self.scheduler.limit(charge, self.now).window.used(self.now) for charge in charges]

    def refusals(self, *charges: Charge) -> list[int]:
        return [self.scheduler.limit(charge, self.now).window.refusals for charge in charges]

    def open_at(self, charge: Charge) -> float:
        return self.scheduler.limit(charge, self.now).window.room_at(self.now, 0)


def test_a_request_is_counted_once_by_its_permit() -> None:
    """What the permit paid for is used up by the request of its operation, while it runs and afterwards."""
    platform = Platform()
    post = platform.operation(POSTS, TOTAL)
    request = platform.send(post, POSTS, TOTAL)
    assert platform.used(POSTS, TOTAL) == [1, 1]
    platform.answer(request)
    platform.finish(post)
    assert platform.used(POSTS, TOTAL) == [1, 1]
    platform.now = 60.0
    assert platform.used(POSTS, TOTAL) == [0, 0]


def test_a_look_up_inside_a_post_is_counted() -> None:
    """A request that the operation's permit did not pay for counts in its own limit."""
    platform = Platform()
    post = platform.operation(POSTS, TOTAL)
    platform.make(post, LOOK_UPS)
    platform.make(post, POSTS, TOTAL)
    platform.finish(post)
    assert platform.used(POSTS, TOTAL, LOOK_UPS) == [1, 1, 1]


def test_an_edit_of_three_requests_counts_three() -> None:
    """Only the first request of a kind is paid for by the permit."""
    platform = Platform()
    edit = platform.operation(EDITS)
    for _ in range(3):
        platform.make(edit, EDITS)
    platform.finish(edit)
    assert platform.used(EDITS) == [3]


def test_requests_without_a_permit_count() -> None:
    """What nobody scheduled takes the room of what is scheduled."""
    platform = Platform()
    for _ in range(50):
        platform.make(None, LOOK_UPS)
    listing = platform.permit(LOOK_UPS)
    platform.scheduler.request(listing, 0.0)
    assert platform.scheduler.issue(0.0) == ([], 60.0)


def test_what_was_paid_for_and_not_sent_is_given_back() -> None:
    """An operation that needs another request than planned, or none, leaves its limit free."""
    platform = Platform()
    platform.make(None, LOOK_UPS)
    hint = platform.operation(EDITS)
    platform.make(hint, POSTS)
    platform.finish(hint)
    nothing = platform.operation(EDITS)
    platform.finish(nothing)
    assert platform.used(EDITS, POSTS) == [0, 1]


def test_an_adapter_that_never_reports_is_counted_by_its_permits() -> None:
    """Without reports every permit counts as one request of each of its charges."""
    platform = Platform()
    platform.finish(platform.operation(POSTS, TOTAL))
    platform.finish(platform.operation(POSTS, TOTAL), RateLimited(5.0, "total"))
    assert platform.used(POSTS, TOTAL) == [2, 1]
    assert platform.refusals(POSTS, TOTAL) == [0, 1]


def test_a_refusal_is_counted_once() -> None:
    """Reported at the wire and raised by the operation, it is one refusal, for the time that the wire names."""
    platform = Platform()
    edit = platform.operation(EDITS)
    platform.answer(platform.send(edit, EDITS), LIMITED, 7.0)
    platform.finish(edit, RateLimited(7.5))
    assert platform.refusals(EDITS) == [1]
    assert platform.used(EDITS) == [0]
    assert platform.open_at(EDITS) == 7.0


@pytest.mark.parametrize(("named", "refusals"), [("", [1, 0]), ("total", [0, 1]), ("unknown", [1, 0])])
def test_the_error_names_the_budget_of_a_refusal(named: str, refusals: list[int]) -> None:
    """Where a request has several budgets, the one that the error names is blamed, else the most specific one."""
    platform = Platform()
    post = platform.operation(POSTS, TOTAL)
    platform.answer(platform.send(post, POSTS, TOTAL), LIMITED, 7.0)
    platform.finish(post, RateLimited(7.0, named))
    assert platform.refusals(POSTS, TOTAL) == refusals
    assert platform.used(POSTS, TOTAL) == [1 - refusals[0], 1 - refusals[1]]


def test_a_look_up_that_is_refused_inside_a_post_closes_its_own_limit_only() -> None:
    """The post was not sent: its limits are free, and open."""
    platform = Platform()
    post = platform.operation(POSTS, TOTAL)
    platform.answer(platform.send(post, LOOK_UPS), LIMITED, 7.0)
    assert platform.open_at(LOOK_UPS) == 7.0
    platform.finish(post, RateLimited(7.0))
    assert platform.used(POSTS, TOTAL, LOOK_UPS) == [0, 0, 0]
    assert platform.refusals(POSTS, TOTAL, LOOK_UPS) == [0, 0, 1]


def test_an_adapter_may_refuse_by_itself() -> None:
    """discord.py refuses without a request what would exceed a limit: that closes the limit as a platform's refusal does."""
    platform = Platform()
    platform.make(None, LOOK_UPS)
    post = platform.operation(POSTS, TOTAL)
    platform.finish(post, RateLimited(7.0, "total"))
    assert platform.used(POSTS, TOTAL) == [0, 0]
    assert platform.open_at(TOTAL) == 7.0
    edit = platform.operation(EDITS)
    platform.make(edit, EDITS)
    platform.finish(edit, RateLimited(7.0))
    assert platform.used(EDITS) == [1]
    assert platform.open_at(EDITS) == 7.0


def test_a_cancelled_request_counts_and_does_not_leak() -> None:
    """A request without an answer is ended with its operation, or when it is overdue; a late answer changes nothing."""
    platform = Platform()
    post = platform.operation(POSTS)
    cancelled, lost = platform.send(post, POSTS), platform.send(None, LOOK_UPS)
    platform.finish(post)
    assert platform.used(POSTS) == [1]
    platform.answer(cancelled)
    assert platform.used(POSTS) == [1]
    assert platform.accounting.expire(1.0) == ANSWER_OVERDUE
    platform.now = ANSWER_OVERDUE
    assert platform.accounting.expire(platform.now) == math.inf
    assert platform.used(POSTS, LOOK_UPS) == [0, 1]
    platform.answer(lost, LIMITED, 7.0)
    assert platform.open_at(LOOK_UPS) == platform.now + 7.0
    platform.now += 60.0
    assert platform.used(POSTS, LOOK_UPS) == [0, 0]


def test_a_late_refusal_closes_the_limit_and_counts_nothing_more() -> None:
    """A request that was counted as made when its operation ended is not counted twice in its other limits."""
    platform = Platform()
    post = platform.operation(POSTS, TOTAL)
    request = platform.send(post, POSTS, TOTAL)
    platform.finish(post)
    platform.answer(request, LIMITED, 7.0)
    assert platform.used(POSTS, TOTAL) == [1, 1]
    assert platform.refusals(POSTS, TOTAL) == [1, 0]
    assert platform.open_at(POSTS) == 7.0


def test_a_request_that_is_sent_after_its_operation_counts_besides() -> None:
    """A task that outlives its operation has no permit any more."""
    platform = Platform()
    post = platform.operation(POSTS)
    platform.make(post, POSTS)
    platform.finish(post)
    platform.make(post, POSTS)
    assert platform.used(POSTS) == [2]


_LONG = [
    (Budget(name, UNLIMITED_CALLS, 1_000.0, Scope.WORKSPACE), "T1") for name in ("first", "second", "third")
]
_CHARGES = st.lists(st.sampled_from(_LONG), min_size=1, max_size=3, unique=True)


class AnyInterleaving(RuleBasedStateMachine):
    """Operations and requests in any order: in the end what counts is what was reported."""

    def __init__(self) -> None:
        super().__init__()
        self.platform = Platform()
        self.platform.make(None, *_LONG)
        self.counted = dict.fromkeys(_LONG, 1)
        self.running: list[Permit] = []
        self.ended: list[Permit] = []
        self.open: list[PlatformRequest] = []

    @rule(charges=_CHARGES)
    def start(self, charges: list[Charge]) -> None:
        self.running.append(self.platform.operation(*charges))

    @rule(charges=_CHARGES, data=st.data())
    def send(self, charges: list[Charge], data: st.DataObject) -> None:
        permit = data.draw(st.sampled_from([None, *self.running, *self.ended]))
        self.open.append(self.platform.send(permit, *charges))
        for charge in charges:
            self.counted[charge] += 1

    @precondition(lambda self: self.open)
    @rule(status=st.sampled_from(RequestStatus), data=st.data())
    def answer(self, status: RequestStatus, data: st.DataObject) -> None:
        request = data.draw(st.sampled_from(self.open))
        self.open.remove(request)
        if status is LIMITED and request in self.platform.accounting._sent:
            self.counted[request.charges[0]] -= 1  # the platform did not count it
        self.platform.answer(request, status)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        permit = data.draw(st.sampled_from(self.running))
        self.running.remove(permit)
        self.platform.finish(permit)
        self.ended.append(permit)

    @rule()
    def wait(self) -> None:
        self.platform.now += 1.0

    @invariant()
    def nothing_is_under_way_less_than_zero_times(self) -> None:
        for charge in _LONG:
            window = self.platform.scheduler.limit(charge, self.platform.now).window
            assert window._under_way >= 0

    def teardown(self) -> None:
        for permit in self.running:
            self.platform.finish(permit)
        for request in self.open:
            self.platform.answer(request)
        assert self.platform.used(*_LONG) == [self.counted[charge] for charge in _LONG]
        self.platform.now += 1_000.0
        assert self.platform.used(*_LONG) == [0, 0, 0]


AnyInterleaving.TestCase.settings = settings(max_examples=50, stateful_step_count=30)
test_any_interleaving_counts_exactly_what_was_reported = AnyInterleaving.TestCase
