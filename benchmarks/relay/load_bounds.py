"""The bounds of a load: what the limits permit, from the load and its figures. No I/O."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from aion_bot.ports.rate_limits import Operation
from aion_bot.simulators.discord.rates import DiscordLimits
from benchmarks.relay.loads import CHANNELS, RATE, Limiting, Load, Place
from benchmarks.relay.staleness_bounds import (
    ConcurrentAnswers,
    Permitted,
    SharedBudget,
    Streams,
    buckets,
    method_bounds,
)

FACTORS = {Limiting.DOCUMENTED: 1.0, Limiting.HALF: 0.5, Limiting.DOUBLE: 2.0}
"""The simulated limits in terms of the documented ones."""
CHARACTERS = 4
"""Characters of a token."""
STARTED = "chat.startStream"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least staleness for the asker, with all methods that were used, and for bystanders, with posts and edits alone.

    The least final lag is that of all methods which exist.
    """

    asker: float
    bystanders: float
    lag: float
    worst_lag: float
    hindsight: float
    """For the asker, if the lengths of the answers were known at the start."""


def bounds(load: Load, model: Mapping[str, Any], calls: Mapping[str, int]) -> Bounds | None:
    """The bounds of a load; None where they cannot be computed.

    The bounds assume that answers begin together, and that the use of a second process is known.
    """
    if len({(ask.at, ask.tokens) for ask in load.asks}) > 1 or load.limits is Limiting.SHARED:
        return None
    factor = FACTORS[load.limits]
    answers, length = len(load.asks), load.asks[0].seconds
    if load.place is Place.DISCORD:
        bucket, common = _shared_budgets(model, Operation.EDIT, factor)
        own = replace(bucket, headroom=bucket.headroom + 1)
        whole = math.floor(DiscordLimits().everything.calls * factor)
        common = SharedBudget(whole, common.window, common.headroom + whole - common.calls)
        found = buckets(answers, length, model["gap"], own, common)
        return Bounds(found.staleness, found.staleness, found.lag, found.worst_lag, found.hindsight)
    return _on_slack(load, model, factor, started=calls.get(STARTED, 0))


def _on_slack(load: Load, model: Mapping[str, Any], factor: float, *, started: int) -> Bounds:
    edits, streams = _shared_budgets(model, Operation.EDIT, factor)[0], _streams(model, factor)
    channels = CHANNELS if load.place is not Place.CHANNEL else 1

    def at_best(streams: Streams | None) -> Permitted:
        ask = load.asks[0]
        return method_bounds(
            ConcurrentAnswers(len(load.asks), ask.seconds, model["gap"], channels, edits, streams)
        )

    everything, edited = at_best(streams), at_best(None)
    # Where some are streams for the sake of the others, the bound is that of edits, which bystanders see as well.
    asker = everything if streams and started >= min(len(load.asks), streams.starts) else edited
    bystanders = asker if load.place is Place.DIRECT else edited
    turning = turns(len(load.asks), load.asks[0].tokens * CHARACTERS, model["page"], channels)
    lags = (max(everything.lag, median(turning)), max(everything.worst_lag, *turning))
    return Bounds(asker.staleness, bystanders.staleness, *lags, asker.hindsight)


def turns(answers: int, characters: int, page: int, channels: int) -> Sequence[float]:
    """The seconds by which each answer's last message has to follow its end.

    All answers fill their messages at the same moments, and each channel takes one new message a second.
    """
    filled = (characters - 1) // page * page / (CHARACTERS * RATE)
    left = characters / (CHARACTERS * RATE) - filled
    return [max(0.0, number // channels - left) if filled else 0.0 for number in range(answers)]


def _streams(model: Mapping[str, Any], factor: float) -> Streams | None:
    begin, stop, append = (
        _shared_budgets(model, call, factor)
        for call in (Operation.START_STREAM, Operation.STOP_STREAM, Operation.APPEND_STREAM)
    )
    if not begin or not stop or not append:
        return None
    return Streams(begin[0].free, stop[0].calls, append[0])


def _shared_budgets(model: Mapping[str, Any], call: Operation, factor: float) -> list[SharedBudget]:
    return [
        SharedBudget(max(1, math.floor(one["calls"] * factor)), one["seconds"], one["headroom"])
        for one in model["budgets"].get(call, ())
    ]
