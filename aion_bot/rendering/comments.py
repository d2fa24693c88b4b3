"""HTML comments, which nobody is meant to read: struck from an answer's pages, but not from code. No I/O."""

from aion_bot.ports.markdown import blocks, plain_line_ends
from aion_bot.ports.unfinished import masked

_LINE_MARKS = " \t>*+-0123456789.)"
"""What may stand in a line before a comment that ends the paragraph above it: the marks of quotes and list items."""

_MOST_READ = 10
"""Comments of several lines behind which the rest of a page is parsed again: they may hold what looks like code."""

_LONGEST_TEXT = 200_000
"""Characters of a text in which a comment without an end is looked for."""


def without_comments(page: str) -> str:
    """Strike the whole comments of a page; one inside a line ends in its paragraph."""
    pieces: list[str] = []
    done = read = 0
    code = _Code(page, 0)
    at, close = page.find("<!--"), 0
    while at >= 0 and close >= 0:
        close = close if close >= at + 2 else page.find("-->", at + 2)  # `<!-->` and `<!--->` are whole
        end = close + 3
        if close < 0 or _is_over(page, at, close) or code.holds(at):
            at = page.find("<!--", at + 4)
            continue
        pieces.append(page[done:at])
        # Where a blank stands on both sides, one of them goes as well.
        done = end + (page[at - 1 : at] == " " and page[end : end + 1] == " ")
        if page.find("\n", at, end) >= 0 and read < _MOST_READ:
            code, read = _Code(page, end), read + 1
        at = page.find("<!--", done)
    return "".join((*pieces, page[done:]))


def without_open_comment(text: str) -> str:
    """Strike a comment at the beginning of a line that never ends, up to the next blank line; the others are whole."""
    at = text.rfind("<!--")
    line = text[text.rfind("\n", 0, at) + 1 : at]
    if at < 0 or len(text) > _LONGEST_TEXT or text.find("-->", at + 2) >= 0 or line.strip(_LINE_MARKS):
        return text
    if _Code(text, 0).holds(at):
        return text
    end = text.find("\n\n", at)
    return text[:at] + text[end if end >= 0 else len(text) :]


def _is_over(text: str, at: int, close: int) -> bool:
    """Tell whether the paragraph ends before a comment does that begins inside a line of it."""
    line = text.rfind("\n", 0, at) + 1
    return text.find("\n\n", at, close) >= 0 and bool(text[line:at].strip(_LINE_MARKS))


class _Code:
    """Where a text has code, from a place on; it is asked from the beginning to the end."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._counted, self._line = start, 0
        self._begun, self._masked = -1, ""
        found = blocks(plain_line_ends(text[start:]))
        self._lines = {
            at for one in found if one.kind in {"fence", "code"} for at in range(one.first, one.end)
        }

    def holds(self, at: int) -> bool:
        """Tell whether a sign stands in code, or behind a backslash."""
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        begun = self._text.rfind("\n", 0, at) + 1
        if begun != self._begun:
            end = self._text.find("\n", at)
            self._begun, self._masked = begun, masked(self._text[begun : end if end >= 0 else None])
        return self._line in self._lines or self._masked[at - begun] != "<"
