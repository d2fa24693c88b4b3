"""What stands inside the lines of a block: emphasis, code, links, addresses, tags, each with its place. No I/O.

The source is kept: each construct is a `Span`, and what is between spans is words.
"""

import string
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from html.parser import HTMLParser
from urllib.parse import urlsplit

from aion_bot.ports.inline_parser import Span, in_a_name, parse
from aion_bot.ports.links import LONGEST_LINE, Link, real_address

_ESCAPABLE = frozenset(f"{string.punctuation}\n")
"""What a backslash makes a word of, or a line end; elsewhere it is one itself, as in a path."""

LINE_BREAK = "\v"
"""What adapters write for a `<br>` until they know how the next line begins."""

_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "s": "~~", "del": "~~", "strike": "~~"}
"""HTML elements that Markdown has a mark for."""
_CODE = frozenset({"code", "kbd", "samp", "tt"})
_SMALL = {
    "sup": ("^", str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")),
    "sub": ("_", str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")),
}
"""HTML elements of small characters: the sign that stands for them elsewhere, and the small characters that exist."""
_OTHERS = frozenset({
    "abbr", "big", "blockquote", "center", "details", "div", "dd", "dl", "dt", "figure", "figcaption", "font", "footer", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "ins", "li", "main", "mark", "nobr", "ol", "p", "pre", "q", "section",
    "small", "span", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var", "wbr",
})  # fmt: skip
"""HTML elements of which only the content is shown."""
KNOWN_TAGS = frozenset({*_MARKS, *_CODE, *_SMALL, *_OTHERS, "br", "img"})
_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_~[]<>|&"})


@lru_cache(maxsize=256)  # a page is parsed again for each edit, and most of its paragraphs are the same
def spans(text: str) -> tuple[Span, ...]:
    """Return the constructs in the lines of one block, in order; none is inside another.

    A line longer than `LONGEST_LINE` has none.
    """
    if len(text) > LONGEST_LINE:
        return tuple(_of_lines(text))
    found = parse(text)
    # Tags are rare, and the others need no partner.
    return tuple(_with_tags(text, found) if any(span.kind == "tag" for span in found) else found)


@lru_cache(maxsize=256)
def misread(text: str) -> frozenset[int]:
    """Return the places of signs in names and calculations that a reader of CommonMark takes for emphasis."""
    signs = [span.start for span in spans(text) if span.kind == "sign"]
    for at in signs:
        run = text[at : at + LONGEST_LINE]
        begins = text[at - 1 : at] != text[at]
        if begins and any(in_a_name(text, at, at + len(run) - len(run.lstrip(text[at])))):
            break
    else:
        return frozenset()
    marks = {span.start for span in parse(text, names=False) if span.kind in {"mark", "hidden"}}
    return frozenset(marks.intersection(signs))


def in_words(text: str, *, addresses: bool = False) -> str:
    """Return what people read of the lines of one block, without any marks.

    A link is its label; behind one that names another address, or behind all where `addresses` is true, stands its own. A tag
    that may hold more than its name is words then, too: nothing of what is approved is hidden in it.
    """
    pieces: list[str] = []
    done = 0
    for span in spans(text):
        pieces += text[done : span.start], _words_of(text, span, addresses=addresses)
        done = span.end
    return "".join((*pieces, text[done:]))


def _words_of(text: str, span: Span, *, addresses: bool) -> str:
    source = text[span.start : span.end]
    tag = source[1:-1].strip("/ ").lower() if addresses and source.startswith("<") else ""
    if tag and tag not in KNOWN_TAGS and (span.kind in {"mark", "hidden"} or tag.startswith("img")):
        return source
    match span.kind:
        case "mark" | "hidden":
            return "\n" * source.count("\n")
        case "break":
            return " "
        case "code":
            inside = span.value.strip("`")
            # One blank on each side keeps backticks inside apart from those around them.
            padded = inside.startswith(" ") and inside.endswith(" ") and inside.strip()
            source = inside[1:-1] if padded else inside
        case "link" if span.link is not None:
            label, address = in_words(span.link.label), span.link.address
            shows_address = (addresses or span.link.misleads) and label not in {"", address}
            source = f"{label} ({real_address(address)})" if shows_address else label or address
        case "autolink":
            source = source[1:-1]
        case "escape" if source[1:] in _ESCAPABLE:
            source = source[1:]
        case "entity" | "footnote":
            source = span.value
    return source


def _of_lines(text: str) -> Iterator[Span]:
    start = 0
    for line in text.split("\n"):
        for span in spans(line) if len(line) <= LONGEST_LINE else ():
            yield Span(span.kind, span.start + start, span.end + start, span.value, span.opens, span.link)
        start += len(line) + 1


def _with_tags(text: str, found: list[Span]) -> Iterator[Span]:
    """Replace HTML tags by marks and links where they come in pairs; words in angle brackets that are no tags are words."""
    opened: list[tuple[str, int]] = []
    counts, last_link = Counter[str](), -1
    made: list[Span | None] = list(found)
    for at, span in enumerate(found):
        if span.kind != "tag":
            continue
        name = span.value.removeprefix("/")
        source = text[span.start : span.end]
        # A tag of no other name may be a placeholder, or a type, unless it comes with its end.
        is_tag = name in KNOWN_TAGS or (name == "a" and (source[1] == "/" or "=" in source))
        made[at] = Span("hidden", span.start, span.end) if is_tag else None
        if name == "br":
            made[at] = Span("break", span.start, span.end)
        elif name == "img":
            said = _attributes(source)
            made[at] = _linked(span.start, span.end, said.get("alt", ""), said.get("src", ""))
        elif not span.value.startswith("/"):
            opened.append((name, at))
            counts[name] += 1
        elif counts[name]:
            while opened[-1][0] != name:  # has no end
                counts[opened.pop()[0]] -= 1
            counts[name] -= 1
            begin = opened.pop()[1]
            first, inside = found[begin], text[found[begin].end : span.start]
            # No link is in another one, and reading the words of each around the others would take quadratic time.
            is_link = name == "a" and begin > last_link
            last_link = at if name == "a" else last_link
            address = _attributes(text[first.start : first.end]).get("href", "") if is_link else ""
            if _safe_address(address):
                made[begin] = _linked(first.start, span.end, in_words(inside), address)
                made[begin + 1 : at + 1] = [None] * (at - begin)
            else:
                made[begin], made[at] = _pair(name, first, span, inside if at == begin + 1 else "")
    yield from (span for span in made if span is not None)


class _Tag(HTMLParser):
    """Reads the attributes of a tag."""

    found: dict[str, str]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # the signature
        self.found = {name: value for name, value in attrs if value}


def _attributes(tag: str) -> dict[str, str]:
    """Return the attributes of an HTML tag; none where one has a character reference that cannot be read."""
    parser = _Tag()
    parser.found = {}
    try:
        parser.feed(tag)
    except ValueError:  # Python reads no number of 4,300 digits
        return {}
    return parser.found


def _linked(start: int, end: int, words: str, address: str) -> Span:
    """Return words as a link; without an address that is safe to open, the words alone."""
    words, address = " ".join(words.split()), _safe_address(address)
    if not address:
        return Span("entity" if words else "hidden", start, end, words)
    label = words.translate(_ESCAPED)
    written = f"[{label}]({address})" if label else f"<{address}>"
    return Span("link", start, end, link=Link(written, label, address, address))


def _safe_address(written: str) -> str:
    """Return a web address as a link of Markdown may have it; "" for any other one."""
    address = real_address(written.strip()).replace("(", "%28").replace(")", "%29") if written else ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in {"http", "https"} and parts.hostname else ""


def _pair(name: str, first: Span, last: Span, words: str) -> tuple[Span | None, Span | None]:
    """Return what an opening tag and its closing one stand for; `words` are between them if nothing else is."""
    hidden = Span("hidden", last.start, last.end)
    if name in _MARKS:
        mark = _MARKS[name]
        return Span("mark", first.start, first.end, mark, opens=True), Span(
            "mark", last.start, last.end, mark
        )
    if name in _CODE and words.strip() and "\n" not in words and "`" not in words:
        return Span("code", first.start, last.end, f"`{words}`"), None
    if name in _SMALL:
        sign, small = _SMALL[name]
        if words and all(ord(one) in small for one in words):
            return Span("entity", first.start, last.end, words.translate(small)), None
        return Span("entity", first.start, first.end, sign), hidden
    return Span("hidden", first.start, first.end), hidden
