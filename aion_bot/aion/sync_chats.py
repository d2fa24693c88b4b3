"""The chat API without `async`: one method a call, each as its namesake in `chats` and `session`."""

import logging
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, NoReturn, Protocol, TypeVar

from aion_bot.aion import requests
from aion_bot.aion._async.session import Conversation
from aion_bot.aion.errors import AionvisionError
from aion_bot.aion.types import (
    ChatImageList,
    ChatMessage,
    ChatResponse,
    ChatSession,
    ChatSessionDetail,
    ImageReference,
    PlanActionResponse,
    SessionList,
)

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Carries(Protocol):
    """Whatever sends a call and reads its answer."""

    def carry(self, call: requests.Call[T]) -> T:
        """Send a call and return what its answer says."""


class _NoStream:
    """Says why there is no `send_stream`, to whoever asks for it."""

    def __getattr__(self, name: str) -> NoReturn:
        if name == "send_stream":
            raise AttributeError(
                "send_stream needs async: use AionVision for streams, or send() for whole answers"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class SyncChatResource(_NoStream):
    """Conversations; reached as `client.chats`."""

    def __init__(self, carrier: Carries) -> None:
        self._carrier = carrier

    def session(
        self,
        *,
        title: str | None = None,
        image_ids: Sequence[str] | None = None,
        use_all_images: bool = True,
        auto_close: bool = True,
    ) -> "SyncChatSessionContext":
        """Return a conversation for `with`."""
        return SyncChatSessionContext(self, title, image_ids, use_all_images, auto_close)

    def send(
        self,
        message: str,
        *,
        session_id: str,
        force_detailed_analysis: bool = False,
        expected_image_ids: Sequence[str] | None = None,
    ) -> ChatResponse:
        """Ask, and return the whole answer."""
        return self._carrier.carry(
            requests.send(message, session_id, force_detailed_analysis, expected_image_ids)
        )

    def create_session(
        self,
        *,
        title: str | None = None,
        image_ids: Sequence[str] | None = None,
        use_all_images: bool = True,
    ) -> ChatSession:
        """Open a conversation."""
        return self._carrier.carry(requests.create_session(title, image_ids, use_all_images))

    def get_session(
        self, session_id: str, *, include_messages: bool = True, message_limit: int | None = None
    ) -> ChatSessionDetail:
        """Return a conversation with its messages."""
        return self._carrier.carry(requests.get_session(session_id, include_messages, message_limit))

    def list_sessions(self, *, limit: int = 20, offset: int = 0, active_only: bool = False) -> SessionList:
        """Return one page of conversations."""
        return self._carrier.carry(requests.list_sessions(limit, offset, active_only))

    def iter_sessions(self, *, page_size: int = 20, active_only: bool = False) -> Iterator[ChatSession]:
        """Yield all conversations."""
        offset = 0
        while True:
            page = self.list_sessions(limit=page_size, offset=offset, active_only=active_only)
            yield from page.items
            offset += len(page.items)
            if not page.has_more or not page.items:
                return

    def get_messages(self, session_id: str, *, limit: int | None = None) -> list[ChatMessage]:
        """Return the newest messages of a conversation, oldest first."""
        return self._carrier.carry(requests.get_messages(session_id, limit))

    def update_images(self, session_id: str, image_ids: Sequence[str]) -> dict[str, Any]:
        """Select the images that a conversation may use."""
        return self._carrier.carry(requests.update_images(session_id, image_ids))

    def update_documents(self, session_id: str, document_ids: Sequence[str]) -> dict[str, Any]:
        """Select the documents that a conversation may use."""
        return self._carrier.carry(requests.update_documents(session_id, document_ids))

    def update_videos(self, session_id: str, video_ids: Sequence[str]) -> dict[str, Any]:
        """Select the videos that a conversation may use."""
        return self._carrier.carry(requests.update_videos(session_id, video_ids))

    def update_mode(self, session_id: str, use_all_images: bool) -> dict[str, Any]:
        """Let a conversation use all images, or only the selected ones."""
        return self._carrier.carry(requests.update_mode(session_id, use_all_images))

    def approve_plan(self, session_id: str, plan_id: str) -> PlanActionResponse:
        """Let a plan run."""
        return self._carrier.carry(requests.plan_action(session_id, plan_id, "approve"))

    def cancel_plan(self, session_id: str, plan_id: str) -> PlanActionResponse:
        """Drop a plan."""
        return self._carrier.carry(requests.plan_action(session_id, plan_id, "cancel"))

    def close_session(self, session_id: str) -> dict[str, Any]:
        """Close a conversation."""
        return self._carrier.carry(requests.close_session(session_id))

    def rename_session(self, session_id: str, title: str) -> dict[str, Any]:
        """Give a conversation another title."""
        return self._carrier.carry(requests.rename_session(session_id, title))

    def export_session(
        self,
        session_id: str,
        *,
        format: str = "markdown",  # noqa: A002 # the published name
        include_metadata: bool = False,
    ) -> bytes:
        """Return a conversation as a file."""
        return self._carrier.carry(requests.export_session(session_id, format, include_metadata))

    def get_all_images(self, *, limit: int = 1000, offset: int = 0) -> ChatImageList:
        """Return one page of the ids of all images."""
        return self._carrier.carry(requests.get_all_images(limit, offset))

    def search_images(self, query: str, *, limit: int = 50, offset: int = 0) -> list[ImageReference]:
        """Find images by words, without a conversation."""
        return self._carrier.carry(requests.search_images(query, limit, offset))


class SyncChatSessionContext(_NoStream, Conversation):
    """A conversation that is opened on entry and, unless `auto_close` is false, closed on exit."""

    _chats: SyncChatResource

    def __enter__(self) -> "SyncChatSessionContext":
        self._session = self._chats.create_session(
            title=self._title, image_ids=self._image_ids, use_all_images=self._use_all_images
        )
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._auto_close:
            return
        try:
            self._chats.close_session(self.session_id)
        except AionvisionError as error:
            logger.warning("the session could not be closed: %r", error)

    def send(
        self,
        message: str,
        *,
        force_detailed_analysis: bool = False,
        expected_image_ids: Sequence[str] | None = None,
    ) -> ChatResponse:
        """Ask, and return the whole answer."""
        return self._chats.send(
            message,
            session_id=self.session_id,
            force_detailed_analysis=force_detailed_analysis,
            expected_image_ids=expected_image_ids,
        )

    def update_images(self, image_ids: Sequence[str]) -> dict[str, Any]:
        """Select the images that the conversation may use."""
        return self._chats.update_images(self.session_id, image_ids)

    def update_documents(self, document_ids: Sequence[str]) -> dict[str, Any]:
        """Select the documents that the conversation may use."""
        return self._chats.update_documents(self.session_id, document_ids)

    def update_videos(self, video_ids: Sequence[str]) -> dict[str, Any]:
        """Select the videos that the conversation may use."""
        return self._chats.update_videos(self.session_id, video_ids)

    def update_mode(self, use_all_images: bool) -> dict[str, Any]:
        """Let the conversation use all images, or only the selected ones."""
        return self._chats.update_mode(self.session_id, use_all_images)

    def approve_plan(self, plan_id: str) -> PlanActionResponse:
        """Let a plan run."""
        return self._chats.approve_plan(self.session_id, plan_id)

    def cancel_plan(self, plan_id: str) -> PlanActionResponse:
        """Drop a plan."""
        return self._chats.cancel_plan(self.session_id, plan_id)

    def get_messages(self, *, limit: int | None = None) -> list[ChatMessage]:
        """Return the newest messages, oldest first."""
        return self._chats.get_messages(self.session_id, limit=limit)
