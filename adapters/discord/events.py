"""What happens on Discord, as the core's events: read from discord.py's objects. No I/O."""

import functools
from collections.abc import Iterable
from dataclasses import replace

import discord

from adapters.discord import content, ids, strings
from adapters.discord.channels import ChannelInfo, ChannelKind
from adapters.discord.mentions import outside_code, readable, without
from adapters.discord.writers import address_of, forms, is_by_person, own_role, replied_to
from aion_bot.ports.addressing import Address, may_be_for_bot
from aion_bot.ports.events import Click, MessageChange, Prompt, Quote, QuoteSource
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import Person
from aion_bot.ports.names import Find, no_name
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import one_line

THREAD_NAME_LENGTH = 100
"""Characters in a thread's name (Discord's documentation, *Start Thread from Message*)."""
TOKEN_LIFETIME = 15 * 60.0
"""Seconds for which an interaction's token is valid (Discord's documentation, *Receiving and Responding*)."""


def reply_token(interaction: discord.Interaction) -> str:
    """Return what it takes to answer an interaction later, in this process or the next: a secret while it is valid."""
    # Discord's own time, so that the end of the token does not depend on this machine's clock.
    until = int(interaction.created_at.timestamp() + TOKEN_LIFETIME)
    return f"{interaction.id}:{interaction.application_id}:{until}:{interaction.token}"


def prompt_from_message(
    message: discord.Message,
    channel: ChannelInfo,
    bot: int,
    find: Find = no_name,
    apps: frozenset[str] = frozenset(),
) -> Prompt | None:
    """Read a message as a question to the user `bot`; None if it is none.

    What it replies to or forwards is quoted, unless the bot wrote that. `find` as for `as_read`, `apps` from `asking_app`.
    """
    if not (apps or is_by_person(message)):
        return None
    quotes = content.inserted(message, functools.partial(as_read, guild=message.guild, find=find))
    if not may_be_for_bot(address := _address(message, channel, bot, quoted=bool(quotes))):
        return None
    replied = replied_to(message)
    # The bot's own words are in Aion's session already.
    other = replied if replied is not None and replied.author.id != bot else None
    if other is not None:
        read = functools.partial(as_read, guild=other.guild, people=other.mentions, find=find)
        quotes = (*quotes, *content.replied_to(other, read))
    # May be empty: a mention alone asks about the message that it replies to, or about its attachments.
    text, thread = _text(message, bot, find), channel.answer_thread(message.id)
    opens = channel.kind is ChannelKind.TEXT
    return Prompt(
        key=ids.prompt_key(message.id),
        thread=thread,
        place=channel.place_of(message.author),
        person=_person(message.author, apps),
        text=text,
        addressed=address.bot,
        opening=thread_name(text or _titled(quotes)) if opens else None,
        quotes=quotes,
        attachments=content.file_count(message, *(() if other is None else (other,))),
        files=content.files(message, other),
        source=ids.message_ref(thread, channel.id, message.id),
        written_at=message.created_at.timestamp(),
        in_place=ids.thread_key(channel.id) if opens else None,
    )


def unread_reply(message: discord.Message, channel: ChannelInfo, bot: int) -> Prompt | None:
    """Read a reply in a thread whose words Discord keeps back, because it does not mention the bot; None if it is none.

    Without the privileged intent the content, the attachments and all else that is said arrive empty (Discord's
    documentation, *Gateway*, Message Content Intent). Stickers and mentions do not.
    """
    kept_back = not (message.content or message.attachments or message.stickers or message.message_snapshots)
    address = _address(message, channel, bot, quoted=kept_back)
    if not (kept_back and address.in_thread and is_by_person(message)) or address.bot or address.others:
        return None
    return Prompt(
        key=ids.prompt_key(message.id),
        thread=channel.answer_thread(message.id),
        place=channel.place_of(message.author),
        person=_person(message.author),
        text="",
        addressed=False,
        written_at=message.created_at.timestamp(),
    )


def prompt_from_command(
    interaction: discord.Interaction,
    channel: ChannelInfo,
    answer: int,
    find: Find = no_name,
    *,
    words: str = "",
    about: discord.Message | None = None,
    files: tuple[Attachment, ...] = (),
) -> Prompt:
    """Read the use of a command as a question: `words`, or `about` a message. `answer` is the message that acknowledged it.

    `find` as for `as_read`.
    """
    text = as_read(words.strip(), interaction.guild, find=find)
    quotes = () if about is None else asked_about(about, find)
    thread, opens = channel.answer_thread(answer), channel.kind is ChannelKind.TEXT
    return Prompt(
        key=ids.prompt_key(interaction.id),
        thread=thread,
        place=channel.place_of(interaction.user),
        person=_person(interaction.user),
        text=text,
        opening=thread_name(text or _titled(quotes)) if opens else None,
        quotes=quotes,
        attachments=len(files) if about is None else content.file_count(about),
        files=files if about is None else content.files(about),
        reply_token=reply_token(interaction),
        written_at=interaction.created_at.timestamp(),
        in_place=ids.thread_key(channel.id) if opens else None,
        echo=ids.message_ref(thread, channel.id, answer) if answer else None,
    )


def asked_about(message: discord.Message, find: Find = no_name) -> tuple[Quote, ...]:
    """Quote the message that `Ask Aion` is used on. It arrives with its content, whatever the bot's intents."""
    read = functools.partial(as_read, guild=message.guild, people=message.mentions, find=find)
    return content.about(message, QuoteSource.ASKED_ABOUT, read)


def answered_directly(prompt: Prompt, channel: int) -> Prompt:
    """Move the answer to a question into the direct conversation `channel` with whoever asked."""
    place = replace(prompt.place, private=True)
    return replace(prompt, thread=ids.thread_key(channel), place=place, opening=None, in_place=None)


def asked_privately(prompt: Prompt, channel: ChannelInfo) -> Prompt:
    """Leave the answer to a command to the core, which opens a private thread; what is shared goes into the channel itself."""
    return replace(prompt, thread=ids.thread_key(channel.id), opening=None, in_place=None, private=True)


def change_from_edit(
    message: discord.Message, channel: ChannelInfo, bot: int, find: Find = no_name
) -> MessageChange | None:
    """Read an edited message as a change, whether or not it was a question: the core knows which were.

    In a server, a message that arrives empty is one whose content the bot may not read, or an attachment alone.
    """
    readable_here = message.content.strip() or channel.kind is ChannelKind.DIRECT
    if not is_by_person(message) or not readable_here:
        return None
    thread, by = channel.answer_thread(message.id), _person(message.author)
    text, asked = _text(message, bot, find), prompt_from_message(message, channel, bot, find)
    place = channel.place_of(message.author)
    return MessageChange(ids.prompt_key(message.id), thread, place, by, text, asked)


def change_from_deletion(message: int, channel: ChannelInfo) -> MessageChange:
    """Read a deletion as a change. Discord says neither whose message it was nor who deleted it."""
    thread = channel.answer_thread(message)
    return MessageChange(ids.prompt_key(message), thread, channel.place, Person(""), None)


def click_from_press(interaction: discord.Interaction, channel: ChannelInfo) -> Click | None:
    """Read the press of a button as a click; None if the button is not the bot's."""
    data, message = dict(interaction.data or {}), interaction.message
    parsed = ids.parse_custom_id(str(data.get("custom_id", "")))
    if parsed is None:
        return None
    action, key = parsed
    message_id = message.id if message is not None else 0
    return Click(
        action=action,
        key=key,
        message=ids.message_ref(ids.thread_key(channel.id), channel.id, message_id),
        place=channel.place_of(interaction.user),
        person=_person(interaction.user),
        reply_token=reply_token(interaction),
    )


def as_read(
    text: str,
    guild: discord.Guild | None,
    people: Iterable[discord.User | discord.Member] = (),
    find: Find = no_name,
) -> str:
    """Return `text` as people read it: with the names of `people`, and of a server's channels, threads and roles.

    `find` names other people, as `DiscordNames` knows them: by the server, and the inside of a mention.
    """
    # Most messages mention nothing, and a server may have hundreds of channels.
    if "<" not in text:
        return text
    names = {f"@{user.id}": user.display_name for user in people}
    if guild is not None:
        names |= {f"#{channel.id}": channel.name for channel in (*guild.channels, *guild.threads)}
        names |= {f"@&{role.id}": role.name for role in guild.roles}
    server = "" if guild is None else guild.id
    return readable(text, names, lambda mention: find(f"{server}{mention}"))


def _person(user: discord.User | discord.Member, apps: frozenset[str] = frozenset()) -> Person:
    """Name somebody as the others see them."""
    return Person(str(user.id), user.display_name, apps)


def _titled(quotes: tuple[Quote, ...]) -> str:
    """Return the words that a thread is named after where the question has none of its own."""
    return next((one.text for one in quotes if one.text), "")


def thread_name(text: str) -> str:
    """Name a thread after the text that it is about."""
    return one_line(KNOWN.strike(text), THREAD_NAME_LENGTH) or strings.UNTITLED


def _address(message: discord.Message, channel: ChannelInfo, bot: int, *, quoted: bool) -> Address:
    kind = channel.kind
    direct, in_thread = kind is ChannelKind.DIRECT, kind is ChannelKind.THREAD
    return address_of(message, bot, direct=direct, in_thread=in_thread, quoted=quoted)


def _text(message: discord.Message, bot: int, find: Find) -> str:
    """Return what a message says to the bot, without the mentions of the bot outside of code."""
    role, code = own_role(message), outside_code(message.content)
    mentions = (*forms(bot), *(() if role is None else (f"<@&{role.id}>",)))
    return as_read(code.restored(without(code.text, *mentions)), message.guild, message.mentions, find)
