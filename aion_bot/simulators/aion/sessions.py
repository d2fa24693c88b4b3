"""The state of a simulated Aion: sessions, their messages and plans, in the contract's JSON. No I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from aion_bot.simulators.aion.scene import Answer, Plan, PlanEnd

TOKENS = 100_000
MESSAGES = 100


def stamp() -> str:
    """The time now, as Aion writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@dataclass(slots=True)
class Stored:
    """A stored message."""

    id: str
    role: str
    answer: Answer
    created_at: str = field(default_factory=stamp)

    @property
    def tokens(self) -> int:
        """The tokens that it cost."""
        return max(1, len(self.answer.content) // 4)

    def to_json(self) -> dict[str, Any]:
        """The message as the contract's ChatMessageResponse."""
        return {
            "id": self.id,
            "role": self.role,
            "content": self.answer.content,
            "token_count": self.tokens,
            "processing_time_ms": 40 if self.role == "assistant" else None,
            "created_at": self.created_at,
            "image_context": [dict(image) for image in self.answer.images] or None,
            "metadata": dict(self.answer.metadata) or None,
        }


@dataclass(slots=True)
class Proposed:
    """A plan of a session.

    `action` is the decision; `running` while the plan is carried out; `result_in_stream` if the stream that proposed the
    plan is still open and sends the result.
    """

    id: str
    plan: Plan
    attempts: int = 0
    action: str | None = None
    running: bool = False
    result_in_stream: bool = False

    def next_end(self) -> PlanEnd:
        """The end of the next attempt to decide the plan."""
        end = self.plan.ends[min(self.attempts, len(self.plan.ends) - 1)]
        self.attempts += 1
        return end

    def to_event(self) -> dict[str, Any]:
        """The plan as the fields of its event."""
        if self.plan.only_id:
            return {"plan_id": self.id}
        invocations = [
            {
                "agent_name": each.agent_name,
                "description": each.description,
                "depends_on": list(each.depends_on),
            }
            for each in self.plan.operations
        ]
        return {
            "plan_id": self.id,
            "description": self.plan.description,
            "invocations": invocations,
            "requires_approval": True,
            "estimated_operations": len(invocations),
        }


@dataclass(slots=True)
class Session:
    """A session. `made_with` is the header with the key that it was made with."""

    id: str
    title: str
    use_all_images: bool = True
    images: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    videos: list[str] = field(default_factory=list)
    messages: list[Stored] = field(default_factory=list)
    plans: dict[str, Proposed] = field(default_factory=dict)
    topic: str = ""
    is_active: bool = True
    tokens_left: int = TOKENS
    created_at: str = field(default_factory=stamp)
    updated_at: str = field(default_factory=stamp)
    made_with: str = ""

    @property
    def total_tokens(self) -> int:
        """The tokens of all messages."""
        return sum(message.tokens for message in self.messages)

    @property
    def remaining(self) -> dict[str, int]:
        """The tokens and messages that the session has left."""
        return {
            "remaining_tokens": max(0, self.tokens_left - self.total_tokens),
            "remaining_messages": max(0, MESSAGES - len(self.messages)),
        }

    def texts(self, role: str) -> Iterator[str]:
        """Yield the texts of a role, oldest first."""
        return (message.answer.content for message in self.messages if message.role == role)

    def summary(self) -> dict[str, Any]:
        """The session as the contract's ChatSessionSummaryResponse."""
        last = self.messages[-1] if self.messages else None
        questions = list(self.texts("user"))
        return {
            "id": self.id,
            "title": self.title,
            "total_messages": len(self.messages),
            "total_tokens": self.total_tokens,
            "is_active": self.is_active,
            "use_all_images": self.use_all_images,
            "selected_image_count": len(self.images),
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "last_message_at": last.created_at if last else None,
            "last_message_preview": last.answer.content[:100] if last else None,
            "last_user_message": questions[-1] if questions else None,
        } | self.remaining

    def detail(self, *, include_messages: bool, limit: int | None) -> dict[str, Any]:
        """The session as the contract's GetChatSessionResponse, with its newest messages."""
        newest = self.messages[-limit:] if limit else self.messages
        return {
            "session": self.summary(),
            "messages": [message.to_json() for message in newest] if include_messages else [],
            "selected_image_ids": self.images,
            "selected_video_ids": self.videos,
            "context_summary": None,
        }


class Sessions:
    """All sessions. Ids are the same in every run."""

    def __init__(self) -> None:
        self.mark = ""
        """What tells the ids from those of another company."""
        self._numbers = count(1)
        self._all: dict[str, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(self._all.values())

    def new_id(self, kind: str) -> str:
        """A new unique id."""
        return str(uuid5(NAMESPACE_URL, f"{self.mark}{kind}/{next(self._numbers)}"))

    def create(self, body: Mapping[str, Any]) -> Session:
        """Create a session as a CreateChatSessionRequest asks."""
        session = Session(self.new_id("session"), body.get("title") or "New conversation")
        session.use_all_images = body.get("use_all_images", True)
        session.images = list(body.get("initial_image_ids") or ())
        self._all[session.id] = session
        return session

    def find(self, session_id: str) -> Session | None:
        """Find a session, closed or not."""
        return self._all.get(session_id)

    def store(self, session: Session, role: str, answer: Answer, message_id: str | None = None) -> Stored:
        """Add a message to a session."""
        message = Stored(message_id or self.new_id("message"), role, answer)
        session.messages.append(message)
        session.updated_at = message.created_at
        return message

    def propose(self, session: Session, plan: Plan) -> Proposed:
        """Add a plan to a session."""
        proposed = Proposed(self.new_id("plan"), plan)
        session.plans[proposed.id] = proposed
        return proposed
