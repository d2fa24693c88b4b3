"""Cutting an answer into pages, and how many it may have. No I/O.

Nothing is lost, and what is code on one page is code on the next.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from aion_bot.ports.markdown import BlockReader, blocks, plain_line_ends
from aion_bot.ports.text import character_start
from aion_bot.ports.unfinished import settled
from aion_bot.rendering.markdown import NOTHING_OPEN, Context
from aion_bot.rendering.piece import Piece

Measure = Callable[[str], int]
"""Size of a page as the platform counts it, rendered."""

MOST_MESSAGES = 20
"""Messages of one answer, cards included; a file may follow them."""

RESERVED = 2
"""Of these, messages that growing text leaves free: for a plan's card, and for what comes after it."""

MOST_CHARACTERS = 40_000
"""Characters of an answer, in code points, that its messages show; a file may follow them."""

MOST_TEXT = 1_000_000
"""Bytes of an answer's text, in UTF-8, that are kept."""

_SHORTEST_END = 200
"""Characters of a page at least that ends at the bound of characters."""

_MARKS = 16
"""Characters of it that may close emphasis."""

_LONGEST_CHARACTER = 4
"""Bytes of a character in UTF-8 at most."""

MOST_WRITTEN = 4
"""How many times as long as its measure a text on one page may be; one that shrinks more is cut all the same."""

_UNSAFE = frozenset(" \t\n\r`~>#*+-=_|0123456789")
"""What a page should not begin with where a line is cut: it could be read as the beginning of a block."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """The pages of a text of which no more is shown, and for what was `wanted`: that it goes on, the pages and the characters."""

    wanted: tuple[bool, int, int]
    pages: list[str]


class Pages:
    """The pages of a text that mostly grows at its end. Pages that are full are not looked at again.

    Attributes:
        closing: How many characters at the end of the last page only close a fence that the text leaves open.
        over: Whether the text has more than the pages that `update` was asked for.
        pending: Whether `update` was told to stop before it had made all of them.
    """

    def __init__(self, measure: Measure, limit: int) -> None:
        self.closing = 0
        self.over = self.pending = False
        self._measure = measure
        self._limit = limit
        self._full: list[str] = []
        self._taken = ""
        self._context = NOTHING_OPEN
        self._reader = BlockReader()
        self._last_cut = limit
        self._measured: tuple[str, int] | None = None
        self._shown: _Shown | None = None

    def update(
        self,
        text: str,
        *,
        grown: bool = False,
        goes_on: bool = False,
        most: int = sys.maxsize,
        effort: int = sys.maxsize,
        within: int = sys.maxsize,
    ) -> list[str]:
        """Return the pages of `text`, each at most `limit` by `measure`; none for blank text.

        `grown`: it is known to begin with the text before, which then need not be compared. `goes_on`: more follows, and what
        is unfinished at the end, which nobody is shown yet, makes no page full: it may become a tag, which measures nothing.
        `most`: how many pages are wanted; what is behind them is not looked at. `within`: how many characters they have at
        most. `effort`: how many pages to cut before it returns, so that a long text can be cut in several calls.
        """
        wanted = (goes_on, most, within)
        if grown and self._shown is not None and self._shown.wanted == wanted:
            return list(self._shown.pages)
        self._shown = None
        # Another text, not a longer one: no page of the old one is of use.
        if not grown and not text.startswith(self._taken):
            self._full, self._taken, self._context, self._reader = [], "", NOTHING_OPEN, BlockReader()
        self.closing, self.over, self.pending = 0, False, False
        piece, length, size = self._next(text)
        made = 0
        # An empty rest ends the text, whatever it measures: it shows nothing but a fence that is still open.
        while piece.text and (size > self._limit or length < len(piece.text)):
            if self._is_last(piece, length, within - len(self._taken), goes_on=goes_on):
                break
            self.over = len(self._full) >= most
            self.pending = not self.over and made >= effort
            if self.over or self.pending:
                return self._kept(wanted, self._full[:most], behind=self.over)
            made += self._take_page(piece, length, size)
            piece, length, size = self._next(text)
        room = within - len(self._taken) if len(text) > within else None
        pages = self._with_last(piece, length, most, room)
        return self._kept(wanted, pages, behind=self.over and len(text) > len(self._taken) + len(piece.text))

    def _kept(self, wanted: tuple[bool, int, int], pages: list[str], *, behind: bool) -> list[str]:
        """Return pages, and keep them if all that grows is `behind` what was looked at: however long it becomes, they stay."""
        self._shown = _Shown(wanted, pages) if behind else None
        return pages

    def _take_page(self, piece: Piece, length: int, size: int) -> bool:
        """Cut a full page off the piece, whose `length` measures `size`; tells whether it shows anything."""
        cut, self._context = self._cut(piece, length, size)
        # A new reader, because its text begins with the next page.
        self._last_cut, self._reader = cut, BlockReader()
        self._taken += piece.text[:cut]
        page = piece.page(cut, ending=self._context)
        if not page.blank:
            self._full.append(page.text)
        return not page.blank

    def _is_last(self, piece: Piece, length: int, room: int, *, goes_on: bool) -> bool:
        """Tell whether no page ends in a piece: its room ends there before, or what is too much is unfinished."""
        if room < _SHORTEST_END or (room <= length and self._size(piece, room) <= self._limit):
            return True
        return goes_on and length == len(piece.text) and self._holds_what_is_settled(piece)

    def _with_last(self, piece: Piece, length: int, most: int, room: int | None) -> list[str]:
        """Return all pages, the last one of this piece; `room`: how many characters it may have where it has more."""
        ending = None
        if room is not None:
            most = _break(piece.text, room - _MARKS) if room >= _SHORTEST_END else 0
            length, ending = piece.ending(most)
        is_open = ending is None and bool(self._context.marks)
        page = piece.last_page(length) if is_open else piece.page(length, ending=ending)
        full = page.blank or len(self._full) >= most
        self.over = room is not None or (full and not page.blank)
        self.closing = 0 if full else page.closing
        return self._full[:most] if full else [*self._full, page.text]

    def fits(self, page: str) -> bool:
        """Tell whether a message can hold this page."""
        return self._measure(page) <= self._limit

    def _holds_what_is_settled(self, piece: Piece) -> bool:
        """Tell whether a page can hold a piece without what is unfinished at its end."""
        page = piece.page(len(piece.text))
        said = page.text[: len(page.text) - page.closing]
        whole, most = len(said) if page.closing else settled(said), self._limit
        last = blocks(plain_line_ends(said[:whole]))[-1:]
        if last and last[0].kind == "table" and last[0].text.strip("\n").count("\n") == 1:
            # The line under a head may measure nothing from the first row on.
            most += len(last[0].text)
        elif whole == len(said):
            return False
        return self._measure(said[:whole]) + page.reserve <= most

    def _next(self, text: str) -> tuple[Piece, int, int]:
        """Return the rest of the text, or so much of it that a page cannot hold all; its length, and what that measures.

        The piece has a character more than was measured where there is one.
        """
        start = len(self._taken)
        # Only so much of the rest is looked at, so that a long text costs what it is long, not the square.
        likely = min(2 * self._last_cut, self._limit + self._limit // 4)
        for most in (likely, MOST_WRITTEN * self._limit):
            rest = text[start : start + most + 1]
            piece = Piece(rest, self._context, first=not self._full, reader=self._reader)
            length = min(len(rest), most)
            size = self._size(piece, length)
            if size > self._limit or length == len(rest):
                break
        return piece, length, size

    def _size(self, piece: Piece, length: int, ending: Context | None = None) -> int:
        """Measure a page with room for any closing that its text needed so far."""
        page = piece.page(length, ending=ending)
        # Every screen is made twice: `advance` cuts it, and `screen` finds it cut. Measuring renders the page.
        if self._measured is None or page.text != self._measured[0]:
            self._measured = page.text, self._measure(page.text)
        return self._measured[1] - page.closing + page.reserve

    def _cut(self, piece: Piece, length: int, size: int) -> tuple[int, Context]:
        """Find the longest beginning that fits, ending where a reader expects a break, and what it leaves open.

        `length` measures `size`.
        """
        cut, ending = piece.ending(_break(piece.text, self._longest(piece, length, size)))
        # A break inside a fence, a table or emphasis can measure more than the whole.
        while cut > 1 and self._size(piece, cut, ending) > self._limit:
            cut, ending = piece.ending(cut * 9 // 10)
        # One character at least: each page takes something of the text, so that it ends.
        return (cut, ending) if cut else (1, piece.context(1))

    def _longest(self, piece: Piece, length: int, size: int) -> int:
        """Return how many characters fit. The places that are tried do not depend on how much of the text there is.

        Some texts measure less than their beginnings, such as a table whose row is not whole: there more than one place is the
        last that fits, and a text that grows has to find the same one as a text that is there at once.
        """
        if size <= self._limit:
            return length
        low, high = 0, MOST_WRITTEN * self._limit + 1
        # Most texts measure about what they are long: steps that double lead from there to the place.
        guess, step = self._limit, 1
        while high - low > 1:
            # What is not there is longer than what does not fit.
            if guess < length and self._size(piece, guess) <= self._limit:
                low, guess = guess, guess + step
            else:
                high, guess = guess, guess - step
            step *= 2
            if not low < guess < high:
                guess, step = (low + high) // 2, high - low
        return max(low, 1)


def _break(text: str, most: int) -> int:
    """Return the best place to break at or before `most`: a blank line, a line's end, a space, else anywhere."""
    for mark, least in (("\n\n", most * 2 // 3), ("\n", most // 2)):
        # A break much earlier would leave the page half empty.
        at = text.rfind(mark, least, most)
        if at > 0:
            return at + len(mark)
    # In the middle of a line, the next page must not begin with what could be the mark of a block.
    safe = [at for at in range(max(1, most // 2), most + 1) if text[at : at + 1] not in _UNSAFE]
    spaced = [at for at in safe if text[at - 1] == " "]
    return character_start(text, (spaced or safe or [most])[-1])


def cut_text(text: str) -> str:
    """Return as much of the beginning of `text` as `MOST_TEXT` holds."""
    if len(text) * _LONGEST_CHARACTER <= MOST_TEXT:
        return text
    # A lone surrogate, which JSON may hold, is no UTF-8; `?` stands for it.
    raw = text[:MOST_TEXT].encode("utf-8", "replace")
    if len(text) <= MOST_TEXT and len(raw) <= MOST_TEXT:
        return text
    return raw[:MOST_TEXT].decode("utf-8", "ignore")
