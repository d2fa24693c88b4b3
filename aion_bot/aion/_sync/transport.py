# Generated from aion_bot/aion/_async/transport.py by scripts/unasync.py. Do not edit: run `make sync-client`.
"""Sends requests over httpx, with retries and the circuit breaker."""

import logging
import time
from functools import cache
from ssl import SSLContext
from typing import Any, TypeVar

import httpx

from aion_bot.aion.circuit_breaker import CircuitBreaker
from aion_bot.aion.errors import AionvisionError
from aion_bot.aion.requests import Request, RequestObserver
from aion_bot.aion.responses import error_for, error_without_response
from aion_bot.aion.retry import RetryPolicy
from aion_bot.aion.settings import ClientSettings

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
        self._http = httpx.Client(
            base_url=settings.base_url,
            headers=settings.headers,
            timeout=settings.timeout,
            limits=UNLIMITED,
            proxy=settings.proxy_url,
            # Of the environment's proxy variables, one could divert requests to a loopback host.
            trust_env=False,
            verify=_ssl_context(),
        )

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def send(self, request: Request[T]) -> T:
        """Send a request, again where its rule allows, and return what its response says."""
        return request.parse(self._with_retries(request))

    def _with_retries(self, request: Request[Any], *, stream: bool = False) -> httpx.Response:
        """Send a request until it succeeds or its error stands. A stream's response is returned with its headers."""
        attempts = 0
        # The breaker counts a request once, after its last retry.
        with self._breaker.guard(request.group):
            while True:
                try:
                    response = self._send_once(request, stream=stream)
                except AionvisionError as error:
                    attempts += 1
                    if self.observer is not None:
                        self.observer(request.group, error)
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

    def _send_once(self, request: Request[Any], *, stream: bool) -> httpx.Response:
        outgoing = self._http.build_request(
            request.method,
            request.path,
            params=request.query,
            json=request.body,
            headers=EVENT_STREAM if stream else None,
        )
        try:
            response = self._http.send(outgoing, stream=stream)
            if response.is_success:
                return response
            # The body of a stream's error is still to come.
            response.read()
        except httpx.HTTPError as failure:
            raise error_without_response(failure) from failure
        raise error_for(response, request.resource, self._api_key)


@cache
def _ssl_context() -> SSLContext:
    """Return a context that trusts `SSL_CERT_FILE` or `SSL_CERT_DIR` where set, otherwise certifi's certificates."""
    # Loading them takes some ten milliseconds, so all clients of a process share the context.
    return httpx.create_ssl_context()
