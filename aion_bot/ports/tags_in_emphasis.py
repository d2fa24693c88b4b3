"""Tags of HTML, and blanks beside them, at the edges of emphasis. No I/O.

Nobody is shown a tag. In `**Note: <br>**` a blank or a line end is left in front of the second mark, and a mark beside one is
none: people would read the stars.
"""

from aion_bot.ports.inline import spans


def with_tags_outside(text: str) -> str:
    """Return the lines of one block with such tags and blanks outside of the emphasis; marks with nothing between them go."""
    found = [(span, text[span.start : span.end]) for span in spans(text)]
    tags = [span.kind in {"hidden", "break"} and source.startswith("<") for span, source in found]
    if not any(tags):
        return text
    line, done, half = _Line(), 0, ""
    for (span, source), is_tag in zip(found, tags, strict=True):
        line.words(text[done : span.start])
        done = span.end
        if is_tag:
            line.beside(source)
        elif span.kind == "hidden":
            # The mark of bold is two signs, of which the outer one is hidden.
            half = "" if line.ends_mark(span.start, source) else source
        elif span.kind == "mark" and span.opens:
            line.begin(half + source)
            half = ""
        elif span.kind == "mark":
            line.end(source, span.end)
        else:
            line.inside(source)
    line.words(text[done:])
    return line.written()


class _Line:
    """What is written so far, the marks that wait for words, and the tags and blanks that wait for what is behind them."""

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._opened: list[str] = []
        self._waiting: list[str] = []
        self._ended, self._went = -1, False

    def words(self, words: str) -> None:
        said = words.strip()
        if not said:
            self.beside(words)
            return
        start = words.index(said)
        self.beside(words[:start])
        self.inside(said)
        self.beside(words[start + len(said) :])

    def beside(self, blank: str) -> None:
        """Take a tag, or blanks: they stand in front of marks that have just begun, and behind those that end."""
        (self._shown if self._opened else self._waiting).append(blank)

    def inside(self, source: str) -> None:
        self._shown += [*self._opened, *self._waiting, source]
        self._opened, self._waiting = [], []

    def begin(self, mark: str) -> None:
        self._shown += self._waiting
        self._waiting = []
        self._opened.append(mark)

    def end(self, mark: str, at: int) -> None:
        self._ended, self._went = at, bool(self._opened)
        if self._opened:
            self._opened.pop()
        else:
            self._shown.append(mark)

    def ends_mark(self, start: int, half: str) -> bool:
        """Take the second half of the mark that has just ended; False where none has."""
        if self._ended != start:
            return False
        self._shown += [] if self._went else [half]
        return True

    def written(self) -> str:
        return "".join((*self._shown, *self._opened, *self._waiting))
