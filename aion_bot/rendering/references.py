"""Aion's reference markup in text that is still growing: whole markers become citations, half ones stay hidden. No I/O.

In code they stay as they are. Comments, whole or half, are left out.
"""

import re
import sys
from collections.abc import Iterator
from copy import copy

from aion_bot.aion.references import MAX_MARKER_LENGTH, find_markers
from aion_bot.ports.secrets import KNOWN
from aion_bot.rendering.citations import TAIL, CitationWriter, Sources
from aion_bot.rendering.markers import MarkerReader

_OPENING = re.compile(r"\[\[(?:img|doc|link|ref):")
_BEGUN = re.compile(r"\[(?:\[(?:i|im|img|d|do|doc|l|li|lin|link|r|re|ref)?)?$")


PIECE = 50_000
"""Characters that are read at once: those with the most markers take a twentieth of a second."""


def cited(text: str, sources: Sources) -> str:
    """Return a whole text with citations in place of its markers, and without its comments."""
    return "".join(cited_pieces(text, sources)) if is_marked(text) and not sources.as_written else text


def is_marked(text: str) -> bool:
    """Tell whether a text may have markers or comments; it need not be read if not."""
    return "[[" in text or "<!--" in text


def cited_pieces(text: str, sources: Sources) -> Iterator[str]:
    """Yield what `cited` returns, `PIECE` characters of the text at a time."""
    writer, reader, before, start = CitationWriter(sources), MarkerReader(), "", 0
    for limit in range(PIECE, len(text) + PIECE, PIECE):
        # What may go on as a marker, or as code, in the next piece belongs to that.
        end, markers = reader.read(text[:limit], ends=limit >= len(text))
        shown = writer.write(text[start:end], markers, start, before)
        before, start = (before + shown)[-TAIL:], end
        yield shown
    yield writer.end()


def settled_length(text: str, start: int = 0) -> int:
    """Return how much of `text` no later text can make part of a marker; looks only from `start` on."""
    tail = text[start:]
    whole = {marker.start: marker.end for marker in find_markers(tail)}
    end = 0
    for opening in _OPENING.finditer(tail):
        at = opening.start()
        if at < end:
            continue  # inside the marker before, as a part of a file's name
        # A copy of the whole rest for each opening would take quadratic time.
        rest, marker = tail[at : at + MAX_MARKER_LENGTH + 1], tail[at : whole.get(at, at)]
        # What looks like a marker by now may end later while a bracket in it is open.
        # One too long, or over the end of its line, never ends.
        may_close = len(rest) <= MAX_MARKER_LENGTH and "\n" not in rest
        if may_close and (not marker or marker.count("[") > marker.count("]")):
            return start + at
        end = whole.get(at, at)
    # What may become the opening of a marker at the very end waits, too.
    begun = _BEGUN.search(tail, end)
    return start + begun.start() if begun else len(text)


class Growing:
    """The readable form of a text that mostly grows at its end, without secrets. Each update costs what is new.

    What may become a part of a marker, or of a secret, waits for the text after it.

    Attributes:
        begun: How often the text was another one than before, and not more of it.
        behind: Whether there was more to read than `update` was asked for.
    """

    def __init__(self, sources: Sources) -> None:
        self.begun, self.behind = 0, False
        self._sources = sources
        self._writer: CitationWriter | None = None
        self._markers = MarkerReader()
        self._raw = ""
        self._settled = 0
        self._readable = ""
        self._struck = ""
        self._struck_to = 0

    def update(self, raw: str, pieces: int = sys.maxsize) -> str:
        """Take the whole raw text so far, and return what may be shown of it.

        `pieces`: of so many times `PIECE` characters that are new; the others are read by further calls.
        """
        # The server repairs its text now and then.
        if not raw.startswith(self._raw):
            self.begun, self._settled, self._readable, self._writer = self.begun + 1, 0, "", None
            self._markers = MarkerReader()
            self._struck, self._struck_to, self._raw = "", 0, ""
            self._sources.forget()  # what it cites now is found anew, under the same numbers
        while len(raw) - len(self._raw) > PIECE and pieces > 1:
            self._read(raw[: len(self._raw) + PIECE])
            pieces -= 1
        self.behind = len(raw) - len(self._raw) > PIECE
        return self._read(raw[: len(self._raw) + PIECE] if self.behind else raw)

    def whole(self, raw: str) -> str:
        """Return what is shown of a text that nothing follows, as above a plan's card; `update` may take more nevertheless."""
        shown, read_to = self.update(raw), self._settled
        if self._writer is None and read_to == len(raw) and self._struck_to == len(self._readable):
            return shown
        raw = raw[: settled_length(raw, max(0, len(raw) - PIECE))]  # half a marker is never shown
        _, markers = copy(self._markers).read(raw, ends=True)
        writer = copy(self._writer) or CitationWriter(
            self._sources, said=bool(self._readable) and not self._readable.isspace()
        )
        rest = writer.write(raw[read_to:], markers, read_to, self._readable[-TAIL:]) + writer.end()
        return shown + KNOWN.strike(self._readable[self._struck_to :] + rest)

    def _read(self, raw: str) -> str:
        """Take a text that goes on where the one before ended."""
        # The attribute is emptied meanwhile: Python appends in place, without a copy, to a string with one reference.
        words, self._readable = self._readable, ""
        new = raw[self._settled :]
        # Nothing without one of these signs is a marker or a comment, or begins one.
        end, found = self._markers.read(raw) if "[" in new or "<" in new else (len(raw), ())
        new = new[: end - self._settled]
        if self._writer is None and found:
            self._writer = CitationWriter(self._sources, said=bool(words) and not words.isspace())
        words += self._writer.write(new, found, self._settled, words[-TAIL:]) if self._writer else new
        self._raw, self._settled, self._readable = raw, end, words
        # After the markers: what stands around one may be a secret once its words take its place.
        shown, self._struck = self._struck, ""
        end = KNOWN.settled(words, self._struck_to)
        shown += KNOWN.strike(words[self._struck_to : end])
        self._struck_to, self._struck = end, shown
        return shown
