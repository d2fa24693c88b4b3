"""What a simulated Aion does with one question, as a value. No I/O.

A `Scene` is a list of steps that the stream plays in order. `complete` and `close` are sent only by their steps, so that
a scene can also break off, stay silent, or continue after its plan was decided.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import Any


@dataclass(frozen=True, slots=True)
class Emit:
    """Send an event with these fields, after `delay` seconds."""

    type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Speak:
    """Send `text` as tokens; `pieces` are the tokens, otherwise each has a few characters.

    Without `accumulates` the events do not repeat the whole text, as a server may do.
    """

    text: str = ""
    pieces: tuple[str, ...] = ()
    accumulates: bool = True


@dataclass(frozen=True, slots=True)
class Raw:
    """Send these bytes unchanged."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait until the simulator releases `name`; the client receives nothing, or pings if `pings`."""

    name: str
    pings: bool = False


@dataclass(frozen=True, slots=True)
class Propose:
    """Propose a plan for approval."""

    plan: "Plan"


@dataclass(frozen=True, slots=True)
class AwaitDecision:
    """Keep the stream open, with pings, until the latest plan is decided; then send its result.

    `works`: before the result of an approved plan name the agent of each operation, during `SimulatedAion.plan_time`.
    """

    works: bool = False


@dataclass(frozen=True, slots=True)
class Complete:
    """Store the answer and send `complete`."""


@dataclass(frozen=True, slots=True)
class Close:
    """Send `close` and end the stream."""


@dataclass(frozen=True, slots=True)
class End:
    """End the stream without an event."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Break the connection. `stored`: the server stores the answer nevertheless."""

    stored: bool = True


Step = Emit | Speak | Raw | Hold | Propose | AwaitDecision | Complete | Close | End | Cut


class PlanEnd(Enum):
    """The response to the request that decides a plan, and its effect."""

    DONE = auto()
    """200 with results."""
    ACCEPTED = auto()
    """202; a new message of the assistant appears in the session a moment later."""
    BUSY = auto()
    """409; another request decides it, and its result appears in the session a moment later."""
    EXPIRED = auto()
    """404, as for a plan that does not exist."""
    FAILED = auto()
    """500; nothing was done, and it may be decided again."""
    LOST_AFTER_ACTING = auto()
    """The connection breaks with no answer, after the plan was carried out."""
    LOST_BEFORE_ACTING = auto()
    """The connection breaks with no answer, and nothing was done."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a plan."""

    agent_name: str
    description: str
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, and its ends. Ends are used in order, the last one repeatedly; `result` is the text of its result."""

    description: str
    operations: tuple[Operation, ...]
    result: str
    ends: tuple[PlanEnd, ...] = (PlanEnd.DONE,)
    only_id: bool = False


class Shape(StrEnum):
    """The three forms of an error body."""

    GATEWAY = "gateway"
    CHAT = "chat"
    FASTAPI = "fastapi"


@dataclass(frozen=True, slots=True)
class Fault:
    """Refuse a request: with this status and body, or, without a status, by breaking the connection.

    `acts`: perform the request first. `silent`: never respond; the client has to time out.
    """

    status: int | None
    code: str = "SERVER_ERROR"
    message: str = "Something failed"
    shape: Shape = Shape.CHAT
    headers: Mapping[str, str] = field(default_factory=dict)
    acts: bool = False
    silent: bool = False
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The final text of the assistant, with the data of its references."""

    content: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[Mapping[str, Any], ...] = ()
    agents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """What Aion does with one question. `topic` is the topic of a follow-up in the same session."""

    steps: tuple[Step, ...]
    answer: Answer = Answer("")
    topic: str = ""
    refusal: Fault | None = None


ENDING: tuple[Step, ...] = (Complete(), Close())


def spoken(content: str, *before: Step, **answer: Any) -> Scene:
    """The scene of a plain answer; `before` are steps before its text."""
    return Scene((*before, Speak(content), *ENDING), Answer(content, **answer))


def proposed(plan: Plan, lead: str = "I can do that. Here is my plan.", *, stays_open: bool = False) -> Scene:
    """The scene of a plan: the stream ends with it, or stays open and sends the result."""
    if not stays_open:
        return Scene((Speak(lead), Propose(plan), *ENDING), Answer(lead))
    return Scene((Speak(lead), Propose(plan), AwaitDecision(), *ENDING), Answer(lead))


def refused(
    status: int | None, *, code: str = "SERVER_ERROR", message: str = "Something failed", **fault: Any
) -> Scene:
    """The scene of a question that is refused before a stream begins."""
    return Scene((), refusal=Fault(status, code, message, **fault))
