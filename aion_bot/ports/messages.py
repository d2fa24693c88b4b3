"""What crosses between the core and a platform, as values. No I/O."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ThreadKey:
    """Names one conversation on one platform.

    `id` is opaque: only the platform's adapter (`ids.py`) makes or reads it.
    """

    platform: str
    id: str


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Names one message. `id` is opaque, and may name another channel than the thread's own."""

    thread: ThreadKey
    id: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a platform. `name` may be empty where the platform's event carries none."""

    id: str
    name: str = ""


Line = tuple[str | Person, ...]
"""A sentence of the bot's own. Its `Person`s become the platform's mention; everything else is text, which
no adapter may let ping anybody."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said, in the platform's own ids.

    `workspace` is a Slack team or a Discord server (empty in a Discord direct message); `shared` is true for a
    Slack channel that another organisation sees too.
    """

    workspace: str
    channel: str
    direct: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """Somebody asked something.

    `key` is the same for every delivery of the same message, whatever its form. `addressed` is false for an
    ordinary message in a thread, which counts only where the bot already takes part; of a `young` one it may have
    overtaken the question with which the thread began. `opening` names the thread
    that has to be opened before anything can be posted there, or is None where it exists. `quote` is the message
    that the question is about. `source` is the person's own message, where the question is one. `reply_token` lets
    the adapter answer privately; it means nothing elsewhere.
    """

    key: str
    thread: ThreadKey
    place: Place
    person: Person
    text: str
    addressed: bool = True
    young: bool = False
    opening: str | None = None
    quote: str = ""
    attachments: int = 0
    source: MessageRef | None = None
    reply_token: str = ""


@dataclass(frozen=True, slots=True)
class Amendment:
    """Somebody edited a message of theirs, or deleted it (`text` is None). `prompt` is the key its `Prompt` had."""

    prompt: str
    thread: ThreadKey
    place: Place
    person: Person
    text: str | None


class Action(StrEnum):
    """What a button of ours does."""

    APPROVE = "approve"
    CANCEL = "cancel"
    RETRY = "retry"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Click:
    """Somebody pressed a button of ours. `key` is whatever the button carried; it may be forged or long gone."""

    action: Action
    key: str
    message: MessageRef
    place: Place
    person: Person
    reply_token: str = ""

    @property
    def thread(self) -> ThreadKey:
        """Where the button is."""
        return self.message.thread


@dataclass(frozen=True, slots=True)
class StopRequest:
    """Somebody used the platform's own way to stop what runs in a thread."""

    thread: ThreadKey
    place: Place
    person: Person
    reply_token: str = ""


Inbound = Prompt | Amendment | Click | StopRequest


@dataclass(frozen=True, slots=True)
class Button:
    """Something a person may press. `key` finds the row that has the rest; at most 64 characters."""

    action: Action
    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Words in a thread.

    `text` is Markdown, mostly the model's; the last `closing` characters of it close what is open only because the
    text is not at its end. `note` and `byline` are small lines under it in the bot's own voice, of which the second
    may name a person.
    """

    text: str
    note: str = ""
    byline: Line = ()
    buttons: tuple[Button, ...] = ()
    closing: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a plan: who acts, in words for people, and what it will do."""

    agent: str
    description: str


@dataclass(frozen=True, slots=True)
class PlanCard:
    """A plan that waits for a decision, or the record of one.

    `facts` are lines under the steps (how many operations, who may decide); `record` says what became of it and
    is empty while nobody decided. `key` tells the core which plan it is; it is not shown.
    """

    title: str
    description: str
    steps: tuple[Step, ...] = ()
    facts: tuple[Line, ...] = ()
    record: tuple[Line, ...] = ()
    buttons: tuple[Button, ...] = ()
    key: str = ""


Content = Reply | PlanCard
"""What every adapter can show as one message."""
