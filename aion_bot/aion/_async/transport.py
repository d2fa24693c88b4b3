"""Sends requests over httpx, with retries and the circuit breaker."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import httpx

from aion_bot.aion.circuit_breaker import CircuitBreaker
from aion_bot.aion.errors import AionvisionError
from aion_bot.aion.events import ChatToken
from aion_bot.aion.http_options import client_options, request_options
from aion_bot.aion.requests import Request
from aion_bot.aion.responses import EVENT_STREAM, Response, check_response, error_without_response
from aion_bot.aion.retry import RetryPolicy
from aion_bot.aion.settings import ClientSettings
from aion_bot.aion.stream_reader import StreamReader

T = TypeVar("T")

logger = logging.getLogger(__name__)

# async-only: begin
DRAIN_TIMEOUT = 0.5
"""Seconds that a stream may take to end once the server has sent `close`."""
# async-only: end


class AsyncTransport:
    """The connections of one client. Raises the errors of `errors`."""

    def __init__(self, settings: ClientSettings) -> None:
        self._api_key = settings.api_key.get_secret_value()
        self._policy = RetryPolicy(settings.max_retries, settings.retry_delay)
        self._breaker = CircuitBreaker()
        self._http = httpx.AsyncClient(**client_options(settings))
        # async-only: begin
        self.malformed_events = 0
        """Events of all streams that were skipped because they could not be read."""
        # async-only: end

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def send(self, request: Request[T]) -> T:
        """Send a request, again where its rule allows, and return what its response says."""
        return request.parse(await self._with_retries(request, self._send_once))

    # async-only: begin
    async def stream(self, request: Request[None]) -> AsyncGenerator[ChatToken, None]:
        """Send a question, again only while it was refused, and yield the tokens of its answer.

        Closing the generator, or cancelling its task, closes the connection. Raises `SSEStreamError` for a stream
        that breaks off, and `AionvisionTimeoutError` for one that is silent for longer than the timeout.
        """
        response = await self._with_retries(request, self._open_stream)
        reader = StreamReader(logger.warning)
        # Without compression the raw bytes are the body, and httpx need not pass each of them through a decoder.
        chunks = response.aiter_bytes() if "content-encoding" in response.headers else response.aiter_raw()
        try:
            async for chunk in chunks:
                for token in reader.feed(chunk):
                    yield token
                if reader.closed:
                    await _drain(chunks)
                    return
        except httpx.HTTPError as failure:
            reader.check_cut(error_without_response(failure))
            logger.debug("connection broke after the whole answer: %s", type(failure).__name__)
        else:
            reader.check_end()
        finally:
            self.malformed_events += reader.malformed
            await response.aclose()

    # async-only: end

    async def _with_retries(
        self, request: Request[Any], attempt: Callable[[Request[Any]], Awaitable[T]]
    ) -> T:
        attempts = 0
        # The breaker counts a request once, after its last retry.
        with self._breaker.guard(request.group):
            while True:
                try:
                    return await attempt(request)
                except AionvisionError as error:
                    attempts += 1
                    pause = self._policy.pause_after(error, request.retry_rule, attempts)
                    logger.info(
                        "retrying request: %s %s in %.1f s after %r",
                        request.method,
                        request.group,
                        pause,
                        error,
                    )
                await asyncio.sleep(pause)

    async def _send_once(self, request: Request[Any]) -> Response:
        try:
            response = await self._http.request(**request_options(request))
        except httpx.HTTPError as failure:
            raise error_without_response(failure) from failure
        return check_response(response, request.resource, self._api_key)

    # async-only: begin
    async def _open_stream(self, request: Request[Any]) -> httpx.Response:
        """Send once and return the response when its headers have arrived."""
        outgoing = self._http.build_request(**request_options(request), headers=EVENT_STREAM)
        try:
            response = await self._http.send(outgoing, stream=True)
            if not response.is_success:
                await response.aread()
        except httpx.HTTPError as failure:
            raise error_without_response(failure) from failure
        if not response.is_success:
            check_response(response, request.resource, self._api_key)
        return response

    # async-only: end


# async-only: begin
async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read what follows the server's `close`, so that the connection can be used again, for `DRAIN_TIMEOUT` at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_TIMEOUT):
            async for _ in chunks:
                pass


# async-only: end
