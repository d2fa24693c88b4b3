"""discord.py's objects as the small values of `inbound`. Asks nobody, decides nothing."""

import discord

from adapters.discord.events import Kind, Me, Pressed, Room, Said
from adapters.discord.mentions import readable
from aion_bot.ports.messages import Person

_WRITTEN = {discord.MessageType.default, discord.MessageType.reply}
_KINDS = {
    discord.ChannelType.text: Kind.TEXT,
    discord.ChannelType.news: Kind.TEXT,
    discord.ChannelType.private: Kind.DIRECT,
    discord.ChannelType.group: Kind.DIRECT,
    discord.ChannelType.public_thread: Kind.THREAD,
    discord.ChannelType.private_thread: Kind.THREAD,
    discord.ChannelType.news_thread: Kind.THREAD,
}


def room(channel: object, guild: int | None) -> Room | None:
    """Describe a channel; None where discord.py itself knows no more than its id."""
    kind, channel_id = getattr(channel, "type", None), getattr(channel, "id", None)
    if not isinstance(kind, discord.ChannelType) or channel_id is None:
        return None
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    return Room(_KINDS.get(kind, Kind.PLAIN), channel_id, guild, parent)


def person(user: discord.User | discord.Member) -> Person:
    """Name somebody as the others see them."""
    return Person(str(user.id), user.display_name)


def me(user: int, guild: discord.Guild | None) -> Me:
    """Describe the bot in a server."""
    role = guild.self_role if guild is not None else None
    return Me(user, role.id if role is not None else None)


def said(message: discord.Message, where: Room, bot: int) -> Said:
    """Describe a message. What it forwards or replies to is quoted, unless the bot itself said that."""
    replied = message.reference.resolved if message.reference is not None else None
    other = replied if isinstance(replied, discord.Message) and replied.author.id != bot else None
    return Said(
        id=message.id,
        room=where,
        person=person(message.author),
        content=message.content,
        by_person=not message.author.bot and message.webhook_id is None and message.type in _WRITTEN,
        mentions=frozenset(user.id for user in message.mentions),
        roles=frozenset(role.id for role in message.role_mentions),
        names=names(message),
        quote=text(other) if other is not None else _forwarded(message),
        to_somebody_else=other is not None,
        attachments=len(message.attachments),
    )


def _forwarded(message: discord.Message) -> str:
    return "\n".join(snapshot.content for snapshot in message.message_snapshots)


def text(message: discord.Message) -> str:
    """Read a message as people do."""
    return readable(message.content, names(message))


def names(message: discord.Message) -> dict[str, str]:
    """Explain the marks of a message, as far as its payload and the server's description do."""
    people = {f"@{user.id}": user.display_name for user in message.mentions}
    return people | names_in(message.guild, message.content)


def names_in(guild: discord.Guild | None, content: str) -> dict[str, str]:
    """Explain the marks in `content` that a server's description explains."""
    if guild is None or "<" not in content:
        return {}
    channels = {f"#{channel.id}": channel.name for channel in (*guild.channels, *guild.threads)}
    return channels | {f"@&{role.id}": role.name for role in guild.roles}


def pressed(interaction: discord.Interaction, where: Room) -> Pressed:
    """Describe a press of a button."""
    data = dict(interaction.data or {})
    message = interaction.message
    return Pressed(
        id=interaction.id,
        room=where,
        person=person(interaction.user),
        message=message.id if message is not None else 0,
        custom_id=str(data.get("custom_id", "")),
    )
