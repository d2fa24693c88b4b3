"""The one observer behind metrics and readiness."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aion_bot.aion import AionvisionError
from aion_bot.domain.observer import Observer
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.monitoring.metrics import Metrics
from aion_bot.monitoring.readiness import Readiness
from aion_bot.ports.rate_limits import RequestObserver
from aion_bot.storage.engines import Lease


class Monitor(Observer):
    """Hands what happens to the metrics and to the readiness of `platforms`; the arguments are `Readiness`'s."""

    def __init__(
        self, platforms: Sequence[str], write: Callable[[], Awaitable[None]] | None, stop: asyncio.Event,
        *, hosted: bool = False,
    ) -> None:  # fmt: skip
        self.readiness = Readiness(platforms, write, stop, hosted=hosted)
        self.metrics = Metrics(platforms, self.readiness.connected)

    def begin(self, lease: Lease | None, write: Callable[[], Awaitable[None]]) -> None:
        """Note that this replica serves, by its `lease` if there are several."""
        self.readiness.write = write
        if lease is not None:
            self.metrics.measure_lease(lease)

    aion_sending = None
    """Only spans need to know when a request to Aion is sent."""

    def heard(self, platform: str) -> None:
        """Note that a connection is alive."""
        self.readiness.heard(platform)

    def lost(self, platform: str) -> None:
        """Note that a connection is gone."""
        self.readiness.lost(platform)

    def second_process(self, platform: str) -> None:
        """Note that another process uses the platform's token."""
        self.readiness.second_process(platform)

    def accepted(self, turn: Turn) -> None:
        """Remember when a turn began."""
        self.metrics.accepted(turn)

    def resumed(self, turn: Turn, waited: float, *, signed: bool, worded: bool) -> None:
        """Remember when a turn of an earlier process began."""
        self.metrics.resumed(turn, waited, signed=signed, worded=worded)

    def received(self, turn: Turn, part: int, length: int) -> None:
        """Note when text arrived."""
        self.metrics.received(turn, part, length)

    def showed(self, turn: Turn, *, text: bool = False, until: float = 0.0, behind: int = 0) -> None:
        """Measure how long the first sign, the first words, and each character took."""
        self.metrics.showed(turn, text=text, until=until, behind=behind)

    def end_shown(self, turn: Turn, lag: float) -> None:
        """Measure how late an end is shown."""
        self.metrics.end_shown(turn, lag)

    def ended(self, turn: Turn, reason: EndReason, *, timed: bool = True) -> None:
        """Count how a turn ended, and how long it took."""
        self.metrics.ended(turn, reason, timed=timed)

    def plan_decided(self, platform: str, action: str, outcome: str) -> None:
        """Count what came of a plan action."""
        self.metrics.plan_decided(platform, action, outcome)

    def requests_of(self, platform: str) -> RequestObserver:
        """Return what counts the requests to a platform."""
        return self.metrics.requests_of(platform)

    def aion_answered(self, operation: str, error: AionvisionError | None) -> None:
        """Count a request to Aion, and note whether it refused the key."""
        self.metrics.aion_answered(operation, error)
        self.readiness.aion_answered(error)
