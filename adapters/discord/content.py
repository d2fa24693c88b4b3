"""Words that stand in a Discord message beside its content: embeds, components, polls, forwards. No I/O.

A forwarded message is a snapshot without an author (Discord's documentation, *Message Snapshot Object*). Embeds of any
type but "rich" are link previews; nobody said them. Previews of some sites are "rich" as well: people cannot write embeds,
so theirs with an address are previews, and so is one of a forward for an address in its words.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import discord

from adapters.discord import ids
from aion_bot.ports.events import MOST_FILES, Quote, QuoteSource
from aion_bot.ports.files import Attachment, attachment

AsRead = Callable[[str], str]
"""Writes mentions as the names that people read."""

_DEEPEST = 5
"""Levels of components in components; Discord's own need three."""


def words_of(message: discord.Message | discord.MessageSnapshot, *, content: bool = True) -> str:
    """Return what a message says; `content` false: only what stands beside its content."""
    lines = [message.content] if content else []
    for embed in _written(message):
        lines += _words_of_embed(embed)
    # Where the payload lacks one of the two attributes, discord.py does not set it.
    lines += _texts(getattr(message, "components", ()), 0)
    poll = getattr(message, "poll", None)
    if poll is not None:
        lines += [str(poll.question), *(f"- {answer.text}" for answer in poll.answers)]
    return "\n".join(line for line in lines if line)


def inserted(message: discord.Message, as_read: AsRead) -> tuple[Quote, ...]:
    """Return the words of a message beside its content, then those of what it forwards."""
    own = as_read(words_of(message, content=False))
    return (*((Quote(QuoteSource.INSERTED, own),) if own else ()), *_forwards(message, as_read))


def about(message: discord.Message, source: QuoteSource, as_read: AsRead) -> tuple[Quote, ...]:
    """Return all words of a message that a question is about, then those of what it forwards."""
    words = as_read(words_of(message))
    own = (Quote(source, words, message.author.display_name),) if words else ()
    return (*own, *_forwards(message, as_read))


def replied_to(message: discord.Message, as_read: AsRead) -> tuple[Quote, ...]:
    """Return all words of a message that is replied to, or that Discord keeps them back.

    Without the privileged intent a message that does not mention the bot arrives without content, embeds, attachments,
    components and poll (Discord's documentation, *Gateway*, Message Content Intent); nobody can write such a message.
    """
    found = about(message, QuoteSource.REPLIED_TO, as_read)
    written = message.type in {discord.MessageType.default, discord.MessageType.reply}
    says_otherwise = message.attachments or message.embeds or message.stickers or message.message_snapshots
    if found or says_otherwise or not written:
        return found
    return (Quote(QuoteSource.WITHHELD, ""),)


def file_count(*messages: discord.Message) -> int:
    """Count the files of messages and of what they forward, and the pictures of embeds."""
    return sum(map(_files, _with_snapshots(messages)))


def files(message: discord.Message, replied: discord.Message | None = None) -> tuple[Attachment, ...]:
    """Return the files of a message and of what it forwards, then those of what it replies to, `MOST_FILES` at most.

    A picture that an embed only names by its address is no file of Discord's.
    """
    by_id = _by_id(message, message.channel.id)
    if replied is not None and message.reference is not None:
        # Not the channel of `replied`: for a message above a thread discord.py names the thread.
        by_id |= _by_id(replied, message.reference.channel_id)
    return tuple(by_id.values())[:MOST_FILES]


def _by_id(message: discord.Message, channel: int) -> dict[str, Attachment]:
    """Return the files of a message. A forwarded one is read there: the bot may not see where it came from."""
    named = {ids.file_id(channel, message.id, one.id): one for one in attached(message)}
    return {
        found: attachment(found, one.filename, one.size, one.content_type) for found, one in named.items()
    }


def attached(message: discord.Message) -> Iterator[discord.Attachment]:
    """Return the attachments of a message and of what it forwards."""
    for part in _with_snapshots((message,)):
        yield from part.attachments


def _with_snapshots(
    messages: Iterable[discord.Message],
) -> Iterator[discord.Message | discord.MessageSnapshot]:
    for message in messages:
        yield message
        yield from message.message_snapshots


def _files(message: discord.Message | discord.MessageSnapshot) -> int:
    pictures = sum(bool(_part(embed.to_dict().get("image"), "url")) for embed in _written(message))
    linked = sum(one.attachment_id is None for one in _media(getattr(message, "components", ()), 0))
    return len(message.attachments) + pictures + linked


def _forwards(message: discord.Message, as_read: AsRead) -> tuple[Quote, ...]:
    found = (as_read(words_of(snapshot)) for snapshot in message.message_snapshots)
    return tuple(Quote(QuoteSource.FORWARDED, words) for words in found if words)


def _words_of_embed(embed: discord.Embed) -> Iterator[str]:
    """Return the words of an embed in reading order, whatever stands where its parts are expected."""
    parts: Mapping[str, Any] = embed.to_dict()
    yield from (_part(parts.get("author"), "name"), embed.title or "", embed.description or "")
    fields = parts.get("fields")
    for field in fields if isinstance(fields, list) else ():
        yield ": ".join(one for one in (_part(field, "name"), _part(field, "value")) if one)
    yield _part(parts.get("footer"), "text")


def _part(of: object, name: str) -> str:
    found = of.get(name) if isinstance(of, Mapping) else None
    return found if isinstance(found, str) else ""


def _written(message: discord.Message | discord.MessageSnapshot) -> Iterator[discord.Embed]:
    """Return the embeds that somebody wrote; those of a person that have an address are previews of it."""
    by_app = isinstance(message, discord.Message) and (message.author.bot or message.webhook_id is not None)
    by_person = isinstance(message, discord.Message) and not by_app
    for embed in message.embeds:
        # A forward has no author, so its embed is a preview if the words hold the embed's address.
        previews = embed.url and (by_person or (not by_app and embed.url in message.content))
        if embed.type == "rich" and not previews:
            yield embed


def _texts(components: Iterable[object], depth: int) -> Iterator[str]:
    """Return the texts of components; buttons and menus have none."""
    for component in components:
        if isinstance(component, discord.TextDisplay):
            yield component.content
        elif depth < _DEEPEST:
            yield from _texts(getattr(component, "children", ()), depth + 1)


def _media(components: Iterable[object], depth: int) -> Iterator[discord.UnfurledMediaItem]:
    """Return the pictures and files of components; those that were uploaded are attachments of the message, too."""
    for component in components:
        if isinstance(component, discord.MediaGalleryComponent):
            yield from (one.media for one in component.items)
        elif isinstance(component, discord.ThumbnailComponent | discord.FileComponent):
            yield component.media
        elif depth < _DEEPEST:
            inside = [*getattr(component, "children", ()), getattr(component, "accessory", None)]
            yield from _media(inside, depth + 1)
