"""The sign that the bot is typing, which Discord shows for ten seconds or until the bot posts."""

import asyncio
import logging

from adapters.discord.client import Rest
from aion_bot.ports.errors import PlatformError

_log = logging.getLogger(__name__)


class Activity:
    """Signs on their way. Nobody waits for one, and at most one is on its way to a channel."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._sending: dict[int, asyncio.Task[None]] = {}

    def show(self, channel: int) -> None:
        """Send the sign."""
        if channel not in self._sending:
            self._sending[channel] = asyncio.create_task(self._show(channel))

    async def close(self) -> None:
        """Give up the signs that are on their way."""
        sending = list(self._sending.values())
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)

    async def _show(self, channel: int) -> None:
        try:
            await self._rest.show_typing(channel)
        except PlatformError as error:
            _log.debug("no sign of typing: %s", error)
        finally:
            del self._sending[channel]
