"""Which block a line of a growing answer belongs to, as the model wrote it: with its comments and its markers. No I/O."""

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import partial

from aion_bot.ports.comments import LONGEST_COMMENT
from aion_bot.ports.markdown import Block, blocks_as_written, line_starts, plain_line_ends
from aion_bot.rendering.markdown import NOTHING_OPEN, Context, open_at_end, preamble

_PART = 700
"""Characters, to the end of their line, that are parsed together. What they leave open is opened again before the next ones, so
that no long text is parsed from its beginning."""


@dataclass(frozen=True, slots=True)
class Found:
    """The block of a line: None where it has none.

    Attributes:
        begins: Whether it is the block's first line.
        end: Where the first line behind the block begins, or the end of the text so far.
        over: Whether a whole line stands behind the block; else it may go on.
    """

    block: Block | None
    begins: bool
    end: int
    over: bool


class Lines:
    """Finds the blocks of lines, one after the other. However the text is cut, they are the same."""

    def __init__(self) -> None:
        self._start, self._context = 0, NOTHING_OPEN
        self._beginning = 0
        """Where the outermost block of the last line begins; it can be parsed as if nothing stood before it."""
        self._parsed = _Parsed(0, -1, NOTHING_OPEN, "")

    def may_be_fenced(self, text: str, at: int) -> bool:
        """Tell whether a place may stand in a fence; asking takes a fraction of the time that parsing does."""
        self._advance(text, at)
        return self._context.leaf == "fence" or any(
            text.find(mark, self._start, at) >= 0 for mark in ("```", "~~~")
        )

    def at(self, text: str, at: int, until: int = 0) -> Found:
        """Return the block of the line at a place; `until`: text up to there matters as well."""
        self._advance(text, at)
        if (before := text.rfind("<!--", self._start, at)) >= 0:
            until = max(until, before + LONGEST_COMMENT)  # whether it began a comment is told by so much text
        wanted = min(max(at, until), len(text))
        end = text.find("\n", wanted) + 1 or len(text)
        if self._parsed.end < end or (end == len(text) and self._parsed.end != end):
            if self._beginning > self._start:
                self._start, self._context = self._beginning, NOTHING_OPEN
            # A part more than is asked for: the lines that are asked for next are in it, and are not parsed anew.
            wanted = min(max(wanted, self._start + _PART) + _PART, len(text))
            end = text.find("\n", wanted) + 1 or len(text)
            self._parsed = _Parsed(self._start, end, self._context, text[self._start : end])
        found, self._beginning = self._parsed.at(at, self._beginning, whole=self._parsed.end == len(text))
        return found

    def _advance(self, text: str, at: int) -> None:
        """Begin with the part of the text in which a place is."""
        while at - self._start > _PART:
            if (begun := self._after_blank(text, at)) > self._start:
                self._start, self._context = begun, NOTHING_OPEN
                continue
            cut = text.find("\n", self._start + _PART, at) + 1
            behind = ""
            # Not inside a comment: behind the cut its lines would be read as blocks.
            if cut > 0 and "<!--" in text[self._start : cut]:
                end = text.find("\n", min(cut + LONGEST_COMMENT, len(text))) + 1 or len(text)
                found, _ = _Parsed(self._start, end, self._context, text[self._start : end]).at(cut - 1, 0)
                cut = found.end if found.block and found.block.kind == "comment" else cut
                behind = text[cut:end]
            if not 0 < cut <= at:
                return
            opened = preamble(self._context, "") if self._context != NOTHING_OPEN else ""
            self._context = open_at_end(opened + text[self._start : cut], partial(_blocks_above, behind))
            self._start = cut

    def _after_blank(self, text: str, at: int) -> int:
        """Return where an outermost block begins, whatever stands before, as can be told without a parser; 0 if it cannot."""
        part = text[self._start : at]
        if self._context.leaf == "fence" or any(sign in part for sign in ("```", "~~~", "<!--")):
            return 0
        begun = text.rfind("\n\n", self._start, at) + 2
        return begun if begun > 1 and not text[begun : begun + 1].isspace() else 0


def _blocks_above(behind: str, text: str) -> list[Block]:
    """Return the blocks of whole lines above other ones."""
    lines = text.count("\n")
    return [
        replace(one, end=min(one.end, lines), closed=one.closed and one.end <= lines)
        for one in blocks_as_written(text + plain_line_ends(behind))
        if one.first < lines
    ]


class _Parsed:
    """The blocks of a part of a text, from `start` to `end`, behind a context."""

    def __init__(self, start: int, end: int, context: Context, part: str) -> None:
        opened = preamble(context, "") if context != NOTHING_OPEN else ""
        self.start, self.end = start, end
        self._before = opened.count("\n")
        part = plain_line_ends(part)
        self._starts = line_starts(part)
        self._size = len(part)
        self._blocks = blocks_as_written(opened + part)
        self._firsts = [one.first for one in self._blocks]

    def at(self, at: int, beginning: int, *, whole: bool = False) -> tuple[Found, int]:
        """Return what is found at a place, and where its outermost block begins, or `beginning`; `whole`: no text follows the part."""
        line = bisect_right(self._starts, at - self.start) - 1 + self._before
        place = bisect_right(self._firsts, line) - 1
        block = self._blocks[place] if place >= 0 else None
        if block is None or block.end <= line:
            return Found(None, False, at, over=True), beginning
        if block.outermost >= self._before:
            beginning = self.start + self._starts[block.outermost - self._before]
        behind = block.end - self._before
        # The last line is whole where the one behind it has begun, which may be empty.
        over = behind + 1 < len(self._starts) or not (whole or behind >= len(self._starts))
        end = self._starts[behind] if behind < len(self._starts) else self._size
        return Found(block, block.first == line, self.start + end, over), beginning
