"""The metrics, in a registry of their own. Labels hold names from fixed lists, never an id of a person or a channel."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from platform import python_version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest

from aion_bot import __version__
from aion_bot.aion import AionvisionError, RateLimitError
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.monitoring.staleness import Staleness
from aion_bot.ports.rate_limits import LimitReading, PlatformRequest, RequestObserver, RequestStatus
from aion_bot.storage.engines import Lease

OUTCOMES = ("answered", "failed", "stopped", "interrupted", "withdrawn")

_OUTCOME = {
    EndReason.ANSWERED: "answered",
    EndReason.INCOMPLETE: "answered",
    # The person was asked what to do: the bot did its part.
    EndReason.HELD: "answered",
    EndReason.STOPPED: "stopped",
    EndReason.INTERRUPTED: "interrupted",
    EndReason.WITHDRAWN: "withdrawn",
}
"""The label of each end; every other one is `failed`."""

_PLATFORM = ["platform"]

_LAG = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5)
_TURN = (1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)

_SIGN = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_TEXT = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
"""Upper bounds of the histograms' buckets in seconds."""

_MOST_REQUESTS = 56
"""Series of requests; `Metrics` has fewer than 300 in all. Two platforms need some forty."""

_MOST_LIMITED = 14
"""Series of rate limited requests."""

_OTHER = "other"
"""The method of requests for which there is no series left."""

_REMEMBERED = 4_000
"""Turns whose beginning is remembered: twice as many as may be in the process."""


@dataclass(slots=True)
class _Begun:
    """When a turn began, and whether people have seen a sign of it, and words of its answer."""

    at: float
    signed: bool = False
    text: bool = False
    whole: bool = True
    """Whether this process saw all of it."""
    staleness: Staleness = field(default_factory=Staleness)


class _Registry(CollectorRegistry):
    """Leaves out the time at which each series began: it would double their number, and no dashboard needs it."""

    def collect(self) -> Iterator[Metric]:
        for metric in super().collect():
            metric.samples = [one for one in metric.samples if not one.name.endswith("_created")]
            yield metric


class _Bounded:
    """A counter of requests by platform and method with at most so many series: methods beyond them count as `other`."""

    def __init__(self, counter: Counter, most: int) -> None:
        self._counter = counter
        self._most = most
        self._known: set[tuple[str, ...]] = set()

    def inc(self, platform: str, method: str, *rest: str) -> None:
        labels = (platform, method, *rest)
        if labels not in self._known:
            if len(self._known) >= self._most:
                labels = (platform, _OTHER, *rest)
            else:
                self._known.add(labels)
        self._counter.labels(*labels).inc()


class _Requests(RequestObserver):
    """Counts the requests to one platform."""

    def __init__(self, platform: str, requests: _Bounded, limited: _Bounded) -> None:
        self._platform = platform
        self._requests = requests
        self._limited = limited

    def sent(self, request: PlatformRequest) -> None:
        """Nothing: a request counts once it is answered."""

    def answered(self, request: PlatformRequest, status: RequestStatus, retry_after: float = 0.0) -> None:  # noqa: ARG002  # one signature for all observers
        """Count what came of a request."""
        self._requests.inc(self._platform, request.method, status.value)
        if status is RequestStatus.RATE_LIMITED:
            self._limited.inc(self._platform, request.method)

    def limit_read(self, reading: LimitReading) -> None:
        """Nothing: the limiter knows the limits."""


class Metrics:
    """What is counted and measured of `platforms`.

    `connected` tells whether a platform's connection is alive. `load`, once it is set, tells at each scrape how many turns
    of a platform are answered, and how many wait; `month` how many percent of the month's allowance are used, 0 where Aion does
    not tell.
    """

    def __init__(self, platforms: Sequence[str], connected: Callable[[str], bool]) -> None:
        self.load: Callable[[str], tuple[int, int]] = lambda _: (0, 0)
        self.month: Callable[[], int] = lambda: 0
        self._begun: OrderedDict[str, _Begun] = OrderedDict()
        self._registry = registry = _Registry()
        self._lag = Histogram(
            "aion_bot_event_loop_lag_seconds",
            "How much later than asked the event loop runs something.",
            buckets=_LAG,
            registry=registry,
        )
        self._turn_seconds = self._histogram(
            "turn",
            "From accepting a question until its thread shows the end; not of turns with a plan.",
            _TURN,
        )
        self._first_sign = self._histogram(
            "first_sign", "From accepting a question to the first sign.", _SIGN
        )
        self._first_text = self._histogram(
            "first_text", "From accepting a question to the first words of its answer.", _TEXT
        )
        self._staleness = self._histogram(
            "staleness",
            "From receiving a character of an answer until it is shown: the mean of each turn.",
            _SIGN,
        )
        self._final_lag = self._histogram("final_lag", "From the end of an answer until it is shown.", _SIGN)
        self._turns = self._counter("turns", "Turns that ended.", "outcome")
        self._plans = self._counter(
            "plan_actions", "What came of decisions about plans.", "action", "outcome"
        )
        self._count_requests()
        self._aion = Counter(
            "aion_bot_aion_requests", "Requests to Aion.", ["operation", "status"], registry=registry
        )
        self._add_gauges(platforms, connected)

    def _count_requests(self) -> None:
        """Make the counters of requests from and to platforms."""
        requests = self._counter("platform_requests", "Requests to platforms.", "method", "status")
        self._received = self._counter("received_requests", "Requests that came over HTTP.", "outcome")
        limited = self._counter("rate_limited", "Requests that a platform refused as too many.", "method")
        self._requests = _Bounded(requests, _MOST_REQUESTS)
        self._limited = _Bounded(limited, _MOST_LIMITED)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"aion_bot_{name}", documentation, [*_PLATFORM, *labels], registry=self._registry)

    def _histogram(self, name: str, documentation: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(
            f"aion_bot_{name}_seconds", documentation, _PLATFORM, buckets=buckets, registry=self._registry
        )

    def _add_gauges(self, platforms: Sequence[str], connected: Callable[[str], bool]) -> None:
        def gauge(name: str, documentation: str, read: Callable[[str], float]) -> None:
            found = Gauge(f"aion_bot_{name}", documentation, _PLATFORM, registry=self._registry)
            for platform in platforms:
                found.labels(platform).set_function(partial(read, platform))

        gauge("connected", "Whether the connection is alive.", connected)
        gauge("active_turns", "Answers that run.", lambda platform: self.load(platform)[0])
        gauge("queued_turns", "Questions that wait.", lambda platform: self.load(platform)[1])
        month = Gauge(
            "aion_bot_month_used_percent",
            "Percent of the month's Aion questions that are used.",
            registry=self._registry,
        )
        month.set_function(lambda: self.month())  # noqa: PLW0108  # it is set later
        build = Gauge(
            "aion_bot_build_info", "The version that runs.", ["version", "python"], registry=self._registry
        )
        build.labels(__version__, python_version()).set(1)
        for platform in platforms:
            for outcome in OUTCOMES:
                self._turns.labels(platform, outcome)  # so that each is there before it happens

    def measure_lease(self, lease: Lease) -> None:
        """Add what is measured of a replica that serves one scope."""
        taken, lease.renewed = self.measure_scopes(lambda: int(lease.held()))
        # The first owner of a database has epoch 1.
        taken(lease.epoch > 1)

    def measure_scopes(
        self, owned: Callable[[], int]
    ) -> tuple[Callable[[bool], None], Callable[[float], None]]:
        """Add what is measured of scopes, of which `owned` counts those that this replica serves.

        Returns what is told of each scope that it takes, whether another replica had it before; and of each renewal, in seconds.
        """
        serves = Gauge("aion_bot_scopes_owned", "Scopes that this replica serves.", registry=self._registry)
        serves.set_function(owned)
        handovers = Counter(
            "aion_bot_handovers", "Scopes that were another replica's before.", registry=self._registry
        )
        renewals = Histogram(
            "aion_bot_lease_renew_seconds", "How long a renewal of the lease takes.", buckets=_LAG, registry=self._registry
        )  # fmt: skip
        return handovers.inc, renewals.observe

    def requests_of(self, platform: str) -> RequestObserver:
        """Return what counts the requests to a platform."""
        return _Requests(platform, self._requests, self._limited)

    def observe_lag(self, seconds: float) -> None:
        """Take a measurement of the event loop."""
        self._lag.observe(seconds)

    def accepted(self, turn: Turn) -> None:
        """Remember when a turn began; one that is answered elsewhere than it was asked began the first time."""
        self._remember(turn, _Begun(time.monotonic()))
        if turn.origin is not None and turn.origin.echo is not None:
            self.showed(turn, text=False)  # the acknowledgement of a command stands already

    def resumed(self, turn: Turn, waited: float, *, signed: bool, worded: bool) -> None:
        """Remember when a turn of an earlier process began, and what people have seen of it."""
        self._remember(turn, _Begun(time.monotonic() - waited, signed, worded, whole=False))

    def _remember(self, turn: Turn, begun: _Begun) -> None:
        self._begun.setdefault(turn.name, begun)
        if len(self._begun) > _REMEMBERED:
            self._begun.popitem(last=False)

    def received(self, turn: Turn, part: int, length: int) -> None:
        """Note when characters of an answer arrived."""
        if (begun := self._begun.get(turn.name)) is not None:
            begun.staleness.received(part, length, time.monotonic())

    def showed(self, turn: Turn, *, text: bool, until: float = 0.0, behind: int = 0) -> None:
        """Measure the first sign of a turn, the first words of its answer, and when its characters are shown."""
        begun = self._begun.get(turn.name)
        if begun is None:
            return
        now = time.monotonic()
        waited = now - begun.at
        if text:
            begun.staleness.shown(until, behind, now)
        if not begun.signed:
            begun.signed = True
            self._first_sign.labels(turn.thread.platform).observe(waited)
        if text and not begun.text:
            begun.text = True
            self._first_text.labels(turn.thread.platform).observe(waited)

    def end_shown(self, turn: Turn, lag: float) -> None:
        """Measure how late the end of an answer is shown."""
        self._final_lag.labels(turn.thread.platform).observe(lag)

    def ended(self, turn: Turn, reason: EndReason, *, timed: bool) -> None:
        """Count an end. The duration of a turn that an earlier process began says how long none ran, and is not observed."""
        platform = turn.thread.platform
        self._turns.labels(platform, _OUTCOME.get(reason, "failed")).inc()
        begun = self._begun.pop(turn.name, None)
        begun = begun if begun is not None and begun.whole else None
        if begun is not None and (mean := begun.staleness.mean) is not None:
            self._staleness.labels(platform).observe(mean)
        if timed and begun is not None:
            self._turn_seconds.labels(platform).observe(time.monotonic() - begun.at)

    def plan_decided(self, platform: str, action: str, outcome: str) -> None:
        """Count what came of a plan action."""
        self._plans.labels(platform, action, outcome).inc()

    def received_request(self, platform: str, outcome: str) -> None:
        """Count a request that came over HTTP in a platform's name."""
        self._received.labels(platform, outcome).inc()

    def aion_answered(self, operation: str, error: AionvisionError | None) -> None:
        """Count a request to Aion."""
        self._aion.labels(operation, _status(error).value).inc()

    def text(self) -> bytes:
        """Return all of them in Prometheus' text format."""
        return generate_latest(self._registry)


def _status(error: AionvisionError | None) -> RequestStatus:
    if error is None:
        return RequestStatus.OK
    if isinstance(error, RateLimitError):
        return RequestStatus.RATE_LIMITED
    refused = error.status_code is not None and error.status_code < 500
    return RequestStatus.REFUSED if refused else RequestStatus.ERROR
