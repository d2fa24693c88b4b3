"""What happens on Discord, as the core's events. No I/O.

`sdk_objects` makes the values below out of discord.py's objects; what they mean for the bot is decided here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from adapters.discord import ids
from adapters.discord.mentions import begins_with_mention, readable, without
from aion_bot.ports.events import Click, MessageChange, Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.ports.text import one_line

THREAD_NAME_LENGTH = 100
"""Characters in a thread's name (Discord's documentation, *Start Thread from Message*)."""
UNTITLED = "A question for Aion"


class ChannelKind(Enum):
    """What can be done in a channel."""

    TEXT = "threads are opened from its messages"
    THREAD = "a thread, a post in a forum included"
    DIRECT = "a direct message"
    OTHER = "messages without threads, as beside a voice channel"


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """A channel of a server, a thread, or a direct conversation. `parent` is the channel of a thread.

    `bot_may_write` and `person_may_write` as for `Place`: an interaction says so, a message shows it.
    `home` is the server of the other side of a direct conversation, as `Membership` finds it.
    """

    kind: ChannelKind
    id: int
    guild: int | None = None
    parent: int | None = None
    bot_may_write: bool = True
    person_may_write: bool = True
    home: str = ""

    @property
    def place(self) -> Place:
        """The place that allow-lists name: a thread counts as its parent."""
        workspace = "" if self.guild is None else str(self.guild)
        channel = self.id if self.parent is None else self.parent
        return Place(
            workspace,
            str(channel),
            direct=self.kind is ChannelKind.DIRECT,
            person_workspace=self.home,
            bot_may_write=self.bot_may_write,
            person_may_write=self.person_may_write,
        )

    def answer_thread(self, message: int) -> ThreadKey:
        """Name the thread in which a message of this channel is answered.

        A thread opened from a message has that message's id, so its name is known before it exists.
        """
        return ids.thread_key(message if self.kind is ChannelKind.TEXT else self.id)


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """The bot's user, and its managed role in a server: people pick the role by mistake, for it has the same name."""

    user: int
    role: int | None = None

    @property
    def mentions(self) -> tuple[str, ...]:
        """How a message's content mentions the bot. `<@!…>` is the older form, which some clients still send."""
        role = () if self.role is None else (f"<@&{self.role}>",)
        return (f"<@{self.user}>", f"<@!{self.user}>", *role)


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message. `by_person` is false for bots, webhooks and Discord's own notices.

    `mentions` and `roles` are ids; `names` explains the mentions in `content`. `replies_to_other`: it replies to a
    message that is not the bot's. `quote` is the text of that message, or of a forwarded one.
    """

    id: int
    channel: ChannelInfo
    person: Person
    content: str
    by_person: bool = True
    mentions: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    quote: str = ""
    replies_to_other: bool = False
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class CommandUse:
    """A command that somebody used. `answer` is the message that acknowledged it, `quote` the text it is about."""

    id: int
    channel: ChannelInfo
    person: Person
    text: str
    answer: int
    quote: str = ""
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """A button that somebody pressed, on `message`."""

    id: int
    channel: ChannelInfo
    person: Person
    message: int
    custom_id: str


def prompt_from_message(message: IncomingMessage, bot: BotIdentity) -> Prompt | None:
    """Read a message as a question; None if it is none."""
    # By Discord's own list, not by searching the content: what only looks like a mention is not in it.
    mentioned = bot.user in message.mentions or (bot.role is not None and bot.role in message.roles)
    addressed = mentioned or message.channel.kind is ChannelKind.DIRECT
    if not message.by_person or not (addressed or _may_continue(message)):
        return None
    # May be empty: a mention alone asks about what it replies to, or about its attachments.
    text, thread = _text(message, bot), message.channel.answer_thread(message.id)
    return Prompt(
        key=ids.prompt_key(message.id),
        thread=thread,
        place=message.channel.place,
        person=message.person,
        text=text,
        addressed=addressed,
        opening=_opening(message.channel, text or message.quote),
        quote=message.quote,
        attachments=message.attachments,
        source=ids.message_ref(thread, message.channel.id, message.id),
    )


def change_from_edit(message: IncomingMessage, bot: BotIdentity) -> MessageChange | None:
    """Read an edited message as a change, whether or not it was a question: the core knows which were.

    In a server, a message that arrives empty is one whose content the bot may not read, or an attachment alone.
    """
    readable_here = message.content.strip() or message.channel.kind is ChannelKind.DIRECT
    if not message.by_person or not readable_here:
        return None
    return _change(message.id, message.channel, message.person, _text(message, bot))


def change_from_deletion(message: int, channel: ChannelInfo) -> MessageChange:
    """Read a deletion as a change. Discord says neither whose message it was nor who deleted it."""
    return _change(message, channel, Person(""), None)


def prompt_from_command(use: CommandUse) -> Prompt:
    """Read the use of a command as a question."""
    return Prompt(
        key=ids.prompt_key(use.id),
        thread=use.channel.answer_thread(use.answer),
        place=use.channel.place,
        person=use.person,
        text=use.text,
        opening=_opening(use.channel, use.text or use.quote),
        quote=use.quote,
        attachments=use.attachments,
        reply_token=str(use.id),
    )


def click_from_press(press: ButtonPress) -> Click | None:
    """Read the press of a button as a click; None if the button is not the bot's."""
    parsed = ids.parse_custom_id(press.custom_id)
    if parsed is None:
        return None
    action, key = parsed
    return Click(
        action=action,
        key=key,
        message=ids.message_ref(ids.thread_key(press.channel.id), press.channel.id, press.message),
        place=press.channel.place,
        person=press.person,
        reply_token=str(press.id),
    )


def thread_name(text: str) -> str:
    """Name a thread after the text that it is about."""
    return one_line(text, THREAD_NAME_LENGTH) or UNTITLED


def _opening(channel: ChannelInfo, text: str) -> str | None:
    """Name the thread that has to be opened; None where the answer goes into the channel itself."""
    return thread_name(text) if channel.kind is ChannelKind.TEXT else None


def _change(message: int, channel: ChannelInfo, person: Person, text: str | None) -> MessageChange:
    return MessageChange(ids.prompt_key(message), channel.answer_thread(message), channel.place, person, text)


def _text(message: IncomingMessage, bot: BotIdentity) -> str:
    return readable(without(message.content, *bot.mentions), message.names)


def _may_continue(message: IncomingMessage) -> bool:
    """Tell whether a message that does not mention the bot may continue a conversation with it.

    Without the privileged intent its content arrives empty, so there is nothing to answer (Discord's documentation,
    *Gateway*, Message Content Intent).
    """
    if message.channel.kind is not ChannelKind.THREAD:
        return False
    # People talk to one another in the bot's threads, too.
    if message.replies_to_other or begins_with_mention(message.content):
        return False
    return bool(message.content.strip() or message.attachments)
