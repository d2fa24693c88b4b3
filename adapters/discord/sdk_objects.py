"""discord.py's objects as the values of `events`. Asks nobody and decides nothing."""

from dataclasses import replace

import discord

from adapters.discord.events import BotIdentity, ButtonPress, ChannelInfo, ChannelKind, IncomingMessage
from adapters.discord.mentions import readable
from aion_bot.ports.messages import Person

_WRITTEN_BY_PEOPLE = {discord.MessageType.default, discord.MessageType.reply}
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
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    return ChannelInfo(_KINDS.get(kind, ChannelKind.OTHER), channel_id, guild, parent)


def with_permissions(channel: ChannelInfo, interaction: discord.Interaction) -> ChannelInfo:
    """Add whether the bot can show an answer where an interaction happened, and whether its author may write there."""
    if channel.kind is ChannelKind.DIRECT:
        return channel
    own, theirs = interaction.app_permissions, interaction.permissions
    if channel.kind is ChannelKind.THREAD:
        writes, may = own.send_messages_in_threads, theirs.send_messages_in_threads
    elif channel.kind is ChannelKind.TEXT:
        # The answer comes in a thread of the acknowledgement.
        writes, may = own.create_public_threads and own.send_messages_in_threads, theirs.send_messages
    else:
        writes, may = own.send_messages, theirs.send_messages
    return replace(channel, bot_may_write=own.view_channel and writes, person_may_write=may)


def person(user: discord.User | discord.Member) -> Person:
    """Name somebody as the others see them."""
    return Person(str(user.id), user.display_name)


def bot_identity(user: int, guild: discord.Guild | None) -> BotIdentity:
    """Describe the bot in a server."""
    role = guild.self_role if guild is not None else None
    return BotIdentity(user, role.id if role is not None else None)


def incoming_message(message: discord.Message, channel: ChannelInfo, bot: int) -> IncomingMessage:
    """Describe a message. What it replies to or forwards is quoted, unless the bot wrote that itself."""
    # A reply carries the message that it replies to, unless that was deleted; a forward carries snapshots.
    replied = message.reference.resolved if message.reference is not None else None
    other = replied if isinstance(replied, discord.Message) and replied.author.id != bot else None
    forwarded = "\n".join(snapshot.content for snapshot in message.message_snapshots)
    written = message.type in _WRITTEN_BY_PEOPLE
    return IncomingMessage(
        id=message.id,
        channel=channel,
        person=person(message.author),
        content=message.content,
        by_person=written and not message.author.bot and message.webhook_id is None,
        # Not `mentioned_in`: discord.py counts @everyone and the roles of the bot there.
        mentions=frozenset(user.id for user in message.mentions),
        roles=frozenset(role.id for role in message.role_mentions),
        names=_names(message),
        quote=text(other) if other is not None else forwarded,
        replies_to_other=other is not None,
        attachments=len(message.attachments),
    )


def text(message: discord.Message) -> str:
    """Return a message's text as people read it."""
    return readable(message.content, _names(message))


def _names(message: discord.Message) -> dict[str, str]:
    """Explain the mentions of a message, as far as its payload and the server's description do."""
    people = {f"@{user.id}": user.display_name for user in message.mentions}
    return people | names_in(message.guild, message.content)


def names_in(guild: discord.Guild | None, content: str) -> dict[str, str]:
    """Explain the mentions in `content` that a server's description explains: its channels, threads and roles."""
    # Most messages mention nothing, and a server may have hundreds of channels.
    if guild is None or "<" not in content:
        return {}
    channels = {f"#{channel.id}": channel.name for channel in (*guild.channels, *guild.threads)}
    return channels | {f"@&{role.id}": role.name for role in guild.roles}


def button_press(interaction: discord.Interaction, channel: ChannelInfo) -> ButtonPress:
    """Describe the press of a button."""
    data = dict(interaction.data or {})
    message = interaction.message
    return ButtonPress(
        id=interaction.id,
        channel=channel,
        person=person(interaction.user),
        message=message.id if message is not None else 0,
        custom_id=str(data.get("custom_id", "")),
    )
