"""What happens on a platform, as values that adapters hand to the core: questions, edits, clicks."""

from dataclasses import dataclass, field
from enum import StrEnum

from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import Action, MessageRef, Person, ThreadKey

MOST_FILES = 50
"""Files of one question at most; what is more is counted in `Prompt.attachments` alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said, in the platform's own ids.

    `workspace` is a Slack team or a Discord server (empty in a Discord direct message); `shared` is true for a
    Slack channel that another organisation sees too. `person_workspace` is the workspace that the person belongs to,
    empty where the platform does not tell it apart. `bot_may_write` and `person_may_write` are false where the platform
    says that the bot could show no answer, or that the person may not write themselves; `lacks` is the platform's own name
    of the permission that the bot misses then, where it is known. `private`: the answer is shown elsewhere, to the person
    alone, so that neither counts. `checked` is false where the platform did not answer who sees the channel, or where the
    person belongs: what is said of it here is the worst case. `roles` are the person's roles in the workspace at this
    moment, None where the platform does not say them with what happens.
    """

    workspace: str
    channel: str
    direct: bool = False
    shared: bool = False
    person_workspace: str = ""
    bot_may_write: bool = True
    person_may_write: bool = True
    private: bool = False
    lacks: str = ""
    checked: bool = True
    # Not compared, nor stored: they are those of a moment.
    roles: frozenset[str] | None = field(default=None, compare=False)

    @property
    def alone(self) -> bool:
        """Whether its person is alone with the bot there."""
        return self.direct or self.private

    @property
    def home(self) -> str:
        """The workspace whose limits count: a direct message that is in none counts as in the person's own."""
        return self.workspace or self.person_workspace


class QuoteSource(StrEnum):
    """How words that are not a message's own text belong to a question."""

    ASKED_ABOUT = "asked about"
    """A message that a shortcut or a message command names."""
    FORWARDED = "forwarded"
    REPLIED_TO = "replied to"
    INSERTED = "inserted"
    """In the message itself, beside its text: a table, a block, a card."""
    WITHHELD = "withheld"
    """A message that is replied to, whose words the platform keeps back from the bot: the quote has no text."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that a question is about.

    `author` is the name of whoever wrote them, empty where the platform does not say. `cut`: they were longer, and
    their end was left out. An adapter hands over the whole words; the core bounds them (`domain.prompts`).
    """

    source: QuoteSource
    text: str
    author: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """Somebody asked something.

    `key` is the same for every delivery of the same message, whatever its form. `addressed` is false for an ordinary message in
    a thread, which counts only where the bot already takes part; of a `young` one it may have overtaken the question with which
    the thread began. `opening` names the thread that has to be opened before anything can be posted there, or is None where it
    exists. `quotes` are words that the question is about and that are not in `text`. `attachments` counts the files of the
    message, and of all that it quotes; `files` are those of them that can be read, in reading order, `MOST_FILES` at most.
    `source` is the person's own message, where the question is one. `reply_token` lets the adapter answer privately; it means
    nothing elsewhere, and may be a secret while it is valid. `written_at` is when the message was written or the command used,
    by the platform's clock in seconds since the epoch; 0 where the platform does not say. `in_place` is where the answer goes
    if the thread cannot be opened; `echo` is what the bot itself posted to acknowledge the question.
    """

    key: str
    thread: ThreadKey
    place: Place
    person: Person
    text: str
    addressed: bool = True
    young: bool = False
    opening: str | None = None
    quotes: tuple[Quote, ...] = ()
    attachments: int = 0
    files: tuple[Attachment, ...] = ()
    source: MessageRef | None = None
    reply_token: str = field(default="", repr=False)
    in_place: ThreadKey | None = None
    echo: MessageRef | None = None
    # Not compared: it says nothing about what is asked.
    written_at: float = field(default=0.0, compare=False)
    pictures: tuple[str, ...] = ()
    """Aion's ids of the pictures that it is about alone; empty where it is about all."""
    detailed: bool = False
    """Whether Aion is to look at pictures in detail."""
    private: bool = False
    """Whether its person alone is to see it answered; `place.private` once it has a thread of its own for that."""
    share_to: ThreadKey | None = None
    """Where a private answer may be shared: what would have been its thread. None for every other question."""

    @property
    def quote(self) -> str:
        """The words of all quotes, without whose they are."""
        return "\n".join(one.text for one in self.quotes if one.text)


@dataclass(frozen=True, slots=True)
class MessageChange:
    """Somebody edited a message of theirs, or deleted it (`text` is None). `prompt` is the key its `Prompt` had.

    `question` is the message as a question, as it reads now; None where it speaks to somebody else or says nothing.
    """

    prompt: str
    thread: ThreadKey
    place: Place
    person: Person
    text: str | None
    # Not compared: it is the same change, whatever the message asks.
    question: Prompt | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Click:
    """Somebody pressed a button of ours. `key` is whatever the button carried; it may be forged or long gone.

    `words` are what they wrote in the form that the press had opened, empty where none was opened. `round` is the round in which
    the button was offered, which the core takes off the key (`rounds.read_round`); None where the key says none.
    """

    action: Action
    key: str
    message: MessageRef
    place: Place
    person: Person
    reply_token: str = field(default="", repr=False)
    words: str = field(default="", repr=False)
    by_reaction: bool = False
    """Whether a reaction on the message stands for the press: no interaction with the platform came with it."""
    round: int | None = None

    @property
    def thread(self) -> ThreadKey:
        """Where the button is."""
        return self.message.thread


@dataclass(frozen=True, slots=True)
class Reaction:
    """Somebody put one of the bot's shortcuts as a reaction on a message of the bot's own.

    `action` is what it stands for: `RETRY`, `STOP`, or `MANAGE` for an export to the person alone. The thread of `message`
    need not be known. Neither an app's reaction nor one that is taken away is an event.
    """

    action: Action
    message: MessageRef
    place: Place
    person: Person
    reply_token: str = ""

    @property
    def thread(self) -> ThreadKey:
        """Where the message is, as far as the platform says it."""
        return self.message.thread


@dataclass(frozen=True, slots=True)
class StopRequest:
    """Somebody used the platform's own way to stop what runs in a thread.

    `at`: when, in seconds since the epoch; None where the platform does not say it.
    """

    thread: ThreadKey
    place: Place
    person: Person
    reply_token: str = ""
    at: float | None = None


@dataclass(frozen=True, slots=True)
class ManageCommand:
    """Somebody used `/aion`, or the platform's menu of the same actions.

    `key` names this one use. `name` is the subcommand as it was written, "" where there was none; `words` are what stood
    behind it, and `private` whether it asked for a private answer by an option of its own. `thread` is where it was used; on a
    platform whose commands carry no thread it names the channel alone, and no thread of the bot's has its id. `inside`: it was
    used in a thread, or on a message of one, and is about no other.
    """

    key: str
    name: str
    words: str
    thread: ThreadKey
    place: Place
    person: Person
    private: bool = False
    inside: bool = False
    reply_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HomeOpened:
    """Somebody opened the page that the platform has for the bot; `thread` is their direct conversation with it."""

    thread: ThreadKey
    place: Place
    person: Person
    reply_token: str = ""


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody invited the bot to a channel; `thread` is the channel itself.

    `person` is who did, with an empty id where the platform does not say it.
    """

    thread: ThreadKey
    place: Place
    person: Person
    reply_token: str = ""


InboundEvent = Prompt | MessageChange | Click | Reaction | StopRequest | ManageCommand | HomeOpened | Invited
