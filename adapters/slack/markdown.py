"""The Markdown that the bot writes, as a `markdown` block and a growing stream may show it. No I/O.

No link hides where it leads, and none is live before the text is final. Slack makes links of masked links, bare addresses and
angle brackets. What else Markdown and Slack's own markup can hide an address in (definitions of references, HTML,
`<address|label>`) is kept from being read as such, by a character that nobody sees: then people see the address.
"""

import re
from functools import lru_cache
from typing import Final

from adapters.slack import mrkdwn
from adapters.slack.tables import around_table
from aion_bot.ports.inline import in_words, misread, spans
from aion_bot.ports.inline_parser import Span
from aion_bot.ports.links import LONGEST_LINE, Link, names_host, opens_no_link, real_address
from aion_bot.ports.markdown import blocks
from aion_bot.ports.messages import Reply
from aion_bot.ports.tags_in_emphasis import with_tags_outside
from aion_bot.ports.unfinished import closing_marks

MAX_BYTES: Final = 9_000
"""Bytes of UTF-8 that a stream is given in all. Slack documents no limit of a whole stream, and was seen to refuse between
10,600 and 11,300."""

_LONGEST_PHRASE = 120
"""Characters of bold words and the like that wait for their end."""
_MAX_HELD_BACK = 60
_INCOMPLETE = re.compile(r"[<&@]\S*\Z")
"""The beginning of what may become a mention: how one is neutralised depends on what follows in the same word."""

JOINER = "\N{WORD JOINER}"
"""Nobody sees it; an address with one in it is none."""

LONGEST_WORD = 60
"""Characters of a word that is looked at as a whole. In a longer one everything that could be a link is broken up."""

_HINTS = ("](", "]:", "<", "`", "_", "*", "://", "[^", "\\(", "\\[", "$$")
"""What a line has that may be more than words."""
_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_~[]<>|&"})
_CODE = ("```", "~~~", "    ", "\t")
"""What a text has that may be a block of code."""
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
    with links, or with a table of Slack's own, cannot be ended by appending: an edit shows them.
    """
    if content.plain:
        return None  # what a stream shows is Markdown
    before = "" if shown is None else _stream_text(shown, last=False)
    after = _stream_text(content, last=last)
    if last and (after != in_markdown_block(content.text) or around_table(content.text)):
        return None
    if not after.startswith(before) or len(after.encode()) > MAX_BYTES:
        return None
    return after[len(before) :]


@lru_cache(maxsize=256)  # the same text decides whether a stream can end, and is then shown
def in_markdown_block(text: str) -> str:
    """Return Markdown as a `markdown` block or the end of a stream may show it.

    Every link whose label names another address than its own shows it. Code and addresses stay as they are, but for
    what Slack would read as a mention.
    """
    if not text.strip():
        return ""
    lines, ends = _LINE_END.split(text), _LINE_END.findall(text)
    drawn: list[str] = []
    for block in blocks("\n".join(lines)) if any(mark in text for mark in _CODE) else ():
        if block.kind in {"fence", "code"}:
            drawn += map(_line, lines[len(drawn) : block.first])
            code = "\n".join(lines[block.first : min(block.end, len(lines))])
            drawn += mrkdwn.in_code(opens_no_link(code, JOINER)).split("\n")
    drawn += map(_line, lines[len(drawn) :])
    shown = "".join(f"{line}{end}" for line, end in zip(drawn, [*ends, ""], strict=True))
    return shown if shown.strip() else ""  # of tags alone nothing is left


@lru_cache(maxsize=256)  # the text that is shown is asked for at each step again
def _stream_text(reply: Reply, *, last: bool) -> str:
    text = reply.text
    if not last:
        text = text[: len(text) - reply.closing]
        in_fence = reply.closing and (text.endswith("\n") or "\n" in reply.text[len(text) :])
        # Only the end is searched: a longer word is no mention, and must not hold the stream back for ever.
        incomplete = _INCOMPLETE.search(text, max(0, len(text) - _MAX_HELD_BACK))
        text = text[: incomplete.start()] if incomplete else text
        text = text[: settled(text)]
        # A mark waits for the one that closes it: appending would show it alone until then.
        start = len(text) if in_fence else next((at for at, _ in closing_marks(text)), len(text))
        text = text[:start] if len(text) - start <= _LONGEST_PHRASE else text
    return inert(mrkdwn.in_markdown(text)) if text.strip() else ""


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


def _line(line: str) -> str:
    if not any(hint in line for hint in _HINTS):
        return mrkdwn.in_markdown(line)
    pieces: list[str] = []
    words, done = "", 0
    line = with_tags_outside(line) if "<" in line and len(line) <= LONGEST_LINE else line
    found = spans(line) if len(line) <= LONGEST_LINE else ()
    signs = misread(line) if found else ()
    for span in found:
        source = line[span.start : span.end]
        said, drawn = _drawn(span, source, line)
        words += line[done : span.start] + (f"\\{source}" if span.start in signs else said)
        done = span.end
        if drawn:
            pieces += _words(words), drawn
            words = ""
    return "".join((*pieces, _words(words + line[done:])))


def _drawn(span: Span, source: str, line: str) -> tuple[str, str]:
    """Return a construct as Slack may show it: its words, and what stands behind them and is none.

    Words go on with those before them: what a tag kept apart, as in `<<b>!channel>`, may be a mention without it.
    """
    said, drawn = source, ""
    match span.kind:
        case "code":
            said, drawn = "", mrkdwn.in_code(opens_no_link(span.value, JOINER))
        case "link" if span.link is not None:
            said, drawn = _link(span.link)
        case "autolink":
            # `<address|label>` is an automatic link for Markdown, and hides its address for Slack.
            said, drawn = "", f"<{JOINER}{source[1:]}" if "|" in source else source
        case "address":
            said, drawn = _address(span, source, line)
        case "break":
            said = " " if "|" in line else "\n"  # a line end would end the row of a table
        case "footnote":
            said = span.value
        case "hidden" | "mark" if source.startswith("<"):
            said = span.value
        case "entity" if source.startswith("<"):
            said = span.value.translate(_ESCAPED)
    return said, drawn


def _address(span: Span, source: str, line: str) -> tuple[str, str]:
    beside = line[max(0, span.start - 1) : span.start] + line[span.end : span.end + 1]
    # Slack takes what stands beside an address for a part of it.
    glued = not beside.isascii() or any(sign in beside for sign in "*_~")
    if line.endswith(("<", f"<{JOINER}"), 0, span.start):  # also where this line was drawn before
        return source, ""
    shown = mrkdwn.in_address(source)
    return "", f"<{shown}>" if glued and "|" not in source else shown


def _link(link: Link) -> tuple[str, str]:
    if not link.misleads:
        # A picture's words may have a link, but a link's have none.
        label = in_words(link.label).translate(_ESCAPED) if "](" in link.label else ""
        return "", mrkdwn.in_address(f"[{label}]({link.target})" if label else link.written)
    address = real_address(link.address)
    # A whole address in angle brackets is a link of its own, without a label.
    return link.label, f" (<{address}>)" if "://" in address else f" ({_words(address)})"


def _words(text: str) -> str:
    text = text.replace("](", f"]{JOINER}(").replace("]:", f"]{JOINER}:")
    return mrkdwn.in_markdown(_TAG.sub(f"<{JOINER}", text))


def _inert_word(found: re.Match[str]) -> str:
    word = _SLASH.sub(f":{JOINER}", found[0]).replace("](", f"]{JOINER}(").replace("]:", f"]{JOINER}:")
    word = _TAG.sub(f"<{JOINER}", word)
    return _DOT.sub(f".{JOINER}", word) if len(found[0]) >= LONGEST_WORD or names_host(found[0]) else word
