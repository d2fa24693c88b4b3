"""Aion's reference markers as numbered citations, and the sources that they name. No I/O.

    The hose is torn[[img:3f2a91bc|pump.jpg]], see [[doc:91bc3f2a|report.pdf|p:5]].
    The hose is torn [1], see [2].

A number in brackets is text in Markdown unless a bracket, a parenthesis or, at the beginning of a line, a colon
follows: a space keeps these apart. A source keeps its number for as long as the answer is shown.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aion_bot.aion.references import EntryIndex, Marker, ResultRefData, find_markers, parse_result_refs
from aion_bot.domain import strings
from aion_bot.ports.links import names_host
from aion_bot.ports.text import one_line, visible_line
from aion_bot.rendering.markers import Comment

LONGEST_NAME = 100
"""Characters of a source's name that are shown."""

TAIL = 24
"""Characters before a citation that decide whether it would be glued to a word."""

_MARKS = "*_~`"
"""Signs of emphasis and code, which stand between a citation and a word without parting them."""

_MOST_HELD = 8
"""Blanks and signs of emphasis behind a citation that wait for what follows them."""

_ENDING = frozenset(".,;:!?%…\u2032\u2033")
"""Signs that end a word or a sentence, primes included, beside those of `_PARTED`; a space follows them."""

_PARTED = frozenset({"Pe", "Pf", "Sc", "So"})
"""Unicode's categories of other signs that a space follows: closing brackets and quotation marks, currencies, symbols as °."""

_OPENING = frozenset({"Sc", "Pi"})
"""Those of signs that begin a word: currencies and opening quotation marks."""

_LINE_MARKS = " \t>*+-0123456789.)"
"""What may stand in a line before its words: the marks of quotes and list items."""

_NOT_LITERAL = frozenset("*~`|[]<>&\\!:@#$^=")
"""Signs that may be formatting, a link or a mention for Markdown or for a platform."""

_UUID, _PREFIX = 36, 8
"""Characters of a full id, and of the beginning of one that Aion writes into a marker."""

_HYPHENS, _HEXADECIMAL = frozenset({8, 13, 18, 23}), frozenset("0123456789abcdefABCDEF")
"""Where a UUID has hyphens, and its other characters."""


@dataclass(slots=True)
class Source:
    """Something that an answer cites.

    Attributes:
        kind: `img`, `doc` or `link`, as in the marker.
        name: A file's name or a page's title, as the marker has it; may be empty.
        id: Its full id; None where Aion's data has not come.
        entry: What Aion's data says about it.
        pages: The first and last page of each passage that is cited.
    """

    kind: str
    name: str
    id: str | None
    entry: Mapping[str, Any]
    pages: set[tuple[int, int]] = field(default_factory=set)


@dataclass(slots=True)
class Sources:
    """The sources of one answer, and their numbers.

    Until Aion's data has come, each marker is cited. From then on one whose id the data does not have becomes plain
    words; its number stays taken, so that no other number changes.

    Attributes:
        as_written: Whether markers stay, because the text could not be rendered and nothing reads it any more.
        cited: The sources of the newest text, by number.
        unseen: The ids of pictures that its comments name, as they are written there.
    """

    as_written: bool = False
    cited: dict[int, Source] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _by_id: dict[tuple[str, str], int] = field(default_factory=dict)
    """Numbers by full ids: markers may have beginnings of different lengths."""
    _indexes: Mapping[str, EntryIndex] | None = None
    _counts: Mapping[str, ResultRefData] | None = None

    def learn(self, metadata: Mapping[str, Any]) -> None:
        """Take Aion's data about the whole answer; what was cited so far is forgotten, but for its numbers."""
        self.forget()
        self._indexes = {kind: EntryIndex.of(kind, metadata) for kind in ("img", "doc", "link")}
        self._counts = parse_result_refs(metadata)

    def forget(self) -> None:
        """Cite nothing: the text is read anew. Numbers stay taken."""
        self.cited.clear()
        self.unseen.clear()

    def number(self, marker: Marker) -> int:
        """Cite what a marker names and return its number; 0 for a count, and for an id that Aion's data does not have."""
        if marker.kind == "ref":
            return 0
        # Before the data has come, a full id and its beginning have to have one number.
        short = marker.id[:_PREFIX] if _begins_uuid(marker.id) else marker.id
        number = self._numbers.setdefault((marker.kind, short), len(self._numbers) + 1)
        full_id, entry = self._indexes[marker.kind].find(marker.id) if self._indexes else (None, {})
        if self._indexes and full_id is None:
            return 0
        if full_id is not None:
            number = self._by_id.setdefault((marker.kind, full_id), number)
        source = self.cited.setdefault(number, Source(marker.kind, marker.name, full_id, entry))
        source.name = source.name or marker.name
        if pages := _pages(marker):
            source.pages.add(pages)
        return number

    def words(self, marker: Marker) -> str:
        """Return the words that stand for a marker that is no citation."""
        if marker.kind == "ref":
            if self._counts is None:
                return strings.UNCOUNTED
            return str(self._counts[marker.id].count) if marker.id in self._counts else strings.UNCOUNTED
        pages = _pages(marker)
        name = literal(marker.name) or strings.UNNAMED_SOURCES[marker.kind]
        return f"{name} ({strings.pages([pages])})" if pages else name


class CitationWriter:
    """Writes citations into a text that comes in pieces. However it is cut, the result is the same.

    What follows a citation without being a word, such as blanks, waits for the next piece. `said`: words were written before.
    """

    def __init__(self, sources: Sources, *, said: bool = False) -> None:
        self._sources = sources
        self._said, self._left_out = said, ""
        """Whether there were words, and which blanks are left out behind a comment."""
        self._tail = self._held = ""
        self._follows = False
        """Whether nothing but `_held` has followed the last marker."""
        self._number = 0
        self._opens_line = False

    def write(self, text: str, found: Iterable[Marker | Comment], start: int, before: str = "") -> str:
        """Return a piece of the text with its markers replaced, without its comments; `before` ends with what was written before it.

        `found` tell their places in the whole text, in which the piece begins at `start`.
        """
        # Joined once: adding to a text for each marker would take quadratic time.
        pieces: list[str] = []
        done, self._tail = 0, before[-TAIL:]
        for one in found:
            pieces.append(self._text(text[done : one.start - start]))
            if isinstance(one, Marker):
                pieces.append(self._reference(one))
            else:
                self._strike(text[one.start - start : one.end - start])
            done = one.end - start
        return "".join((*pieces, self._text(text[done:])))

    def end(self) -> str:
        """Return what waited for more text."""
        held, self._held = self._held, ""
        return held

    def _text(self, text: str) -> str:
        """Return the text before the next marker, set off from the one behind it where they would be read as one."""
        if self._left_out:
            rest = text.lstrip("\n") if self._left_out == "\n" else text.removeprefix(" ")
            goes_on = not text or (not rest and self._left_out == "\n")
            self._left_out, text = self._left_out if goes_on else "", rest
        self._said = self._said or bool(text.strip())
        if self._follows:
            rest = text.lstrip(f" {_MARKS}")
            self._held += text[: len(text) - len(rest)]
            held, first = self._held, rest[:1]
            if not rest and len(held) <= _MOST_HELD:
                return ""
            self._held, self._follows = "", False
            opens_link = not held and (first in {"(", "["} or (first == ":" and self._opens_line))
            glued = begins_word(first) or (self._number > 0 and opens_link)
            apart = " " in held or len(held) > _MOST_HELD
            text = f"{' ' if glued and not apart else ''}{held}{rest}"
        self._tail = (self._tail + text[-TAIL:])[-TAIL:]
        return text

    def _strike(self, comment: str) -> None:
        """Leave out one of the blanks on both sides of a comment, and the ends of its lines where no words stand before them."""
        self._sources.unseen.update(one.id for one in find_markers(comment) if one.kind == "img")
        blank = (self._tail + self._held).endswith(" ")
        self._left_out = self._left_out or ("\n" if not self._said else " " if blank else "")

    def _reference(self, marker: Marker) -> str:
        self._said, self._left_out = True, ""
        number = self._sources.number(marker)
        held, follows = self._held, self._follows
        self._held, self._follows = "", True
        if follows and number and number == self._number and not held.strip():
            return ""  # two passages of one source in a row are one citation
        space = held or " " if follows else " " if ends_word(self._tail) else ""
        line = (self._tail + space).rpartition("\n")[2]
        # Of a line as long as the tail the beginning is not known: it counts as words.
        self._opens_line = len(line) < TAIL and not line.strip(_LINE_MARKS)
        self._number = number
        written = f"{space}{f'[{number}]' if number else self._sources.words(marker)}"
        self._tail = (self._tail + written)[-TAIL:]
        return written


def ends_word(text: str) -> bool:
    """Tell whether a text ends with a word, or with a sign behind one; it may be the end of a longer text."""
    end = next((sign for sign in reversed(text) if not _belongs_to_word(sign)), "")
    return bool(end) and (end.isalnum() or end in _ENDING or unicodedata.category(end) in _PARTED)


def _belongs_to_word(sign: str) -> bool:
    """Tell whether a sign says nothing of itself about a word's end: marks, such as vowels of Thai, and what is invisible.

    Emphasis that begins or ends stands between a word and a citation without parting them. A straight quotation mark closes
    behind a word only; `#` and `+` may belong to a name.
    """
    return sign in _MARKS or sign in "\"'#+" or unicodedata.category(sign) in {"Mn", "Mc", "Me", "Cf"}


def begins_word(sign: str) -> bool:
    """Tell whether a word may begin with a sign, which may be empty."""
    return sign.isalnum() or sign in {"#", "@"} or (bool(sign) and unicodedata.category(sign) in _OPENING)


def literal(name: str) -> str:
    """Return a name as Markdown that shows it as it is: in code where its signs could be formatting."""
    name = one_line(visible_line(name), LONGEST_NAME)
    # An underscore inside a word is one; at its edge it may begin emphasis.
    edge = any(
        sign == "_" and not (name[at : at + 1].isalnum() and name[at + 2 : at + 3].isalnum())
        for at, sign in enumerate(name[1:])
    )
    formatted = edge or name.startswith("_") or not _NOT_LITERAL.isdisjoint(name) or names_host(name)
    return as_code(name) if formatted else name


def as_code(name: str) -> str:
    """Return a name in code, in which no sign is formatting and nothing is a link or a mention."""
    name = one_line(visible_line(name), LONGEST_NAME).replace("`", "'")
    return f"`{name}`" if name else ""


def _begins_uuid(marked: str) -> bool:
    """Tell whether an id is a UUID or the beginning of one, which its first eight characters tell from the others."""
    return _PREFIX <= len(marked) <= _UUID and all(
        sign == "-" if at in _HYPHENS else sign in _HEXADECIMAL for at, sign in enumerate(marked)
    )


def _pages(marker: Marker) -> tuple[int, int] | None:
    first, last = marker.page_range or (marker.page, marker.page)
    return None if first is None or last is None else (min(first, last), max(first, last))
