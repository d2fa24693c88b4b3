"""A turn: one question and its answer, from the queue to the last indicator that is cleared.

A phase is written before the action that it announces, so that after a crash the row says what may have happened.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Button, Line, MessageRef, Person, ThreadKey
from aion_bot.ports.rounds import in_round


class TurnPhase(StrEnum):
    """How far a turn has come."""

    QUEUED = "queued"
    """Accepted; Aion was not asked. The question can still be edited or withdrawn."""
    ASKING = "asking"
    """Written just before the request: Aion may have the question, and has not named its answer yet."""
    STREAMING = "streaming"
    """Aion has named the answer."""
    PARKED = "parked"
    """The answer brought a plan: the thread goes on while the plan waits for a decision. Text after it ends this phase."""
    ENDED = "ended"
    """How it ended is decided; the thread may not show it yet."""
    SHOWN = "shown"
    """The thread shows how it ended; an indicator may still be there."""
    CLEARED = "cleared"
    """Nothing is left to do."""


class EndReason(StrEnum):
    """How a turn ended."""

    ANSWERED = "answered"
    FAILED = "failed"
    """A person may ask again with Retry."""
    INTERRUPTED = "interrupted"
    """A stop of the bot cut it off after Aion had been asked: the answer may come to be stored; Retry is offered."""
    REFUSED = "refused"
    """Aion does not answer it, and asking again cannot help."""
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"
    """The person took the question back before Aion had it."""
    UNDELIVERABLE = "undeliverable"
    """The bot may not write in the thread, or the thread is gone."""
    HELD = "held"
    """Somebody has to say first what is to be done with the question's files."""
    INCOMPLETE = "incomplete"
    """Answered without a file that another attempt may bring: Retry is offered."""


RETRYABLE = frozenset({EndReason.FAILED, EndReason.INTERRUPTED, EndReason.HELD, EndReason.INCOMPLETE})
"""Reasons that keep the question's text, because somebody may have it asked again."""

KEPT_FOR_RETRY = 86_400
"""Seconds for which the text of a question is kept for a Retry; afterwards it has to be asked anew."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended, as its thread shows it: why, the sentence under an answer that is not whole, and who ended it.

    `untouched`: what an earlier process showed stays as it is, as this one does not know the text. `buttons` stand under it
    in place of Retry.
    """

    reason: EndReason = EndReason.ANSWERED
    sentence: str = ""
    byline: Line = ()
    untouched: bool = False
    buttons: tuple[Button, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether Aion answered, and nothing is to be said about it."""
        return self.reason in {EndReason.ANSWERED, EndReason.INCOMPLETE} and not self.sentence

    @property
    def retryable(self) -> bool:
        """Whether the thread offers Retry."""
        return self.reason in RETRYABLE


def suggestion_key(turn: str, number: int) -> str:
    """Return the key of a button that carries a suggestion for a turn; `number` is from 0 to 9."""
    return f"{turn}-{number}"


def above_key(turn: str, plan: str) -> str:
    """Return the key of the pictures of a turn that stand above the card of a plan, and of their buttons."""
    return f"{turn}-{plan}"


def waiting_key(turn: str) -> str:
    """Return the key of the button that withdraws a question: another than its answer's, as its message is none of the answer."""
    return f"{turn}-waits"


def read_key(key: str) -> tuple[str, str]:
    """Return the key of a turn that a button carries, and the number of its suggestion, a plan's key, "waits", or ""; it may be forged."""
    turn, _, number = key.partition("-")
    return turn, number


UNFINISHED = frozenset({TurnPhase.QUEUED, TurnPhase.ASKING, TurnPhase.STREAMING, TurnPhase.PARKED})
"""Phases of a turn that has not ended."""

TURN_TRANSITIONS: Mapping[TurnPhase, frozenset[TurnPhase]] = {
    TurnPhase.QUEUED: frozenset({TurnPhase.ASKING, TurnPhase.ENDED, TurnPhase.SHOWN}),
    # Asking again in a new session, where Aion said that the thread's session is gone, writes ASKING once more; Aion
    # may have named an answer before it said so.
    TurnPhase.ASKING: frozenset(
        {TurnPhase.ASKING, TurnPhase.STREAMING, TurnPhase.PARKED, TurnPhase.ENDED, TurnPhase.SHOWN}
    ),
    TurnPhase.STREAMING: frozenset(
        {TurnPhase.ASKING, TurnPhase.STREAMING, TurnPhase.PARKED, TurnPhase.ENDED, TurnPhase.SHOWN}
    ),
    TurnPhase.PARKED: frozenset({TurnPhase.STREAMING, TurnPhase.PARKED, TurnPhase.ENDED, TurnPhase.SHOWN}),
    # From here on: Retry puts a failed turn back into the queue; a late answer reopens an interrupted one.
    TurnPhase.ENDED: frozenset({TurnPhase.SHOWN, TurnPhase.QUEUED, TurnPhase.STREAMING}),
    TurnPhase.SHOWN: frozenset({TurnPhase.CLEARED, TurnPhase.QUEUED, TurnPhase.STREAMING}),
    TurnPhase.CLEARED: frozenset({TurnPhase.QUEUED, TurnPhase.STREAMING}),
}
"""From a phase to those that may follow. A turn whose end needs no Retry goes to `SHOWN` in one write."""


def turn_sources(phase: TurnPhase) -> frozenset[TurnPhase]:
    """Phases from which a turn may move to `phase`."""
    return frozenset(source for source, targets in TURN_TRANSITIONS.items() if phase in targets)


class Words(StrEnum):
    """Whether the words above a plan's card stand in the thread, of an answer that ended at the card."""

    SHOWN = "shown"
    MISSING = "missing"
    """An earlier process ended before it showed them all, and Aion has not stored them yet: noted before the card is posted."""


@dataclass(slots=True)
class FirstSeen:
    """When people first saw a sign of an attempt, and words of its answer, in seconds since 1970; None: not yet."""

    sign: float | None = None
    text: float | None = None


MOST_STARTS = 2
"""How often processes start one attempt of a turn. One that stopped so many of them would stop the next one as well."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and the messages that answer it.

    `key` names it in buttons (16 hexadecimal digits); `text` is what Aion is asked, empty once nobody can need it again;
    `attached` is what Aion is told of its files behind that; `reason` is None until it has ended; `session_id` and `answer_id`
    are Aion's ids, None until they are known. `posted` are the messages so far, in reading order, `growing` the one of them
    that an earlier process left with a Stop button, and its words, `file` the one of them that is the file behind the answer,
    `posting` the fingerprints of those whose posts may be on their way. `origin` is the prompt it came as, None in rows of the
    first version; `attempt` counts the retries; `starts` how often a process took this attempt up; `asked_at` is when it was
    asked, in seconds since 1970; an answer that takes `notify_after` seconds mentions the asker, 0: never. `erased` says that
    the words are gone: the turn ended otherwise than by a failure, `KEPT_FOR_RETRY` has passed since, or the writer deleted the
    message. `words` tells of those above a plan's card.
    """

    key: str
    thread: ThreadKey
    asker: Person
    text: str
    phase: TurnPhase = TurnPhase.QUEUED
    reason: EndReason | None = None
    session_id: str | None = None
    answer_id: str | None = None
    posted: tuple[MessageRef, ...] = ()
    file: MessageRef | None = None
    posting: frozenset[str] = frozenset()
    origin: Prompt | None = None
    attempt: int = 0
    starts: int = 0
    asked_at: int = 0
    notify_after: int = 0
    erased: bool = False
    attached: str = ""
    growing: tuple[MessageRef, str] | None = None
    words: Words = Words.SHOWN

    @property
    def place(self) -> Place:
        """Where it was asked; no list and no section names where a row of the first version was."""
        return Place("", "") if self.origin is None else self.origin.place

    @property
    def given_up(self) -> bool:
        """Whether too many processes started it and none ended it: most likely its answer stops the process."""
        return self.starts >= MOST_STARTS and self.phase in UNFINISHED

    @property
    def retryable(self) -> bool:
        """Whether it ended in a way that somebody may have it asked again."""
        return self.reason in RETRYABLE

    @property
    def key_in_round(self) -> str:
        """The key of a button that counts for this attempt alone."""
        return in_round(self.key, self.attempt)

    @property
    def name(self) -> str:
        """What the nonces of its posts begin with: the same in every process, another for each attempt."""
        return self.name_of(self.attempt)

    def name_of(self, attempt: int) -> str:
        """The name of an attempt at it."""
        return f"{self.key}-{attempt}"
