"""Telling one person something, for as long as the platform only asks for patience."""

import asyncio
import time
from collections.abc import Iterator

import structlog

from aion_bot.delivery.registry import Desk
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited
from aion_bot.ports.events import Inbound
from aion_bot.ports.messages import Line
from aion_bot.ports.rate_limits import Call
from aion_bot.ratelimit.limiter import Gate
from aion_bot.ratelimit.scheduler import Priority

_log = structlog.get_logger(__name__)

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between the attempts while the platform is down. It may have told and not said so: a sentence that comes
twice is a smaller evil than none."""

_SHORTEST = 0.1
"""Seconds of a pause at least, whatever the platform names."""

_TOO_LATE = 600.0
"""Seconds after which nobody waits for the sentence any more; Discord takes it for fifteen minutes."""


async def tell(desk: Desk, adapter: PlatformAdapter, inbound: Inbound, line: Line) -> None:
    """Tell the person behind `inbound` alone; what cannot be told, or is cancelled before, is a line in the log."""
    pauses, began = iter(_PAUSES), time.monotonic()
    try:
        while (pause := await _try(desk.gate(adapter), adapter, inbound, line, pauses)) is not None:
            if time.monotonic() + pause > began + _TOO_LATE:
                _log.warning("nobody could be told in time", platform=adapter.platform)
                return
            await asyncio.sleep(pause)
    except asyncio.CancelledError:
        _log.warning("somebody was not told any more", platform=adapter.platform)
        raise


async def _try(
    gate: Gate, adapter: PlatformAdapter, inbound: Inbound, line: Line, pauses: Iterator[float]
) -> float | None:
    """Make one attempt; returns the seconds until the next one, or None where there is none."""
    try:
        async with gate.turn(Call.WHISPER, inbound.thread, Priority.FINAL):
            await adapter.whisper(inbound, line)
    except RateLimited as error:
        return max(error.retry_after, _SHORTEST)
    except PlatformDown as error:
        pause = next(pauses, None)
        if pause is None:
            _log.warning("nobody could be told", platform=adapter.platform, reason=repr(error))
        return pause
    except PlatformError as error:
        _log.warning("nobody could be told", platform=adapter.platform, reason=repr(error))
    return None
