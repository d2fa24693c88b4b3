"""Finding Aion's markers in the words of an answer that is still growing, but not in its code. No I/O.

In code, such as an example of the markup itself, a marker is text that people copy. Code is a fence, or what stands between two
runs of backticks in one line (CommonMark 4.5, 6.1). Indented lines are words here: models indent what belongs to a list.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from aion_bot.aion.references import MAX_MARKER_LENGTH, Marker, marker_at

REACH = MAX_MARKER_LENGTH
"""Characters of a line in which a fence opens, and from the beginning of code in a line to its end. It bounds what waits for
the text after it, and the work for each backtick."""

_NEXT = re.compile(r"\\[\\`]|`+|\[\[(?:img|doc|link|ref):|\n")
_MARKER = re.compile(r"\[\[(?:img|doc|link|ref):")
_BEGUN = re.compile(r"\[(?:\[(?:i|im|img|d|do|doc|l|li|lin|link|r|re|ref)?)?$")
_RUN = re.compile("`+")
_AROUND = re.compile(r" *(?:(>) ?|(?:[-+*]|\d{1,9}[.)])(?= |$))")
_OPENS = re.compile(r"`{3,}|~{3,}")
_MAY_OPEN = re.compile(r"`*|~*|\d{1,9}[.)]?|[-+*]")
"""The first words of a line so far, of which a fence or a list item may become."""
_CLOSES = re.compile(r" {0,3}(`{3,}|~{3,}) *")
_MAY_CLOSE = re.compile(r"[ >]*(?:`*|~*) *")
_QUOTE = re.compile(r" *> ?")
_INDENT = 3
"""Columns by which a fence may stand further in than what holds it; more of them make an indented line."""


class _In(Enum):
    """Where a reader is: at the beginning of a line, in words, or in a line of code."""

    LINE = auto()
    WORDS = auto()
    CODE = auto()


@dataclass(frozen=True, slots=True)
class _Fence:
    """An open fence: its mark, the quotes around it, and the column from which its list item goes."""

    mark: str
    quotes: int
    column: int

    def inside(self, line: str) -> str | None:
        """Return a line without what holds the fence; None where the quote or the list item has ended."""
        for _ in range(self.quotes):
            if not (quote := _QUOTE.match(line)):
                return None
            line = line[quote.end() :]
        indent = len(line) - len(line.lstrip(" "))
        return None if indent < self.column and line.strip() else line[self.column :]

    def closes(self, inside: str) -> bool:
        """Tell whether a line ends the fence."""
        found = _CLOSES.fullmatch(inside)
        return found is not None and found[1].startswith(self.mark)


@dataclass(frozen=True, slots=True)
class _Layout:
    """What a line begins with: quotes, and the columns of list items' contents behind them; then its `words` at a column.

    `start` is the column of the first item's mark, or of the words.
    """

    quotes: int
    items: Sequence[int]
    start: int
    column: int
    words: str

    @classmethod
    def of(cls, line: str, within: int) -> "_Layout":
        """Read a line that may stand in a list item whose words begin in the column `within`."""
        quotes, items, start, at, base = 0, list[int](), -1, 0, 0
        while found := _AROUND.match(line, at):
            mark = found.group().lstrip(" ")
            if found.end() - len(mark) - at > within + _INDENT:
                break  # an indented line
            at, within = found.end(), 0
            if found[1]:
                quotes, items, start, base = quotes + 1, [], -1, at
                continue
            if start < 0:
                start = at - base - len(mark)
            blanks = len(line) - at - len(line[at:].lstrip(" "))
            # An item whose words stand far behind its mark, or in the next line, begins right behind it.
            at += blanks if 0 < blanks <= _INDENT + 1 and line[at:].strip() else min(1, blanks)
            items.append(at - base)
        words = line[at:].lstrip(" ")
        column = len(line) - len(words) - base
        return cls(quotes, items, start if items else column, column, words)


class MarkerReader:
    """Reads a text that grows, and returns each marker outside of code once. However it is cut, they are the same."""

    def __init__(self) -> None:
        self._at = 0
        self._in = _In.LINE
        self._fence: _Fence | None = None
        self._items: list[int] = []
        self._quotes = 0
        self._blank = False

    def read(self, text: str, *, ends: bool = False) -> tuple[int, list[Marker]]:
        """Take the whole text so far; returns how much of it is settled, and the markers in what is newly so.

        What no later text can make part of a marker, or of code, is settled. `ends`: nothing follows the text.
        """
        found: list[Marker] = []
        while self._at < len(text):
            if (settled := self._step(text, found, ends=ends)) is not None:
                return settled, found
        return len(text), found

    def _step(self, text: str, found: list[Marker], *, ends: bool) -> int | None:
        """Read a line's beginning, or the next sign in it; returns how much is settled where that has to wait."""
        if self._in is _In.LINE:
            return self._line(text, ends=ends)
        if self._in is _In.CODE:
            end = text.find("\n", self._at)
            self._at, self._in = (len(text), _In.CODE) if end < 0 else (end + 1, _In.LINE)
            return None
        sign = _NEXT.search(text, self._at)
        if sign is None:
            return self._plain_end(text, ends=ends)
        if sign.group().startswith("["):
            return self._marker(text, sign.start(), sign.end(), found, ends=ends)
        if sign.group().startswith("`"):
            return self._code(text, sign, ends=ends)
        self._at, self._in = sign.end(), _In.LINE if sign.group() == "\n" else _In.WORDS
        return None

    def _plain_end(self, text: str, *, ends: bool) -> int | None:
        """Read words without any sign up to the end, where a marker, or a backslash before a sign, may begin."""
        begun = None if ends else _BEGUN.search(text, self._at)
        settled = begun.start() if begun else len(text)
        waits = not ends and text.endswith("\\")
        self._at = min(settled, len(text) - 1) if waits else settled
        return settled if begun or waits else None

    def _marker(self, text: str, start: int, opened: int, found: list[Marker], *, ends: bool) -> int | None:
        marker, self._at = marker_at(text, start), start
        rest = text[start : start + MAX_MARKER_LENGTH + 1]
        written = text[start : marker.end] if marker else ""
        # What looks like a marker by now may end later while a bracket in it is open. One too long, or over the end of its
        # line, never ends.
        may_close = not ends and len(rest) <= MAX_MARKER_LENGTH and "\n" not in rest
        if may_close and (not marker or written.count("[") > written.count("]")):
            return start
        if marker:
            found.append(marker)
        self._at = marker.end if marker else opened
        return None

    def _code(self, text: str, opening: re.Match[str], *, ends: bool) -> int | None:
        """Read over code in a line, or over backticks that begin none."""
        start, after = opening.span()
        self._at, limit = start, start + REACH
        line = text.find("\n", after, limit)
        end, behind = min(limit, len(text)) if line < 0 else line, after
        # A run that ends with the text may become longer.
        while (ends or behind < len(text)) and (closing := _RUN.search(text, behind, end)):
            # The run may go on behind the last place that is looked at.
            behind = (_RUN.match(text, closing.start()) or closing).end()
            if behind - closing.start() == after - start and (ends or behind < len(text)):
                self._at = behind
                return None
        if not ends and (behind == len(text) or (line < 0 and len(text) < limit)):
            return _before_marker(text, after)
        self._at = after
        return None

    def _line(self, text: str, *, ends: bool) -> int | None:
        """Read how a line begins, which tells whether it is code."""
        end = text.find("\n", self._at, self._at + REACH)
        line = text[self._at : self._at + REACH if end < 0 else end].expandtabs(4)
        short = end >= 0 or len(text) < self._at + REACH
        whole = short and (end >= 0 or ends)
        waits = short and not whole
        kind = self._kind_in_fence(line, waits=waits) if self._fence else None
        kind = kind or self._kind(line, whole=whole, waits=waits)
        if kind is _In.LINE:  # not to be told yet
            return _before_marker(text, self._at)
        self._in = kind
        return None

    def _kind_in_fence(self, line: str, *, waits: bool) -> _In | None:
        """Return what a line is while a fence is open; `LINE` where that cannot be told yet, None where the fence has ended before."""
        fence = self._fence
        if fence is None:
            return None
        if waits and _MAY_CLOSE.fullmatch(line):
            return _In.LINE
        inside = fence.inside(line)
        if inside is None or fence.closes(inside):
            # A line further out is no more of the item, as behind a blank line.
            self._fence, self._blank = None, True
        return None if inside is None else _In.CODE

    def _kind(self, line: str, *, whole: bool, waits: bool) -> _In:
        """Return what a line outside of a fence is; `LINE` where that cannot be told yet."""
        layout = _Layout.of(line, max(self._items, default=0))
        opens = _OPENS.match(layout.words)
        backticks = opens is not None and opens.group().startswith("`")
        if opens and backticks and "`" in layout.words[opens.end() :]:
            opens = None
        elif waits and (backticks or _MAY_OPEN.fullmatch(layout.words)):
            return _In.LINE
        elif backticks and not whole:
            opens = None
        self._blank |= opens is not None  # no words of an item's paragraph go on in a fence
        self._follow_items(layout)
        column = max((one for one in self._items if one <= layout.column), default=0)
        if opens is None or layout.column - column > _INDENT:
            return _In.WORDS
        self._fence = _Fence(opens.group(), layout.quotes, column)
        return _In.CODE

    def _follow_items(self, layout: _Layout) -> None:
        """Note which list items a line stands in."""
        if layout.quotes != self._quotes:
            self._items, self._quotes = [], layout.quotes
        if layout.items or (self._blank and layout.words):
            self._items = [one for one in self._items if one <= layout.start] + list(layout.items)
        self._blank = not layout.words


def _before_marker(text: str, start: int) -> int:
    """Return how much of a text is settled of which it cannot be told yet whether what follows `start` is code."""
    found = _MARKER.search(text, start) or _BEGUN.search(text, start)
    return found.start() if found else len(text)
