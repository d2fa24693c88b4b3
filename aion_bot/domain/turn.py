"""What the bot remembers beyond a crash, as values. No I/O: the store keeps them, the relay draws them."""

from dataclasses import dataclass
from enum import StrEnum

from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Action, MessageRef, Person, Step, ThreadKey


class TurnState(StrEnum):
    """How far a question has come."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and the messages that answer it.

    `key` names it in buttons (16 hexadecimal digits); `text` is what Aion is asked, empty once nobody can need it
    again; `session_id` is set before Aion is asked, so a question without one was never sent; `answer_id` is Aion's
    id of the answer as soon as the stream has named it; `posted` are the messages so far, in reading order. `origin` is
    the prompt it came as; `attempt` counts the retries.
    """

    key: str
    thread: ThreadKey
    asker: Person
    text: str
    state: TurnState = TurnState.OPEN
    session_id: str = ""
    answer_id: str = ""
    posted: tuple[MessageRef, ...] = ()
    origin: Prompt | None = None
    attempt: int = 0

    @property
    def name(self) -> str:
        """What the nonces of its posts begin with: the same in every process, another for each attempt."""
        return f"{self.key}-{self.attempt}"


class PlanStatus(StrEnum):
    """Where a plan stands. It moves along `PLAN_MOVES` only."""

    PENDING = "pending"
    DECIDING = "deciding"
    RUNNING = "running"
    BUSY = "busy"
    UNKNOWN = "unknown"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SETTLED = "settled"


_WATCHED = {PlanStatus.PENDING, PlanStatus.DONE, PlanStatus.FAILED, PlanStatus.CANCELLED}

PLAN_MOVES: dict[PlanStatus, set[PlanStatus]] = {
    PlanStatus.PENDING: {PlanStatus.DECIDING},
    PlanStatus.DECIDING: set(PlanStatus) - {PlanStatus.DECIDING},
    PlanStatus.RUNNING: {PlanStatus.DONE, PlanStatus.FAILED, PlanStatus.SETTLED},
    PlanStatus.BUSY: _WATCHED,
    PlanStatus.UNKNOWN: _WATCHED,
}
"""From a status to those that may follow; what is absent is an end. A person decides from `PENDING` alone."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An execution plan that Aion asked approval for, and what became of it.

    `key` is ours and travels in buttons; `plan_id` is Aion's; `turn` is the question that led to it. `doubt` is true after an attempt whose outcome is not
    known: from then on a 404 means that the plan was decided, not that it expired. `detail` is a sentence about how
    it ended, or about the attempt that put the buttons back. `seen` are the ids of the session's messages before
    the action: where there are none, the action was never sent.
    """

    key: str
    plan_id: str
    session_id: str
    thread: ThreadKey
    requester: Person
    description: str
    steps: tuple[Step, ...] = ()
    operations: int | None = None
    status: PlanStatus = PlanStatus.PENDING
    message: MessageRef | None = None
    decider: Person | None = None
    action: Action | None = None
    doubt: bool = False
    detail: str = ""
    seen: tuple[str, ...] = ()
    turn: str = ""
