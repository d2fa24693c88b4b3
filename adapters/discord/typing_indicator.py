"""Discord's typing indicator: one request at a time in a channel, and no answer waits long for it."""

import asyncio
import logging

from adapters.discord.client import RestClient
from aion_bot.ports.errors import PlatformError

TYPING_WAIT = 0.3
"""Seconds for which showing the typing indicator waits for Discord's answer."""

_log = logging.getLogger(__name__)


class Typing:
    """The requests that are under way, at most one for a channel."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._requests: dict[int, asyncio.Task[bool]] = {}

    async def show(self, channel: int) -> bool:
        """Show that the bot is typing; False where Discord is known to have refused it.

        A request that takes longer than `TYPING_WAIT` goes on by itself.
        """
        if channel in self._requests:
            return True
        request = self._requests[channel] = asyncio.create_task(self._send(channel))
        # `wait`, not `wait_for`: the request goes on after the timeout.
        await asyncio.wait({request}, timeout=TYPING_WAIT)
        return not request.done() or request.result()

    async def cancel(self) -> None:
        """Cancel what is under way."""
        for request in (requests := list(self._requests.values())):
            request.cancel()
        await asyncio.gather(*requests, return_exceptions=True)

    async def _send(self, channel: int) -> bool:
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
