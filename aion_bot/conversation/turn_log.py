"""One line in the log about a turn that was slow or failed, with how long each part of it took."""

import sqlite3
import time
from collections.abc import Iterable

import structlog

from aion_bot.domain.turn import EndReason, Turn, TurnPhase
from aion_bot.ports.failures import reference
from aion_bot.storage.timeline import FIRST_MESSAGE, FIRST_SIGN, FIRST_TEXT, Timeline

_log = structlog.get_logger(__name__)

SLOW = 30.0
"""Seconds from the question to the shown end from which on a turn is slow; one that brought a plan waits for people."""

AS_WANTED = frozenset({
    EndReason.ANSWERED, EndReason.INCOMPLETE, EndReason.HELD, EndReason.STOPPED, EndReason.WITHDRAWN,
})  # fmt: skip
"""Ends that are no failure."""

_PARTS = (
    ("first_sign", {"accepted", TurnPhase.QUEUED}, {FIRST_SIGN}),
    ("first_text", {"accepted", TurnPhase.QUEUED}, {FIRST_TEXT}),
    ("queue", {"accepted", TurnPhase.QUEUED}, {TurnPhase.ASKING}),
    ("aion", {TurnPhase.ASKING}, {TurnPhase.STREAMING}),
    ("first_message", {TurnPhase.STREAMING}, {FIRST_MESSAGE}),
    ("answer", {FIRST_MESSAGE}, {TurnPhase.ENDED, TurnPhase.SHOWN}),
    ("deliver", {TurnPhase.ENDED}, {TurnPhase.SHOWN}),
    ("total", {"accepted", TurnPhase.QUEUED}, {TurnPhase.SHOWN}),
)
"""Names of durations, each from the first event of one kind to the first one of another."""


def is_slow(turn: Turn, began: float) -> bool:
    """Tell whether a turn that began to run at `began` (`time.monotonic`) and ends now took `SLOW`, its wait included."""
    waited = 0.0
    if turn.origin is not None and turn.origin.written_at and not turn.attempt:
        waited = time.time() - turn.origin.written_at
    return max(waited, time.monotonic() - began) >= SLOW


async def log_turn(timeline: Timeline, turn: Turn, reason: EndReason) -> None:
    """Log how long the parts of an attempt took."""
    try:
        moments = await timeline.of_turn(turn.key, turn.attempt)
    except sqlite3.Error:
        moments = []  # the line is worth more than its durations
    event = _log.info if reason in AS_WANTED else _log.warning
    platform = turn.thread.platform
    fields = durations(moments)
    event("turn slow or failed", ref=reference(turn.key), platform=platform, outcome=str(reason), **fields)


def durations(moments: Iterable[tuple[float, str]]) -> dict[str, float]:
    """Return the seconds of each part that has a beginning and an end; `moments` are times and events in their order."""
    first: dict[str, float] = {}
    for at, event in moments:
        first.setdefault(event, at)
    found = {}
    for name, begins, ends in _PARTS:
        began = [first[one] for one in begins if one in first]
        ended = [first[one] for one in ends if one in first]
        if began and ended and min(ended) >= min(began):
            found[name] = round(min(ended) - min(began), 3)
    return found
