"""Pages of plain text, for what could not be rendered as Markdown: no parser, no measure, one pass. No I/O."""

import sys

from aion_bot.ports.text import character_start


class PlainPages:
    """Cuts a text by its characters; `limit` is the platform's measure of a page.

    A page holds half as many characters as its measure, since a platform may count an escaped character as several; a
    page that is refused all the same makes the view shrink. `closing` and `pending` are there for what takes `Pages`: nothing
    is closed, and nothing is left for later.
    """

    closing = 0
    pending = False

    def __init__(self, limit: int) -> None:
        self._size = max(1, limit // 2)
        self.over = False

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
        """Return the pages of `text`, cut at the end of a line or word where there is one; none for blank text.

        Of more than `most` pages, and behind `within` characters, nothing is cut; the rest is there for what takes `Pages`.
        """
        del grown, goes_on, effort
        beyond, text = text[max(0, within) :], text[: max(0, within)]
        pages: list[str] = []
        start = 0
        while len(text) - start > self._size and len(pages) < most:
            end = start + self._size
            # Not in the first half, which would leave the page half empty.
            places = (text.rfind(mark, start + self._size // 2, end) + 1 for mark in ("\n", " "))
            cut = next((place for place in places if place), character_start(text, end))
            pages.append(text[start:cut])
            start = cut
        self.over = bool(beyond.strip() or (len(pages) == most and text[start:].strip()))
        rest = text[start : start + self._size] if len(pages) < most else ""
        return [page for page in (*pages, rest) if page.strip()]

    def fits(self, page: str) -> bool:
        """Tell whether a message can hold this page."""
        return len(page) <= self._size
