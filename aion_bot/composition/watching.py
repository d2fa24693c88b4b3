"""Watches the event loop, and serves health, metrics and what platforms send where the operator has named an address."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aion_bot.environment.addresses import ListenAddress
from aion_bot.ports.http_requests import ReceivesRequests
from aion_bot.runtime.watchdog import Watchdog

if TYPE_CHECKING:  # loaded only where an address is named
    from aion_bot.monitoring.monitor import Monitor


@asynccontextmanager
async def watched(
    address: ListenAddress | None,
    platforms: Sequence[str],
    receivers: Sequence[tuple[str, ReceivesRequests]],
    stop: asyncio.Event,
    *,
    hosted: bool = False,
) -> AsyncIterator["Monitor | None"]:
    """Watch while this lasts; yields None where no address is named. `hosted`: see `Readiness`.

    Raises:
        CannotListen: that address cannot be used.
    """
    if address is None:
        watchdog, monitor, server = Watchdog(), None, None
    else:
        # Not loaded without an address.
        from aion_bot.monitoring.monitor import Monitor
        from aion_bot.monitoring.server import MonitoringServer

        monitor = Monitor(platforms, None, stop, hosted=hosted)
        server = MonitoringServer(address, monitor, receivers)
        watchdog = Watchdog(monitor.metrics.observe_lag)
    watchdog.start()
    try:
        if server is not None:
            await server.start()
        yield monitor
    finally:
        if server is not None:
            await server.stop()
        watchdog.stop()
