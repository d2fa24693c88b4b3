"""The events of an answer's stream as published types. No I/O."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict

from aion_bot.aion.json_fields import boolean, integer, json_object, json_objects, string, strings
from aion_bot.aion.references import (
    ParsedReferences,
    ResultRefData,
    parse_references,
    parse_result_refs,
    resolve_content,
    with_images,
)
from aion_bot.aion.serialization import Serializable


class ChatTokenType(StrEnum):
    """Kinds of events. `UNKNOWN` is ours: an event that this version does not know; `data` has all of it."""

    CONNECTION = "connection"
    THINKING = "thinking"
    THINKING_STEP = "thinking_step"
    STATUS = "status"
    TOOL_INVOCATION = "tool_invocation"
    TOOL_RESULT = "tool_result"
    IMAGE_RESULTS = "image_results"
    DOCUMENT_RESULTS = "document_results"
    TOKEN = "token"  # noqa: S105 # an event's name, not a secret
    PLAN_PENDING_APPROVAL = "plan_pending_approval"
    COMPLETE = "complete"
    ERROR = "error"
    AUTH_ERROR = "auth_error"
    RECONNECTING = "reconnecting"
    PING = "ping"
    CLOSE = "close"
    UNKNOWN = "unknown"


class PlanInvocation(TypedDict):
    """One operation of a plan; `depends_on` names the operations that must come before it."""

    agent_name: str
    description: str
    depends_on: list[str]


class PlanPendingApprovalData(TypedDict):
    """A plan that waits for a decision, as in the `data` of a `PLAN_PENDING_APPROVAL` token.

    The server may omit every field but `plan_id`; `ChatToken.plan` has them all.
    """

    type: str
    plan_id: str
    description: str
    invocations: list[PlanInvocation]
    requires_approval: bool
    estimated_operations: int


@dataclass(frozen=True)
class ChatToken(Serializable):
    """One event of an answer's stream.

    `data` is the whole event as the server sent it. For `TOKEN`, `content` is the text that is new since the last
    token and `data["accumulated"]` the whole text so far; both are always there, and consistent.
    """

    type: ChatTokenType
    content: str | None = None
    data: dict[str, Any] | None = None

    @property
    def resolved_content(self) -> str | None:
        """The answer with plain text in place of markers; None for all but `COMPLETE`."""
        if self.type is not ChatTokenType.COMPLETE:
            return None
        resolved = json_object(self.data).get("resolved_content")
        return resolved if isinstance(resolved, str) else resolve_content(*self._answer())

    @property
    def references(self) -> ParsedReferences | None:
        """What the answer refers to; None for all but `COMPLETE`."""
        return parse_references(*self._answer()) if self.type is ChatTokenType.COMPLETE else None

    @property
    def result_refs(self) -> dict[str, ResultRefData] | None:
        """The counts in the answer, by key; None for all but `COMPLETE`."""
        return parse_result_refs(self._answer()[1]) if self.type is ChatTokenType.COMPLETE else None

    @property
    def plan(self) -> PlanPendingApprovalData | None:
        """The plan, with defaults for what the server omitted; None for all but `PLAN_PENDING_APPROVAL`."""
        return (
            parse_plan(json_object(self.data)) if self.type is ChatTokenType.PLAN_PENDING_APPROVAL else None
        )

    def _answer(self) -> tuple[str, dict[str, Any]]:
        data = json_object(self.data)
        metadata = with_images(json_object(data.get("metadata")), data.get("image_context"))
        return string(data.get("content")), metadata


def parse_plan(data: dict[str, Any]) -> PlanPendingApprovalData:
    """Parse a plan. Defaults: empty texts, approval required, as many operations as there are invocations."""
    invocations = [
        PlanInvocation(
            agent_name=string(each.get("agent_name")),
            description=string(each.get("description")),
            depends_on=strings(each.get("depends_on")),
        )
        for each in json_objects(data.get("invocations"))
    ]
    return PlanPendingApprovalData(
        type=ChatTokenType.PLAN_PENDING_APPROVAL.value,
        plan_id=string(data.get("plan_id")),
        description=string(data.get("description")),
        invocations=invocations,
        requires_approval=boolean(data.get("requires_approval"), default=True),
        estimated_operations=integer(data.get("estimated_operations"), len(invocations)),
    )
