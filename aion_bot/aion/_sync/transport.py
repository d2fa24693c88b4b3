# Generated from aion_bot/aion/_async/transport.py by scripts/unasync.py. Do not edit: run `make sync-client`.
"""Sends requests over httpx, with retries and the circuit breaker."""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from aion_bot.aion.circuit_breaker import CircuitBreaker
from aion_bot.aion.errors import AionvisionError
from aion_bot.aion.http_options import client_options, request_options
from aion_bot.aion.requests import Request
from aion_bot.aion.responses import Response, check_response, error_without_response
from aion_bot.aion.retry import RetryPolicy
from aion_bot.aion.settings import ClientSettings

T = TypeVar("T")

logger = logging.getLogger(__name__)


class SyncTransport:
    """The connections of one client. Raises the errors of `errors`."""

    def __init__(self, settings: ClientSettings) -> None:
        self._api_key = settings.api_key.get_secret_value()
        self._policy = RetryPolicy(settings.max_retries, settings.retry_delay)
        self._breaker = CircuitBreaker()
        self._http = httpx.Client(**client_options(settings))

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def send(self, request: Request[T]) -> T:
        """Send a request, again where its rule allows, and return what its response says."""
        return request.parse(self._with_retries(request, self._send_once))

    def _with_retries(self, request: Request[Any], attempt: Callable[[Request[Any]], T]) -> T:
        attempts = 0
        # The breaker counts a request once, after its last retry.
        with self._breaker.guard(request.group):
            while True:
                try:
                    return attempt(request)
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
                time.sleep(pause)

    def _send_once(self, request: Request[Any]) -> Response:
        try:
            response = self._http.request(**request_options(request))
        except httpx.HTTPError as failure:
            raise error_without_response(failure) from failure
        return check_response(response, request.resource, self._api_key)
