"""Links in the Markdown that the bot writes: none hides where it leads, and none is live before the text is final. No I/O.

Slack makes links of masked links, bare addresses and angle brackets. What else Markdown and Slack's own markup can hide an
address in (definitions of references, HTML, `<address|label>`) is kept from being read as such, by a character that nobody
sees: the address is shown then.
"""

import re
from collections.abc import Iterator, Sequence

from aion_bot.ports.links import Link, names_host, opens_no_link, real_address, rewritten
from aion_bot.ports.markdown import Block, blocks

JOINER = "\N{WORD JOINER}"
"""Nobody sees it; an address with one in it is none."""

LONGEST_WORD = 60
"""Characters of a word that is looked at as a whole. In a longer one everything that could be a link is broken up."""

_HINTS = ("](", "]:", "<")
_LINE_END = re.compile(r"\r\n|[\r\n]")
_WORD = re.compile(r"\S+")
_TAG = re.compile(r"<(?=[A-Za-z/])")
_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W_])")
_SLASH = re.compile(r":(?=/)")


def checked(text: str) -> str:
    """Return Markdown in which every link whose label names another address shows its own; code stays as it is."""
    if not any(hint in text for hint in _HINTS):
        return text
    lines = _LINE_END.split(text)
    ends = _LINE_END.findall(text)
    shown = _checked_lines(lines, blocks("\n".join(lines)))
    return "".join(f"{line}{end}" for line, end in zip(shown, [*ends, ""], strict=True))


def inert(text: str) -> str:
    """Return Markdown, looking the same but for links, in which nothing is a link or picture, for a text that grows.

    What a longer text gives begins with what this one gives, if this one ends where `settled` says.
    """
    return _WORD.sub(_inert_word, text)


def settled(text: str) -> int:
    """Return how much of a growing text may be shown: a last word with a dot waits behind it, as it may be an address."""
    tail = text[max(0, len(text) - LONGEST_WORD) :]
    word = max(map(tail.rfind, " \t\n\r")) + 1
    if word == 0 and len(text) > len(tail):
        return len(text)  # a longer word must not hold the text back for ever
    dot = _DOT.search(tail, word)
    return len(text) - len(tail) + dot.end() if dot else len(text)


def _checked_lines(lines: list[str], found: Sequence[Block]) -> Iterator[str]:
    done = 0
    for block in found:
        if block.kind != "fence":
            continue
        yield from map(_checked, lines[done : block.first])
        done = min(block.end, len(lines))
        yield from opens_no_link("\n".join(lines[block.first : done]), JOINER).split("\n")
    yield from map(_checked, lines[done:])


def _checked(line: str) -> str:
    return rewritten(line, _link, _code, _between) if any(hint in line for hint in _HINTS) else line


def _link(link: Link) -> str:
    if not link.misleads:
        return link.written
    address = real_address(link.address)
    shown = f"<{address}>" if "://" in address else address
    return f"{_between(link.label)} ({shown})"


def _code(written: str, _: str) -> str:
    # `<address|label>` is an automatic link for Markdown, and hides its address for Slack.
    if written.startswith("<"):
        return f"<{JOINER}{written[1:]}" if "|" in written else written
    return opens_no_link(written, JOINER)


def _between(text: str) -> str:
    text = text.replace("](", f"]{JOINER}(").replace("]:", f"]{JOINER}:")
    return _TAG.sub(f"<{JOINER}", text)


def _inert_word(found: re.Match[str]) -> str:
    word = _SLASH.sub(f":{JOINER}", found[0]).replace("](", f"]{JOINER}(").replace("]:", f"]{JOINER}:")
    word = _TAG.sub(f"<{JOINER}", word)
    return _DOT.sub(f".{JOINER}", word) if len(found[0]) >= LONGEST_WORD or names_host(found[0]) else word
