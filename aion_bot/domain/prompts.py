"""What a prompt asks of Aion, with how much of the words that it is about, and why it may not be asked. No I/O."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from aion_bot.domain import strings
from aion_bot.domain.file_types import FileKind
from aion_bot.ports.events import Prompt, Quote, QuoteSource
from aion_bot.ports.text import one_line, visible, visible_line

MESSAGE_LIMIT = 10_000
"""Characters of a question that Aion takes (its published API, POST /chat/sessions/{id}/messages)."""

MOST_QUOTES = 10
"""Quotes of one question; what is more is left out."""

QUOTES_LIMIT = 8_000
"""Characters of all quotes together, with their marks; Aion takes 10,000 of the whole question."""

QUESTION_SHOWN = 1_000
"""Characters of a question that stand above its private answer, or above one that is shared."""

_AUTHOR_LENGTH = 60
"""Characters of the name of somebody who is quoted."""

_SEARCHED = 4
"""How many times as much as is kept of a text is looked at: characters that nobody sees are left out."""
_MARK = "> "
_BETWEEN = "\n\n"


def readable(text: str) -> str:
    """Return a text without its margins; "" where nothing of it can be seen."""
    seen = any(not char.isspace() and unicodedata.category(char) not in {"Cf", "Cc"} for char in text)
    return text.strip() if seen else ""


def bounded(prompt: Prompt) -> Prompt:
    """Return a prompt whose quotes fit beside its own words into what Aion takes."""
    own = readable(prompt.text) or strings.ASK_ABOUT
    # The line ends that `question` writes around what stands before the quotes are four.
    room = MESSAGE_LIMIT - len(own) - len(strings.QUOTED) - 4
    return replace(prompt, quotes=_bounded_quotes(prompt.quotes, room))


def question(prompt: Prompt) -> str:
    """The words that Aion is asked: the person's own, and below them what they are about, marked as quoted."""
    text = readable(prompt.text)
    if not prompt.quotes or not (about := quoted(bounded(prompt).quotes)):
        return text
    return f"{text or strings.ASK_ABOUT}\n\n{strings.QUOTED}\n\n{about}"


def attached_words(files: Sequence[tuple[FileKind, str]], room: int) -> str:
    """Name files to Aion in at most `room` characters; "" where nothing fits. Names are hostile, and one line each."""
    told = f"{_BETWEEN}{strings.ATTACHED}"
    # A file without a name is stored as one that is called so.
    names = [(kind, visible_line(name).replace("”", '"') or "file") for kind, name in files]
    lines = [strings.attached_file(kind, name) for kind, name in names]
    while lines and len(told) + sum(len(line) + 1 for line in lines) > room:
        lines.pop()
    return "\n".join([told, *lines]) if lines else ""


def with_attached(text: str, attached: str) -> str:
    """Return what Aion is asked: the words, and below them what was said before and the files.

    Words that repeat the sentence before either become a quote, so that what stands behind it is the bot's own.
    """
    if not attached:
        return text
    own = (strings.EARLIER, strings.ATTACHED, strings.REASON_QUOTED)
    lines = [f"{_MARK}{line}" if any(one in line for one in own) else line for line in text.split("\n")]
    return "\n".join(lines) + attached


def own_words(asked: str) -> str:
    """Return a person's own words of what Aion was asked: without quotes, what was said before, files, and others' reasons."""
    for head in (strings.QUOTED, strings.EARLIER, strings.ATTACHED):
        asked = asked.partition(f"{_BETWEEN}{head}")[0]
    # The label of a reason begins with a name.
    before, found, _ = asked.partition(f" {strings.REASON_QUOTED}\n{_MARK}")
    return before.rpartition(_BETWEEN)[0] if found else asked


def unaskable(prompt: Prompt, *, reads_files: bool = False) -> str | None:
    """Return what is wrong with a question itself; `reads_files`: files may be added to the library here."""
    words = question(prompt)
    if prompt.private and not prompt.place.private:
        return strings.NO_PRIVATE_QUESTIONS
    if not words and prompt.files and not any(one.source is QuoteSource.WITHHELD for one in prompt.quotes):
        # The bot asks what to do with them.
        return None if reads_files else strings.FILES_OFF
    if not words and any(one.source is QuoteSource.WITHHELD for one in prompt.quotes):
        return strings.WITHHELD
    if not words:
        return strings.ONLY_FILES if prompt.attachments else strings.HINT
    # Words that leave no room for what they are about are too long as well.
    quoted_words = readable(prompt.quote) if prompt.quotes else ""
    crowded_out = quoted_words and not any(one.text for one in bounded(prompt).quotes)
    return strings.TOO_LONG if crowded_out or len(words) > MESSAGE_LIMIT else None


def _bounded_quotes(quotes: Sequence[Quote], room: int) -> tuple[Quote, ...]:
    """Return the quotes in at most `room` characters and `QUOTES_LIMIT`, as `quoted` writes them.

    What does not fit is left out at the end of a quote, which is then `cut`; one that has no room at all has no text.
    Bounding twice changes nothing.
    """
    left, found = min(room, QUOTES_LIMIT), []
    for number, quote in enumerate(quotes):
        clean = _clean(quote.text)
        # It has no words and takes no room; it only lets the answer say that words were withheld.
        if quote.source is QuoteSource.WITHHELD:
            found.append(quote)
            continue
        if not clean and not quote.cut:
            continue
        if number >= MOST_QUOTES:
            # One empty quote stands for all that are left out.
            found.append(replace(quote, text="", cut=True))
            break
        left -= len(_label(quote)) + len(_BETWEEN)
        kept = _beginning(clean, left)
        left -= len(_marked(kept)) if kept else 0
        found.append(replace(quote, text=kept, cut=quote.cut or kept != clean))
    return tuple(found)


def quoted(quotes: Sequence[Quote]) -> str:
    """Write quotes as a Markdown quotation, each line marked, below a line that says whose words they are.

    The words are hostile: every line end becomes one that the mark follows, and characters that nobody sees are left
    out, so that no line can pass for the question itself.
    """
    return _BETWEEN.join(
        f"{_label(quote)}{_marked(_clean(quote.text))}" for quote in quotes if _clean(quote.text)
    )


def named(author: str) -> str:
    """Return the name of somebody who is quoted, which is hostile, in one visible line."""
    return visible(one_line(author, _AUTHOR_LENGTH))


def marked(text: str, room: int) -> str:
    """Return the beginning of somebody's words as a quotation of at most `room` characters, each line marked; "" for none."""
    kept = _beginning(_clean(text[: _SEARCHED * max(0, room)]), room)
    return _marked(kept) if kept else ""


def _label(quote: Quote) -> str:
    return f"{strings.quote_label(quote.source, named(quote.author))}\n"


def _marked(text: str) -> str:
    return "\n".join(f"{_MARK}{line}" for line in text.split("\n"))


def _clean(text: str) -> str:
    # `splitlines` knows every character that a reader may take for a line end.
    return visible("\n".join(text.splitlines())).strip()


def _beginning(text: str, room: int) -> str:
    """Return as much of the beginning of a text as fits into `room` characters once its lines are marked."""
    kept = []
    for line in text.split("\n"):
        room -= len(_MARK)
        if room <= 0:
            break
        kept.append(line[:room])
        room -= len(line) + 1
    return "\n".join(kept).strip()


def also_read(quotes: Sequence[Quote]) -> str:
    """Say what was read that is not obvious, and that something was left out; empty where there is nothing to say."""
    sources = dict.fromkeys(one.source for one in quotes)
    # A person who uses a shortcut on a message knows that it is read.
    told = [source for source in sources if source is not QuoteSource.ASKED_ABOUT]
    read = strings.also_read(told, cut=any(one.cut for one in quotes))
    return f"{read} {strings.WITHHELD}".strip() if QuoteSource.WITHHELD in sources else read
