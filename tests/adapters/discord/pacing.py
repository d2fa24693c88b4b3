"""Session starts a tenth of a second apart, counted from when they are sent."""

import time
from collections import deque

import pytest

from adapters.discord import session_starts, shards, shared_starts
from adapters.discord.session_starts import Turn
from aion_bot.ports.backoff import Backoff
from aion_bot.simulators.discord.shards import Starts

SPACE = 0.1
"""Seconds between two sessions in these tests, in place of Discord's five."""


def begin_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sessions begin sooner after each other, and the simulated Discord count from when each was sent.

    How long a frame is on its way does not count then, which on a busy machine may be longer than any margin.
    """
    sent, begin = deque[float](), Turn.begin

    async def noted(turn: Turn) -> bool:
        moment = time.monotonic()  # before `begin`, which counts from now on until the next one may follow
        began = await begin(turn)
        if began:
            sent.append(moment)
        return began

    def moment_of(_: Starts) -> float:
        return sent.popleft() if sent else time.monotonic()  # a connection without a shard takes no turn

    monkeypatch.setattr(Turn, "begin", noted)
    monkeypatch.setattr(Starts, "clock", moment_of)
    for module in session_starts, shared_starts:
        monkeypatch.setattr(module, "EVERY", SPACE)
        monkeypatch.setattr(module, "MARGIN", 0.0)
    monkeypatch.setattr(shared_starts, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(shards, "RESTART_DELAYS", Backoff(0.01, factor=1.0))
