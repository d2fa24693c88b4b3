"""Cutting an answer into pages: nothing is lost, and what is code on one page is code on the next. No I/O."""

from collections.abc import Callable

from aion_bot.ports.markdown import BlockReader
from aion_bot.rendering.markdown import NOTHING_OPEN, Piece

Measure = Callable[[str], int]
"""Size of a page as the platform counts it, rendered."""

_MOST_TEXT = 4
"""How many times as long as its measure a text on one page may be; one that shrinks more is cut all the same."""

_UNSAFE = frozenset(" \t\n\r`~>#*+-=_|0123456789")
"""What a page should not begin with where a line is cut: it could be read as the beginning of a block."""


class Pages:
    """The pages of a text that mostly grows at its end. Pages that are full are not looked at again.

    Attributes:
        closing: How many characters at the end of the last page only close a fence that the text leaves open.
    """

    def __init__(self, measure: Measure, limit: int) -> None:
        self.closing = 0
        self._measure = measure
        self._limit = limit
        self._full: list[str] = []
        self._taken = ""
        self._context = NOTHING_OPEN
        self._reader = BlockReader()
        self._last_cut = limit

    def update(self, text: str, *, grown: bool = False) -> list[str]:
        """Return the pages of `text`, each at most `limit` by `measure`; none for blank text.

        `grown`: it is known to begin with the text before, which then need not be compared.
        """
        if not grown and not text.startswith(self._taken):
            self._full, self._taken, self._context, self._reader = [], "", NOTHING_OPEN, BlockReader()
        while True:
            piece, fits = self._next(text)
            if fits:
                return self._with_last(piece)
            self._last_cut = cut = self._cut(piece)
            self._context, self._reader = piece.context(cut), BlockReader()
            self._taken = text[: len(self._taken) + cut]
            if not piece.is_blank(cut):
                self._full.append(piece.page(cut, full=True))

    def _next(self, text: str) -> tuple[Piece, bool]:
        """Return a piece that is more than a page, or the whole rest, and whether the rest fits on a page."""
        start = len(self._taken)
        # Only so much of the rest is looked at, so that a long text costs what it is long, not the square.
        likely = min(2 * self._last_cut, self._limit + self._limit // 4)
        for most in (likely, _MOST_TEXT * self._limit):
            rest = text[start : start + most + 1]
            piece = Piece(rest, self._context, first=not self._full, reader=self._reader)
            if self._size(piece, min(len(rest), most)) > self._limit:
                return piece, False
            if len(rest) <= most:
                return piece, True
        return piece, False

    def _with_last(self, piece: Piece) -> list[str]:
        length = len(piece.text)
        if piece.is_blank(length):
            self.closing = 0
            return list(self._full)
        self.closing = len(piece.closing(length))
        return [*self._full, piece.page(length)]

    def _size(self, piece: Piece, length: int) -> int:
        """Measure a page with room for any closing that its text needed so far; see `Piece.reserve`."""
        return self._measure(piece.page(length)) - len(piece.closing(length)) + piece.reserve(length)

    def _cut(self, piece: Piece) -> int:
        """Find the longest beginning that fits, ending where a reader expects a break."""
        cut = piece.safe_cut(_break(piece.text, self._longest(piece)))
        # A break inside a fence or a table can measure more than the whole.
        while cut > 1 and self._size(piece, cut) > self._limit:
            cut = piece.safe_cut(cut * 9 // 10)
        return max(cut, 1)

    def _longest(self, piece: Piece) -> int:
        """Return how many characters fit, by few measurements: mostly, as many more fit as the measure has room for."""
        low, size, step, high = 0, 0, 1, min(len(piece.text), _MOST_TEXT * self._limit) + 1
        characters_per_size = 1.0
        while high - low > 1:
            guess = low + max(step, int((self._limit - size) * characters_per_size))
            if guess >= high:
                guess = (low + high) // 2
            measured = self._size(piece, guess)
            if measured <= self._limit:
                low, size, step = guess, measured, 2 * step
            else:
                # Text that measures much more than its characters is dear to measure, too.
                high, characters_per_size = guess, (guess - low) / (measured - size)
        return max(low, 1)


def _break(text: str, most: int) -> int:
    """Return the best place to break at or before `most`: a blank line, a line's end, a space, else anywhere."""
    for mark, least in (("\n\n", most * 2 // 3), ("\n", most // 2)):
        at = text.rfind(mark, least, most)
        if at > 0:
            return at + len(mark)
    safe = [at for at in range(max(1, most // 2), most + 1) if text[at : at + 1] not in _UNSAFE]
    spaced = [at for at in safe if text[at - 1] == " "]
    return (spaced or safe or [most])[-1]
