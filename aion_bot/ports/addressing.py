"""Whom a message addresses: one rule for every platform, and which mentions address nobody. No I/O.

Mentions in code address nobody. Slack and Discord know code spans by runs of backticks, within a line or over several, and
no indented code. markdown-it-py finds them in the whole text at once, in linear time.
"""

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt

_PARSER = MarkdownIt("zero").enable(["backticks", "escape"])


@dataclass(frozen=True, slots=True)
class Address:
    """Whom a message names, as its platform says it; what stands in code names nobody.

    Attributes:
        bot: It mentions the bot or answers it with a mention, or nobody but the bot and the person is there.
        others: It mentions other people, a group or everybody, or answers somebody else's message.
        in_thread: It stands in a thread, where it may go on with a conversation.
        words: It says something: in its text, or in a table, a block or a forward.
    """

    bot: bool
    others: bool = False
    in_thread: bool = False
    words: bool = True


def may_be_for_bot(address: Address) -> bool:
    """Tell whether a message speaks to the bot, or may in a thread where the bot takes part.

    People talk to one another in the bot's threads, too: a message that names others, or has no words, is not for the
    bot.
    """
    return address.bot or (address.in_thread and address.words and not address.others)


@dataclass(frozen=True, slots=True)
class Masked:
    """A text in which each mention inside code is replaced by a mark that is none.

    Attributes:
        text: The text with the marks.
    """

    text: str
    _sign: str = ""
    _hidden: tuple[str, ...] = ()

    def restored(self, text: str) -> str:
        """Put the mentions back into a text that was made of `text`."""
        if not self._hidden:
            return text
        parts = text.split(self._sign)
        parts[1::2] = [self._hidden[int(number)] for number in parts[1::2]]
        return "".join(parts)


def masked(text: str, mention: re.Pattern[str]) -> Masked:
    """Replace what `mention` matches inside code; what it matches holds no line end."""
    if "`" not in text:
        return Masked(text)
    sign, found = _unused(text), list[str]()

    def numbered(match: re.Match[str]) -> str:
        found.append(match[0])
        return f"{sign}{len(found) - 1}{sign}"

    marked = mention.sub(numbered, text)
    if not found:
        return Masked(text)
    # The sign stands twice around each number, so that splitting at it puts the numbers at odd places.
    (inline,) = _PARSER.parseInline(marked)
    code = (token.content for token in inline.children or () if token.type == "code_inline")
    inside = {number for content in code for number in content.split(sign)[1::2]}
    parts = marked.split(sign)
    parts[1::2] = [f"{sign}{one}{sign}" if one in inside else found[int(one)] for one in parts[1::2]]
    return Masked("".join(parts), sign, tuple(found))


def _unused(text: str) -> str:
    """Return a character of the private use area that a text does not have."""
    used = set(text)
    return next(sign for sign in map(chr, range(0xF0000, 0xF0000 + len(used) + 1)) if sign not in used)
