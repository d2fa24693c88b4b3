"""The block structure of Markdown, read by markdown-it-py (CommonMark and the tables of GitHub Flavored Markdown).

Only blocks are parsed: that is linear in the length of the text, and neither pagination nor the adapters' conversion
needs more to find code, headings, rules, tables, lists and quotes. HTML and link definitions are ordinary text here,
because the chat platforms show them as such.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.parser_block import ParserBlock
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.token import Token

from aion_bot.ports.comments import find_comment, find_fence

DEEPEST = 24
"""Levels of nesting that are followed: a quote is one, a list and its item are two. A line takes time for each level.

The marks of what would stand deeper are words of the innermost block.
"""


@dataclass(frozen=True, slots=True)
class Container:
    """A block quote or a list item, on the lines `first` to `end` (exclusive), counted from 0.

    Attributes:
        indent: Columns from the start of the line, or from the quote around it, to an item's content; 0 for a quote.
    """

    quote: bool
    first: int
    end: int
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A block that holds no other one, on the lines `first` to `end` (exclusive), counted from 0.

    Attributes:
        kind: `fence`, `code` (indented), `heading`, `underlined` (a heading with a line under it), `rule`, `table`,
            `paragraph`, or where it is asked for `comment`.
        containers: The quotes and list items around it, the outermost first.
        markup: A fence's mark or the signs of a heading.
        info: The words behind a fence.
        closed: Whether a fence has its closing line in this text.
        text: The lines of a block, or the words of a heading, without the marks of its containers.
    """

    kind: str
    first: int
    end: int
    containers: tuple[Container, ...] = ()
    markup: str = ""
    info: str = ""
    closed: bool = True
    text: str = ""

    @property
    def outermost(self) -> int:
        """The first line of the outermost block that this one is in."""
        return self.containers[0].first if self.containers else self.first


def last_beginning(found: Sequence[Block], lines: int) -> int:
    """Return the last line, of `lines` whole ones, where an outermost block begins whatever follows; 0 if there is none.

    A text may be parsed from there as if nothing stood before. The next line has to be whole too: it may make a table
    of this one.
    """
    return max((block.outermost for block in found if block.outermost + 2 <= lines), default=0)


def line_starts(text: str) -> list[int]:
    """Return where each line of `text` begins; the lines that `Block` counts."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts[:-1]


def plain_line_ends(text: str) -> str:
    """Write every line end as a line feed, without changing where any other character stands."""
    return text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text


def blocks(text: str, *, is_plain: Callable[[str], bool] | None = None) -> list[Block]:
    """Return the blocks of `text` in order. Lines end with a line feed alone (see `plain_line_ends`).

    `is_plain` tells of some lines, which are one or more whole outermost blocks without a fence, that nobody wants
    their blocks. These are left out, and not parsed: asking takes a fraction of the time.
    """
    # A last line without its end would make an empty line of code look like a closing fence.
    return list(_blocks(_PARSER.parse(text if text.endswith("\n") else text + "\n", {"is_plain": is_plain})))


def blocks_as_written(text: str) -> list[Block]:
    """Return the blocks of `text`, as `blocks` does, before comments are struck from it; rows of tables are words.

    What block a line belongs to does not depend on later lines, but for a comment that may go on (see `comments`).
    """
    return list(
        _blocks(_PARSER_AS_WRITTEN.parse(text if text.endswith("\n") else text + "\n", {"is_plain": None}))
    )


class BlockReader:
    """Reads the blocks of a text that mostly grows at its end; each update parses the last outermost block only."""

    def __init__(self) -> None:
        self._text = ""
        self._final: list[Block] = []
        self._line = 0
        self._start = 0

    def update(self, text: str) -> list[Block]:
        """Return the blocks of `text`, as `blocks` does."""
        if not text.startswith(self._text):
            self._final, self._line, self._start = [], 0, 0
        self._text = text
        rest = text[self._start :]
        found = [_moved(block, self._line) for block in blocks(rest)] if self._line else blocks(rest)
        whole = [*self._final, *found]
        last = last_beginning(found, self._line + rest.count("\n"))
        if last > self._line:
            # What stands before the last outermost block stays as it is, whatever follows.
            self._final += [block for block in found if block.outermost < last]
            self._start += sum(len(line) + 1 for line in rest.split("\n", last - self._line)[:-1])
            self._line = last
        return whole


def _moved(block: Block, lines: int) -> Block:
    around = tuple(
        Container(one.quote, one.first + lines, one.end + lines, one.indent) for one in block.containers
    )
    return replace(block, first=block.first + lines, end=block.end + lines, containers=around)


def _blocks(tokens: list[Token]) -> Iterator[Block]:
    around: list[Container] = []
    for at, token in enumerate(tokens):
        if token.type in {"blockquote_open", "list_item_open"}:
            first, end = token.map or (0, 0)
            quote = token.type == "blockquote_open"
            around.append(Container(quote, first, end, 0 if quote else token.meta.get("indent", 0)))
        elif token.type in {"blockquote_close", "list_item_close"}:
            around.pop()
        elif token.type in _KINDS and token.map:
            yield _block(token, tokens[min(at + 1, len(tokens) - 1)], tuple(around))


def _block(token: Token, following: Token, around: tuple[Container, ...]) -> Block:
    first, end = token.map or (0, 0)
    kind = _KINDS[token.type]
    if kind == "heading" and not token.markup.startswith("#"):
        kind = "underlined"
    # The library counts the closing line among a fence's lines, but not in its content.
    closed = kind != "fence" or end - first - 1 > token.content.count("\n")
    text = following.content if following.type == "inline" else token.content
    return Block(kind, first, end, around, token.markup, token.info.strip(), closed, text)


_KINDS = {
    "fence": "fence",
    "code_block": "code",
    "heading_open": "heading",
    "hr": "rule",
    "table": "table",
    "paragraph_open": "paragraph",
    "comment": "comment",
}


def table_cells(line: str) -> list[str]:
    """Split a row of a table at its bars, but not in code or behind a backslash."""
    inner = line.strip().removeprefix("|")
    cells, begun, at = [], 0, 0
    while at < len(inner):
        if inner[at] == "\\":
            at += 1
        elif inner[at] == "`":
            # Where no other backtick follows, none will for the rest of the line either.
            end = inner.find("`", at + 1)
            at = end if end >= 0 else at
        elif inner[at] == "|":
            cells.append(inner[begun:at].strip())
            begun = at + 1
        at += 1
    return cells if cells and begun == len(inner) else [*cells, inner[begun:].strip()]


def begins_table(line: str, following: str) -> bool:
    """Tell whether these two lines are the head of a table: a row, and as many runs of dashes between bars."""
    if "|" not in line or "-" not in following or following.strip(" \t|:-"):
        return False
    runs = [cell.strip() for cell in following.strip().removeprefix("|").removesuffix("|").split("|")]
    dashes = [run.removeprefix(":").removesuffix(":") for run in runs]
    return all(run and not run.strip("-") for run in dashes) and len(runs) == len(table_cells(line))


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Find a table, but not its cells: the library fills up short rows, which costs 0.7 s for 2,000 characters."""
    line = start + 1
    if line >= end or state.sCount[line] < state.blkIndent:
        return False
    if state.is_code_block(start) or state.is_code_block(line):
        return False
    head, dashes = state.getLines(start, line + 1, state.blkIndent, False).split("\n")
    if not begins_table(head, dashes):
        return False
    if silent:
        return True
    ends = [rule for rule in state.md.block.ruler.getRules("blockquote") if rule is not _table]
    line += 1
    while line < end and state.sCount[line] >= state.blkIndent and not state.is_code_block(line):
        row = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
        # A line without a bar ends the table, other than on GitHub: models go on with a sentence there.
        # No other block begins with a bar, so that the rules are asked for few rows.
        if "|" not in row or (row[0] != "|" and any(rule(state, line, end, True) for rule in ends)):
            break
        line += 1
    token = state.push("table", "", 0)
    token.map, token.content = [start, line], state.getLines(start, line, state.blkIndent, False)
    state.line = line
    return True


def _plain_lines(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Pass over lines that `is_plain` (see `blocks`), up to where an outermost block begins whatever stands before."""
    is_plain, asked = state.env["is_plain"], state.env.get("asked", 0)
    # Lines that are not plain are asked for once, not once for each block in them: that would not be linear.
    if is_plain is None or silent or state.level > 0 or start < asked:
        return False
    line = start + 1
    # An unindented line after an empty one is outside of any block before it, unless that is a fence.
    while line < end and (state.isEmpty(line) or state.sCount[line] > 0 or not state.isEmpty(line - 1)):
        line += 1
    state.env["asked"] = line
    lines = state.src[state.bMarks[start] : state.bMarks[line]]
    # A fence could go on beyond these lines.
    if "```" in lines or "~~~" in lines or not is_plain(lines):
        return False
    state.line = line
    return True


def _quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    return state.level + 1 < DEEPEST and blockquote(state, start, end, silent)


def _list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    # The library passes over all that follows a level too deep, whatever it is in.
    return state.level + 2 < DEEPEST and list_block(state, start, end, silent)


class _BlockParser(ParserBlock):
    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:  # noqa: N803  # names of the library
        # It is called for the content of each container, behind its opening token, which does not tell the indent.
        if state.tokens:
            state.tokens[-1].meta["indent"] = state.blkIndent
        super().tokenize(state, startLine, endLine)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": DEEPEST})
    parser.block = _BlockParser()
    # Without HTML and link definitions, which the chat platforms show as text.
    parser.block.ruler.enableOnly(
        ["code", "fence", "blockquote", "hr", "list", "heading", "lheading", "paragraph"]
    )
    parser.block.ruler.at("blockquote", _quote, {"alt": ["paragraph", "blockquote", "list"]})
    parser.block.ruler.at("list", _list, {"alt": ["paragraph", "blockquote"]})
    # Other than on GitHub, a table right under a quote is none of its words.
    parser.block.ruler.before("code", "own_table", _table, {"alt": ["paragraph", "blockquote"]})
    parser.block.ruler.before("own_table", "plain_lines", _plain_lines)
    # What is inside a line is not needed, and costs more than the blocks.
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _parser_as_written() -> MarkdownIt:
    parser = _parser()
    parser.block.ruler.disable(["own_table"])
    parser.block.ruler.at("fence", find_fence, {"alt": ["paragraph", "blockquote", "list"]})
    parser.block.ruler.before("code", "comment", find_comment, {"alt": ["paragraph", "blockquote"]})
    return parser


_PARSER = _parser()
_PARSER_AS_WRITTEN = _parser_as_written()
