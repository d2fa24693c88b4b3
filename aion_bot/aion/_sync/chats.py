# Generated from aion_bot/aion/_async/chats.py by scripts/unasync.py. Do not edit: run `make sync-client`.
"""The chat API: one method for each request.

Every method raises the errors of `errors`, and `ValidationError`, before anything is sent, for arguments that the
documented limits forbid. Reads, and writes that set a value, are retried after any failure of the network or the
server; requests that ask or decide something only while the server provably did nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from aion_bot.aion import requests
from aion_bot.aion._sync.session import SyncChatSessionContext
from aion_bot.aion._sync.transport import SyncTransport
from aion_bot.aion.selections import SelectedDocuments, SelectedImages, SelectedVideos, SessionMode
from aion_bot.aion.stream_hint import StreamHint
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


class SyncChatResource(StreamHint):
    """Conversations; reached as `client.chats`."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def session(
        self,
        *,
        title: str | None = None,
        image_ids: Sequence[str] | None = None,
        use_all_images: bool = True,
        auto_close: bool = True,
    ) -> SyncChatSessionContext:
        """Return a conversation for `with`: opened on entry, closed on exit unless `auto_close` is false."""
        return SyncChatSessionContext(self, title, image_ids, use_all_images, auto_close)

    def send(
        self,
        message: str,
        *,
        session_id: str,
        force_detailed_analysis: bool = False,
        expected_image_ids: Sequence[str] | None = None,
    ) -> ChatResponse:
        """Ask, and return the whole answer once it is there.

        Nothing arrives meanwhile, so an answer that takes longer than the timeout raises here, although the server
        still finishes and stores it. Answers that take minutes are better streamed, which needs `async`.

        Args:
            message: 1 to 10,000 characters.
            session_id: The conversation.
            force_detailed_analysis: Look at images in high resolution; slower, and costs more tokens.
            expected_image_ids: Images that the conversation should have; the server adds what is missing.
        """
        return self._transport.send(
            requests.send(message, session_id, force_detailed_analysis, expected_image_ids)
        )

    def create_session(
        self,
        *,
        title: str | None = None,
        image_ids: Sequence[str] | None = None,
        use_all_images: bool = True,
    ) -> ChatSession:
        """Open a conversation over all images, or over at most 1,000 selected ones."""
        return self._transport.send(requests.create_session(title, image_ids, use_all_images))

    def get_session(
        self, session_id: str, *, include_messages: bool = True, message_limit: int | None = None
    ) -> ChatSessionDetail:
        """Return a conversation with its newest `message_limit` messages, 1 to 1,000."""
        return self._transport.send(requests.get_session(session_id, include_messages, message_limit))

    def list_sessions(self, *, limit: int = 20, offset: int = 0, active_only: bool = False) -> SessionList:
        """Return one page of conversations, 1 to 100 of them."""
        return self._transport.send(requests.list_sessions(limit, offset, active_only))

    def iter_sessions(self, *, page_size: int = 20, active_only: bool = False) -> Iterator[ChatSession]:
        """Yield all conversations, fetching `page_size` (1 to 100) at a time."""
        offset = 0
        while True:
            page = self.list_sessions(limit=page_size, offset=offset, active_only=active_only)
            for session in page.items:
                yield session
            # By what arrived: a page may be shorter than asked for.
            offset += len(page.items)
            # An empty page that promises more would be asked for without end.
            if not page.has_more or not page.items:
                return

    def get_messages(self, session_id: str, *, limit: int | None = None) -> list[ChatMessage]:
        """Return the newest `limit` messages of a conversation, oldest first; 1,000 at most."""
        return self._transport.send(requests.get_messages(session_id, limit))

    def update_images(self, session_id: str, image_ids: Sequence[str]) -> SelectedImages:
        """Select the images that a conversation may use, at most 1,000."""
        return self._transport.send(requests.update_images(session_id, image_ids))

    def update_documents(self, session_id: str, document_ids: Sequence[str]) -> SelectedDocuments:
        """Select the documents that a conversation may use, at most 100."""
        return self._transport.send(requests.update_documents(session_id, document_ids))

    def update_videos(self, session_id: str, video_ids: Sequence[str]) -> SelectedVideos:
        """Select the videos that a conversation may use, at most 100."""
        return self._transport.send(requests.update_videos(session_id, video_ids))

    def update_mode(self, session_id: str, use_all_images: bool) -> SessionMode:
        """Let a conversation use all images, or only the selected ones."""
        return self._transport.send(requests.update_mode(session_id, use_all_images))

    def approve_plan(self, session_id: str, plan_id: str) -> PlanActionResponse:
        """Approve a plan.

        Sent once; retried only if no connection was made. `status` is "accepted" if the plan runs in the
        background (202).

        Raises:
            ResourceNotFoundError: The plan is unknown, expired or decided already (404).
            ChatError: Another request is deciding it (409).
        """
        return self._transport.send(requests.plan_action(session_id, plan_id, "approve"))

    def cancel_plan(self, session_id: str, plan_id: str) -> PlanActionResponse:
        """Cancel a plan; raises as `approve_plan` does."""
        return self._transport.send(requests.plan_action(session_id, plan_id, "cancel"))

    def close_session(self, session_id: str) -> dict[str, Any]:
        """Close a conversation; the result has `closed_at`, `total_messages` and `total_tokens`."""
        return self._transport.send(requests.close_session(session_id))

    def rename_session(self, session_id: str, title: str) -> dict[str, Any]:
        """Give a conversation another title, 1 to 255 characters."""
        return self._transport.send(requests.rename_session(session_id, title))

    def export_session(
        self,
        session_id: str,
        *,
        format: str = "markdown",  # noqa: A002  # the published name
        include_metadata: bool = False,
    ) -> bytes:
        """Return a conversation as a file: "json", "markdown" or "text"."""
        return self._transport.send(requests.export_session(session_id, format, include_metadata))

    def get_all_images(self, *, limit: int = 1000, offset: int = 0) -> ChatImageList:
        """Return one page of the ids of all images, 1 to 5,000 of them."""
        return self._transport.send(requests.get_all_images(limit, offset))

    def search_images(self, query: str, *, limit: int = 50, offset: int = 0) -> list[ImageReference]:
        """Find images by words, without a conversation: 1 to 500 characters, 1 to 100 images. Costs few tokens."""
        return self._transport.send(requests.search_images(query, limit, offset))
