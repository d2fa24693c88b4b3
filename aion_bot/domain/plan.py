"""An execution plan: what Aion wants to do, who decided, and what became of it.

A phase is written before the action that it announces. `SENT` says that Aion may have been told; whether it was is
never inferred from anything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aion_bot.ports.events import Place
from aion_bot.ports.messages import Action, MessageRef, Person, Step, ThreadKey


class PlanPhase(StrEnum):
    """Where a plan stands."""

    PENDING = "pending"
    """Waits for a person; the only phase in which its buttons count."""
    CLAIMED = "claimed"
    """A person's decision is recorded; Aion was not told."""
    SENT = "sent"
    """Written just before the request: Aion may have been told."""
    RUNNING = "running"
    """Aion accepted the decision for later (202); the session is watched."""
    BUSY = "busy"
    """Aion said that another request decides this plan right now (409); the session is watched."""
    UNKNOWN = "unknown"
    """The answer to the decision was lost; the session is watched."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """Aion does not have the plan any more, and no earlier attempt can have decided it."""
    SETTLED = "settled"
    """It was decided, and the bot did not see which attempt did it, or how it ended."""
    REPLACED = "replaced"
    """Aion sent the plan again: a newer card shows it."""


UNDER_WAY = frozenset(
    {PlanPhase.CLAIMED, PlanPhase.SENT, PlanPhase.RUNNING, PlanPhase.BUSY, PlanPhase.UNKNOWN}
)
"""Phases in which a decision is being carried out."""

_ENDS = frozenset({PlanPhase.DONE, PlanPhase.FAILED, PlanPhase.CANCELLED})

PLAN_TRANSITIONS: Mapping[PlanPhase, frozenset[PlanPhase]] = {
    PlanPhase.PENDING: frozenset({PlanPhase.CLAIMED, PlanPhase.REPLACED}),
    # Back to PENDING where Aion was never told: after a crash, or where Aion has sent other content meanwhile.
    PlanPhase.CLAIMED: frozenset({PlanPhase.PENDING, PlanPhase.SENT}),
    PlanPhase.SENT: _ENDS
    | {
        PlanPhase.PENDING,
        PlanPhase.RUNNING,
        PlanPhase.BUSY,
        PlanPhase.UNKNOWN,
        PlanPhase.EXPIRED,
        PlanPhase.SETTLED,
    },
    # Never back to PENDING: Aion has accepted the decision, and a second one could be carried out, too.
    PlanPhase.RUNNING: _ENDS | {PlanPhase.SETTLED},
    # Back to PENDING, here and below, where the session shows no result in time: then a person may decide again.
    PlanPhase.BUSY: _ENDS | {PlanPhase.PENDING, PlanPhase.SETTLED},
    PlanPhase.UNKNOWN: _ENDS | {PlanPhase.PENDING, PlanPhase.SETTLED},
    PlanPhase.DONE: frozenset(),
    PlanPhase.FAILED: frozenset(),
    PlanPhase.CANCELLED: frozenset(),
    PlanPhase.EXPIRED: frozenset(),
    PlanPhase.SETTLED: frozenset(),
    PlanPhase.REPLACED: frozenset(),
}
"""From a phase to those that may follow. A person decides from `PENDING` alone."""

FINISHED = frozenset(phase for phase, following in PLAN_TRANSITIONS.items() if not following)
"""Phases of a plan that is over: once its card shows that, its words are erased."""


def plan_sources(phase: PlanPhase) -> frozenset[PlanPhase]:
    """Phases from which a plan may move to `phase`."""
    return frozenset(source for source, targets in PLAN_TRANSITIONS.items() if phase in targets)


DEADLINE = Person("deadline")
"""Stands for a person where a plan is cancelled because nobody approved it in time. It is no id of any platform."""

UNKNOWN_PLACE = Place("", "")
"""Where a plan was proposed whose turn was removed: no section of the file names it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One press that counted: who pressed what, and where it led.

    `at` is in seconds since 1970. `source` and `phase` are the last change of the plan's phase that came of it, None
    before the first. `answer` is what Aion answered, in short: an HTTP status, `lost`, or empty.
    """

    person: Person
    action: Action
    at: int
    source: PlanPhase | None = None
    phase: PlanPhase | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan and its newest decision.

    `key` is ours and travels in buttons; `plan_id` is Aion's; `turn` is the key of the question that led to it. `message` is
    its card, None until it was posted. `doubt` is true after an attempt whose outcome is not known: from then on a 404 means
    that the plan was decided, not that it expired, and a result may be stored that nobody has seen. `detail` is a sentence
    about how it ended, or about the attempt that put the buttons back; `said` are Aion's own words about it. `seen` are the ids
    of the session's messages before the action. `digest` is of the content as Aion sent it: a decision counts for that content
    alone. `unreadable` counts the steps that cannot be shown. `attempts` are all decisions so far, oldest first; the newest may
    be under way. `erased` says that the words (`description`, `steps`, `said`, `pending`) are gone; `digest` and `attempts`
    stay. `pending` needs another confirmation, None for each of it that cannot be shown; a card of its own shows it. `in_file`:
    a file that stands above the card, or is to stand there, has the whole plan. `approvals` are of everybody who approved it
    since it was refused last, oldest first. `place` is where it was asked for, and `proposed_at` when its row was written, in
    seconds since 1970. `reminded`: those who may decide were reminded. `requester_left`: whoever asked cannot decide any more,
    as the platform said last.
    """

    key: str
    plan_id: str
    session_id: str
    thread: ThreadKey
    requester: Person
    description: str
    steps: tuple[Step, ...] = ()
    operations: int | None = None
    phase: PlanPhase = PlanPhase.PENDING
    message: MessageRef | None = None
    decider: Person | None = None
    action: Action | None = None
    doubt: bool = False
    detail: str = ""
    seen: tuple[str, ...] = ()
    turn: str = ""
    digest: str = ""
    unreadable: int = 0
    said: str = ""
    attempts: tuple[Attempt, ...] = ()
    erased: bool = False
    in_file: bool = False
    pending: tuple[Step | None, ...] = ()
    approvals: tuple[Person, ...] = ()
    # Not compared: they are of the row, and not of what Aion proposed.
    place: Place = field(default=UNKNOWN_PLACE, compare=False)
    proposed_at: int = field(default=0, compare=False)
    reminded: bool = False
    requester_left: bool = False

    @property
    def round(self) -> int:
        """In which round its buttons are offered: how many attempts to decide it were made before."""
        return len(self.attempts)

    @property
    def was_refused(self) -> bool:
        """Whether a person cancelled it: one that nobody approved in time was refused by nobody."""
        return (
            self.phase is PlanPhase.CANCELLED and self.decider is not None and self.decider.id != DEADLINE.id
        )

    @property
    def out_of_time(self) -> bool:
        """Whether its deadline has ended it: nobody may approve it any more, also where Aion did not take the cancellation."""
        return any(one.person == DEADLINE for one in self.attempts)
