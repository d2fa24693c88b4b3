"""The typing indicator, which Discord shows for ten seconds or until the bot posts."""

import asyncio
import logging

from adapters.discord.client import RestClient
from aion_bot.ports.errors import PlatformError

LONGEST_WAIT = 0.3
"""Seconds for which showing the indicator waits for Discord's answer."""

_log = logging.getLogger(__name__)


class TypingIndicator:
    """Shows that the bot is typing; at most one request for a channel is under way."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._requests: dict[int, asyncio.Task[None]] = {}

    async def show(self, channel: int) -> None:
        """Show the indicator; raises nothing, because nobody misses it.

        A request that takes longer than `LONGEST_WAIT` goes on by itself: Discord shows the indicator when it
        arrives, and an answer is not held up. It is reported to the observer like any other, only later than the
        operation that it belongs to.
        """
        if channel not in self._requests:
            request = self._requests[channel] = asyncio.create_task(self._request(channel))
            # `wait`, not `wait_for`: the request goes on after the timeout.
            await asyncio.wait({request}, timeout=LONGEST_WAIT)

    async def close(self) -> None:
        """Cancel the requests that are under way."""
        requests = list(self._requests.values())
        for request in requests:
            request.cancel()
        await asyncio.gather(*requests, return_exceptions=True)

    async def _request(self, channel: int) -> None:
        try:
            await self._rest.show_typing(channel)
        except PlatformError as error:
            _log.debug("typing indicator not shown: %s", error)
        finally:
            # Also when cancelled, or the channel would never show the indicator again.
            del self._requests[channel]
