"""The published types: fields, defaults, properties, tolerance."""

from dataclasses import MISSING, FrozenInstanceError, fields
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aion_bot.aion as published
from aion_bot.aion import (
    ChatImageList,
    ChatMessage,
    ChatResponse,
    ChatSession,
    ChatSessionDetail,
    ChatToken,
    ChatTokenType,
    FileCollection,
    FileRef,
    ImageReference,
    MessageRole,
    PlanActionResponse,
    SessionList,
    types,
)
from tests.support.cases import each

REQUIRED = object()
EXPECTED: dict[type, dict[str, object]] = {
    ChatResponse: {
        "message_id": REQUIRED,
        "session_id": REQUIRED,
        "content": REQUIRED,
        "token_count": 0,
        "provider": "",
        "model": "",
        "processing_time_ms": 0,
        "images": None,
        "metadata": None,
    },
    ChatToken: {"type": REQUIRED, "content": None, "data": None},
    ChatMessage: {
        "id": REQUIRED,
        "role": REQUIRED,
        "content": REQUIRED,
        "created_at": None,
        "token_count": 0,
        "image_context": None,
        "metadata": None,
    },
    ImageReference: {
        "image_id": REQUIRED,
        "filename": REQUIRED,
        "thumbnail_url": None,
        "description": None,
        "confidence": None,
        "title": None,
        "stored_url": None,
    },
    ChatSessionDetail: {
        "session": REQUIRED,
        "messages": REQUIRED,
        "selected_image_ids": None,
        "current_search_result_ids": None,
    },
    SessionList: {"items": REQUIRED, "total": 0, "has_more": False},
    PlanActionResponse: {
        "success": REQUIRED,
        "plan_id": REQUIRED,
        "message": REQUIRED,
        "action_taken": REQUIRED,
        "results": None,
        "agent_results": None,
        "pending_actions": None,
        "status": None,
    },
    ChatImageList: {"image_ids": REQUIRED, "total_count": REQUIRED, "has_more": REQUIRED},
    FileRef: {
        "id": REQUIRED,
        "media_type": "application/octet-stream",
        "filename": None,
        "size_bytes": None,
        "metadata": None,
    },
}
"""Fields in the published order with their defaults (the vendor's page *Chat Types*)."""

IMAGE = ImageReference("i1", "a.jpg")
SESSION = ChatSession("s", "title", created_at=datetime(2026, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
def test_fields_and_defaults_are_the_published_ones(kind: type) -> None:
    """Every published field stands in its place with its default; what we add comes after and is None."""
    found = {field.name: REQUIRED if field.default is MISSING else field.default for field in fields(kind)}
    published_ones = list(EXPECTED[kind].items())
    assert list(found.items())[: len(published_ones)] == published_ones
    assert set(list(found.values())[len(published_ones) :]) <= {None}


def test_a_session_has_its_published_fields() -> None:
    """ChatSession has all fourteen fields."""
    assert [field.name for field in fields(ChatSession)] == [
        "id",
        "title",
        "total_messages",
        "total_tokens",
        "remaining_tokens",
        "remaining_messages",
        "is_active",
        "use_all_images",
        "selected_image_count",
        "created_at",
        "updated_at",
        "last_message_at",
        "last_message_preview",
        "last_user_message",
    ]


def test_event_types_and_roles_are_the_published_ones() -> None:
    """The enumerations are strings and have every published value."""
    assert {kind.value for kind in ChatTokenType} >= {
        "token",
        "status",
        "image_results",
        "complete",
        "error",
        "reconnecting",
        "plan_pending_approval",
        "thinking",
        "thinking_step",
        "tool_invocation",
        "tool_result",
        "connection",
        "ping",
        "close",
        "auth_error",
    }
    assert str(ChatTokenType("token")) == "token"
    assert [role.value for role in MessageRole] == ["user", "assistant", "system"]


@pytest.mark.parametrize(
    "value", [IMAGE, SESSION, ChatToken(ChatTokenType.PING), FileRef("f"), FileCollection()]
)
def test_values_are_frozen(value: Any) -> None:
    """No field of a published value can be set."""
    name = next(iter(value.__dataclass_fields__))
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, "changed")


def test_to_dict_is_ready_for_json() -> None:
    """Nested values become dictionaries, times ISO 8601, enumerations their value; None goes unless it is wanted."""
    message = ChatMessage("m", MessageRole.USER, "hi", SESSION.created_at, 0, [IMAGE], {"kept": None})
    detail = ChatSessionDetail(SESSION, [message])
    short = detail.to_dict()
    assert short["session"]["created_at"] == "2026-01-02T00:00:00+00:00"
    assert "updated_at" not in short["session"]
    assert short["messages"][0]["role"] == "user"
    assert short["messages"][0]["image_context"] == [{"image_id": "i1", "filename": "a.jpg"}]
    assert short["messages"][0]["metadata"] == {"kept": None}
    assert detail.to_dict(exclude_none=False)["session"]["updated_at"] is None
    assert ChatToken(ChatTokenType.PING).to_dict() == {"type": "ping"}


def test_answers_resolve_their_references() -> None:
    """Responses and messages give plain words, references through their images, and counts."""
    metadata = {"result_refs": {"k": {"count": 2}}}
    for answer in (
        ChatResponse("m", "s", "[[ref:k]] [[img:i|a.jpg]]", images=[IMAGE], metadata=metadata),
        ChatMessage(
            "m", MessageRole.ASSISTANT, "[[ref:k]] [[img:i|a.jpg]]", image_context=[IMAGE], metadata=metadata
        ),
    ):
        assert answer.resolved_content == "2 a.jpg"
        assert answer.references.images[0].full_id == "i1"
        assert answer.result_refs["k"].count == 2
        assert answer.as_collection().ids == ["i1"]
    assert ChatResponse("m", "s", "x").as_collection().count == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"content": "[[img:i|a]]", "resolved_content": "b"}, "b"),
        ({"content": "[[img:i|a]]"}, "a"),
        (None, ""),
    ],
)
def test_complete_tokens_answer(data: dict[str, Any] | None, words: str) -> None:
    """COMPLETE gives the server's plain words, or ours where it sent none."""
    token = ChatToken(ChatTokenType.COMPLETE, None, data)
    assert token.resolved_content == words
    assert token.references is not None
    assert token.result_refs == {}
    assert token.plan is None


@each("kind", [kind for kind in ChatTokenType if kind is not ChatTokenType.COMPLETE])
def test_other_tokens_do_not(kind: ChatTokenType) -> None:
    """Every other token answers None."""
    token = ChatToken(kind, "x", {"content": "[[img:i|a]]", "resolved_content": "a"})
    assert (token.resolved_content, token.references, token.result_refs) == (None, None, None)
    assert (token.plan is not None) == (kind is ChatTokenType.PLAN_PENDING_APPROVAL)


def test_search_results_come_before_selected_images() -> None:
    """A detail's collection is the last search's, or else the selected images."""
    assert ChatSessionDetail(SESSION, [], ["a"], ["b", "c"]).as_collection().ids == ["b", "c"]
    assert ChatSessionDetail(SESSION, [], ["a"]).as_collection().ids == ["a"]
    assert not ChatSessionDetail(SESSION, []).as_collection()
    assert ChatImageList(["x"], 1, False).as_collection().content_type == "images"


KEYS = sorted(
    {field.name for kind in EXPECTED for field in fields(kind)}
    | {"session", "sessions", "total_count", "image_context", "metadata", "id", "title", "role", "created_at"}
)


# Chosen values instead of any text and any number: making those takes long enough for Hypothesis to complain on a busy
# machine, and what can go wrong is a value's kind or range, not its characters.
scalars = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        7,
        10**400,
        0.5,
        -0.0,
        float("inf"),
        float("nan"),
        "",
        "s",
        "user",
        "[[img:i|a]]",
        "2026-01-02T03:04:05",
        "2026-13-99",
        "\ud800",
        "\U0001f600",
    ]
)
inner = st.dictionaries(st.sampled_from(KEYS), scalars, max_size=3)
json_values = st.one_of(scalars, st.lists(scalars, max_size=2), inner, st.lists(inner, max_size=2))


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(KEYS), json_values, max_size=12))
def test_any_json_can_be_read(data: dict[str, Any]) -> None:
    """Missing, unknown and odd fields never raise; what comes out has the declared types."""
    response = types.parse_response(data, "s")
    assert isinstance(response.content, str)
    assert isinstance(response.token_count, int)
    assert response.to_dict()["session_id"]
    assert isinstance(types.parse_message(data).role, MessageRole)
    assert isinstance(types.parse_session(data).remaining_tokens, int)
    detail = types.parse_session_detail({"session": data, "messages": [data, 7], **data})
    assert isinstance(detail.session, ChatSession)
    assert isinstance(types.parse_session_list({"sessions": [data], **data}).total, int)
    assert isinstance(types.parse_image_list(data).has_more, bool)
    plan = types.parse_plan_action(data, "p", "approve", accepted=False)
    assert plan.plan_id
    assert ChatToken(ChatTokenType.COMPLETE, None, data).references is not None
    assert ChatToken(ChatTokenType.PLAN_PENDING_APPROVAL, None, data).plan is not None


@pytest.mark.parametrize("number", [10**400, -(10**400), float("inf"), float("nan")])
def test_numbers_that_do_not_fit_are_read(number: float) -> None:
    """Integers of any length and the numbers that JSON does not have never raise."""
    assert isinstance(types.parse_session({"remaining_tokens": number}).remaining_tokens, int)
    assert isinstance(types.parse_image({"confidence": number}).confidence, float | None)


def test_times_without_a_zone_are_utc() -> None:
    """A time is always aware: of its zone, or of UTC."""
    assert types.parse_session({"created_at": "2026-01-02T03:04:05"}).created_at == datetime(
        2026, 1, 2, 3, 4, 5, tzinfo=UTC
    )
    assert types.parse_session({"created_at": "2026-01-02T03:04:05Z"}).created_at == datetime(
        2026, 1, 2, 3, 4, 5, tzinfo=UTC
    )
    assert types.parse_session({"created_at": "yesterday"}).created_at is None


def test_all_published_names_can_be_imported() -> None:
    """Every name of `__all__` is there, and none of the vendor's chat names is missing."""
    assert all(hasattr(published, name) for name in published.__all__)
    assert set(published.__all__) >= set(
        "AionVision SyncAionVision ChatSessionContext ChatResponse ChatToken ChatTokenType ChatSession "  # noqa: SIM905  # a list of words
        "ChatSessionDetail ChatMessage MessageRole ImageReference SessionList PlanActionResponse ChatImageList "
        "PlanPendingApprovalData ParsedReferences ImageRef DocumentRef LinkRef ResultRefData FileCollection "
        "parse_references resolve_content AionvisionError AuthenticationError AionvisionPermissionError "
        "ResourceNotFoundError ValidationError QuotaExceededError RateLimitError AionvisionTimeoutError ServerError "
        "AionvisionConnectionError CircuitBreakerError ChatError SSEStreamError UploadError DocumentProcessingError".split()
    )


def test_errors_carry_their_documented_codes() -> None:
    """Each exception of the tree has its code, and all are AionvisionErrors."""
    errors = {
        "AUTH_ERROR": published.AuthenticationError(),
        "PERMISSION_DENIED": published.AionvisionPermissionError(),
        "NOT_FOUND": published.ResourceNotFoundError("session", "s"),
        "VALIDATION_ERROR": published.ValidationError("no"),
        "QUOTA_EXCEEDED": published.QuotaExceededError("no", available=1, limit=2),
        "RATE_LIMIT": published.RateLimitError(retry_after=3, limit=1, remaining=0, reset=9),
        "TIMEOUT": published.AionvisionTimeoutError(last_result="x"),
        "SERVER_ERROR": published.ServerError(),
        "CONNECTION_ERROR": published.AionvisionConnectionError(),
        "CIRCUIT_OPEN": published.CircuitBreakerError("messages", 3.0),
        "CHAT_ERROR": published.ChatError("no", session_id="s", plan_data={"a": 1}),
        "OF_THE_SERVER": published.ChatError("no", error_code="OF_THE_SERVER"),
        "SSE_STREAM_ERROR": published.SSEStreamError("cut", last_event_id="4", events_received=5),
        "UPLOAD_ERROR": published.UploadError("no", filename="f", stage="upload", session_id="s"),
        "DOCUMENT_PROCESSING_ERROR": published.DocumentProcessingError(
            "no", document_id="d", status="failed"
        ),
    }
    assert {code: error.code for code, error in errors.items()} == {code: code for code in errors}
    assert all(isinstance(error, published.AionvisionError) and str(error) for error in errors.values())
    assert errors["NOT_FOUND"].message == "session s not found"
