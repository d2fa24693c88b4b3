"""What happened on Discord, as the core's values. No I/O.

`seen` makes the small values below out of the SDK's objects; the decisions are here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from adapters.discord import ids
from adapters.discord.mentions import begins_by_mentioning, readable, without
from aion_bot.ports.events import Click, MessageChange, Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.ports.text import one_line

THREAD_NAME = 100
"""Characters in a thread's name (Discord's documentation, *Start Thread from Message*)."""
UNTITLED = "A question for Aion"


class Kind(Enum):
    """What can be done in a channel."""

    TEXT = "threads are opened from its messages"
    THREAD = "a thread, a post in a forum included"
    DIRECT = "a conversation with one person"
    PLAIN = "messages without threads, as beside a voice channel"


@dataclass(frozen=True, slots=True)
class Room:
    """A channel. `parent` is the channel of a thread."""

    kind: Kind
    id: int
    workspace: int | None = None
    parent: int | None = None

    @property
    def place(self) -> Place:
        """The place that allow-lists speak of: a thread counts as its parent."""
        workspace = "" if self.workspace is None else str(self.workspace)
        channel = self.id if self.parent is None else self.parent
        return Place(workspace, str(channel), direct=self.kind is Kind.DIRECT)

    def thread_from(self, message: int) -> ThreadKey:
        """Name the thread where a message of this room is answered."""
        return ids.thread_key(message if self.kind is Kind.TEXT else self.id)


@dataclass(frozen=True, slots=True)
class Me:
    """The bot: its user, and its own role in a server, which people pick by mistake for the same name."""

    user: int
    role: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A message. `by_person` is false for bots, webhooks and Discord's own notices.

    `mentions` and `roles` are ids; `names` explains the marks in `content`. `to_somebody_else`: it replies to
    a message that is not the bot's; `quote` is that message, or a forwarded one.
    """

    id: int
    room: Room
    person: Person
    content: str
    by_person: bool = True
    mentions: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    quote: str = ""
    to_somebody_else: bool = False
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A command. `answer` is the message that acknowledged it; `quote` the message that it is about."""

    id: int
    room: Room
    person: Person
    text: str
    answer: int
    quote: str = ""
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press of a button."""

    id: int
    room: Room
    person: Person
    message: int
    custom_id: str


def from_message(said: Said, me: Me) -> Prompt | None:
    """Take a message as a question, or not at all."""
    mentioned = me.user in said.mentions or (me.role is not None and me.role in said.roles)
    addressed = mentioned or said.room.kind is Kind.DIRECT
    if not said.by_person or not (addressed or _may_continue(said)):
        return None
    text, thread = _words(said, me), said.room.thread_from(said.id)
    return Prompt(
        key=ids.prompt_key(said.id),
        thread=thread,
        place=said.room.place,
        person=said.person,
        text=text,
        addressed=addressed,
        opening=title(text or said.quote) if said.room.kind is Kind.TEXT else None,
        quote=said.quote,
        attachments=said.attachments,
        source=ids.message_ref(thread, said.room.id, said.id),
    )


def from_edit(said: Said, me: Me) -> MessageChange | None:
    """Take an edited message as an amendment, whether or not it was a question: the core knows.

    A message in a server that arrives empty is one whose words the bot may not see, or a file without words.
    """
    if not said.by_person or not (said.content.strip() or said.room.kind is Kind.DIRECT):
        return None
    return _amended(said.id, said.room, said.person, _words(said, me))


def from_deletion(message: int, room: Room) -> MessageChange:
    """Take a deleted message as an amendment. Discord does not say whose it was, nor who deleted it."""
    return _amended(message, room, Person(""), None)


def from_command(asked: Asked) -> Prompt:
    """Take a command as a question."""
    return Prompt(
        key=ids.prompt_key(asked.id),
        thread=asked.room.thread_from(asked.answer),
        place=asked.room.place,
        person=asked.person,
        text=asked.text,
        opening=title(asked.text or asked.quote) if asked.room.kind is Kind.TEXT else None,
        quote=asked.quote,
        attachments=asked.attachments,
        reply_token=str(asked.id),
    )


def from_press(pressed: Pressed) -> Click | None:
    """Take a press as a click; None if the button is none of ours."""
    parsed = ids.parse_custom_id(pressed.custom_id)
    if parsed is None:
        return None
    action, key = parsed
    thread = ids.thread_key(pressed.room.id)
    return Click(
        action=action,
        key=key,
        message=ids.message_ref(thread, pressed.room.id, pressed.message),
        place=pressed.room.place,
        person=pressed.person,
        reply_token=str(pressed.id),
    )


def title(text: str) -> str:
    """Name a thread after what it is about."""
    return one_line(text, THREAD_NAME) or UNTITLED


def _amended(message: int, room: Room, person: Person, text: str | None) -> MessageChange:
    return MessageChange(ids.prompt_key(message), room.thread_from(message), room.place, person, text)


def _words(said: Said, me: Me) -> str:
    return readable(without(said.content, *_marks(me)), said.names)


def _may_continue(said: Said) -> bool:
    """Tell whether a message without a mention may belong to a conversation with the bot.

    Without the privileged intent it arrives empty, so nothing is left to take.
    """
    if said.room.kind is not Kind.THREAD or said.to_somebody_else or begins_by_mentioning(said.content):
        return False
    return bool(said.content.strip() or said.attachments)


def _marks(me: Me) -> tuple[str, ...]:
    own_role = () if me.role is None else (f"<@&{me.role}>",)
    return (f"<@{me.user}>", f"<@!{me.user}>", *own_role)
