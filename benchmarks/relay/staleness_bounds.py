"""The least staleness and the least final lag that a platform's limits permit. No I/O.

**What is bounded.** A character is stale from the moment it is sent until it is first shown. Aion sends characters at an
even pace. Those sent in a gap of `g` seconds between two updates wait `g/2` on average, and their number is proportional
to the gap. So an answer of `T` seconds that is updated `v` times, the last time at its end, has a mean staleness of
`(g1² + … + gv²) / 2T`. For a fixed `v` the minimum has equal gaps: `T/2v`.

**In the long run.** `S` answers share `R` updates a second. By the same convexity the minimum has equal shares: each
answer is updated every `S/R` seconds, and its staleness is `S/2R`. No message is edited more often than every `m`
seconds, so that no staleness is below `m/2`: **max(m/2, S/2R)**. `R = N/W`, where a window of `W` seconds takes `calls`,
of which `N` are free for updates: without the one that is reserved for the end of each running answer, and without
`headroom`.

An update shows all that was sent so far. Where a long answer continues in a further message, that takes an edit for the
rest of one message and a post for the beginning of the next, so that further messages add no updates. (An edit at the
very moment at which a message is full would be saved. The bound does not assume it: where a message ends is known only
when the text continues.)

**With a window.** A budget is not a rate: all `N` requests may be made in the first seconds. Let `n(t)` be the updates a
second at `t`. The sum of the staleness is `∫ 1/2n`, and its minimum is wanted while no window has more than `N` updates.
Let `T = qW + r`. A moment `x` of the window occurs `q + 1` times in the answer if `x < r`, otherwise `q` times, so that a
request there is worth more the more rarely it occurs. The minimum has `n` proportional to `√(q+1)` and `√q`, and is
`(√(q+1)·r + √q·(W-r))² / 2N`. (Proof that nothing is lower: there are multipliers, none negative, of the windows that
begin at `jW` and at `jW + r`, whose sum at each moment is `1/(q+1)` or `1/q`. With them the condition
`1/2n² = const · multiplier` of a convex problem holds everywhere.) So the mean of `S` answers is

    S · (√(q+1)·r + √q·(W-r))² / 2NT

which is `S·W/2N = S/2R` for `T = W, 2W, …`, and `S·T/2N` for `T < W`: the burst that the window allows, `R = N/T`.

**Many short answers.** The targets refer to the bound above, with the previews that remain. The following gives the
minimum in hindsight, and replaces the bound where queues for first messages make it larger. Each answer has few updates,
so that the first message and the last edit are counted one by one. The window holds `calls - headroom` requests. Each
growing answer uses one for its end, which shows the rest and is not bound by `m`; the others are previews. The first
message of an answer is posted when the channel's queue reaches it, at `f`. The `v` updates after it, the end included,
are best spread evenly over `T - f`: `(f² + (T-f)²/v) / 2T`. While there is a request for every answer's end, the first
message is posted at `f`, so that people see it at once. Otherwise it may wait until it has text worth showing: `f` or
`T/(v+1)`, whichever is later. Previews are assigned one at a time to the answer that gains most, which is optimal because
the gains decrease. An answer that cannot grow, because it has no request for its end or no place in the queue before `T`,
is one message with the whole text, at `p ≥ T`: `p - T/2`.

**Final lag.** An answer that grows ends at once. Another one waits for its place in the queue: a channel takes one
message a second, and a native stream, of which a window takes 20, begins a message outside that queue. The budgets permit
the list of `p - T`, with zeros for all other answers.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median


@dataclass(frozen=True, slots=True)
class SharedBudget:
    """A budget for updates: `calls` in any `window` seconds, of which `headroom` are never used."""

    calls: int
    window: float
    headroom: int = 0

    @property
    def free(self) -> int:
        """The requests of a window that may be used."""
        return max(0, self.calls - self.headroom)


@dataclass(frozen=True, slots=True)
class Streams:
    """Native streams: how many start and stop in a window, and the budget of appends."""

    starts: int
    stops: int
    appends: SharedBudget


@dataclass(frozen=True, slots=True)
class ConcurrentAnswers:
    """`answers` that begin together and last `length` seconds, evenly over `channels` that take a message a second.

    `gap` is the shortest time between two edits of a growing message.
    """

    answers: int
    length: float
    gap: float
    channels: int
    edits: SharedBudget
    streams: Streams | None = None


@dataclass(frozen=True, slots=True)
class Permitted:
    """The minimum that is permitted: mean staleness over all characters, and final lags, in seconds."""

    staleness: float
    lag: float
    worst_lag: float
    hindsight: float
    """The mean staleness of the best schedule that counts updates one by one and knows the lengths of the answers."""


def shared(answers: int, length: float, window: float, free: float) -> float:
    """The least mean staleness of answers that share `free` updates in any `window` seconds."""
    if free <= 0:
        return math.inf
    whole, rest = divmod(length, window)
    stretch = math.sqrt(whole + 1) * rest + math.sqrt(whole) * (window - rest)
    return answers * stretch**2 / (2 * free * length)


def buckets(answers: int, length: float, gap: float, own: SharedBudget, common: SharedBudget) -> Permitted:
    """The minimum where each answer has a budget of its `own`, and all share the budget `common`.

    Own budgets renew while an answer runs, so that its end needs no more than the reservation. Ends at the same moment
    use the `headroom` requests of the common budget, and then what it renews at the pace of the previews before them.
    """
    staleness = max(
        gap / 2,
        shared(1, length, own.window, own.free),
        shared(answers, length, common.window, common.free),
    )
    lags = [common.window * max(0, number + 1 - common.headroom) / common.calls for number in range(answers)]
    return Permitted(staleness, median(lags), max(lags), staleness)


def method_bounds(concurrent: ConcurrentAnswers) -> Permitted:
    """The minimum where answers share budgets by method."""
    return _long(concurrent) if concurrent.length >= concurrent.edits.window else _short(concurrent)


def _long(concurrent: ConcurrentAnswers) -> Permitted:
    streams = concurrent.streams
    kept = 0 if streams is not None and streams.stops >= concurrent.answers else concurrent.answers
    free = max(0, concurrent.edits.free - kept) + (streams.appends.free if streams else 0)
    staleness = shared(concurrent.answers, concurrent.length, concurrent.edits.window, free)
    staleness = max(concurrent.gap / 2, staleness)
    return Permitted(staleness, 0.0, 0.0, staleness)


@dataclass(frozen=True, slots=True)
class _Shares:
    """How many answers may grow, and the previews that they share."""

    growing: int
    previews: int


def _shares(concurrent: ConcurrentAnswers) -> _Shares:
    """Reserve an end for as many answers as possible: streams have their own, the others take an edit."""
    stops = min(concurrent.streams.stops, concurrent.streams.starts) if concurrent.streams else 0
    growing = min(concurrent.answers, concurrent.edits.free + stops)
    by_edit = max(0, growing - stops)
    appends = concurrent.streams.appends.free if concurrent.streams else 0
    return _Shares(growing, concurrent.edits.free - by_edit + appends)


def _short(concurrent: ConcurrentAnswers) -> Permitted:
    shares = _shares(concurrent)
    firsts, wholes = _queue(concurrent, shares.growing)
    waits = shares.growing < concurrent.answers
    growing = _spread(firsts, concurrent, shares.previews, waits=waits)
    staleness = fmean([*growing, *(at - concurrent.length / 2 for at in wholes)])
    lags = [0.0] * len(firsts) + [at - concurrent.length for at in wholes]
    hindsight = max(concurrent.gap / 2, staleness)
    evenly = (
        shared(concurrent.answers, concurrent.length, concurrent.edits.window, shares.previews)
        if shares.previews
        else 0.0
    )
    return Permitted(max(hindsight, evenly), median(lags), max(lags), hindsight)


def _queue(concurrent: ConcurrentAnswers, growing: int) -> tuple[Sequence[float], Sequence[float]]:
    """The times of the first messages of growing answers, and of the messages with a whole answer.

    First messages are posted as early as possible: streams at once, then each channel's queue. A whole answer is posted
    when it is complete, at the earliest.
    """
    begun = concurrent.streams.starts if concurrent.streams else 0
    early = [0.0] * begun + [
        float(second) for second in range(math.ceil(concurrent.length)) for _ in range(concurrent.channels)
    ]
    firsts = early[: min(growing, concurrent.answers)]
    missing = concurrent.answers - len(firsts)
    wholes: list[float] = []
    second = 0
    renewed = concurrent.streams.appends.window if concurrent.streams else math.inf
    while len(wholes) < missing:
        at = concurrent.length + second
        places = concurrent.channels + (begun if at >= renewed else 0)
        renewed += renewed if at >= renewed else 0
        wholes += [at] * min(places, missing - len(wholes))
        second += 1
    return firsts, wholes


def _spread(
    firsts: Sequence[float], concurrent: ConcurrentAnswers, previews: int, *, waits: bool
) -> Sequence[float]:
    """The mean staleness of each growing answer, with previews assigned where they gain most."""
    times = [1] * len(firsts)
    means = [_mean(first, concurrent.length, 1, waits=waits) for first in firsts]
    gains: list[tuple[float, int]] = []

    def offer(answer: int) -> None:
        first, shown = firsts[answer], times[answer] + 1
        if shown <= (concurrent.length - first) / concurrent.gap + 1:
            better = _mean(first, concurrent.length, shown, waits=waits)
            heapq.heappush(gains, (better - means[answer], answer))

    for answer in range(len(firsts)):
        offer(answer)
    for _ in range(previews):
        if not gains:
            break
        gain, answer = heapq.heappop(gains)
        means[answer] += gain
        times[answer] += 1
        offer(answer)
    return means


def _mean(first: float, length: float, shown: int, *, waits: bool) -> float:
    first = max(first, length / (shown + 1)) if waits else first
    return (first**2 + (length - first) ** 2 / shown) / (2 * length)
