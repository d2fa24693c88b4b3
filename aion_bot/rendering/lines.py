"""Which block a line of a growing answer belongs to, as the model wrote it: with its comments and its markers. No I/O."""

from bisect import bisect_right
from dataclasses import dataclass

from aion_bot.ports.comments import LONGEST_COMMENT
from aion_bot.ports.markdown import Block, blocks_as_written, plain_line_ends
from aion_bot.rendering.markdown import NOTHING_OPEN, Context, open_at_end, preamble

_PART = 2_000
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
        self._struck: tuple[tuple[int, int], ...] = ()
        self._read_to = -1
        self._text = ""
        self._blocks: list[Block] = []
        self._firsts: list[int] = []

    def may_be_code(self, text: str, at: int) -> bool:
        """Tell whether a place may stand in a fence; asking takes a fraction of the time that parsing does."""
        self._advance(text, at)
        return self._context.leaf == "fence" or any(
            text.find(mark, self._start, at) >= 0 for mark in ("```", "~~~")
        )

    def at(self, text: str, at: int, *, comment: bool = False) -> Found:
        """Return the block of the line at a place; `comment`: one begins there, so that text behind it matters as well."""
        self._advance(text, at)
        opened = preamble(self._context, "") if self._context != NOTHING_OPEN else ""
        self._parse(text, at, opened, comment=comment)
        before, behind = opened.count("\n"), self._text
        line = before + behind.count("\n", 0, at - self._start)
        place = bisect_right(self._firsts, line) - 1
        block = self._blocks[place] if place >= 0 and self._blocks[place].end > line else None
        if block is None:
            return Found(None, False, at, over=True)
        end, lines = at - self._start, block.end - line
        for _ in range(lines):
            end = behind.find("\n", end) + 1 or len(behind) + 1
        is_last = end > len(behind) or (self._start + len(behind) >= len(text) and behind.find("\n", end) < 0)
        return Found(block, block.first == line, min(self._start + end, len(text)), over=not is_last)

    def strike(self, start: int, end: int) -> None:
        """Note that a comment of several lines stands there: no part ends in it."""
        self._struck += ((start, end),)

    def _parse(self, text: str, at: int, opened: str, *, comment: bool) -> None:
        """Parse the part of the text with a place in it, and what stands behind that."""
        close = text.find("-->", at, at + LONGEST_COMMENT) if comment else at
        wanted = close if close >= 0 else at + LONGEST_COMMENT
        end = text.find("\n", min(wanted, len(text))) + 1 or len(text)
        if self._read_to >= end and (end < len(text) or self._read_to == len(text)):
            return
        further = text.find("\n", min(max(wanted, self._start + 2 * _PART), len(text))) + 1 or len(text)
        self._read_to = further
        self._text = plain_line_ends(text[self._start : further])
        self._blocks = blocks_as_written(opened + self._text)
        self._firsts = [one.first for one in self._blocks]

    def _advance(self, text: str, at: int) -> None:
        """Begin with the part of the text in which a place is."""
        while at - self._start > 2 * _PART:
            cut = text.find("\n", self._start + _PART, at) + 1
            for start, end in self._struck:
                if start < cut <= end:
                    cut = text.find("\n", end, at) + 1
            if cut <= 0:
                return
            opened = preamble(self._context, "") if self._context != NOTHING_OPEN else ""
            self._context: Context = open_at_end(opened + text[self._start : cut], blocks_as_written)
            self._start, self._read_to = cut, -1
            self._struck = tuple(one for one in self._struck if one[1] > cut)
