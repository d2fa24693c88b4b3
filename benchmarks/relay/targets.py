"""The targets of the bot, as data, and whether a load's figures meet them. No I/O."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.relay.load_bounds import Bounds
from benchmarks.relay.loads import Limiting, Load, Place, Relayer

RATIOS = ((0.0, 2.0), (60.0, 1.25))
"""The maximum of the mean staleness in terms of the bound, for answers of at least so many seconds; the last match holds."""
LAGS = ((11, 0.5), (30, 1.0))
"""The maximum of the final lag in seconds, up to so many answers: ten, and one more for which there is a reservation.

With more answers, or where the limits do not permit it, `LAG_RATIO` holds.
"""
LAG_RATIO = 1.25
INDICATOR, INDICATOR_UP_TO = 0.3, 11
"""Seconds to the first indicator, up to so many answers at once."""
REFUSED_A_MINUTE = 1
"""The maximum of refusals of one scope in any minute with other limits than the documented ones; with those it is 0."""
LEARNED = 1.2
"""The minimum of edits in the last whole minute in terms of the documented limit, where twice as many are allowed."""
PACE = 0.25
"""The maximum delay of Aion in seconds; beyond it a measurement is not valid."""


def missed(found: Mapping[str, Any], bounds: Bounds | None) -> Iterator[str]:
    """Yield the targets that a load's figures miss."""
    load = Load.from_json(found["load"])
    if load.relayer is Relayer.PLAIN:
        return
    if found["behind"] > PACE:
        yield f"the machine was too slow: Aion was {found['behind']:.2f} s late"
    if (missing := found["answers"] - standing(found)) > 0:
        yield f"{missing} answers incomplete"
    yield from _refusals(load, found)
    if load.limits is Limiting.DOCUMENTED:
        yield from _stale(load, found, bounds)
        yield from _late(load, found, bounds)
        yield from _late_indicator(load, found)
    if load.limits is Limiting.DOUBLE:
        yield from _unused(load, found)


def ratio(value: float | None, bound: float) -> float | None:
    """The staleness in terms of its bound."""
    return None if value is None else value / bound


def lag_allowed(answers: int, permitted: float) -> float:
    """The target of the final lag, in seconds."""
    reserved = next((seconds for most, seconds in LAGS if answers <= most), LAGS[-1][1])
    return max(reserved, LAG_RATIO * permitted)


def standing(found: Mapping[str, Any]) -> int:
    """The number of complete answers and of plans with a card."""
    return int(found["complete"]) + len(found["cards"])


def _refusals(load: Load, found: Mapping[str, Any]) -> Iterator[str]:
    if load.limits is Limiting.DOCUMENTED:
        if refused := sum(found["refusals"].values()):
            yield f"{refused} refusals: {found['refusals']}"
    elif found["refused_a_minute"] > REFUSED_A_MINUTE:
        yield f"{found['refused_a_minute']} refusals of one scope in a minute: {found['refusals']}"


def _stale(load: Load, found: Mapping[str, Any], bounds: Bounds | None) -> Iterator[str]:
    # No single set of constants suits both short and long answers when many direct messages share only native
    # streams. There is no target for them.
    if bounds is None or load.place is Place.DIRECT:
        return
    most = [limit for seconds, limit in RATIOS if load.asks[0].seconds >= seconds][-1]
    for who, bound in (("asker", bounds.asker), ("bystanders", bounds.bystanders)):
        times = ratio(found["staleness"][who], bound)
        if times is None or times > most:
            said = "not measured" if times is None else f"{times:.2f} times the bound of {bound:.2f} s"
            yield f"staleness for {who}: {said} (at most {most:g})"


def _late(load: Load, found: Mapping[str, Any], bounds: Bounds | None) -> Iterator[str]:
    for which, permitted in (
        ("median", bounds.lag if bounds else 0.0),
        ("worst", bounds.worst_lag if bounds else 0.0),
    ):
        lag, most = found["lag"][which], lag_allowed(load.weight, permitted)
        if lag is not None and lag > most:
            yield f"{which} final lag {lag:.2f} s (at most {most:.2f})"
    if any(card > LAGS[0][1] for card in found["cards"]):
        yield f"a plan's card stood after {max(found['cards']):.2f} s (at most {LAGS[0][1]:g})"


def _late_indicator(load: Load, found: Mapping[str, Any]) -> Iterator[str]:
    if load.weight <= INDICATOR_UP_TO and found["indicator"]["worst"] > INDICATOR:
        yield f"first indicator after {found['indicator']['worst']:.2f} s (at most {INDICATOR:g})"


def _unused(load: Load, found: Mapping[str, Any]) -> Iterator[str]:
    used = found["by_minute"].get("chat.update", [])
    documented = next((one["calls"] for one in found["model"]["budgets"].get("edit", ())), 50)
    whole = used[: int(load.ends // 60)]
    if not whole or whole[-1] < LEARNED * documented:
        yield f"twice the limit was not learned: edits by minute {used}, documented {documented}"
