"""The typing indicator: shown without holding up an answer."""

import asyncio
import logging

from adapters.discord.client import RestClient
from aion_bot.ports.errors import PlatformError

TYPING_WAIT = 0.3
"""Seconds for which showing the typing indicator waits for Discord's answer."""

_log = logging.getLogger(__name__)


class TypingIndicators:
    """The requests for it that are under way, at most one for a channel.

    One that takes longer than `TYPING_WAIT` goes on by itself: Discord shows the indicator when it arrives, and an
    answer is not held up. The observer gets its report after the operation has ended.
    """

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._requests: dict[int, asyncio.Task[bool]] = {}

    async def show(self, channel: int) -> bool:
        """Show the indicator in a channel; False where Discord is known to have refused it."""
        if channel in self._requests:
            return True
        request = self._requests[channel] = asyncio.create_task(self._request(channel))
        # `wait`, not `wait_for`: the request goes on after the timeout.
        await asyncio.wait({request}, timeout=TYPING_WAIT)
        return not request.done() or request.result()

    async def close(self) -> None:
        """Cancel the requests that are under way."""
        requests = list(self._requests.values())
        for request in requests:
            request.cancel()
        await asyncio.gather(*requests, return_exceptions=True)

    async def _request(self, channel: int) -> bool:
        """Show the indicator; False where Discord refused it."""
        try:
            async with self._rest.call() as client:
                # Not `channel.typing()`, which repeats the request every five seconds and hides its failures.
                await client.http.send_typing(channel)
        except PlatformError as error:
            # An answer needs no indicator.
            _log.debug("typing indicator not shown", extra={"reason": str(error)})
            return False
        else:
            return True
        finally:
            # Also when cancelled, or the channel would never show the indicator again.
            del self._requests[channel]
