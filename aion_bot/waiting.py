"""The sign on a person's message that it waits for its turn."""

import asyncio

import structlog

from aion_bot.port.adapter import PlatformAdapter
from aion_bot.port.errors import PlatformError, RateLimited
from aion_bot.records import Turn

_log = structlog.get_logger(__name__)

_AGAIN = (0.5, 2.0, 8.0, 30.0)
"""Seconds between the attempts to take a sign away: one that stays would lie."""


class WaitingSigns:
    """Shows and removes the signs. A sign is removed after it was shown, however long that took."""

    def __init__(self) -> None:
        self._showing: dict[str, asyncio.Event] = {}

    async def show(self, adapter: PlatformAdapter, turn: Turn) -> None:
        """Show that a question waits; one attempt, as it is a courtesy."""
        shown = self._showing[turn.key] = asyncio.Event()
        try:
            await _mark(adapter, turn, waiting=True)
        except PlatformError as error:
            _log.info("waiting could not be shown", platform=adapter.platform, reason=repr(error))
        finally:
            shown.set()
            del self._showing[turn.key]

    async def remove(self, adapter: PlatformAdapter, turn: Turn) -> None:
        """Show no more that a question waits, also if an earlier process had shown it."""
        if (showing := self._showing.get(turn.key)) is not None:
            await showing.wait()
        for pause in _AGAIN:
            try:
                return await _mark(adapter, turn, waiting=False)
            except RateLimited as error:
                await asyncio.sleep(max(pause, error.retry_after))
            except PlatformError as error:
                _log.info("waiting is still shown", platform=adapter.platform, reason=repr(error))
                await asyncio.sleep(pause)
        return None


async def _mark(adapter: PlatformAdapter, turn: Turn, *, waiting: bool) -> None:
    if turn.origin is not None and turn.origin.source is not None:
        await adapter.mark_waiting(turn.origin.source, waiting=waiting)
