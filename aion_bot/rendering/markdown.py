"""Pieces of Markdown that are shown on pages of their own: what is open where a page ends, and how the next goes on.

A page is read by the platform as a document of its own. A piece is therefore parsed behind a *preamble*, lines that open
what was open before it, and shown without the indentation that only a list item on an earlier page gave a meaning to.
No I/O.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from aion_bot.ports.markdown import (
    Block,
    BlockReader,
    Container,
    blocks,
    last_beginning,
    line_starts,
    plain_line_ends,
)

_LONGEST_INFO = 40
"""Characters behind a fence that are worth repeating on each page: a language's name."""

_LONGEST_MARK = 40
"""Characters of a fence's mark that are worth repeating; a fence with a longer one is cut like words."""

_WORD_JOINER = "\N{WORD JOINER}"
"""Nobody sees it; in front of the mark of a block it makes plain text of the mark."""

_MARKS = " \t>#*+-0123456789.)"
"""What the marks of quotes, list items and headings consist of."""

_FENCES = ("```", "~~~")


@dataclass(frozen=True, slots=True)
class Context:
    """What is open where a text was cut.

    Attributes:
        containers: The quotes and list items around the cut, the outermost first.
        leaf: `fence`, `code` (inside a line of an indented block), `paragraph`, or "" where none of these goes on.
        markup: The mark of an open fence.
        info: The words behind the mark of an open fence.
        inside_line: Whether the cut is inside a line.
    """

    containers: tuple[Container, ...] = ()
    leaf: str = ""
    markup: str = ""
    info: str = ""
    inside_line: bool = False

    @property
    def quotes(self) -> str:
        """The marks of the quotes around the cut."""
        return "> " * sum(container.quote for container in self.containers)


NOTHING_OPEN = Context()


def open_at_end(text: str) -> Context:
    """Return what is open behind the last character of `text`."""
    found = blocks(plain_line_ends(text))
    if not found:
        return NOTHING_OPEN
    last = found[-1]
    inside_line = not text.endswith(("\n", "\r"))
    lines = len(line_starts(plain_line_ends(text))) - (not inside_line)
    if _is_kept_fence(last) and not last.closed and last.end >= lines:
        info = last.info if len(last.info) <= _LONGEST_INFO else ""
        return Context(last.containers, "fence", last.markup, info, inside_line)
    # A blank line ends a quote and what is in it, but not a list item; any other line that is not in it ends both.
    said = plain_line_ends(text).rstrip(" \t\n").count("\n") + 1
    reach = [(one, lines if one.quote else said) for one in last.containers]
    ended = next((at for at, (one, end) in enumerate(reach) if one.end < end), None)
    containers = last.containers[:ended]
    goes_on = last.kind in {"paragraph", "table"} or (inside_line and not _is_kept_fence(last))
    if last.end < lines or not goes_on:
        return Context(containers, inside_line=inside_line)
    return Context(containers, "code" if last.kind == "code" else "paragraph", inside_line=inside_line)


def _is_kept_fence(block: Block) -> bool:
    return block.kind == "fence" and len(block.markup) <= _LONGEST_MARK


@dataclass(frozen=True, slots=True)
class _Fence:
    """A fence in a piece, by offsets in the piece's text.

    Attributes:
        first: Where its opening line begins; -1 if it was open before the piece.
        opened: Where it is open from: behind its mark.
        content: Where the line behind its opening line begins.
        closing_line: Where its closing line begins, if it has one.
        closed: From where on it is not open any more; None if it is open at the end.
        close: The line that closes it.
    """

    first: int
    opened: int
    content: int
    closing_line: int | None
    closed: int | None
    close: str


class Piece:
    """A piece of a text, cut at its beginning where `context` is open.

    All offsets are in `text`. `first`: nothing stands before the piece, not even a blank line is left out. `reader`:
    has read the same piece before, when the text was shorter.
    """

    def __init__(
        self, text: str, context: Context, *, first: bool = False, reader: BlockReader | None = None
    ) -> None:
        self.text = text
        self._context = context
        self._plain = plain_line_ends(text)
        self._starts = line_starts(self._plain)
        self._preamble = self._open_again()
        self._before = self._preamble.count("\n")
        plain = not self._preamble and not any(fence in text for fence in _FENCES)
        self._blocks = [] if plain else (reader or BlockReader()).update(self._preamble + self._plain)
        self._fence_goes_on = context.leaf == "fence" and not self._fence_is_over()
        self._left_out = 0 if first else self._count_left_out()
        self._head = f"{context.quotes}{context.markup}{context.info}\n" if self._fence_goes_on else ""
        self._prefixes = self._find_prefixes()
        self._body, self._shown_starts = self._transform()
        self._fences = [self._fence(block) for block in self._blocks if _is_kept_fence(block)]
        if context.leaf == "fence" and not self._fence_goes_on:
            del self._fences[0]
        self._opened = [fence.opened for fence in self._fences]
        self._reserves = list(accumulate((len(fence.close) + 1 for fence in self._fences), max))

    def context(self, length: int) -> Context:
        """Return what is open behind the first `length` characters.

        Later characters do not matter: a text that is cut while it grows is cut like one that is there at once.
        """
        if not self._blocks:
            return open_at_end(self._plain[_last_unindented(self._plain, length) : length])
        lines = bisect_right(self._starts, length) - 1
        known = last_beginning(self._blocks, self._before + lines) - self._before
        if known > 0:
            return open_at_end(self._plain[self._starts[known] : length])
        return open_at_end(self._preamble + self._plain[:length])

    def page(self, length: int, *, full: bool = False) -> str:
        """Return a page of the first `length` characters: it opens what was open before, and closes what is open.

        `full`: nothing will be added to it, so that it need not end with empty lines.
        """
        while full and length > 1 and self.text[length - 1] == "\n":
            length -= 1
        return f"{self._head}{self._body[: self._shown(length)]}{self.closing(length)}"

    def closing(self, length: int) -> str:
        """Return the end of that page that only closes a fence."""
        fence = self._fence_around(length)
        if fence is None or (fence.closed is not None and length >= fence.closed):
            return ""
        end = self._shown(length)
        begun = self._head[-1:] if end == 0 else self._body[end - 1]
        return fence.close if begun == "\n" else f"\n{fence.close}"

    def reserve(self, length: int) -> int:
        """Return the room to keep for the closing of any fence that was opened so far.

        It never shrinks with `length`, so that a page that is full once stays full while the text grows.
        """
        at = bisect_right(self._opened, length)
        return self._reserves[at - 1] if at else 0

    def is_blank(self, length: int) -> bool:
        """Tell whether the first `length` characters show nothing."""
        return not self._body[: self._shown(length)].strip()

    def safe_cut(self, cut: int) -> int:
        """Move a cut to the beginning of its line where the line opens or closes a fence or has only marks before it."""
        fence = self._fence_around(cut, also_its_line=True)
        if fence is not None:
            if 0 < fence.first < cut <= fence.content:
                return fence.first
            if fence.closing_line and fence.closed is not None and fence.closing_line < cut < fence.closed:
                return fence.closing_line
        start = self._starts[bisect_right(self._starts, cut) - 1]
        only_marks = not self._plain[start:cut].strip(_MARKS)
        return start if start and only_marks else cut

    def _fence_around(self, length: int, *, also_its_line: bool = False) -> _Fence | None:
        """Return the last fence that is opened up to `length`."""
        at = bisect_right(self._opened, length)
        if also_its_line and at < len(self._fences) and 0 <= self._fences[at].first < length:
            return self._fences[at]
        return self._fences[at - 1] if at else None

    def _open_again(self) -> str:
        context = self._context
        if not (context.containers or context.leaf):
            return ""
        opening = "".join(_marker(width) if width else "> " for width in _widths(context.containers))
        going_on = "".join(" " * width if width else "> " for width in _widths(context.containers))
        match context.leaf:
            case "fence":
                guard = self._guard(context.markup[0]) if context.inside_line else ""
                return f"{opening}{context.markup}{context.info}\n{going_on + guard if context.inside_line else ''}"
            case "paragraph":
                return f"{opening}x" if context.inside_line else f"{opening}x\n"
        indented = going_on + "    " if context.leaf else going_on
        return f"{opening}x\n{going_on.rstrip()}\n{indented if context.inside_line else ''}"

    def _guard(self, mark: str) -> str:
        """Return what keeps the rest of a line of code from closing the code."""
        return _WORD_JOINER if self._plain.lstrip(" ").startswith(mark) else ""

    def _fence_is_over(self) -> bool:
        """Tell whether no line of the piece is inside the fence that was open before it."""
        fence = self._blocks[0]
        return fence.end <= self._before or (fence.closed and fence.end == self._before + 1)

    def _count_left_out(self) -> int:
        """Count the lines at the beginning that would show nothing, or a mark without what it belongs to."""
        count = 0
        if self._fence_goes_on or self._context.leaf == "code":
            return 0
        if self._blocks and self._preamble:
            opened = self._blocks[0]
            over = opened.kind == "fence" and opened.closed
            count = int((over or opened.kind == "underlined") and opened.end == self._before + 1)
        while count < len(self._starts) and not self._line(count).strip():
            count += 1
        return count

    def _line(self, number: int) -> str:
        following = self._starts[number + 1] if number + 1 < len(self._starts) else len(self.text)
        return self._plain[self._starts[number] : following]

    def _find_prefixes(self) -> dict[int, tuple[int, str]]:
        """Return what stands in place of the first so many characters of a line, for lines where anything does."""
        context = self._context
        found: dict[int, tuple[int, str]] = {}
        if any(not container.quote for container in context.containers):
            ends = [one.end for one in self._blocks[0].containers]
            for number in range(len(self._starts)):
                around = sum(end > number + self._before for end in ends)
                found[number] = _without_items(self._line(number), context.containers[:around])
        if context.inside_line:
            indent = {"fence": self._guard(context.markup[:1]), "code": "    "}.get(context.leaf, "")
            found[0] = (0, context.quotes + indent)
        first = self._left_out
        if context.leaf == "paragraph" and first < len(self._starts):
            paragraph_goes_on = self._blocks[0].end > self._before + first
            if first == 0 and (paragraph_goes_on or context.inside_line):
                line = self._line(first)
                inside = found[0] if context.inside_line else _without_items(line, context.containers)
                found[first] = _as_words(line, *inside)
        for block in self._blocks:
            following = block.end - self._before
            ended_by_item = not block.closed and any(map(self._is_earlier_item, block.containers))
            if ended_by_item and self._left_out < following < len(self._starts):
                # The item ended the fence, but the item is not on this page.
                old, new = found.get(following, (0, ""))
                found[following] = (old, f"{self._indentation(block.containers)}{block.markup}\n{new}")
        return found

    def _is_earlier_item(self, container: Container) -> bool:
        return not container.quote and container.first == 0 and bool(self._preamble)

    def _transform(self) -> tuple[str, list[int]]:
        """Return the text as it is shown, and where each of its lines begins there."""
        if not self._prefixes and not self._left_out:
            return self.text, self._starts
        shown: list[str] = []
        for number, start in enumerate(self._starts):
            old, new = self._prefixes.get(number, (0, ""))
            line = self.text[start : start + len(self._line(number))]
            shown.append("" if number < self._left_out else new + line[old:])
        return "".join(shown), [0, *accumulate(map(len, shown))][:-1]

    def _shown(self, length: int) -> int:
        """Return how many characters of the body show the first `length` of the text."""
        number = bisect_right(self._starts, length) - 1
        inside = length - self._starts[number]
        if inside == 0 or number < self._left_out:
            return self._shown_starts[number]
        old, new = self._prefixes.get(number, (0, ""))
        return self._shown_starts[number] + len(new) + max(0, inside - old)

    def _fence(self, block: Block) -> _Fence:
        close = self._indentation(block.containers) + block.markup
        first, opened, content = -1, -1, 0
        if block.first >= self._before:
            number = block.first - self._before
            first = self._starts[number]
            opened = first + self._line(number).find(block.markup) + len(block.markup)
            content = first + len(self._line(number))
        if block.closed:
            number = block.end - 1 - self._before
            line = self._starts[number]
            closed = line + _end_of_mark(self._line(number), block.markup)
            return _Fence(first, opened, content, line, closed, close)
        following = block.end - self._before
        ended = self._starts[following] + 1 if following < len(self._starts) else None
        return _Fence(first, opened, content, None, ended, close)

    def _indentation(self, containers: Sequence[Container]) -> str:
        """Return how a line inside these containers begins on this page, where items of earlier pages indent nothing."""
        made, width, removed = "", 0, 0
        for container in containers:
            if container.quote:
                made += " " * width + "> "
                width = removed = 0
            elif self._is_earlier_item(container):
                removed = container.indent
            else:
                width = container.indent - removed
        return made + " " * width


def _last_unindented(text: str, end: int) -> int:
    """Return where the last line before `end` begins that is not indented and follows an empty one.

    In a text without fences an outermost block begins there, whatever stands before.
    """
    at = text.rfind("\n\n", 0, end)
    while at >= 0 and text[at + 2 : min(at + 3, end)] in {" ", "\t", "\n", ""}:
        at = text.rfind("\n\n", 0, at + 1)
    return at + 2 if at >= 0 else 0


def _widths(containers: Sequence[Container]) -> list[int]:
    """Return the columns that each list item adds to the indentation around it, and 0 for each quote."""
    widths, column = [], 0
    for container in containers:
        widths.append(0 if container.quote else container.indent - column)
        column = container.indent  # columns are counted anew inside a quote, whose own indentation is 0
    return widths


def _marker(width: int) -> str:
    """Return the marker of a list item whose content is indented by `width`: 2 to 17 in CommonMark."""
    if width <= 5:
        return "-" + " " * (width - 1)
    digits = min(9, width - 2)
    spaces = min(4, width - 1 - digits)
    return " " * (width - 1 - digits - spaces) + "1" * digits + "." + " " * spaces


def _without_items(line: str, containers: Sequence[Container]) -> tuple[int, str]:
    """Return how much of a line only indents it inside list items, and what it begins with on a page without them."""
    at = column = base = 0
    made = ""
    for container in containers:
        wanted, before = base + container.indent, at
        while at < len(line) and line[at] in " \t" and (container.quote or column < wanted):
            column += 4 - column % 4 if line[at] == "\t" else 1
            at += 1
        # A line that goes on with a paragraph may leave out what its containers ask for.
        if line[at : at + 1] != ">" if container.quote else column < wanted and line[at:].strip():
            return before, made
        if container.quote:
            at, column, made = at + 1, column + 1, made + "> "
            if line[at : at + 1] in {" ", "\t"}:
                at, column = at + 1, column + 1
            base = column
    if containers and not containers[-1].quote and "\t" in line[: len(line) - len(line.lstrip(" \t"))]:
        # A tab is as wide as where it stands makes it, and it stands elsewhere now.
        while at < len(line) and line[at] in " \t":
            column += 4 - column % 4 if line[at] == "\t" else 1
            at += 1
        made += " " * max(0, column - base - containers[-1].indent)
    return at, made


def _as_words(line: str, old: int, new: str) -> tuple[int, str]:
    """Return a line's prefix that keeps the rest of it a part of a paragraph, whatever it begins with."""
    words = line[old:].lstrip(" \t")
    found = blocks(words.rstrip("\n")) if words.strip() else []
    harmless = not words.strip() or (found and found[0].kind == "paragraph" and not found[0].containers)
    return len(line) - len(words), new if harmless else new + _WORD_JOINER


def _end_of_mark(line: str, markup: str) -> int:
    """Return where in a closing line the fence is closed: behind as many marks as opened it."""
    return line.find(markup) + len(markup)
