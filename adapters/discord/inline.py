"""What stands inside the lines of a block, as Discord draws it. No I/O.

Discord's own emphasis is wider than Markdown's: two underlines are drawn anywhere, and bold may begin with a blank. So
what is emphasis in Markdown is written in marks that Discord takes for the same, and every other sign is escaped.
"""

from collections import Counter
from dataclasses import replace
from functools import lru_cache

from aion_bot.ports.inline import LINE_BREAK, spans
from aion_bot.ports.inline_parser import Span
from aion_bot.ports.links import LONGEST_LINE, Link, opens_no_link, real_address
from aion_bot.ports.tags_in_emphasis import with_tags_outside

# People, roles, channels, commands, sounds and the server's own pages; `<t:…>` is a time, and harmless.
_PILLS = tuple(
    (opening, f"{opening[0]}\u200b{opening[1:]}") for opening in ("<@", "<#", "</", "<id:", "<sound:")
)
_EMPHASIS = "*_~"
_INVISIBLE = "\u200b"
_NO_LINK = f"]{_INVISIBLE}("
_FENCE = "```"
_BROKEN_FENCE = "``\u200b`"
_DRAWN = frozenset("*_~`\\")
"""Characters that Discord may draw as formatting wherever they stand."""
_SPECIAL = frozenset("*_~`|[]<&\\@")
_PAIRS_ALONE = 5
"""Signs of a run that Discord takes for a pair of marks with one of them between."""
_BEHIND_ADDRESS = ")\"'.,:;!?]"
"""What may stand between an address and the end of its word: Discord ends the address there."""
_EMPHASIS_OR_CODE = frozenset("*`~")
"""What may begin emphasis or code behind an address, for which Discord looks first."""
_LONGEST_GLUED = 80
"""Characters behind an address that are looked at."""


def needs_rewriting(text: str) -> bool:
    """Tell whether `inline` may change a text; False is sure."""
    return not _SPECIAL.isdisjoint(text) or "://" in text or "$$" in text


@lru_cache(maxsize=512)  # a page is drawn again for each edit, and most of its paragraphs are the same
def inline(text: str, *, bold: bool = False) -> str:
    """Rewrite the lines of one block; each line end stays, and `LINE_BREAK` stands for one that is added.

    `bold`: the text is shown in bold, which another mark of bold would end.
    """
    if not needs_rewriting(text):
        return text
    if any(len(line) > LONGEST_LINE for line in text.split("\n")):
        return harmless(text)  # no message holds such a line
    return without_pills_in_code(_drawn(text, bold=bold))


def in_bold(text: str) -> str:
    """Write the lines of one block in bold; code that holds the mark of bold would end it, and stands as it is."""
    words = inline(text, bold=True).replace(LINE_BREAK, " ").strip()
    return words if "**" in words or not words else f"**{words}**"


def _drawn(text: str, *, bold: bool = False, around: Counter[str] | None = None) -> str:
    """Draw words; `around` counts the emphasis around a link's label, in which no link is one, and no sign has a partner."""
    text = with_tags_outside(text) if "<" in text else text
    pieces: list[str] = []
    depth = Counter[str]() if around is None else around.copy()
    words, done, after_mark, linked = "", 0, False, 0
    for span in spans(text):
        words += _literal(text[done : span.start])
        done, source = span.end, text[span.start : span.end]
        if span.kind == "sign":
            words += _sign(text, span)
        elif span.kind in {"entity", "footnote"}:
            words += "".join(f"\\{one}" if one in _DRAWN else one for one in span.value)
        elif span.kind == "escape" and source != "\\|":
            words += "\n" if source.endswith("\n") else source
        elif span.kind in {"hidden", "break"}:
            words += "\n" * source.count("\n") + (LINE_BREAK if span.kind == "break" else "")
        elif span.kind != "mark":
            pieces += unlinked(words), _construct(text, span, None if around is not None else depth, linked)
            words, after_mark = "", False
            linked = span.end if _ends_address(text[linked : span.start], span, pieces[-1]) else linked
        elif shown := _mark(span, depth, bold=bold):
            # Marks that touch would be read as one longer mark.
            apart = _INVISIBLE if after_mark and span.opens and not words else ""
            pieces += unlinked(words), apart + shown
            words, after_mark = "", not span.opens
    return "".join((*pieces, unlinked(words + _literal(text[done:]))))


def _mark(span: Span, depth: Counter[str], *, bold: bool) -> str:
    """Return a mark of emphasis as it is shown: not where the words are emphasised in the same way by others."""
    depth[span.value] += span.opens
    shown = "" if depth[span.value] > 1 or (bold and span.value == "**") else span.value
    depth[span.value] -= not span.opens
    return shown


def _literal(words: str) -> str:
    """Escape backticks, which begin no code, and backslashes, which escape nothing, where Discord takes them for that."""
    words = words.replace("`", "\\`") if "`" in words else words
    if "\\" not in words:
        return words
    first, *rest = words.split("\\")
    return first + "".join(
        f"\\{one}" if one[:1] == "`" or (one[:1].isascii() and one[:1].isalnum()) else f"\\\\{one}"
        for one in rest
    )


def with_lone_signs(text: str, drawn: str) -> str:
    """Write the only run of signs in a whole message without escapes: there is none that Discord could pair with it."""
    run = "".join(sign for sign in drawn if sign in _EMPHASIS)
    escaped = "".join(f"\\{sign}" for sign in run)
    alone = 0 < len(run) < _PAIRS_ALONE and run == run[0] * len(run) and drawn.count("\\") == len(run)
    # A tag may stand between the signs, and an address that is written in brackets makes its own of what follows it.
    return (
        drawn.replace(escaped, run)
        if alone and escaped in drawn and not {"\\", "<"} & {*text, *drawn.replace(escaped, "")}
        else drawn
    )


def _sign(text: str, span: Span) -> str:
    """Escape a sign, which may have a partner in another block for Discord, but not where Discord takes it for none: in a word like `a_b`, and a star between blanks."""
    sign = text[span.start]
    before, behind = text[max(0, span.start - 1) : span.start], text[span.end : span.end + 1]
    in_word = sign == "_" and all(one.isascii() and one.isalnum() for one in (before, behind))
    alone = sign == "*" and not before.strip() and not behind.strip()
    return sign if in_word or alone else "".join(f"\\{one}" for one in text[span.start : span.end])


def _ends_address(before: str, span: Span, drawn: str) -> bool:
    """Tell whether an address ends with a link: it is drawn as one, and is no part of an address that begins before it."""
    return span.kind == "link" and drawn.endswith(")") and ":/" not in _last_word(before)


def _last_word(text: str) -> str:
    return text[max(map(text.rfind, " \t\n")) + 1 :]


def _construct(text: str, span: Span, depth: Counter[str] | None, linked: int) -> str:
    """Draw what is neither words nor emphasis.

    `depth` counts the emphasis around it, and is None in a link's label; the last link before ends at `linked`.
    """
    source = text[span.start : span.end]
    match span.kind:
        case "code":
            # A formula of several lines; Discord's apps do not agree on code over lines.
            written = " ".join(span.value.split("\n")) if "\n" in span.value else span.value
            return _code_span(written, text[: span.start], linked)
        case "link" if span.link is not None and depth is not None:
            # A label that is shown as words could make a mention of what stands before it.
            glued = span.link.misleads and text[: span.start][-1:].strip()
            drawn = _link(span.link, depth)
            if drawn == span.link.address and "://" in drawn:
                return _address(text, replace(span, value=drawn))
            return (_INVISIBLE if glued else "") + drawn
        case "address" if depth is not None:
            return _address(text, span)
        case "autolink" if "://" in source:
            return source
        case "autolink" if "@" in source:
            source = _literal(source[1:-1].removeprefix("mailto:")).replace("_", "\\_")
    return source if span.kind == "escape" else unlinked(source)


def _address(text: str, span: Span) -> str:
    """Write a bare address so that Discord ends it where it ends."""
    address = span.value.replace("||", "%7C%7C").replace("`", "%60")
    before, behind = text[: span.start], text[span.end : span.end + _LONGEST_GLUED]
    word = behind.partition("<")[0] if behind[:1].strip() else ""
    word = word.split(None, 1)[0] if word else ""
    # Behind brackets and the like Discord goes on with the address where the word does, and with a sign that is escaped.
    behind = word.lstrip(_BEHIND_ADDRESS)
    at = span.end + len(word) - len(behind)
    escaped = behind[:1] in {"*", "~"} and any(one.start == at and one.kind == "sign" for one in spans(text))
    glued = (behind and behind[0] not in _EMPHASIS_OR_CODE) or escaped
    return f"<{address}>" if glued and not before.endswith("<") else address


def without_pills_in_code(drawn: str) -> str:
    """Break up mentions in code as well, where Discord may see none: emphasis that began before can take in its first mark."""
    if "`" not in drawn or not any(mark in drawn for mark in _EMPHASIS):
        return drawn
    for opening, shown in _PILLS:
        # Code has closing tags.
        drawn = drawn if opening == "</" else drawn.replace(opening, shown)
    return drawn


def unlinked(text: str) -> str:
    """Keep text from being a masked link as well, such as one whose label began in another line."""
    first, *rest = harmless(text).split("](")
    pieces, before = [first], first
    for piece in rest:
        # Discord makes no link without an address, nor of a label whose bracket is escaped.
        no_link = piece.startswith(")") or before[max(map(before.rfind, "[]")) - 1 :].startswith("\\[")
        pieces += "](" if no_link else _NO_LINK, piece
        before = piece
    return "".join(pieces)


def _code_span(written: str, before: str, linked: int) -> str:
    """Write code. A backtick in an address is a part of it for Discord, and opens no code; that of a link ends at `linked`."""
    inside = written.strip("`")
    mark = written[: written.index(inside)]
    _, scheme, rest = _last_word(before[linked:]).rpartition(":/")
    # One beside Chinese is written in brackets of its own.
    in_address = bool(scheme) and rest.isascii() and ">" not in rest
    # Discord's apps do not agree on code that holds as many backticks as its mark has, or on longer marks.
    if in_address or mark in inside or len(mark) > len(_FENCE):
        return unlinked("".join(f"\\{one}" if one in _DRAWN else one for one in written))
    # Emphasis that began before can take in the first mark: a link in code is one then.
    taken_in = any(mark in before for mark in _EMPHASIS)
    return written.replace("](", _NO_LINK) if taken_in else opens_no_link(written, _INVISIBLE)


def _link(link: Link, depth: Counter[str]) -> str:
    """Write a link so that Discord makes one of it: a label that holds an address would show the marks."""
    if not link.address:
        return unlinked(link.written)
    without_scheme = link.address.removeprefix("https://").removeprefix("http://")
    if not link.label or link.label in {link.address, link.target, without_scheme}:
        return link.address if "://" in link.address else _unmarked(link.address)
    bare = _drawn(link.label.replace("https://", "").replace("http://", ""), around=depth)
    if link.misleads:
        address = harmless(real_address(link.address))
        shown = f"<{address}>" if "://" in address else address
        return f"{bare.replace('](', _NO_LINK)} ({shown})"
    if "://" not in link.address:
        # Discord makes no link of a place in this text, a file beside it, or a mail address.
        address = _unmarked(link.address.removeprefix("mailto:"))
        if address.startswith("#") or "." in address or "/" in address:
            return bare if address.startswith("#") else f"{bare} ({address})"
    # A target that Discord takes for no address would be text, in which bars hide what follows.
    return f"[{bare}]({link.target.replace('||', '%7C%7C').replace('`', '%60')})"


def _unmarked(address: str) -> str:
    """Write an address that is none for Discord, such as a file's, as words without marks."""
    words = _literal(address)
    inside = {
        at
        for at in range(1, len(words) - 1)
        if words[at] == "_" and (words[at - 1] + words[at + 1]).isalnum()
    }
    drawn = (f"\\{one}" if one in _EMPHASIS and at not in inside else one for at, one in enumerate(words))
    return unlinked("".join(drawn))


def harmless(text: str) -> str:
    """Keep text from hiding what follows it, and from showing mentions, which Discord draws like real ones.

    Whom a message notifies is decided where it is sent; this is about what it looks like.
    """
    text = text.replace("||", r"\|\|")
    for opening, shown in _PILLS:
        text = text.replace(opening, shown)
    for name in ("@everyone", "@here"):
        if name in text:
            text = _unaddressed(text, name)
    return text


def _unaddressed(text: str, name: str) -> str:
    """Break up a mention of everybody, but not where it is a part of an address, which would lead elsewhere then."""
    first, *rest = text.split(name)
    pieces = [first]
    word = first
    for piece in rest:
        # An address ends at a blank: only the word that the name stands in matters.
        inside = "://" in word[max(map(word.rfind, " \n\t")) + 1 :]
        pieces += name if inside else f"{name[0]}\u200b{name[1:]}", piece
        # An address may hold the name more than once.
        word = f"://{piece}" if inside else piece
    return "".join(pieces)


def as_words(line: str) -> str:
    """Escape what Discord would read as the mark of a block at the beginning of a paragraph's line."""
    # A line of such signs alone makes a title of the one above it.
    if line[:1] in {"#", ">"} or (line and not (line.strip("=") and line.strip("-"))):
        return f"\\{line}"
    if line.startswith("-#"):
        return f"-\\{line[1:]}"
    return line


def unfenced(text: str) -> str:
    """Break up fences, for text that must not open or close a code block."""
    # Twice: what is left of one fence and the beginning of the next make a third.
    return text.replace("```", _BROKEN_FENCE).replace("```", _BROKEN_FENCE)
