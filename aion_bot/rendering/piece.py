"""A piece of Markdown as a page: it opens what was open before it, and closes what it leaves open. No I/O.

In the example of `markdown`, the first page ends with a line that closes the code inside of the list item:

    1. Run the tests:
       ```sh
       make
       ```

The next page begins with the fence's mark. Its lines lose the indentation that only the list item gave a meaning to:

    ```sh
    make test
    ```
    They take a minute.
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
from aion_bot.ports.unfinished import open_marks, settled
from aion_bot.rendering.markdown import (
    WORD_JOINER,
    Context,
    Page,
    as_words,
    guard,
    is_kept_fence,
    joins,
    open_at_end,
    paired,
    preamble,
    without_items,
)

_CONTAINERS = " \t>*+-0123456789.)"
"""What the marks of quotes and list items consist of."""

_MARKS = f"#{_CONTAINERS}"
"""What these marks and those of headings consist of."""


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
        self._preamble = preamble(context, self._plain) if context.containers or context.leaf else ""
        # Blocks count the lines of the preamble, too; `self._starts` does not.
        self._before = self._preamble.count("\n")
        # Most pieces have nothing that needs a parser: no fence, no table, and nothing that was open before them.
        needs_parser = self._preamble or "```" in text or "~~~" in text or ("|" in text and "-" in text)
        self._blocks = (reader or BlockReader()).update(self._preamble + self._plain) if needs_parser else []
        fences = [self._fence(block) for block in self._blocks if is_kept_fence(block)]
        self._head = ""
        if context.leaf == "fence":
            opened = self._blocks[0]
            # No line of the piece is inside the fence that was open before it, or only the line that closes it.
            if opened.end <= self._before or (opened.closed and opened.end == self._before + 1):
                del fences[0]
            else:
                self._head = f"{context.quotes}{context.markup}{context.info}\n"
        elif context.leaf == "table" and self._blocks[0].end > self._before:
            self._head = "".join(f"{context.quotes}{line}\n" for line in context.markup.split("\n"))
        self._fences = fences
        self._opened = [fence.opened for fence in fences]
        # The largest of all fences so far: a longer page must never measure less than a shorter one.
        self._reserves = list(accumulate((len(fence.close) + 1 for fence in fences), max))
        self._left_out = 0 if first or self._head or context.leaf == "code" else self._count_left_out()
        self._prefixes = self._find_prefixes() if self._preamble else {}
        # Up to where the marks go on that were open before the piece: the end of their paragraph; 0 where there are none.
        self._marked_until = self._marks_at = 0
        if context.marks and 0 in self._prefixes and self._left_out == 0:
            self._find_marks()
        self._body, self._shown_starts = self.text, self._starts
        if self._prefixes or self._left_out:
            self._body, self._shown_starts = self._rewrite()

    def context(self, length: int) -> Context:
        """Return what is open behind the first `length` characters.

        Later characters do not matter: a text that is cut while it grows is cut like one that is there at once.
        """
        if self._blocks:
            lines = bisect_right(self._starts, length) - 1
            known = last_beginning(self._blocks, self._before + lines) - self._before
            beginning = self._starts[known] if known > 0 else 0
        else:
            # Without fences, an outermost block begins at each line behind an empty one that is not indented.
            at = self._plain.rfind("\n\n", 0, length)
            while at >= 0 and self._plain[at + 2 : min(at + 3, length)] in {" ", "\t", "\n", ""}:
                at = self._plain.rfind("\n\n", 0, at + 1)
            beginning = at + 2 if at >= 0 else 0
        return open_at_end(("" if beginning else self._preamble) + self._plain[beginning:length])

    def page(self, length: int, *, ending: Context | None = None) -> Page:
        """Return a page of the first `length` characters: it opens what was open before, and closes what is open.

        `ending`: what is open where nothing will be added to the page, so that it need not end with empty lines; None where
        something may be.
        """
        while ending is not None and length > 1 and self.text[length - 1] == "\n":
            length -= 1
        line = bisect_right(self._starts, length) - 1
        inside = length - self._starts[line]
        end = self._shown_starts[line]
        if inside > 0 and line >= self._left_out:
            removed, prefix = self._prefixes.get(line, (0, ""))
            end += len(prefix) + max(0, inside - removed)
        shown = self._body[:end]
        closing, reserve = "", 0
        opened = bisect_right(self._opened, length)
        if opened:
            fence, reserve = self._fences[opened - 1], self._reserves[opened - 1]
            if fence.closed is None or length < fence.closed:
                closing = fence.close if (shown or self._head).endswith("\n") else f"\n{fence.close}"
        blank = not shown or shown.isspace()
        if self._marked_until:
            # Where their paragraph ends without a partner of a mark, it is no mark on this page.
            all_marks = self._context.opening
            marks = paired(self._blocks[0].text, all_marks) if length > self._marked_until else all_marks
            shown = shown[: self._marks_at] + marks + shown[self._marks_at :]
            reserve = max(reserve, len(self._context.closing) + len(all_marks) - len(marks))
        if ending is not None and ending.marks:
            shown, closing = shown.rstrip(), ending.closing
            reserve = max(reserve, len(closing))
        return Page(self._head + shown + closing, len(closing), reserve, blank)

    def last_page(self, length: int) -> Page:
        """Return a page to which more may be added; it closes the marks that were open before the piece, too."""
        page = self.page(length)
        if not 0 < length <= self._marked_until:
            return page
        at, opening = self._marks_at, self._context.opening
        words = page.text[at:].rstrip()
        closing = "".join(mark for start, mark in reversed(open_marks(words)) if start < len(opening))
        text = page.text[:at] + paired(words + closing, opening) + words[len(opening) :] + closing
        return Page(text, len(closing), page.reserve, page.blank)

    def ending(self, cut: int) -> tuple[int, Context]:
        """Return where a page may end at or before a cut, as `safe_cut` has it and not inside a link, and what is open there."""
        cut = self.safe_cut(cut)
        context = self.context(cut)
        if context.leaf == "paragraph" and "`" not in context.closing:  # in code nothing else begins
            said = (self._preamble + self._plain[:cut]).rstrip()
            whole = settled(said)
            if whole < len(said) and cut // 2 < whole - len(self._preamble):
                cut = self.safe_cut(whole - len(self._preamble))
                context = self.context(cut)
        return cut, context

    def safe_cut(self, cut: int) -> int:
        """Move a cut back to where the next page can begin.

        No page ends in the line that opens or closes a fence, behind an opening fence, a heading or the head of a table, in
        a row of a table that has others before it, or behind marks without words.
        """
        at = bisect_right(self._opened, cut)
        # The cut may be in front of the mark that opens a fence, but inside its line.
        if at < len(self._fences) and 0 <= self._fences[at].first < cut:
            at += 1
        if at:
            fence = self._fences[at - 1]
            opens = cut <= fence.content or not self._plain[fence.content : cut].strip()
            if 0 < fence.first < cut and opens:
                cut = fence.first
            elif fence.closing_line and fence.closed is not None and fence.closing_line < cut < fence.closed:
                cut = fence.closing_line
        start = self._starts[bisect_right(self._starts, cut) - 1]
        # Marks without words would end the page as an empty item; they begin the next page instead.
        if start and not self._plain[start:cut].strip(_MARKS):
            cut = start
        said = self._plain[:cut].rstrip()
        line = said[said.rfind("\n") + 1 :]
        # Parsing is needed for what may be a heading or a table by the marks of its last line.
        may_belong_to_next = "|" in line or line.lstrip(_CONTAINERS)[:1] in {"", "#", "="}
        return self._before_what_belongs_to_next(cut) if may_belong_to_next else cut

    def _before_what_belongs_to_next(self, cut: int) -> int:
        """Return the place before a heading, or before lines that are or may become the head of a table, at a cut.

        What stands behind the cut does not matter: there may be nothing yet.
        """
        moved = kept = cut
        found = blocks(self._preamble + self._plain[:cut])
        while found:
            last, line = found.pop(), bisect_right(self._starts, moved - 1) - 1
            first = last.first - self._before
            if last.kind == "table":
                inside = self._starts[line] < moved < len(self._plain) and self._plain[moved - 1] != "\n"
                if line >= first + 2:  # it has a row
                    return self._starts[line] if inside and line > first + 2 else moved
            elif last.kind == "paragraph":
                lines = self._plain[:moved].rstrip("\n").rsplit("\n", 2)[-2:]
                whole = self._plain[moved - 1] == "\n"
                under = 1 if not lines[-1].strip("|:- \t>") and "|" in lines[0] else 0
                if last.end - self._before <= line or "|" not in lines[-1] or not (whole or under):
                    return moved
                first = line - under
            elif last.kind not in {"heading", "underlined"}:
                return moved
            # A page that only has headings would be left empty.
            is_heading = last.kind in {"heading", "underlined"}
            if first <= 0 or (is_heading and self._starts[first] < kept // 2):
                return kept
            kept = kept if is_heading else self._starts[first]
            moved = self._starts[first]
        return moved

    def _count_left_out(self) -> int:
        """Count the lines at the beginning that would show nothing, or a mark without what it belongs to."""
        count = 0
        if self._preamble:
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
                found[number] = without_items(self._line(number), context.containers[:around])
        if context.inside_line:
            rest_of_code = guard(self._plain, context.markup) if context.leaf == "fence" else ""
            found[0] = (0, context.quotes + ("    " if context.leaf == "code" else rest_of_code))
        # What goes on with a paragraph must stay words on a page that begins with it, whatever mark they look
        # like. Lines that are left out at the beginning have ended the paragraph.
        if context.leaf == "paragraph" and self._left_out == 0:
            line = self._line(0)
            if context.inside_line:
                found[0] = as_words(line, *found[0])
            elif self._blocks[0].end > self._before:
                found[0] = as_words(line, *without_items(line, context.containers))
        for block in self._blocks:
            following = block.end - self._before
            ended_by_item = not block.closed and any(map(self._is_earlier_item, block.containers))
            if ended_by_item and self._left_out < following < len(self._starts):
                # The item ended the fence, but the item is not on this page.
                old, new = found.get(following, (0, ""))
                found[following] = (old, f"{self._indentation(block.containers)}{block.markup}\n{new}")
            elif self._left_out < following < len(self._starts) and joins(
                block, self._is_earlier_item, self._line(following)
            ):
                old, new = found.get(following, (0, ""))
                found[following] = (old, f"\n{new}")
        return found

    def _find_marks(self) -> None:
        removed, prefix = self._prefixes[0]
        following = self._blocks[0].end - self._before
        if following <= 0 or self._plain[removed : removed + 1] in self._context.opening[-1:]:
            return
        # What keeps the words from being read as the beginning of a block stands between them and the marks.
        self._marks_at = len(prefix.removesuffix(WORD_JOINER))
        self._marked_until = self._starts[following] if following < len(self._starts) else len(self.text) + 1

    def _rewrite(self) -> tuple[str, list[int]]:
        """Return the text as it is shown, and where each of its lines begins there."""
        shown: list[str] = []
        for number, start in enumerate(self._starts):
            removed, prefix = self._prefixes.get(number, (0, ""))
            line = self.text[start : start + len(self._line(number))]
            shown.append("" if number < self._left_out else prefix + line[removed:])
        return "".join(shown), [0, *accumulate(map(len, shown))][:-1]

    def _is_earlier_item(self, container: Container) -> bool:
        return not container.quote and container.first == 0 and bool(self._preamble)

    def _fence(self, block: Block) -> _Fence:
        close = self._indentation(block.containers) + block.markup
        first, opened, content = -1, -1, 0
        if block.first >= self._before:
            line = self._line(block.first - self._before)
            first = self._starts[block.first - self._before]
            opened = first + line.find(block.markup) + len(block.markup)
            content = first + len(line)
        if block.closed:
            number = block.end - 1 - self._before
            closing_line = self._starts[number]
            # It is closed behind as many marks as opened it: the rest of its line may not have arrived.
            closed = closing_line + self._line(number).find(block.markup) + len(block.markup)
            return _Fence(first, opened, content, closing_line, closed, close)
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
