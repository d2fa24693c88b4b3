"""The Markdown that the bot writes, as a `markdown` block and a growing stream may show it. No I/O.

No link hides where it leads, and none is live before the text is final. Slack makes links of masked links, bare addresses and
angle brackets. What else Markdown and Slack's own markup can hide an address in (definitions of references, HTML,
`<address|label>`) is kept from being read as such, by a character that nobody sees: then people see the address.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from adapters.slack import mrkdwn
from aion_bot.ports.links import Link, names_host, opens_no_link, real_address, rewritten
from aion_bot.ports.markdown import Block, blocks
from aion_bot.ports.messages import Reply

MAX_BYTES: Final = 9_000
"""Bytes of UTF-8 that a stream is given in all. Slack documents no limit of a whole stream, and was seen to refuse between
10,600 and 11,300."""

_MAX_HELD_BACK = 60
_INCOMPLETE = re.compile(r"[<&@]\S*\Z")
"""The beginning of what may become a mention: how one is neutralised depends on what follows in the same word."""

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


def delta(shown: Reply | None, content: Reply, *, last: bool) -> str | None:
    """What to append to a stream that shows `shown`, None for an empty one, so that it shows the words of `content`.

    The whole text is neutralised and then cut, so that no mention can ping by coming in two pieces. Returns "" where
    nothing is to be appended, and None where appending cannot do it or the stream would hold more than `MAX_BYTES`.
    Unless this is the `last` piece, `Reply.closing` is left out, and the end of the text that may become a mention.

    Nothing in a stream is a link: what is appended has no switch against previews, as `chat.postMessage` has. So a text
    with links cannot be ended by appending: an edit shows them.
    """
    if content.plain:
        return None  # what a stream shows is Markdown
    before = "" if shown is None else _stream_text(shown, last=False)
    after = _stream_text(content, last=last)
    if last and after != in_markdown_block(content.text):
        return None
    if not after.startswith(before) or len(after.encode()) > MAX_BYTES:
        return None
    return after[len(before) :]


@lru_cache(maxsize=256)  # the same text decides whether a stream can end, and is then shown
def in_markdown_block(text: str) -> str:
    """Return Markdown as a `markdown` block or the end of a stream may show it."""
    return mrkdwn.in_markdown(checked(text)) if text.strip() else ""


@lru_cache(maxsize=256)  # the text that is shown is asked for at each step again
def _stream_text(reply: Reply, *, last: bool) -> str:
    text = reply.text
    if not last:
        text = text[: len(text) - reply.closing]
        # Only the end is searched: a longer word is no mention, and must not hold the stream back for ever.
        incomplete = _INCOMPLETE.search(text, max(0, len(text) - _MAX_HELD_BACK))
        text = text[: incomplete.start()] if incomplete else text
        text = text[: settled(text)]
    return inert(mrkdwn.in_markdown(text)) if text.strip() else ""


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

    The result for a longer text begins with the result for this one, if this one ends where `settled` says: a stream
    only grows.
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
    # A whole address in angle brackets is a link of its own, without a label.
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
