"""The tables of a run, in Markdown. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from aion_bot.simulators.discord.rates import DiscordLimits
from aion_bot.simulators.slack.rates import DOCUMENTED, SlackLimits
from benchmarks.relay import targets
from benchmarks.relay.load_bounds import Bounds
from benchmarks.relay.loads import RATE, Limiting, Load

_HEAD = (
    "who", "where", "load", "complete", "429", "stale, asker", "bystanders", "bound", "ratio", "hindsight", "final lag", "worst",
    "permitted", "first indicator", "calls",
)  # fmt: skip
_METHODS = ("chat.postMessage", "chat.update", "chat.startStream", "chat.appendStream", "chat.stopStream")
_SHORT = {
    "chat.postMessage": "post", "chat.update": "edit", "chat.startStream": "start", "chat.appendStream": "append",
    "chat.stopStream": "stop", "POST /channels/{channel_id}/messages": "post",
    "PATCH /channels/{channel_id}/messages/{message_id}": "edit", "agents.sessions.setStatus": "status",
    "reactions.add": "react", "reactions.remove": "unreact", "POST /channels/{channel_id}/typing": "typing",
}  # fmt: skip


def limits() -> str:
    """Describe the limits of the simulators where they are those documented."""
    slack, discord = SlackLimits(), DiscordLimits()
    methods = ", ".join(f"{method} {DOCUMENTED[method]}" for method in _METHODS)
    rates = [
        (each.name, getattr(discord, each.name)) for each in fields(discord) if each.name != "edits_apart"
    ]
    buckets = ", ".join(f"{name} {rate.calls} in {rate.seconds:g} s" for name, rate in rates)
    return (
        f"Limits of the simulators. Slack, calls in any {slack.window:g} s by method in the workspace: {methods}; "
        f"{slack.posts_a_second:g} post a second and channel, bursts of {slack.burst}. "
        f"Discord, windows from the first call on: {buckets}. "
        f"Tokens: {RATE:g} a second, of four characters. Times in seconds; *bound*, *ratio*: asker / bystanders; "
        "*hindsight*: the asker's at best, if the lengths were known; *permitted*: final lag at best, median / worst; *first indicator*: worst; *calls*: refused ones included."
    )


def tables(results: Sequence[tuple[Mapping[str, Any], Bounds | None]]) -> Iterator[str]:
    """Yield a table for each model of the limits."""
    for limiting in Limiting:
        rows = [_row(found, bounds) for found, bounds in results if found["load"]["limits"] == limiting]
        if rows:
            yield f"\n### Limits: {limiting}\n"
            yield from _table(_HEAD, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _row(found: Mapping[str, Any], bounds: Bounds | None) -> Sequence[str]:
    load, stale, lag = Load.from_json(found["load"]), found["staleness"], found["lag"]
    return (
        load.relayer,
        load.place,
        load.name + _cards(found),
        f"{targets.standing(found)}/{found['answers']}",
        _refusals(found),
        _number(stale["asker"]),
        _number(stale["bystanders"]),
        f"{bounds.asker:.2f} / {bounds.bystanders:.2f}" if bounds else "",
        _ratios(stale, bounds),
        f"{bounds.hindsight:.2f}" if bounds else "",
        _number(lag["median"]),
        _number(lag["worst"]),
        f"{bounds.lag:.1f} / {bounds.worst_lag:.1f}" if bounds else "",
        _number(found["indicator"]["worst"]),
        _calls(found),
    )


def _cards(found: Mapping[str, Any]) -> str:
    return f" (card after {max(found['cards']):.2f})" if found["cards"] else ""


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _ratios(stale: Mapping[str, float | None], bounds: Bounds | None) -> str:
    if bounds is None:
        return ""
    both = (
        targets.ratio(stale["asker"], bounds.asker),
        targets.ratio(stale["bystanders"], bounds.bystanders),
    )
    return " / ".join(map(_number, both))


def _refusals(found: Mapping[str, Any]) -> str:
    total = sum(found["refusals"].values())
    return f"{total} (at most {found['refused_a_minute']} a scope and minute)" if total else "0"


def _calls(found: Mapping[str, Any]) -> str:
    made = [f"{_SHORT[name]} {times}" for name, times in found["calls"].items() if name in _SHORT]
    return ", ".join(sorted(made))


def minutes(found: Mapping[str, Any]) -> str:
    """Describe how many requests were taken in each minute of a long load."""
    counted = ", ".join(
        f"{_SHORT[name]} {' '.join(map(str, times))}"
        for name, times in found["by_minute"].items()
        if name in _SHORT
    )
    return f"Calls taken by minute ({found['load']['name']}, limits {found['load']['limits']}): {counted}"
