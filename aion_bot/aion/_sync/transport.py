# Generated from aion_bot/aion/_async/transport.py by scripts/unasync.py. Do not edit: run `make sync-client`.
"""Sends requests over httpx, with retries and the circuit breaker."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import httpx

from aion_bot.aion._sync.last_look import look_before_writing
from aion_bot.aion.certificates import ssl_context
from aion_bot.aion.circuit_breaker import CircuitBreaker
from aion_bot.aion.errors import AionvisionError, UploadError
from aion_bot.aion.requests import Request, RequestObserver, Upload
from aion_bot.aion.responses import PAGE, error_for, error_without_response
from aion_bot.aion.retry import RetryPolicy
from aion_bot.aion.settings import ClientSettings
from aion_bot.environment.addresses import is_loopback

T = TypeVar("T")

logger = logging.getLogger(__name__)

UNLIMITED = httpx.Limits(max_connections=None, max_keepalive_connections=20)
"""httpx allows 100 connections by default; each streaming answer keeps one for minutes."""

EVENT_STREAM = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
"""Headers that ask for a stream of events."""


class SyncTransport:
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

    def _client(self, settings: ClientSettings, **more: Any) -> httpx.Client:
        # Of the environment's proxy variables, one could divert requests to a loopback host.
        how = httpx.HTTPTransport(
            verify=ssl_context(), trust_env=False, limits=UNLIMITED, proxy=settings.proxy_url
        )
        look_before_writing(how, self._look)
        return httpx.Client(timeout=settings.timeout, transport=how, trust_env=False, **more)

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

        def announced(_: httpx.Request) -> None:
            for one in before:
                one()

        for client in (self._http, self._storage):
            client.event_hooks = {"request": [announced]}

    def close(self) -> None:
        """Close every connection."""
        self._http.close()
        self._storage.close()

    def use_key(self, settings: ClientSettings) -> None:
        """Send every further attempt with the key of these settings; what was sent goes on with its own."""
        self._api_key = settings.api_key.get_secret_value()
        self._http.headers.update(settings.headers)

    def send(self, request: Request[T]) -> T:
        """Send a request, again where its rule allows, and return what its response says.

        What reading the bytes of an upload raises is raised as it is, and says nothing about the server.
        """
        try:
            return request.parse(self._with_retries(request))
        except _WrongSize as error:
            stage, filename = request.resource
            raise UploadError(str(error), filename=filename, stage=stage) from None

    def _with_retries(self, request: Request[Any], *, stream: bool = False) -> httpx.Response:
        """Send a request until it succeeds or its error stands. A stream's response is returned with its headers."""
        attempts = 0
        # The breaker counts a request once, after its last retry.
        with self._breaker.guard(request.group):
            while True:
                try:
                    response = self._attempt(request, stream=stream)
                except AionvisionError as error:
                    if self.observer is not None:
                        self.observer(request.group, error)
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
                time.sleep(pause)

    def _attempt(self, request: Request[Any], *, stream: bool) -> httpx.Response:
        return self._send_once(request, stream=stream)

    def _send_once(self, request: Request[Any], *, stream: bool) -> httpx.Response:
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
            response = client.send(outgoing, stream=stream)
            is_page = PAGE in response.headers.get("content-type", "") and client is not self._storage
            if response.is_success and not is_page:
                self.server_date = response.headers.get("date")
                return response
            # The body of a stream's error is still to come.
            response.read()
        except httpx.HTTPError as failure:
            # The error's own request would carry a presigned address into a traceback's context.
            raise error_without_response(failure) from (failure if upload is None else None)
        except httpx.InvalidURL:
            raise UploadError("Aion named no address for the document", stage="storage") from None
        raise error_for(response, request.resource, api_key)


class _WrongSize(Exception):
    """A file yielded fewer or more bytes than it was said to have."""


def _sent(upload: Upload) -> Iterator[bytes]:
    """Yield the bytes of an upload as they are sent. Raises `_WrongSize`."""
    left = upload.size
    if upload.before:
        yield upload.before
    for chunk in upload.chunks:
        left -= len(chunk)
        if left < 0:
            break
        yield chunk
    if left:
        # The server would wait for the rest, or take the beginning of the file for all of it.
        raise _WrongSize(f"The file has {'more' if left < 0 else 'fewer'} than {upload.size:,} bytes")
    if upload.after:
        yield upload.after
