"""The client without `async`: the same calls on `httpx.Client`, for scripts and web frameworks that block.

It shares every decision with the asynchronous client and has no event loop inside. Streams are the one thing it
leaves out.
"""

import logging
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, TypeVar

import httpx

from aion_bot.aion.circuit_breaker import CircuitBreaker
from aion_bot.aion.errors import AionvisionError
from aion_bot.aion.http_options import accepted, options, request
from aion_bot.aion.requests import Call
from aion_bot.aion.responses import Answer, failure_for
from aion_bot.aion.retry import RetryPolicy
from aion_bot.aion.settings import (
    DEFAULT_BASE_URL,
    DEFAULT_MAX_RETRIES,
    DEFAULT_RETRY_DELAY,
    DEFAULT_TIMEOUT,
    ClientSettings,
)
from aion_bot.aion.sync_chats import SyncChatResource, SyncChatSessionContext
from aion_bot.aion.types import ChatResponse

T = TypeVar("T")

logger = logging.getLogger(__name__)


class SyncCarrier:
    """The connections of one client. Raises the errors of `errors`."""

    def __init__(self, settings: ClientSettings) -> None:
        self._key = settings.api_key.get_secret_value()
        self._policy = RetryPolicy(settings.max_retries, settings.retry_delay)
        self._breaker = CircuitBreaker()
        self._http = httpx.Client(**options(settings))

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def carry(self, call: Call[T]) -> T:
        """Send a call, again where that is safe, and return what its answer says."""
        tried = 0
        with self._breaker.guard(call.group):
            while True:
                try:
                    return call.read(self._exchange(call))
                except AionvisionError as error:
                    tried += 1
                    pause = self._policy.pause_after(error, call.repeat, tried)
                    logger.info("%s %s: %r, once more in %.1f s", call.method, call.group, error, pause)
                time.sleep(pause)

    def _exchange(self, call: Call[Any]) -> Answer:
        try:
            response = self._http.request(**request(call))
        except httpx.HTTPError as failure:
            raise failure_for(failure) from failure
        return accepted(response, call, self._key)


class SyncAionVision:
    """Aion's chat, blocking; arguments, calls, errors and limits as in `AionVision`, but no `send_stream`.

    Use it as `with SyncAionVision(api_key=…) as client:`, or call `close` at the end. Threads may share one.
    """

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        retry_delay: float = DEFAULT_RETRY_DELAY,
        tenant_id: str | None = None,
        proxy_url: str | None = None,
    ) -> None:
        self._settings = ClientSettings.from_arguments(
            api_key=api_key,
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
            retry_delay=retry_delay,
            tenant_id=tenant_id,
            proxy_url=proxy_url,
        )
        self._carrier = SyncCarrier(self._settings)
        self.chats = SyncChatResource(self._carrier)

    @classmethod
    def from_env(cls, **overrides: Any) -> "SyncAionVision":
        """Make a client from `AIONVISION_API_KEY` and its siblings; overrides are the arguments of the class."""
        return cls.from_settings(ClientSettings.from_env(**overrides))

    @classmethod
    def from_settings(cls, settings: ClientSettings) -> "SyncAionVision":
        """Make a client from settings that are checked already."""
        return cls(
            settings.api_key.get_secret_value(),
            base_url=settings.base_url,
            timeout=settings.timeout,
            max_retries=settings.max_retries,
            retry_delay=settings.retry_delay,
            tenant_id=settings.tenant_id,
            proxy_url=settings.proxy_url,
        )

    def __repr__(self) -> str:
        return f"SyncAionVision(base_url={self._settings.base_url!r})"

    def __enter__(self) -> "SyncAionVision":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._carrier.close()

    def chat_session(
        self,
        *,
        title: str | None = None,
        image_ids: Sequence[str] | None = None,
        use_all_images: bool = True,
        auto_close: bool = True,
    ) -> SyncChatSessionContext:
        """Return a conversation for `with`; as `chats.session`."""
        return self.chats.session(
            title=title, image_ids=image_ids, use_all_images=use_all_images, auto_close=auto_close
        )

    def chat(self, message: str, *, session_id: str) -> ChatResponse:
        """Ask in a conversation and return the whole answer; as `chats.send`."""
        return self.chats.send(message, session_id=session_id)
