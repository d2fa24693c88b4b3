# Generated from aion_bot/aion/_async/session.py by scripts/unasync.py. Do not edit: run `make sync-client`.
"""A conversation as a `with` block."""

import logging
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from aion_bot.aion.errors import AionvisionError, ChatError
from aion_bot.aion.selections import SelectedDocuments, SelectedImages, SelectedVideos, SessionMode
from aion_bot.aion.stream_hint import StreamHint
from aion_bot.aion.types import ChatMessage, ChatResponse, ChatSession, PlanActionResponse

if TYPE_CHECKING:
    from aion_bot.aion._sync.chats import SyncChatResource

logger = logging.getLogger(__name__)


class SyncChatSessionContext(StreamHint):
    """A conversation that is opened on entry and, unless `auto_close` is false, closed on exit.

    Made by `client.chat_session()`. A failure to close is logged, not raised, so that it hides no other error.
    """

    def __init__(
        self,
        chats: "SyncChatResource",
        title: str | None,
        image_ids: Sequence[str] | None,
        use_all_images: bool,
        auto_close: bool,
    ) -> None:
        self._chats = chats
        self._title = title
        self._image_ids = image_ids
        self._use_all_images = use_all_images
        self._auto_close = auto_close
        self._session: ChatSession | None = None

    @property
    def session(self) -> ChatSession:
        """The conversation as it was opened. Raises ChatError before entry."""
        if self._session is None:
            raise ChatError("The session is not open yet: enter its block first")
        return self._session

    @property
    def session_id(self) -> str:
        """The conversation's id. Raises ChatError before entry."""
        return self.session.id

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
        """Ask, and return the whole answer; as `SyncChatResource.send`."""
        return self._chats.send(
            message,
            session_id=self.session_id,
            force_detailed_analysis=force_detailed_analysis,
            expected_image_ids=expected_image_ids,
        )

    def update_images(self, image_ids: Sequence[str]) -> SelectedImages:
        """Select the images that the conversation may use, at most 1,000."""
        return self._chats.update_images(self.session_id, image_ids)

    def update_documents(self, document_ids: Sequence[str]) -> SelectedDocuments:
        """Select the documents that the conversation may use, at most 100."""
        return self._chats.update_documents(self.session_id, document_ids)

    def update_videos(self, video_ids: Sequence[str]) -> SelectedVideos:
        """Select the videos that the conversation may use, at most 100."""
        return self._chats.update_videos(self.session_id, video_ids)

    def update_mode(self, use_all_images: bool) -> SessionMode:
        """Let the conversation use all images, or only the selected ones."""
        return self._chats.update_mode(self.session_id, use_all_images)

    def approve_plan(self, plan_id: str) -> PlanActionResponse:
        """Approve a plan; as `SyncChatResource.approve_plan`."""
        return self._chats.approve_plan(self.session_id, plan_id)

    def cancel_plan(self, plan_id: str) -> PlanActionResponse:
        """Cancel a plan; as `SyncChatResource.cancel_plan`."""
        return self._chats.cancel_plan(self.session_id, plan_id)

    def get_messages(self, *, limit: int | None = None) -> list[ChatMessage]:
        """Return the newest `limit` messages, oldest first."""
        return self._chats.get_messages(self.session_id, limit=limit)
