"""What an answer says beside its words, while it is still growing: Aion's markers, and comments that nobody sees. No I/O.

This is the one place that tells which markers count. In code a marker is text that people copy, in a comment it is nothing; so is
a comment in code. Blocks and code in a line are found by markdown-it-py (see `lines`). Indented code is code for comments only:
models indent what belongs to a list, with citations in it.
"""

import re
from dataclasses import dataclass

from aion_bot.aion.references import Marker
from aion_bot.ports.comments import LONGEST_COMMENT, MAY_GO_ON
from aion_bot.rendering.line_parser import BEGUN, LONGEST_BEGINNING, OPENING, parse_part
from aion_bot.rendering.lines import Lines

_AT_ONCE = 8_000
"""Characters of a line that are parsed at once; no marker and no code has as many."""

_PATIENCE = 200
"""Characters that come before it is looked whether the quote, the list item or the paragraph of a comment has ended."""

_MAY_HOLD = frozenset(" \t>-+*0123456789\r")
"""Signs that may begin a line in a quote or a list item, or an indented one."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of HTML as it stands in the text: `text[start:end]`, which nobody is shown."""

    start: int
    end: int


class MarkerReader:
    """Reads a text that grows, and returns each marker and each comment outside of code once. However it is cut, they are the same."""

    def __init__(self) -> None:
        self._at = self._looked = 0
        """Up to where the text was parsed, never in a construct, and from where on an opening is looked for."""
        self._kind = ""
        """What the line at `_at` is: `words`, `code` (indented), `fence`, or `unfenced`, of which no more is known; "" if nothing is."""
        self._in_run = False
        """Whether backticks at `_at` go on with a run that is too long to open code."""
        self._lines = Lines()
        self._line = 0
        """Where the line at `_at` begins, or that of the comment before."""
        self._end, self._endless = -1, 0
        """Where the line at `_at` ends, and up to where no end of it is."""
        self._waits, self._asked = (-1, 0), 0
        """The place of a comment that goes on, up to where its end was looked for, and how long the text was when its block was."""

    def read(self, text: str, *, ends: bool = False) -> tuple[int, list[Marker | Comment]]:
        """Take the whole text so far; returns how much of it is settled, and what was found in that which is newly so.

        What no later text can make part of a marker, of a comment or of code is settled. `ends`: nothing follows the text.
        """
        found: list[Marker | Comment] = []
        if not ends and self._goes_on(text):
            return self._waits[0], found
        self._waits = -1, 0
        opening: re.Match[str] | None = None
        # Of a long line only a part may have been parsed, up to a place before the opening that was found.
        while opening := (
            opening if opening and opening.start() >= self._looked else OPENING.search(text, self._looked)
        ):
            self._looked = opening.start()
            if not self._knows_line(text, found, ends=ends) or not self._parse_line(text, found, ends=ends):
                return self._looked, found
        begun = None if ends else _begun(text, self._looked)
        self._looked = begun.start() if begun else len(text)
        return self._looked, found

    def _goes_on(self, text: str) -> bool:
        """Tell whether a comment still waits for its end."""
        start, looked = self._waits
        if start < 0 or len(text) - start >= LONGEST_COMMENT:
            return False
        self._waits = start, len(text)
        return text.find("-->", max(start + 2, looked - 2)) < 0 and not self._may_ask(text)

    def _may_ask(self, text: str) -> bool:
        """Tell whether it is time to parse what stands behind a comment without an end: not for each word of it."""
        if 0 < len(text) - self._asked < _PATIENCE:
            return False
        self._asked = len(text)
        return True

    def _knows_line(self, text: str, found: list[Marker | Comment], *, ends: bool) -> bool:
        """Find out what the line of the next opening is; False where later text may tell."""
        at = self._looked
        if (line := text.rfind("\n", self._at, at) + 1) > 0:
            self._at, self._line, self._kind = line, line, ""
        if not self._kind and not self._lines.may_be_fenced(text, at):
            self._kind = "unfenced"
        is_comment = text.startswith("<!--", at)
        # Behind a sign that begins no quote, no list item and no indented line, a comment is in words.
        if self._kind == "unfenced" and is_comment and text[self._line] not in _MAY_HOLD:
            self._kind = "words" if at > self._line else self._kind
        if self._kind and not (is_comment and self._kind == "unfenced"):
            return True
        close = text.find("-->", at + 2, at + LONGEST_COMMENT - 1) if is_comment else at
        if self._kind and at == self._line:
            never = close < 0 and (ends or len(text) - at >= LONGEST_COMMENT)
            behind = self._end_of_unclosed(text, at) if never else -1
            self._kind = "words"
            return self._block_comment(text, close, found, behind) if behind else True
        if close < 0 and not ends and not self._may_ask(text):
            self._waits = at, len(text)
            return self._forget()
        here = self._lines.at(text, at, until=close if close >= 0 else at + LONGEST_COMMENT)
        kind = here.block.kind if here.block else ""
        self._kind = kind if kind in {"fence", "code"} else "words"
        if kind == "fence" and here.block and here.begins and here.block.markup.startswith("`"):
            return (
                ends or text.find("\n", at) >= 0 or self._forget()
            )  # a backtick may follow: it opens no fence then
        if kind == "comment" and here.block and here.begins:
            close = text.find("-->", at + 2, here.end)
            never = ends or not (here.block.info == MAY_GO_ON or not here.over)
            return self._block_comment(text, close, found, here.end if never else -1)
        return True

    def _end_of_unclosed(self, text: str, at: int) -> int:
        """Return where a comment that never ends goes to, in no quote and no list item; 0 where it is words."""
        limit = at + LONGEST_COMMENT
        blank = text.find("\n\n", at, limit) + 1
        return blank or (len(text) if len(text) < limit - 1 else 0)

    def _block_comment(self, text: str, close: int, found: list[Marker | Comment], behind: int = -1) -> bool:
        """Read a comment at the beginning of a block, which never ends where the block does; False where it waits for its end."""
        at, self._kind = self._looked, "words"
        if close < 0 and behind < 0:
            self._waits = at, len(text)
            return self._forget()
        found.append(Comment(at, close + 3 if close >= 0 else behind - text.startswith("\n", behind - 1)))
        self._at = self._looked = found[-1].end
        return True

    def _forget(self) -> bool:
        self._kind = ""
        return False

    def _end_of_line(self, text: str) -> int:
        """Return where the line at `_at` ends; -1 where it goes on. A long one is searched once."""
        if self._end < self._at:
            self._end = text.find("\n", max(self._at, self._endless))
            self._endless = len(text) if self._end < 0 else self._endless
        return self._end

    def _parse_line(self, text: str, found: list[Marker | Comment], *, ends: bool) -> bool:
        """Parse the rest of the line of the next opening; False where what follows `_looked` has to wait."""
        line = self._end_of_line(text)
        end = len(text) if line < 0 else line
        if self._kind == "fence":
            self._at = self._looked = end
            return True
        part = min(end, self._at + _AT_ONCE)
        whole = (ends or line >= 0) and part == end
        here = parse_part(text[self._at : part], self._at, whole=whole, goes_on=self._in_run)
        found += here.markers
        self._at = self._looked = self._at + here.end
        self._in_run = here.goes_on
        match here.waits:
            case "comment":
                return self._inline_comment(text, found, ends=ends)
            case "code" if part == end:
                # What stands behind the backtick is shown by now, up to what is read otherwise in code.
                behind = OPENING.search(text, self._at) or _begun(text, self._at)
                self._looked = behind.start() if behind else len(text)
                return behind is None
            case "marker" if part == end:
                return False
        return True

    def _inline_comment(self, text: str, found: list[Marker | Comment], *, ends: bool) -> bool:
        """Read a comment inside of a line, which ends in its paragraph or is words; False where it waits for its end."""
        at, line = self._at, self._end_of_line(text)
        close = text.find("-->", at + 2, at + LONGEST_COMMENT - 1)
        may_end = not ends and (close >= 0 or len(text) - at < LONGEST_COMMENT)
        is_long = line >= 0 and not 0 <= close < line
        if (self._kind == "unfenced" or is_long) and self._kind != "code" and (close >= 0 or may_end):
            if close < 0 and may_end and not self._may_ask(text):
                self._waits = at, len(text)
                return False
            blank = text.find("\n\n", at, close if close >= 0 else at + LONGEST_COMMENT) + 2
            here = self._lines.at(
                text, at, blank if blank > 1 else close if close >= 0 else at + LONGEST_COMMENT
            )
            kind = here.block.kind if here.block else ""
            self._kind = "code" if kind == "code" else "words"
            if is_long:
                in_words = kind in {"paragraph", "underlined"}
                close = close if in_words and close < here.end else -1
                may_end = may_end and in_words and not here.over
        if self._kind == "code":
            close, may_end = -1, False
        if close >= 0:
            found.append(Comment(at, close + 3))
            self._at = self._looked = close + 3
        elif may_end:
            self._waits = at, len(text)
            return False
        else:
            self._at = self._looked = at + len("<!--")
        return True


def _begun(text: str, start: int) -> re.Match[str] | None:
    """Find the beginning of an opening at the end of a text."""
    return BEGUN.search(text, max(start, len(text) - LONGEST_BEGINNING))


def markers_in(text: str) -> list[Marker]:
    """Return the markers of a whole text that count: outside of code and of comments."""
    _, found = MarkerReader().read(text, ends=True)
    return [one for one in found if isinstance(one, Marker)]
