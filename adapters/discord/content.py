"""Words that stand in a Discord message beside its content: embeds, components, polls, forwards. No I/O.

A forwarded message is a snapshot without an author (Discord's documentation, *Message Snapshot Object*). Embeds of any
type but "rich" are link previews; nobody said them.
"""

from collections.abc import Callable, Iterable, Iterator

import discord

from aion_bot.ports.events import Quote, QuoteSource

AsRead = Callable[[str], str]
"""Writes mentions as the names that people read."""

_DEEPEST = 5
"""Levels of components in components; Discord's own need three."""


def words_of(message: discord.Message | discord.MessageSnapshot, *, content: bool = True) -> str:
    """Return what a message says; `content` false: only what stands beside its content."""
    lines = [message.content] if content else []
    for embed in filter(_is_written, message.embeds):
        lines += [embed.title or "", embed.description or ""]
        lines += [f"{field.name}: {field.value}" for field in embed.fields]
    # discord.py sets neither of the two where the payload lacks it.
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


def _with_snapshots(
    messages: Iterable[discord.Message],
) -> Iterator[discord.Message | discord.MessageSnapshot]:
    for message in messages:
        yield message
        yield from message.message_snapshots


def _files(message: discord.Message | discord.MessageSnapshot) -> int:
    pictures = sum(bool(embed.image) for embed in filter(_is_written, message.embeds))
    return len(message.attachments) + pictures


def _forwards(message: discord.Message, as_read: AsRead) -> tuple[Quote, ...]:
    found = (as_read(words_of(snapshot)) for snapshot in message.message_snapshots)
    return tuple(Quote(QuoteSource.FORWARDED, words) for words in found if words)


def _is_written(embed: discord.Embed) -> bool:
    return embed.type == "rich"


def _texts(components: Iterable[object], depth: int) -> Iterator[str]:
    """Return the texts of components; buttons and menus have none."""
    for component in components:
        if isinstance(component, discord.TextDisplay):
            yield component.content
        elif depth < _DEEPEST:
            yield from _texts(getattr(component, "children", ()), depth + 1)
