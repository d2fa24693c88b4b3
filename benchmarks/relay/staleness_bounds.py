"""The least staleness and the least final lag that a platform's limits permit. No I/O.

**What is bounded.** A character is stale from the moment it was sent until it is first shown. Characters are sent
evenly. Those sent in a gap of `g` seconds between two showings wait `g/2` on average, and there are as many of them as
the gap is long: an answer of `T` seconds that is shown `v` times, the last time at its end, has a mean staleness of
`(g1² + … + gv²) / 2T`. For a fixed `v` that is least when all gaps are equal: `T/2v`.

**In the long run.** `S` answers share `R` showings a second. By the same convexity the sum is least when all get as
many: each is shown every `S/R` seconds, `S/2R` stale. No message is edited more often than every `m` seconds, so that
nothing is fresher than `m/2`: **max(m/2, S/2R)**. `R = N/W`, where a window of `W` seconds takes `calls`, of which `N`
are free for showing what grows: without the one that each running answer keeps for its end, and without `headroom`.

A showing shows all that was sent so far. Where a long answer goes on from one message to the next, that takes an edit
for the rest of the one and a post for the beginning of the other, so that further messages add no showings. (Who
managed to edit at the very moment at which a message is full, each time, would save that edit. The bound does not
count on it: where a message ends is known only when the text goes on.)

**With a window.** A budget is no rate: nothing forbids to make all `N` calls in the first seconds. Let `n(t)` be the
showings a second at `t`; then the staleness, summed, is `∫ 1/2n`, to be made least while no window holds more than
`N`. Let `T = qW + r`. A moment `x` of the window comes back `q + 1` times in the answer if `x < r`, otherwise `q`
times, so that a call there is worth more the rarer it comes back: the least has `n` proportional to `√(q+1)` and
`√q`, and is `(√(q+1)·r + √q·(W-r))² / 2N`. (That nothing is lower: multipliers on the windows that begin at `jW` and
at `jW + r` can be chosen, none negative, whose sum at each moment is `1/(q+1)` or `1/q`; with them the condition
`1/2n² = const · multiplier` of a convex problem holds everywhere.) So the mean of `S` answers is

    S · (√(q+1)·r + √q·(W-r))² / 2NT

which is `S·W/2N = S/2R` for `T = W, 2W, …`, and `S·T/2N` for `T < W`: the burst that the window allows, `R = N/T`.

**Short answers in a crowd.** The bound of the targets is the one above, with the previews that are left.
Below it stands what can be said in hindsight, and what holds instead where queues for first messages make it larger.
With few showings each, it matters what the first message and the last edit show, so
they are counted one by one. The window holds `calls - headroom`; each answer that grows uses one for its end, which shows
the rest and is not bound by `m`; what is left are previews. The first message of an answer cannot stand before its
place in the channel's queue allows, `f`; the `v` showings after it, the end among them, are best spread evenly over
`T - f`: `(f² + (T-f)²/v) / 2T`. While every answer's end can be kept, the first message is what a person sees at
once: it stands at `f`. When not, it may wait until it holds what is worth showing: `f` or `T/(v+1)`, whichever is
later. Previews go one at a time to the answer that gains most, which is optimal as the gains shrink. An answer that
cannot grow, for want of a call for its end or of a place in the queue before `T`, is one message with the whole text,
at `p ≥ T`: `p - T/2`.

**Final lag.** An answer that grows ends at once. One that does not waits for its place in the queue: a channel takes
one message a second, and a native stream, of which a window takes 20, begins a message outside that queue. What the
budgets permit is the list of `p - T`, with zeros for all others.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median


@dataclass(frozen=True, slots=True)
class SharedBudget:
    """A budget that shows text: `calls` in any `window` seconds, of which `headroom` are always kept."""

    calls: int
    window: float
    headroom: int = 0

    @property
    def free(self) -> int:
        """Calls in a window that somebody may make."""
        return max(0, self.calls - self.headroom)


@dataclass(frozen=True, slots=True)
class Streams:
    """Native streams: how many begin and end in a window, and the appends in between."""

    starts: int
    stops: int
    appends: SharedBudget


@dataclass(frozen=True, slots=True)
class Crowd:
    """`answers` that begin together and last `length` seconds, evenly over `channels` that take a message a second.

    `gap` is the shortest time between two edits of a message while it grows.
    """

    answers: int
    length: float
    gap: float
    channels: int
    edits: SharedBudget
    streams: Streams | None = None


@dataclass(frozen=True, slots=True)
class Permitted:
    """What is permitted at best: mean staleness over all characters, and final lags, in seconds."""

    staleness: float
    lag: float
    worst_lag: float
    hindsight: float
    """The mean staleness of the best schedule that counts showings one by one and knows how long the answers are."""


def shared(answers: int, length: float, window: float, free: float) -> float:
    """Return the least mean staleness of answers that share `free` showings in any `window` seconds."""
    if free <= 0:
        return math.inf
    whole, rest = divmod(length, window)
    stretch = math.sqrt(whole + 1) * rest + math.sqrt(whole) * (window - rest)
    return answers * stretch**2 / (2 * free * length)


def buckets(answers: int, length: float, gap: float, own: SharedBudget, common: SharedBudget) -> Permitted:
    """Return what is permitted where each answer has a budget of its `own`, and all have one in `common`.

    Own budgets come back while an answer runs, so that the end needs no more than what is kept. Ends that come
    together find the `headroom` calls of the common budget, and then what comes back of it at the pace at which the
    previews before them were made.
    """
    staleness = max(
        gap / 2,
        shared(1, length, own.window, own.free),
        shared(answers, length, common.window, common.free),
    )
    lags = [common.window * max(0, number + 1 - common.headroom) / common.calls for number in range(answers)]
    return Permitted(staleness, median(lags), max(lags), staleness)


def crowded(crowd: Crowd) -> Permitted:
    """Return what is permitted where answers share budgets by method."""
    return _long(crowd) if crowd.length >= crowd.edits.window else _short(crowd)


def _long(crowd: Crowd) -> Permitted:
    streams = crowd.streams
    kept = 0 if streams is not None and streams.stops >= crowd.answers else crowd.answers
    free = max(0, crowd.edits.free - kept) + (streams.appends.free if streams else 0)
    staleness = shared(crowd.answers, crowd.length, crowd.edits.window, free)
    staleness = max(crowd.gap / 2, staleness)
    return Permitted(staleness, 0.0, 0.0, staleness)


@dataclass(frozen=True, slots=True)
class _Shares:
    """How many answers may grow, and the previews that they share."""

    growing: int
    previews: int


def _shares(crowd: Crowd) -> _Shares:
    """Keep an end for as many answers as possible: streams have their own, the others take an edit."""
    stops = min(crowd.streams.stops, crowd.streams.starts) if crowd.streams else 0
    growing = min(crowd.answers, crowd.edits.free + stops)
    by_edit = max(0, growing - stops)
    appends = crowd.streams.appends.free if crowd.streams else 0
    return _Shares(growing, crowd.edits.free - by_edit + appends)


def _short(crowd: Crowd) -> Permitted:
    shares = _shares(crowd)
    firsts, wholes = _queue(crowd, shares.growing)
    waits = shares.growing < crowd.answers
    growing = _spread(firsts, crowd, shares.previews, waits=waits)
    staleness = fmean([*growing, *(at - crowd.length / 2 for at in wholes)])
    lags = [0.0] * len(firsts) + [at - crowd.length for at in wholes]
    hindsight = max(crowd.gap / 2, staleness)
    evenly = (
        shared(crowd.answers, crowd.length, crowd.edits.window, shares.previews) if shares.previews else 0.0
    )
    return Permitted(max(hindsight, evenly), median(lags), max(lags), hindsight)


def _queue(crowd: Crowd, growing: int) -> tuple[Sequence[float], Sequence[float]]:
    """Return when the first messages of growing answers can stand, and when the messages with a whole answer can.

    Beginnings are taken as early as possible: streams at once, then each channel's queue. A whole answer is posted
    when it is complete, at the earliest.
    """
    begun = crowd.streams.starts if crowd.streams else 0
    early = [0.0] * begun + [
        float(second) for second in range(math.ceil(crowd.length)) for _ in range(crowd.channels)
    ]
    firsts = early[: min(growing, crowd.answers)]
    missing = crowd.answers - len(firsts)
    wholes: list[float] = []
    second = 0
    renewed = crowd.streams.appends.window if crowd.streams else math.inf
    while len(wholes) < missing:
        at = crowd.length + second
        places = crowd.channels + (begun if at >= renewed else 0)
        renewed += renewed if at >= renewed else 0
        wholes += [at] * min(places, missing - len(wholes))
        second += 1
    return firsts, wholes


def _spread(firsts: Sequence[float], crowd: Crowd, previews: int, *, waits: bool) -> Sequence[float]:
    """Return the mean staleness of each growing answer, previews given where they help most."""
    times = [1] * len(firsts)
    means = [_mean(first, crowd.length, 1, waits=waits) for first in firsts]
    gains: list[tuple[float, int]] = []

    def offer(answer: int) -> None:
        first, shown = firsts[answer], times[answer] + 1
        if shown <= (crowd.length - first) / crowd.gap + 1:
            better = _mean(first, crowd.length, shown, waits=waits)
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
