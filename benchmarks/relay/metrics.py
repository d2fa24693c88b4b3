"""Computes the figures of one load from the times of sending and showing. No I/O."""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median
from typing import Any

from aion_bot.simulators.workspace import Logged
from benchmarks.relay.loads import RATE, Load
from benchmarks.relay.observations import ObservedAnswer, ReaderView
from benchmarks.relay.platform import SentQuestion

MINUTE = 60.0


def figures(
    load: Load,
    asked: Mapping[int, SentQuestion],
    seen: Mapping[int, ObservedAnswer],
    send_times: Mapping[str, Mapping[str, Any]],
    indicators: Mapping[str, float],
) -> dict[str, Any]:
    """Completeness, staleness, final lags and first indicators, all times in seconds."""
    numbers = [number for number in asked if str(number) in send_times]
    whole = [number for number in numbers if seen[number].complete and not load.asks[number].plan]
    return {
        "answers": len(load.asks),
        "complete": len(whole),
        "missing": sum(one.asker.missing for one in seen.values()),
        "staleness": {
            "asker": _mean(
                _stale(seen[number].asker, send_times[str(number)]["tokens"]) for number in numbers
            ),
            "bystanders": _mean(
                _stale(seen[number].bystanders, send_times[str(number)]["tokens"]) for number in numbers
            ),
        },
        "lag": _spread([seen[number].last - send_times[str(number)]["complete"] for number in whole]),
        "lags": [seen[number].last - send_times[str(number)]["complete"] for number in whole],
        "indicator": _spread([_first_indicator(seen[number], asked[number], indicators) for number in asked]),
        "indicators": [_first_indicator(seen[number], asked[number], indicators) for number in asked],
        "behind": max((_behind(send_times[str(number)]["tokens"]) for number in numbers), default=0.0),
    }


def _first_indicator(seen: ObservedAnswer, asked: SentQuestion, indicators: Mapping[str, float]) -> float:
    shown = [at for at in (seen.begun, indicators.get(asked.thread, math.nan)) if not math.isnan(at)]
    return min(shown, default=math.inf) - asked.at


def _stale(view: ReaderView, sent: Sequence[float]) -> Sequence[float]:
    """The staleness of each word when it was first shown; words that were never shown are left out."""
    return [at - when for at, when in zip(view.first, sent, strict=False) if not math.isnan(at)]


def _mean(stale: Iterable[Sequence[float]]) -> float | None:
    every = [one for several in stale for one in several]
    return fmean(every) if every else None


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return {"median": None, "worst": None}
    return {"median": median(values), "worst": max(values)}


def _behind(sent: Sequence[float]) -> float:
    """The maximum delay of Aion in seconds: a measurement with more than `PACE` is not valid."""
    return max((at - sent[0] - number / RATE for number, at in enumerate(sent)), default=0.0)


def calls(
    made: Mapping[str, int], log: Sequence[Logged], refused: Sequence[Logged], began: float
) -> dict[str, Any]:
    """Requests and refusals by method, the maximum of refusals of one scope in a minute, and requests by minute."""
    return {
        "calls": dict(made),
        "refusals": dict(Counter(call.name for call in refused)),
        "refused_a_minute": most_in_a_minute(refused),
        "by_minute": _by_minute([call for call in log if call.status != 429], began),
    }


def most_in_a_minute(refused: Sequence[Logged]) -> int:
    """The maximum of refusals of one scope, a method or route in a channel, in any minute.

    Slack's methods other than chat.postMessage are counted for the whole workspace, as their limits are.
    """
    by_scope: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for call in refused:
        wide = "." in call.name and call.name != "chat.postMessage"
        by_scope[call.name, "" if wide else call.channel].append(call.at)
    return max((_most(sorted(times)) for times in by_scope.values()), default=0)


def _most(times: Sequence[float]) -> int:
    recent: deque[float] = deque()
    most = 0
    for at in times:
        recent.append(at)
        while at - recent[0] >= MINUTE:
            recent.popleft()
        most = max(most, len(recent))
    return most


def _by_minute(log: Sequence[Logged], began: float) -> dict[str, list[int]]:
    minutes = max((int((call.at - began) / MINUTE) for call in log), default=-1) + 1
    counted: defaultdict[str, list[int]] = defaultdict(lambda: [0] * minutes)
    for call in log:
        counted[call.name][int((call.at - began) / MINUTE)] += 1
    return dict(counted)
