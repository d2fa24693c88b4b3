"""Carries calls to Aion and answers back, over `httpx.AsyncClient`. It decides nothing: the pure rooms do."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import httpx

from aion_bot.aion.circuit_breaker import CircuitBreaker
from aion_bot.aion.errors import AionvisionError
from aion_bot.aion.events import ChatToken
from aion_bot.aion.http_options import accepted, options, request
from aion_bot.aion.requests import Call
from aion_bot.aion.responses import EVENT_STREAM, Answer, failure_for
from aion_bot.aion.retry import RetryPolicy
from aion_bot.aion.settings import ClientSettings
from aion_bot.aion.stream_reader import StreamReader

T = TypeVar("T")

logger = logging.getLogger(__name__)

LET_GO = 0.5
"""Seconds that a stream may take to end once the server has said `close`."""


class Carrier:
    """The connections of one client. Raises the errors of `errors`; cancellation closes what it interrupts at once.

    Attributes:
        malformed_events: How many events of all streams were skipped because they made no sense.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self.malformed_events = 0
        self._key = settings.api_key.get_secret_value()
        self._policy = RetryPolicy(settings.max_retries, settings.retry_delay)
        self._breaker = CircuitBreaker()
        self._http = httpx.AsyncClient(**options(settings))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def carry(self, call: Call[T]) -> T:
        """Send a call, again where that is safe, and return what its answer says."""
        return call.read(await self._repeated(call, self._exchange))

    async def stream(self, call: Call[None]) -> AsyncGenerator[ChatToken, None]:
        """Send a question, again only while it was refused, and yield the tokens of its answer.

        Closing the generator closes the connection. Raises `SSEStreamError` for a stream that breaks off, and
        `AionvisionTimeoutError` for one that falls silent.
        """
        response = await self._repeated(call, self._open)
        reader = StreamReader(logger.warning)
        # Without compression the bytes are those of the wire, and httpx need not look at each of them again.
        chunks = response.aiter_bytes() if "content-encoding" in response.headers else response.aiter_raw()
        try:
            async for chunk in chunks:
                for token in reader.feed(chunk):
                    yield token
                if reader.closed:
                    await _let_go(chunks)
                    return
        except httpx.HTTPError as failure:
            reader.check_cut(failure_for(failure))
            logger.debug("the connection broke after the whole answer (%s)", type(failure).__name__)
        else:
            reader.check_end()
        finally:
            self.malformed_events += reader.malformed
            await response.aclose()

    async def _repeated(self, call: Call[Any], attempt: Callable[[Call[Any]], Awaitable[T]]) -> T:
        tried = 0
        with self._breaker.guard(call.group):
            while True:
                try:
                    return await attempt(call)
                except AionvisionError as error:
                    tried += 1
                    pause = self._policy.pause_after(error, call.repeat, tried)
                    logger.info("%s %s: %r, once more in %.1f s", call.method, call.group, error, pause)
                await asyncio.sleep(pause)

    async def _exchange(self, call: Call[Any]) -> Answer:
        try:
            response = await self._http.request(**request(call))
        except httpx.HTTPError as failure:
            raise failure_for(failure) from failure
        return accepted(response, call, self._key)

    async def _open(self, call: Call[Any]) -> httpx.Response:
        """Send once and return the answer with its body still on the way."""
        asked = self._http.build_request(**request(call), headers=EVENT_STREAM)
        try:
            response = await self._http.send(asked, stream=True)
            if not response.is_success:
                await response.aread()
        except httpx.HTTPError as failure:
            raise failure_for(failure) from failure
        if not response.is_success:
            accepted(response, call, self._key)
        return response


async def _let_go(chunks: AsyncIterator[bytes]) -> None:
    """Read what follows the server's `close`, so that its connection can be used again; not for long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LET_GO):
            async for _ in chunks:
                pass
