# Generated from aion_bot/aion/_async/client.py by scripts/unasync.py. Do not edit: run `make sync-client`.
"""The client: settings, connections, and the chat API."""

import hashlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from aion_bot.aion._sync.chats import SyncChatResource
from aion_bot.aion._sync.library import (
    SyncAgentSearchResource,
    SyncDocumentsResource,
    SyncFilesResource,
    SyncTenantResource,
    SyncUploadsResource,
)
from aion_bot.aion._sync.session import SyncChatSessionContext
from aion_bot.aion._sync.transport import SyncTransport
from aion_bot.aion.requests import RequestObserver
from aion_bot.aion.settings import (
    DEFAULT_BASE_URL,
    DEFAULT_MAX_RETRIES,
    DEFAULT_RETRY_DELAY,
    DEFAULT_TIMEOUT,
    ClientSettings,
)
from aion_bot.aion.types import ChatResponse


class SyncAionVision:
    """The synchronous client for Aion's chat.

    Use it as `with SyncAionVision(api_key=…) as client:`, or call `close` at the end. One client serves any number
    of conversations at once. The arguments are those of `ClientSettings`; a wrong one raises ValueError.
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
        self._transport = SyncTransport(self._settings)
        self.chats = SyncChatResource(self._transport)
        self.uploads = SyncUploadsResource(self._transport)
        self.documents = SyncDocumentsResource(self._transport)
        self.agent_search = SyncAgentSearchResource(self._transport)
        self.files = SyncFilesResource(self._transport)
        self.tenant = SyncTenantResource(self._transport)

    @classmethod
    def from_env(cls, **overrides: Any) -> "SyncAionVision":
        """Make a client from `AIONVISION_API_KEY` and the other variables; overrides are the arguments of the class."""
        return cls.from_settings(ClientSettings.from_env(**overrides))

    @classmethod
    def from_settings(cls, settings: ClientSettings) -> "SyncAionVision":
        """Make a client from settings, such as those of a program that extends `ClientSettings`."""
        # One by one, because a class that extends `ClientSettings` has more fields than a client has arguments.
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
        self._transport.close()

    @property
    def server_date(self) -> str | None:
        """The `Date` header of the newest good answer."""
        return self._transport.server_date

    @property
    def key_digest(self) -> str:
        """Sixteen hexadecimal digits that name the key in use and do not tell it."""
        return hashlib.sha256(self._settings.api_key.get_secret_value().encode()).hexdigest()[:16]

    def use_key(self, api_key: str) -> None:
        """Send every further request with another key; streams under way go on with the old one. Raises ValueError."""
        arguments = self._settings.model_dump() | {"api_key": api_key}
        self._settings = ClientSettings.from_arguments(**arguments)
        self._transport.use_key(self._settings)

    def observe_requests(
        self,
        observer: RequestObserver | None,
        sending: Callable[[], None] | None = None,
        allowed: Callable[[], None] | None = None,
    ) -> None:
        """Report every request that was answered, or failed, to `observer` from now on, if there is one; each attempt counts.

        `sending` is called before each attempt, in its task. `allowed` is called before it, and again right before its bytes are
        written; it raises `httpx.ConnectError` where the attempt must not be sent.
        """
        self._transport.observer = observer
        if before := [one for one in (allowed, sending) if one is not None]:
            self._transport.announce(before, allowed)

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
