"""Finding `[[…]]` markers in an answer. No I/O.

Forms: `[[img:ID|name]]`, `[[doc:ID|name]]` with `|p:5` or `|pp:3-7`, `[[link:ID|title]]`, `[[ref:KEY]]`. An ID is
a prefix of the full one. A name may hold `|`, `]` and balanced brackets; it ends within `MAX_MARKER_LENGTH` characters and
on its line. What does not close that way is left as the text it is. Time is linear in the text, whatever it holds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_MARKER_LENGTH = 1_000
"""Characters between a marker's brackets. Our bound, none is published; file names have at most 255."""

_MAX_CLOSINGS = 8
"""Candidates for a marker's end that are tried. With `MAX_MARKER_LENGTH` it bounds the work for one opening, so that hostile
text takes linear time."""
_OPENING = re.compile(r"\[\[(img|doc|link|ref):")
_PAGES = re.compile(r"p:(?P<page>\d{1,6})|pp:(?P<first>\d{1,6})-(?P<last>\d{1,6})")


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker as it stands in the text: `text[start:end]` is `[[kind:id|name|pages]]`."""

    start: int
    end: int
    kind: str
    id: str
    name: str = ""
    page: int | None = None
    page_range: tuple[int, int] | None = None


def find_markers(content: str) -> Iterator[Marker]:
    """Yield the markers of a text in order."""
    position = 0
    while opening := _OPENING.search(content, position):
        end = _end_of_name(content, opening.end())
        marker = _marker(content, opening, end) if end is not None else None
        position = marker.end if marker else opening.end()
        if marker:
            yield marker


def _end_of_name(content: str, start: int) -> int | None:
    """Return where the closing brackets of a marker begin whose id starts at `start`.

    It is the first `]]` that leaves no bracket of the name open, among a few; failing that the first of all, unless
    another marker opens before it.
    """
    line_end = content.find("\n", start, start + MAX_MARKER_LENGTH)
    limit = min(start + MAX_MARKER_LENGTH if line_end < 0 else line_end, len(content))
    first = end = content.find("]]", start, limit)
    for _ in range(_MAX_CLOSINGS):
        if end < 0:
            break
        inner = content[start:end]
        still_open = inner.count("[") - inner.count("]")
        if still_open <= 0:
            return end
        # A run of brackets closes inwards first: the name's own, then the marker's.
        end = content.find("]]", end + 1, limit)
    return first if first >= 0 and not _OPENING.search(content, start, first) else None


def _marker(content: str, opening: re.Match[str], end: int) -> Marker | None:
    kind = opening[1]
    marker_id, bar, name = content[opening.end() : end].partition("|")
    marker_id = marker_id.strip()
    if not marker_id or "[" in marker_id:
        return None
    name, page, page_range = _pages(name) if kind == "doc" and bar else (name, None, None)
    return Marker(opening.start(), end + 2, kind, marker_id, name.strip(), page, page_range)


def _pages(name: str) -> tuple[str, int | None, tuple[int, int] | None]:
    rest, _, last = name.rpartition("|")
    found = _PAGES.fullmatch(last.strip())
    if found is None:
        return name, None, None
    if found["page"]:
        return rest, int(found["page"]), None
    return rest, None, (int(found["first"]), int(found["last"]))
