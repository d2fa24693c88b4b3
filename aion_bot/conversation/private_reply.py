"""Telling one person something, for as long as the platform only asks for patience."""

import asyncio
import time
from collections.abc import Iterator

import structlog

from aion_bot.delivery.thread import Thread
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited
from aion_bot.ports.events import InboundEvent
from aion_bot.ports.messages import Line

_log = structlog.get_logger(__name__)

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between the attempts while the platform is down. It may have told and not said so: a sentence that comes
twice is a smaller evil than none."""

_SHORTEST = 0.1
"""Seconds of a pause at least, whatever the platform names."""

_TOO_LATE = 600.0
"""Seconds after which nobody waits for the sentence any more; Discord takes it for fifteen minutes."""


async def reply_privately(thread: Thread, event: InboundEvent, line: Line) -> None:
    """Tell the person behind `event` alone; what cannot be told, or is cancelled before, is a line in the log."""
    pauses, began = iter(_PAUSES), time.monotonic()
    try:
        while (pause := await _try(thread, event, line, pauses)) is not None:
            if time.monotonic() + pause > began + _TOO_LATE:
                _log.warning("nobody could be told in time", platform=thread.platform)
                return
            await asyncio.sleep(pause)
    except asyncio.CancelledError:
        _log.warning("somebody was not told any more", platform=thread.platform)
        raise


async def _try(thread: Thread, event: InboundEvent, line: Line, pauses: Iterator[float]) -> float | None:
    """Make one attempt; returns the seconds until the next one, or None where there is none."""
    try:
        await thread.reply_privately(event, line)
    except RateLimited as error:
        return max(error.retry_after, _SHORTEST)
    except PlatformDown as error:
        pause = next(pauses, None)
        if pause is None:
            _log.warning("nobody could be told", platform=thread.platform, reason=repr(error))
        return pause
    except PlatformError as error:
        _log.warning("nobody could be told", platform=thread.platform, reason=repr(error))
    return None
