"""The constructs inside the lines of a block, found by markdown-it-py with rules of our own, and their places. No I/O.

Where CommonMark takes signs inside a name or a calculation for emphasis (`__init__.py`, `2**10`), they are signs here.
"""

import html
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, html_inline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token

from aion_bot.ports.code_spans import find_code
from aion_bot.ports.links import Link

_LONGEST_LABEL = 40
"""Characters of a footnote's label."""
_LONGEST_TAG = 30
"""Characters of a tag's name; one with a longer name is words."""
_LONGEST_FORMULA = 500
_CLOSING = ")]}"
_GOES_ON = "([{"
_JOINS = ".-/\\@=:"
"""Signs that join the parts of a name, such as the dot of a file's ending."""
_END_OF_ADDRESS = "?!.,:;*_~'\"|"
_QUOTES_AND_DASHES = frozenset("\u2018\u2019\u201c\u201d\u2026\u2014\u2013")
_SMALL_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Span:
    """A construct on the characters `start` to `end` (exclusive) of a text.

    Attributes:
        kind: `mark` (opens or closes emphasis), `sign` (a mark that CommonMark or a platform may take for emphasis, and
            that is none), `code`, `link`, `autolink`, `address` (a bare one), `entity`, `escape`, `footnote`, `break`
            (`<br>`), or `hidden` (a tag, or the second half of a mark).
        value: Of a mark `*`, `**` or `~~`; of an entity or a footnote the characters that it stands for; of code all that
            is written.
        opens: Whether a mark opens emphasis.
        link: What a link or a picture consists of.
    """

    kind: str
    start: int
    end: int
    value: str = ""
    opens: bool = False
    link: Link | None = None


def parse(text: str, *, names: bool = True) -> list[Span]:
    """Return the constructs of a text in order, none inside another, as the parser finds them: HTML tags are `tag`.

    `names` false: signs inside names and calculations are what CommonMark takes them for.
    """
    found = _Found(len(text), names)
    _PARSER.parseInline(text, {"found": found})
    signs: list[Span] = []
    for at, token in found.signs:
        # The parser moves the signs of a pair from the content to the markup; those without a partner stay in the content.
        end = at + (2 if "~~" in (token.markup, token.content) else 1)
        if token.type == "text":
            # Of the two signs of a strong mark the parser empties one.
            signs.append(Span("sign" if token.content else "hidden", at, end))
        else:
            value = {"em": "*", "strong": "**", "s": "~~"}[token.tag]
            signs.append(Span("mark", at, end, value, token.nesting > 0))
    outermost: list[Span] = []
    for span in sorted([*found.spans, *signs], key=lambda span: span.start):
        # The rules also report what is inside of a link's label; the outer one is drawn whole.
        if not outermost or span.start >= outermost[-1].end:
            outermost.append(span)
    return outermost


def in_a_name(src: str, start: int, end: int) -> tuple[bool, bool]:
    """Tell whether signs go on with a name or a calculation, and so open no emphasis, and whether one goes on behind them.

    `(AB)_{ij}` and `src/_old_` go on before them, `__init__.py` and `__call__(x)` behind them, and `2**10` and `*.py` on both
    sides.
    """
    before, behind = src[max(0, start - 2) : start], src[end : end + 2]
    if src[start] == "_":
        joined = before[-1:] in set(_JOINS) and before[:-1].isalnum()
        goes_on = behind[:1] in set(_JOINS) and behind[1:].isalnum()
        return before[-1:] in set(_CLOSING) or joined, behind[:1] in set(_GOES_ON) or goes_on
    last, first = before[-1:], behind[:1]
    counts = (last.isdecimal() and _is_operand(first, "(")) or (first.isdecimal() and _is_operand(last, ")"))
    # Stars of a pattern for files, such as `*.py`, `src/*.c` and `**/*.py`.
    begins = last in {"", "/"} or last.isspace()
    matches = begins and (
        behind == "/*" or (first == "." and behind[1:].islower()) or (last, first) == ("/", "/")
    )
    return (counts or matches) and src[start] == "*", (counts or matches) and src[start] == "*"


def _is_operand(sign: str, bracket: str) -> bool:
    return sign == bracket or (sign.isascii() and sign.isalnum())


@dataclass(slots=True)
class _Found:
    """What a parser notes: spans, and the token of each sign that may be emphasis, with its place."""

    length: int
    names: bool
    spans: list[Span] = field(default_factory=list)
    signs: list[tuple[int, Token]] = field(default_factory=list)


_Rule = Callable[[StateInline, bool], bool]


def _noting(begins: str, rule: _Rule, span: Callable[[StateInline, int], Span | None]) -> _Rule:
    """Make a rule note what it found, since the library's tokens do not say where in a line they are.

    `begins`: the characters with which its constructs begin. At others it is not asked: most rules fail at most places.
    """

    def noting(state: StateInline, silent: bool) -> bool:
        start = state.pos
        if state.src[start] not in begins:
            return False
        found = rule(state, silent)
        note: _Found = state.env["found"]
        # The words of a picture are parsed as a text of their own.
        if found and not silent and len(state.src) == note.length and (made := span(state, start)):
            note.spans.append(made)
        return found

    return noting


def _find_signs(state: StateInline, silent: bool) -> bool:
    """Find what may open or close emphasis. It is CommonMark's rule, but for signs inside names and calculations."""
    start, sign = state.pos, state.src[state.pos]
    if silent or sign not in "*_~":
        return False
    scanned = state.scanDelims(start, sign != "_")
    at_once = 2 if sign == "~" else 1
    if sign == "~" and scanned.length != at_once:
        return False
    note: _Found = state.env["found"]
    before, behind = in_a_name(state.src, start, start + scanned.length) if note.names else (False, False)
    for at in range(start, start + scanned.length, at_once):
        token = state.push("text", "", 0)
        token.content = sign * at_once
        state.delimiters.append(
            Delimiter(
                marker=ord(sign),
                # CommonMark's rule of three is of emphasis alone: with 0 it does not count, as in the library's own rule.
                length=0 if sign == "~" else scanned.length,
                token=len(state.tokens) - 1,
                end=-1,
                open=scanned.can_open and not before,
                close=scanned.can_close and not behind,
            )
        )
        if len(state.src) == note.length:
            note.signs.append((at, token))
    state.pos += scanned.length
    return True


def _find_address(state: StateInline, silent: bool) -> bool:
    """Find a bare address at its colon. In it no sign is emphasis, and it ends before what is written behind it."""
    src, colon = state.src, state.pos
    if not src.startswith("://", colon):
        return False
    scheme = next(
        (one for one in ("https", "http") if src[max(0, colon - 5) : colon].lower().endswith(one)), ""
    )
    start = colon - len(scheme)
    # The letters of the scheme are words so far; a letter before them would make another word of it.
    if (
        not scheme
        or state.linkLevel
        or (src[start - 1 : start].isascii() and src[start - 1 : start].isalnum())
    ):
        return False
    end = colon + 3
    brackets = 0
    while end < state.posMax and not _ends_address(src[end]):
        brackets += {"[": 1, "]": -1}.get(src[end], 0)
        if brackets < 0:
            break  # of a label that the address stands in
        end += 1
    while end > colon + 3 and (src[end - 1] in _END_OF_ADDRESS or _is_unbalanced(src, start, end)):
        end -= 1
    if end == colon + 3:
        return False
    if not silent:
        state.append_pending(src[colon:end])
    state.pos = end
    return True


def _ends_address(sign: str) -> bool:
    if sign.isascii():
        return sign.isspace() or sign in '<>`"'
    wide = unicodedata.east_asian_width(sign) in "WF" and unicodedata.category(sign)[0] in "PZS"
    return sign.isspace() or wide or sign in _QUOTES_AND_DASHES


def _is_unbalanced(src: str, start: int, end: int) -> bool:
    """Tell whether an address ends with a parenthesis that was opened before it."""
    return src[end - 1] == ")" and src.count("(", start, end) < src.count(")", start, end)


_MATH = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
"""How a formula in LaTeX begins and ends."""
_FORMULA = frozenset("\\^_=*/+<>")


def _find_math(state: StateInline, silent: bool) -> bool:
    """Find a formula, which is shown as code: its signs are no emphasis, and no backslash of it escapes anything."""
    src, start = state.src, state.pos
    close = _MATH.get(src[start : start + 2])
    if close is None:
        return False
    end = src.find(close, start + 2, min(state.posMax, start + _LONGEST_FORMULA))
    inside = src[start + 2 : end]
    # Escaped brackets around words are no formula.
    if end < 0 or not inside.strip() or "`" in inside or _FORMULA.isdisjoint(inside):
        return False
    if close == "\\]" and (src[start - 1 : start].strip() or src[end + 2 : end + 3].strip()):
        return False
    if not silent:
        state.append_pending(src[start : end + 2])
    state.pos = end + 2
    return True


def _math(state: StateInline, start: int) -> Span:
    inside = state.src[start + 2 : state.pos - 2]
    lines = "\n".join(line.strip() for line in inside.split("\n"))
    return Span("code", start, state.pos, f"`{lines.strip(' ')}`")


def _find_footnote(state: StateInline, silent: bool) -> bool:
    src, start = state.src, state.pos
    if not src.startswith("[^", start):
        return False
    end = src.find("]", start + 2, min(state.posMax, start + 2 + _LONGEST_LABEL))
    label = src[start + 2 : end]
    if end <= start + 2 or any(sign.isspace() or sign in "[^`" for sign in label):
        return False
    if not silent:
        state.append_pending(src[start : end + 1])
    state.pos = end + 1
    return True


def _footnote(state: StateInline, start: int) -> Span:
    label = state.src[start + 2 : state.pos - 1]
    digits = label.isascii() and label.isdecimal()
    # Where a line begins with it, its words follow behind a colon.
    begins = start == 0 or state.src[start - 1] == "\n"
    end = state.pos + (begins and state.src.startswith(":", state.pos))
    return Span("footnote", start, end, label.translate(_SMALL_DIGITS) if digits else f"[{label}]")


def _address(state: StateInline, start: int) -> Span:
    begin = start - (5 if state.src[max(0, start - 5) : start].lower() == "https" else 4)
    return Span("address", begin, state.pos, state.src[begin : state.pos])


def _tag(state: StateInline, start: int) -> Span | None:
    """Note a tag by its name, a closing one with a slash before it."""
    inside = state.src[start + 1 : min(state.pos - 1, start + 2 + _LONGEST_TAG)].lower()
    slash, words = inside[: inside.startswith("/")], inside.removeprefix("/")
    end = next((at for at, sign in enumerate(words) if not (sign.isalnum() or sign == "-")), len(words))
    return Span("tag", start, state.pos, slash + words[:end]) if 0 < end <= _LONGEST_TAG else None


def _link(state: StateInline, start: int) -> Span:
    source = state.src[start : state.pos]
    written = source.removeprefix("!")
    begun = state.pos - len(written)
    bracket = state.md.helpers.parseLinkLabel(state, begun, False)
    label, target = state.src[begun + 1 : bracket].strip(), state.src[bracket + 2 : state.pos - 1].strip()
    address = target[1:].partition(">")[0] if target.startswith("<") else (target.split(None, 1) or [""])[0]
    if label.startswith("!["):
        # A picture as the label of a link: what says what it shows is the label.
        label = label[2:].partition("](")[0]
    return Span("link", start, state.pos, link=Link(written, label, target, address))


def _code(state: StateInline, start: int) -> Span | None:
    written = state.src[start : state.pos]
    # The rule also passes over backticks that begin no code.
    return Span("code", start, state.pos, written) if written.strip("`") else None


def _entity(state: StateInline, start: int) -> Span | None:
    """Note a character that can be seen; line ends and what turns text around stay as they are written."""
    character = html.unescape(state.src[start : state.pos]).replace("\N{NO-BREAK SPACE}", " ")
    return Span("entity", start, state.pos, character) if character.isprintable() else None


_NOTES: dict[str, tuple[str, Callable[[StateInline, int], Span | None]]] = {
    "escape": ("\\", lambda state, start: Span("escape", start, state.pos)),
    "backticks": ("`", _code),
    "link": ("[", _link),
    "image": ("!", _link),
    "autolink": ("<", lambda state, start: Span("autolink", start, state.pos)),
    "html_inline": ("<", _tag),
    "entity": ("&", _entity),
}
"""How what a rule finds begins, and what is noted of it."""


def _find_tag(state: StateInline, silent: bool) -> bool:
    """Find an HTML tag; a comment that is still in a text is words with marks in them, as both platforms show it."""
    return not state.src.startswith(("<!", "<?"), state.pos) and html_inline(state, silent)


def _parser() -> MarkdownIt:
    # Each level of nesting multiplies the time that unmatched brackets take; a picture in a link is the deepest use.
    parser = MarkdownIt("zero", {"maxNesting": 3, "html": True})
    inline = parser.inline
    parser.enable([*_NOTES, "emphasis", "strikethrough", "balance_pairs"])
    # Signs are noted one by one, and would be joined; no place of a character may change.
    parser.disable(["fragments_join", "text_join", "normalize"])
    for rule in inline.ruler.__rules__:
        if rule.name in _NOTES:
            rule.fn = {"backticks": find_code, "html_inline": _find_tag}.get(rule.name, rule.fn)
            begins, span = _NOTES[rule.name]
            rule.fn = _noting(begins, rule.fn, span)
    inline.ruler.at("emphasis", _find_signs)
    inline.ruler.disable(["strikethrough"])  # its signs are found with the others
    inline.ruler.before("escape", "math", _noting("\\$", _find_math, _math))
    inline.ruler.before("link", "address", _noting(":", _find_address, _address))
    inline.ruler.before("link", "footnote", _noting("[", _find_footnote, _footnote))
    return parser


_PARSER = _parser()
