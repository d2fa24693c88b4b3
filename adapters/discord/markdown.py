"""The model's Markdown as Discord draws it. No I/O.

Discord draws emphasis, three sizes of headings, lists, quotes, code and masked links. It does not draw tables,
smaller headings, indented code, pictures and rules, and it hides what stands between double bars. Only what it does not
draw is rewritten; all other lines stay as they are.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from adapters.discord.tables import show
from aion_bot.ports.markdown import Block, blocks, plain_line_ends, table_cells

LONGEST_LINE = 4_000
"""Characters of a line whose links are looked for: twice a message. In a longer one only double bars are rewritten.

Parsing what is inside a line of brackets takes up to 50 microseconds a character.
"""

_LARGEST_SMALL_HEADING = 4
_SHORTEST_RULE = 3
_SHORTEST_CODE = "    "
_MARKS = ("```", "~~~", "####", "\t")
_SIGNS = " >-*_+=.)0123456789|:"
"""What the marks of quotes and list items consist of, and all of a rule, a heading's underline or a table's."""
_DRAWN_RULE = "─" * 12
_BROKEN_FENCE = "``\u200b`"
_LINE_MARKS = " \t>*+-0123456789.)"
"""What may stand in a line before a heading or small print: the marks of quotes and list items."""
# People, roles, channels, commands and the server's own pages; `<t:…>` is a time, and harmless.
_PILLS = tuple((opening, f"{opening[0]}\u200b{opening[1:]}") for opening in ("<@", "<#", "</", "<id:"))
_LANGUAGE_SIGNS = frozenset("_+-.#")


def convert(text: str) -> str:
    """Rewrite Markdown for Discord. A code block that is still open is closed at the end."""
    text = plain_line_ends(text)
    lines = text.split("\n")
    drawn: list[str] = []
    done = 0
    for block in [] if is_plain(text) else blocks(text, is_plain=is_plain):
        rewrite = _REWRITTEN.get(block.kind)
        if rewrite is not None:
            end = min(block.end, len(lines))
            drawn += map(_line, lines[done : block.first])
            drawn += rewrite(block, lines[block.first : end])
            done = end
    return "\n".join([*drawn, *map(_line, lines[done:])])


def is_plain(text: str) -> bool:
    """Tell, without parsing, that `text` has no block that Discord does not draw. It may also fail to notice that."""
    if any(mark in text for mark in _MARKS):
        return False
    before, may_be_code = "", True
    for line in text.split("\n"):
        words = line.lstrip(_SIGNS)
        signs = line[: len(line) - len(words)]
        # Signs alone may be a rule, or what makes the line before a title or the head of a table.
        under_head = "|" in before and "-" in signs
        if not words and (under_head or max(map(signs.count, "-*_")) >= _SHORTEST_RULE):
            return False
        # Code cannot interrupt a paragraph: what is indented behind one goes on with it, or is an item in an item.
        indented = _SHORTEST_CODE in (signs if may_be_code else signs.lstrip(" "))
        if indented and not line.isspace():
            return False
        before, may_be_code = line, words[:1] in {"", "#"}
    return True


def inline(line: str) -> str:
    """Rewrite what stands inside a line: links, pictures and double bars, but nothing in code."""
    shown = harmless(line)
    # Where nothing is rewritten it does not matter what is code.
    has_link, has_code = "](" in line, "`" in line and shown != line
    if not (has_link or has_code) or len(line) > LONGEST_LINE:
        return shown
    env: dict[str, _Found] = {"found": _Found(len(line))}
    _INLINE.parseInline(line, env)
    pieces: list[str] = []
    done = 0
    for start, end, drawn in sorted(env["found"].spans):
        if start >= done:
            pieces += harmless(line[done:start]), drawn
            done = end
    return "".join((*pieces, harmless(line[done:])))


def quoted(text: str) -> str:
    """Rewrite the model's Markdown as a quote, in which nothing is as large or as small as the bot's own headings and notes."""
    return (
        "\n".join(f"> {line}" for line in _in_own_size(convert(text.strip()).split("\n")))
        if text.strip()
        else ""
    )


def _in_own_size(lines: Iterable[str]) -> Iterator[str]:
    """Escape the marks of headings outside of code."""
    fenced = False
    for line in lines:
        # Each line of a fence has one mark; two of them are code inside a line.
        fenced ^= line.count("```") % 2 == 1
        words = line.lstrip(_LINE_MARKS)
        escapes = words.startswith("#") and not fenced
        yield f"{line[: -len(words)]}\\{words}" if escapes else line


def harmless(text: str) -> str:
    """Keep text from hiding what follows it, and from showing mentions, which Discord draws like real ones.

    Whom a message notifies is decided where it is sent; this is about what it looks like.
    """
    text = text.replace("||", r"\|\|")
    for opening, shown in _PILLS:
        text = text.replace(opening, shown)
    for name in ("@everyone", "@here"):
        text = _unaddressed(text, name)
    return text


def _unaddressed(text: str, name: str) -> str:
    """Break up a mention of everybody, but not where it is a part of an address, which would lead elsewhere then."""
    first, *rest = text.split(name)
    pieces = [first]
    word = first
    for piece in rest:
        inside = "://" in word[max(map(word.rfind, " \n\t")) + 1 :]
        pieces += name if inside else f"{name[0]}\u200b{name[1:]}", piece
        # An address may hold the name more than once.
        word = f"://{piece}" if inside else piece
    return "".join(pieces)


def plain(text: str) -> str:
    """Keep text that is not parsed from opening code, hiding what follows, and passing for the bot's own small print.

    For an answer that could not be converted: at most twice as long, and one pass.
    """
    return "\n".join(harmless(unfenced(_in_full_size(line))) for line in text.split("\n"))


def unfenced(text: str) -> str:
    """Break up fences, for text that must not open or close a code block."""
    return text.replace("```", _BROKEN_FENCE)


def _in_full_size(line: str) -> str:
    """Escape the mark of small print, which is the bot's own voice; the backslash is not shown."""
    words = line.lstrip(_LINE_MARKS)
    if words.startswith("#") and line[: -len(words)].endswith("-"):
        return f"{line[: -len(words)]}\\{words}"
    return line


def _line(line: str) -> str:
    line = _in_full_size(line)
    # Discord's code may begin anywhere in a line. What is not code elsewhere must not take the rest of the message.
    return inline(unfenced(line) if line.count("```") % 2 else line)


def _quotes(block: Block) -> str:
    return "> " * sum(container.quote for container in block.containers)


def _code(block: Block, lines: list[str]) -> Iterator[str]:
    """Show code in Discord's only fence. Its lines lose the indentation of list items, which Discord would show."""
    # Discord takes the word behind the mark for a line of code unless it could be the name of a language.
    word = block.info.split()[0] if block.info else ""
    language = (
        word if word.isascii() and all(sign.isalnum() or sign in _LANGUAGE_SIGNS for sign in word) else ""
    )
    opening = lines[0].partition(block.markup)[0] if block.markup else _quotes(block)
    yield f"{opening}```{language}"
    for line in block.text.split("\n")[:-1]:
        yield _quotes(block) + unfenced(line)
    yield f"{_quotes(block)}{'' if block.containers else opening}```"


def _heading(block: Block, lines: list[str]) -> Iterator[str]:
    if len(block.markup) < _LARGEST_SMALL_HEADING:
        yield _line(lines[0])
        return
    # Bold inside of bold would end it.
    before = lines[0].partition("#")[0] if block.containers else ""
    words = _line(block.text.replace("**", ""))
    yield f"{before}**{words}**" if words else before


def _underlined(block: Block, lines: list[str]) -> Iterator[str]:
    yield from map(_line, lines[:-1])
    # A line of dashes under words is meant as a rule more often than as a title's underline.
    marks = lines[-1].strip()
    is_rule = block.markup == "-" and len(marks) >= _SHORTEST_RULE and not block.containers
    yield _DRAWN_RULE if is_rule else lines[-1]


def _rule(block: Block, lines: list[str]) -> Iterator[str]:
    before = lines[0].rstrip(f"{block.markup[0]} \t")
    yield f"{before} {_DRAWN_RULE}" if before else _DRAWN_RULE


def _table(block: Block, lines: list[str]) -> Iterator[str]:
    del lines
    head, _, *rows = block.text.split("\n")
    shown = show([table_cells(row) for row in (head, *rows)])
    # As a list its cells are words like any others; in a code block nothing is drawn.
    drawn = shown if shown.startswith("```") else "\n".join(map(_line, shown.split("\n")))
    for line in drawn.split("\n"):
        yield _quotes(block) + line


_REWRITTEN: dict[str, Callable[[Block, list[str]], Iterator[str]]] = {
    "fence": _code,
    "code": _code,
    "heading": _heading,
    "underlined": _underlined,
    "rule": _rule,
    "table": _table,
}


@dataclass(slots=True)
class _Found:
    """What is rewritten in a line of so many characters: where it begins and ends, and what stands in its place."""

    length: int
    spans: list[tuple[int, int, str]] = field(default_factory=list)


_Rule = Callable[[StateInline, bool], bool]


def _noting(rule: _Rule, draw: Callable[[StateInline, int], str]) -> _Rule:
    """Make a rule note what it found, since the library's tokens do not say where in a line they are."""

    def noting(state: StateInline, silent: bool) -> bool:
        start = state.pos
        found = rule(state, silent)
        note: _Found = state.env["found"]
        # The words of a picture are parsed as a text of their own.
        if found and not silent and len(state.src) == note.length:
            note.spans.append((start, state.pos, draw(state, start)))
        return found

    return noting


def _as_it_is(state: StateInline, start: int) -> str:
    return state.src[start : state.pos]


def _link(state: StateInline, start: int) -> str:
    """Write a link so that Discord makes one of it: a label that holds an address would show the marks."""
    written = state.src[start : state.pos].removeprefix("!")
    begun = state.pos - len(written)
    bracket = state.md.helpers.parseLinkLabel(state, begun, False)
    label, target = state.src[begun + 1 : bracket].strip(), state.src[bracket + 2 : state.pos - 1]
    address = target[1:].partition(">")[0] if target.startswith("<") else target.partition(" ")[0]
    if label.startswith("!["):
        # A picture as the label of a link: what says what it shows is the label.
        label = label[2:].partition("](")[0]
    if not address:
        return harmless(written)
    bare = label.replace("https://", "").replace("http://", "")
    if not label or label in {address, target, address.removeprefix("https://").removeprefix("http://")}:
        return address
    # A target that Discord takes for no address would be text, in which bars hide what follows.
    return f"[{harmless(bare)}]({target.replace('||', '%7C%7C')})"


def _inline_parser() -> MarkdownIt:
    # Each level of nesting multiplies the time that unmatched brackets take; a picture in a link is the deepest use.
    parser = MarkdownIt("zero", {"maxNesting": 3}).enable(
        ["escape", "backticks", "link", "image", "autolink"]
    )
    for rule in parser.inline.ruler.__rules__:
        if rule.name in {"link", "image"}:
            rule.fn = _noting(rule.fn, _link)
        elif rule.name in {"backticks", "autolink"}:
            rule.fn = _noting(rule.fn, _as_it_is)
    return parser


_INLINE = _inline_parser()
