"""The least mean staleness of any schedule that knows every arrival and every length beforehand. No I/O.

Such a schedule shows an answer by one post, at any time, and by edits, at most one a second of a message. On Slack a
workspace takes 50 edits in any minute; posts are not limited here. An answer that came `g` seconds after its last showing
has waited `g/2` on average, so that gaps of `g1, g2, …` cost `(g1² + g2² + …)/2` seconds a token, and the last showing is at
the end.

**The bound.** Each window of a minute that begins at a multiple of `EVERY` gets a price, none negative. An edit pays the prices
of the windows that it is in. Then each answer has a cheapest schedule of its own, found by dynamic programming, and the sum of
what they cost, less 50 times all prices, is below what any schedule costs that keeps to the limits (Lagrangian duality: with
prices for the limits, to keep them is one of many choices). The prices that make it greatest are sought step by step, up where
a window has too many edits, down where it has fewer; what stands here is the greatest that was found, a bound whether or not it
is the last.

On Discord each thread has its own five edits in five seconds, which one edit a second keeps, and fifty a second of the bot
are shared evenly: with `S` answers an answer is shown every `max(1, S/50)` seconds, and is half of that stale.
"""

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from benchmarks.grid.cells import Ask, Cell, Platform

EDITS, WINDOW = 50, 60.0
"""Edits of a workspace of Slack in any `WINDOW` seconds."""
GAP = 1.0
"""Seconds between two edits of a message, at least."""
EVERY = 5.0
"""Seconds between the beginnings of two windows that have prices."""
REQUESTS = 50.0
"""Requests a second of a bot of Discord."""
STEPS = 120
"""Subgradient steps."""


def least(cell: Cell) -> float:
    """Return the least mean staleness over all characters that a cell permits, in seconds."""
    asks = cell.asks()
    if cell.platform is Platform.DISCORD:
        return _on_discord(asks)
    return _on_slack(tuple((ask.at, ask.seconds) for ask in asks))


def _on_discord(asks: Sequence[Ask]) -> float:
    """Integrate over time what each running answer is stale at least."""
    moments = sorted({ask.at for ask in asks} | {ask.ends for ask in asks})
    total = 0.0
    for begin, end in itertools.pairwise(moments):
        running = sum(ask.at <= begin < ask.ends for ask in asks)
        total += running * (end - begin) * max(GAP, running / REQUESTS) / 2
    return total / sum(ask.seconds for ask in asks)


@lru_cache(maxsize=256)
def _on_slack(asks: tuple[tuple[float, float], ...]) -> float:
    """Return the greatest bound that was found."""
    ends = max(at + seconds for at, seconds in asks)
    # One window is enough for what ends within a minute.
    windows = 1 if ends <= WINDOW else math.ceil((ends - WINDOW) / EVERY) + 1
    prices = [_first_price(asks) / min(windows, WINDOW / EVERY)] * windows
    best, _ = _answered(asks, windows, [0.0] * windows)
    for step in range(STEPS):
        cost, used = _answered(asks, windows, prices)
        best = max(best, cost - EDITS * sum(prices))
        # By factors, as the right prices differ by some powers of ten from cell to cell.
        pace = 2.0 / (1 + step / 3)
        prices = [
            price * math.exp(pace * min(1.0, (count - EDITS) / EDITS))
            for price, count in zip(prices, used, strict=True)
        ]
    return best / sum(seconds for _, seconds in asks)


def _answered(
    asks: Sequence[tuple[float, float]], windows: int, prices: Sequence[float]
) -> tuple[float, Sequence[int]]:
    """Return what the cheapest schedules of all answers cost, and the edits in each window."""
    total, used = 0.0, [0] * windows
    for (at, seconds), times in Counter(asks).items():
        cost, edits = cheapest(at, seconds, prices)
        total += times * cost
        for moment in edits:
            for window in _windows(moment, windows):
                used[window] += times
    return total, used


def _first_price(asks: Sequence[tuple[float, float]]) -> float:
    """Return about what an edit is worth where all share the edits of a minute evenly."""
    load = sum(min(seconds, WINDOW) for _, seconds in asks) / EDITS
    return max(load, GAP) ** 2 / 8


def _windows(moment: float, windows: int) -> range:
    """Return those of so many windows that a moment is in."""
    first = max(0, math.floor((moment - WINDOW) / EVERY) + 1)
    return range(first, min(windows, math.floor(moment / EVERY) + 1)) if windows > 1 else range(1)


def cheapest(at: float, seconds: float, prices: Sequence[float]) -> tuple[float, Sequence[float]]:
    """Return what an answer costs at these prices, at least, and when it is edited then.

    Times are whole steps; rounding an edit to a step moves it by half of one, which changes the cost by less than
    a hundredth.
    """
    step = 0.25 if seconds <= 20 else 0.5 if seconds <= 80 else 1.0
    count = max(2, round(seconds / step))
    step = seconds / count
    apart = max(1, math.ceil(GAP / step - 1e-9))
    half = step * step / 2
    price = [
        sum(prices[window] for window in _windows(at + step * place, len(prices)))
        for place in range(count + 1)
    ]
    # `cost[place]`: the least cost of all before, where the answer was shown at that place last.
    cost = [half * place * place for place in range(count + 1)]  # by its post
    before = [0] * (count + 1)
    for place in range(apart + 1, count + 1):
        paid = price[place]
        best, chosen = cost[place], 0
        for earlier in range(place - apart, 0, -1):
            gap = place - earlier
            if half * gap * gap + paid >= best:
                break  # whatever was shown earlier still has a wider gap
            if (found := cost[earlier] + half * gap * gap + paid) < best:
                best, chosen = found, earlier
        cost[place], before[place] = best, chosen
    edits: list[float] = []
    place = count
    while before[place]:
        edits.append(at + step * place)
        place = before[place]
    return cost[count], edits
