"""What the bot knows of a channel: what can be done there, and the place that allow-lists name. No I/O."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import discord

from adapters.discord import ids
from aion_bot.ports.events import Place
from aion_bot.ports.messages import ThreadKey

# Permissions by the names that Discord's settings give to them.
CREATE_THREADS: Final = "Create Public Threads"
SEND_IN_THREADS: Final = "Send Messages in Threads"
SEND: Final = "Send Messages"
VIEW_CHANNEL: Final = "View Channel"
ADD_REACTIONS: Final = "Add Reactions"
MANAGE_MESSAGES: Final = "Manage Messages"
"""All that Discord's documentation names for a deletion (*Delete Message*)."""


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
    `lacks` and `checked` as for `Place`. `home` is the server of the other side of a direct conversation, as `Membership` finds it.
    `opened_by` is who opened a thread.
    """

    kind: ChannelKind
    id: int
    guild: int | None = None
    parent: int | None = None
    bot_may_write: bool = True
    person_may_write: bool = True
    lacks: str = ""
    checked: bool = True
    home: str = ""
    opened_by: int | None = None

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
            lacks=self.lacks,
            checked=self.checked,
        )

    def place_of(self, person: object) -> Place:
        """The place, with the roles that a member has at this moment: Discord sends them with what they do."""
        roles = frozenset(str(one.id) for one in person.roles) if isinstance(person, discord.Member) else None
        return replace(self.place, roles=roles)

    def answer_thread(self, message: int) -> ThreadKey:
        """Name the thread in which a message of this channel is answered.

        A thread opened from a message has that message's id, so its name is known before it exists.
        """
        return ids.thread_key(message if self.kind is ChannelKind.TEXT else self.id)


_KINDS = {
    discord.ChannelType.text: ChannelKind.TEXT,
    discord.ChannelType.news: ChannelKind.TEXT,
    discord.ChannelType.private: ChannelKind.DIRECT,
    discord.ChannelType.group: ChannelKind.DIRECT,
    discord.ChannelType.public_thread: ChannelKind.THREAD,
    discord.ChannelType.private_thread: ChannelKind.THREAD,
    discord.ChannelType.news_thread: ChannelKind.THREAD,
}


def channel_info(channel: object, guild: int | None) -> ChannelInfo | None:
    """Describe a channel; None where discord.py knows no more than its id.

    A message in an archived thread has only a `PartialMessageable` for a channel, because Discord describes archived
    threads to no session.
    """
    kind, channel_id = getattr(channel, "type", None), getattr(channel, "id", None)
    if not isinstance(kind, discord.ChannelType) or channel_id is None:
        return None
    # Allow-lists name the parent; everything else happens in the thread itself.
    parent, opener = (
        (channel.parent_id, channel.owner_id) if isinstance(channel, discord.Thread) else (None, None)
    )
    return ChannelInfo(_KINDS.get(kind, ChannelKind.OTHER), channel_id, guild, parent, opened_by=opener)


def with_permissions(channel: ChannelInfo, interaction: discord.Interaction) -> ChannelInfo:
    """Add whether the bot can show an answer where an interaction happened, and whether its author may write there."""
    if channel.kind is ChannelKind.DIRECT:
        return channel
    own, theirs = interaction.app_permissions, interaction.permissions
    if channel.kind is ChannelKind.THREAD:
        writes, may, lacks = own.send_messages_in_threads, theirs.send_messages_in_threads, SEND_IN_THREADS
    else:
        writes, may, lacks = own.send_messages, theirs.send_messages, SEND
    if channel.kind is ChannelKind.TEXT:
        # The answer comes in a thread of the acknowledgement, or below it where the bot may only write there.
        opens = own.create_public_threads and own.send_messages_in_threads
        kind = channel.kind if opens else ChannelKind.OTHER
        channel, writes, lacks = replace(channel, kind=kind), opens or writes, CREATE_THREADS
    # Without this permission no other one helps, so people are told of this one.
    lacks = lacks if own.view_channel else VIEW_CHANNEL
    writes = own.view_channel and writes
    # Discord sends what the roles allow; a time-out takes the right to write for a while.
    timed_out = isinstance(interaction.user, discord.Member) and interaction.user.is_timed_out()
    may = may and not timed_out
    return replace(channel, bot_may_write=writes, person_may_write=may, lacks="" if writes else lacks)
