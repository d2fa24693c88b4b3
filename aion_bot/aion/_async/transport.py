"""Sends requests over httpx, with retries and the circuit breaker."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import httpx

from aion_bot.aion._async.last_look import look_before_writing
from aion_bot.aion.certificates import ssl_context
from aion_bot.aion.circuit_breaker import CircuitBreaker
from aion_bot.aion.errors import AionvisionError, RateLimitError, UploadError
from aion_bot.aion.events import ChatToken, StreamReader
from aion_bot.aion.pacing import Pace
from aion_bot.aion.requests import Request, RequestObserver, Upload
from aion_bot.aion.responses import PAGE, error_for, error_without_response
from aion_bot.aion.retry import RetryPolicy, is_of_rate, waits_for_rate
from aion_bot.aion.settings import ClientSettings
from aion_bot.environment.addresses import is_loopback

T = TypeVar("T")

logger = logging.getLogger(__name__)

UNLIMITED = httpx.Limits(max_connections=None, max_keepalive_connections=20)
"""httpx allows 100 connections by default; each streaming answer keeps one for minutes."""

EVENT_STREAM = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
"""Headers that ask for a stream of events."""

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
        self.observer: RequestObserver | None = None
        self.server_date: str | None = None
        """The `Date` header of the newest good answer."""
        self._connected: Callable[[], None] | None = None
        self._http = self._client(settings, base_url=settings.base_url, headers=settings.headers)
        self.on_loopback = is_loopback(self._http.base_url.host)
        """Whether Aion is on this machine, as a simulated one is."""
        # For presigned addresses: the API key is among the headers of the other one. Neither follows a redirect.
        self._storage = self._client(settings)
        # async-only: begin
        self.malformed_events = 0
        """Events of all streams that were skipped because they could not be read."""
        self.pace: Pace | None = None
        """None: every request is sent at once."""
        # async-only: end

    def _client(self, settings: ClientSettings, **more: Any) -> httpx.AsyncClient:
        # Of the environment's proxy variables, one could divert requests to a loopback host.
        how = httpx.AsyncHTTPTransport(
            verify=ssl_context(), trust_env=False, limits=UNLIMITED, proxy=settings.proxy_url
        )
        look_before_writing(how, self._look)
        return httpx.AsyncClient(timeout=settings.timeout, transport=how, trust_env=False, **more)

    def _look(self) -> None:
        if self._connected is not None:
            self._connected()

    def announce(
        self, before: Sequence[Callable[[], None]], connected: Callable[[], None] | None = None
    ) -> None:
        """Call each of `before` before an attempt of a request, in its task, and `connected` right before its bytes are sent.

        The process may have been paused meanwhile. Both may raise `httpx.ConnectError`, where the request must not go.
        """
        self._connected = connected

        async def announced(_: httpx.Request) -> None:
            for one in before:
                one()

        for client in (self._http, self._storage):
            client.event_hooks = {"request": [announced]}

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()
        await self._storage.aclose()

    def use_key(self, settings: ClientSettings) -> None:
        """Send every further attempt with the key of these settings; what was sent goes on with its own."""
        self._api_key = settings.api_key.get_secret_value()
        self._http.headers.update(settings.headers)
        # async-only: begin
        if self.pace is not None:
            self.pace.forget()
        # async-only: end

    async def send(self, request: Request[T]) -> T:
        """Send a request, again where its rule allows, and return what its response says.

        What reading the bytes of an upload raises is raised as it is, and says nothing about the server.
        """
        try:
            return request.parse(await self._with_retries(request))
        except _WrongSize as error:
            stage, filename = request.resource
            raise UploadError(str(error), filename=filename, stage=stage) from None

    # async-only: begin
    async def stream(self, request: Request[Any]) -> AsyncGenerator[ChatToken, None]:
        """Send a question, again only while it was refused, and yield the tokens of its answer.

        Closing the generator, or cancelling its task, closes the connection. Raises `SSEStreamError` for a stream
        that breaks off, and `AionvisionTimeoutError` for one that is silent for longer than the timeout.
        """
        response = await self._with_retries(request, stream=True)
        reader = StreamReader(logger.warning)
        # Without compression the raw bytes are the body, and httpx need not pass each of them through a decoder.
        chunks = response.aiter_bytes() if "content-encoding" in response.headers else response.aiter_raw()
        try:
            async for chunk in chunks:
                for token in reader.feed(chunk):
                    yield token
                # httpx can use the connection again only if this response is read to its end.
                if reader.closed:
                    await _drain(chunks)
                    return
        except httpx.HTTPError as failure:
            # After the whole answer a broken connection costs nothing.
            reader.check_cut(error_without_response(failure))
            logger.debug("connection broke after the whole answer: %s", type(failure).__name__)
        else:
            reader.check_end()
        finally:
            # Reached too when the consumer leaves early, by GeneratorExit, or its task is cancelled.
            self.malformed_events += reader.malformed
            await response.aclose()

    # async-only: end

    async def _with_retries(self, request: Request[Any], *, stream: bool = False) -> httpx.Response:
        """Send a request until it succeeds or its error stands. A stream's response is returned with its headers."""
        attempts = 0
        # async-only: begin
        refusals = 0
        # async-only: end
        # The breaker counts a request once, after its last retry.
        with self._breaker.guard(request.group):
            while True:
                try:
                    response = await self._attempt(request, stream=stream)
                except AionvisionError as error:
                    if self.observer is not None:
                        self.observer(request.group, error)
                    # async-only: begin
                    if self.pace is not None and waits_for_rate(error, request.retry_rule, refusals):
                        refusals += 1
                        continue  # the pace is closed for as long as the server said, and shows that it waits
                    # async-only: end
                    attempts += 1
                    # Raises the error where it stands.
                    pause = self._policy.pause_after(error, request.retry_rule, attempts)
                    logger.info(
                        "retrying request: %s %s in %.1f s after %r",
                        request.method,
                        request.group,
                        pause,
                        error,
                    )
                else:
                    if self.observer is not None:
                        self.observer(request.group, None)
                    return response
                await asyncio.sleep(pause)

    async def _attempt(self, request: Request[Any], *, stream: bool) -> httpx.Response:
        # async-only: begin
        # Storage behind a presigned address has no part in the key's limit.
        if self.pace is not None and not (request.upload and request.upload.address):
            passage = self.pace.begin() or await self.pace.wait()
            try:
                response = await self._send_once(request, stream=stream)
            except RateLimitError as error:
                if is_of_rate(error):
                    passage.refused(error.retry_after, error.limit)
                else:
                    passage.unanswered()
                raise
            except BaseException:  # a cancelled one too
                passage.unanswered()
                raise
            passage.answered(response.headers)
            return response
        # async-only: end
        return await self._send_once(request, stream=stream)

    async def _send_once(self, request: Request[Any], *, stream: bool) -> httpx.Response:
        upload, headers = request.upload, EVENT_STREAM if stream else None
        api_key = self._api_key  # another one may take its place before the answer comes
        client, path = self._http, request.path
        if upload is not None:
            headers = upload.all_headers
            client, path = (self._storage, upload.address) if upload.address else (client, path)
        try:
            outgoing = client.build_request(
                request.method,
                path,
                # None leaves the query of a presigned address as it is: it is signed.
                params=request.query or None,
                json=request.body,
                content=None if upload is None else _sent(upload),
                headers=headers,
            )
            response = await client.send(outgoing, stream=stream)
            is_page = PAGE in response.headers.get("content-type", "") and client is not self._storage
            if response.is_success and not is_page:
                self.server_date = response.headers.get("date")
                return response
            # The body of a stream's error is still to come.
            await response.aread()
        except httpx.HTTPError as failure:
            # The error's own request would carry a presigned address into a traceback's context.
            raise error_without_response(failure) from (failure if upload is None else None)
        except httpx.InvalidURL:
            raise UploadError("Aion named no address for the document", stage="storage") from None
        raise error_for(response, request.resource, api_key)


class _WrongSize(Exception):
    """A file yielded fewer or more bytes than it was said to have."""


async def _sent(upload: Upload) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of an upload as they are sent. Raises `_WrongSize`."""
    left = upload.size
    if upload.before:
        yield upload.before
    async for chunk in upload.chunks:
        left -= len(chunk)
        if left < 0:
            break
        yield chunk
    if left:
        # The server would wait for the rest, or take the beginning of the file for all of it.
        raise _WrongSize(f"The file has {'more' if left < 0 else 'fewer'} than {upload.size:,} bytes")
    if upload.after:
        yield upload.after


# async-only: begin
async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read what follows the server's `close`, so that the connection can be used again, for `DRAIN_TIMEOUT` at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_TIMEOUT):
            async for _ in chunks:
                pass


# async-only: end
