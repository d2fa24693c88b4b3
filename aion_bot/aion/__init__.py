"""A client for Aion's agentic chat, with the vendor's published names. It imports nothing of the bot."""

from aion_bot.aion._async.chats import ChatResource
from aion_bot.aion._async.client import AionVision
from aion_bot.aion._async.session import ChatSessionContext
from aion_bot.aion._sync.chats import SyncChatResource
from aion_bot.aion._sync.client import SyncAionVision
from aion_bot.aion._sync.session import SyncChatSessionContext
from aion_bot.aion.errors import (
    AionvisionConnectionError,
    AionvisionError,
    AionvisionPermissionError,
    AionvisionTimeoutError,
    AuthenticationError,
    ChatError,
    CircuitBreakerError,
    DocumentProcessingError,
    QuotaExceededError,
    RateLimitError,
    ResourceNotFoundError,
    ServerError,
    SSEStreamError,
    UploadError,
    ValidationError,
)
from aion_bot.aion.events import ChatToken, ChatTokenType, PlanInvocation, PlanPendingApprovalData
from aion_bot.aion.file_collection import FileCollection, FileRef
from aion_bot.aion.references import (
    DocumentRef,
    ImageRef,
    LinkRef,
    ParsedReferences,
    ResultRefData,
    parse_references,
    resolve_content,
)
from aion_bot.aion.types import (
    ChatImageList,
    ChatMessage,
    ChatResponse,
    ChatSession,
    ChatSessionDetail,
    ImageReference,
    MessageRole,
    PlanActionResponse,
    SessionList,
)

__all__ = [
    "AionVision",
    "AionvisionConnectionError",
    "AionvisionError",
    "AionvisionPermissionError",
    "AionvisionTimeoutError",
    "AuthenticationError",
    "ChatError",
    "ChatImageList",
    "ChatMessage",
    "ChatResource",
    "ChatResponse",
    "ChatSession",
    "ChatSessionContext",
    "ChatSessionDetail",
    "ChatToken",
    "ChatTokenType",
    "CircuitBreakerError",
    "DocumentProcessingError",
    "DocumentRef",
    "FileCollection",
    "FileRef",
    "ImageRef",
    "ImageReference",
    "LinkRef",
    "MessageRole",
    "ParsedReferences",
    "PlanActionResponse",
    "PlanInvocation",
    "PlanPendingApprovalData",
    "QuotaExceededError",
    "RateLimitError",
    "ResourceNotFoundError",
    "ResultRefData",
    "SSEStreamError",
    "ServerError",
    "SessionList",
    "SyncAionVision",
    "SyncChatResource",
    "SyncChatSessionContext",
    "UploadError",
    "ValidationError",
    "parse_references",
    "resolve_content",
]
