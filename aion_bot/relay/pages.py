"""Cutting an answer into messages: nothing is lost, code fences are closed and opened again. No I/O."""

import re
from collections.abc import Callable
from dataclasses import dataclass

Measure = Callable[[str], int]
"""Size of a page as the platform counts it, rendered."""

_LONGEST_INFO = 40
"""Characters behind a fence that are worth repeating on each page: a language's name."""

_FENCE = re.compile(r"[ \t>]*(?P<mark>`{3,}|~{3,})(?P<info>[^\n]*)")


@dataclass(frozen=True, slots=True)
class Fence:
    """An open code fence: its mark (three or more of one character) and the words behind it."""

    mark: str
    info: str

    def after(self, line: str) -> "Fence | None":
        """Return the fence that is open behind `line`, if any."""
        found = _FENCE.fullmatch(line)
        closes = (
            found is not None
            and found["mark"][0] == self.mark[0]
            and len(found["mark"]) >= len(self.mark)
            and not found["info"].strip()
        )
        return None if closes else self


def fence_after(text: str, fence: Fence | None) -> Fence | None:
    """Return the fence that is open at the end of `text` when `fence` was open at its beginning."""
    for line in text.split("\n"):
        if fence is not None:
            fence = fence.after(line)
        elif (found := _FENCE.fullmatch(line)) and not ("`" in found["info"] and found["mark"][0] == "`"):
            info = found["info"].strip()
            fence = Fence(found["mark"], info if len(info) <= _LONGEST_INFO else "")
    return fence


def dress(body: str, before: Fence | None, after: Fence | None) -> str:
    """Make a page of a piece: open what was open before it, close what is open behind it."""
    head = f"{before.mark}{before.info}\n" if before else ""
    tail = ("" if body.endswith("\n") else "\n") + after.mark if after else ""
    return f"{head}{body}{tail}"


class Pages:
    """The pages of a text that mostly grows at its end. Pages that are full are not looked at again."""

    def __init__(self, measure: Measure, limit: int) -> None:
        self._measure = measure
        self._limit = limit
        self._full: list[str] = []
        self._taken = ""
        self._fence: Fence | None = None

    def update(self, text: str) -> list[str]:
        """Return the pages of `text`, each at most `limit` by `measure`; none for blank text."""
        if not text.startswith(self._taken):
            self._full, self._taken, self._fence = [], "", None
        while True:
            rest = self._rest(text)
            last = self._dressed(rest)
            if self._measure(last) <= self._limit:
                return [*self._full, last] if rest.strip() else list(self._full)
            self._fill(text, rest)

    def _rest(self, text: str) -> str:
        rest = text[len(self._taken) :]
        return rest.lstrip("\n") if self._full and self._fence is None else rest

    def _dressed(self, body: str) -> str:
        return dress(body, self._fence, fence_after(body, self._fence))

    def _fill(self, text: str, rest: str) -> None:
        body = self._longest(rest)
        skipped = len(text) - len(self._taken) - len(rest)
        self._full.append(self._dressed(body.rstrip("\n") or body))
        self._fence = fence_after(body, self._fence)
        self._taken = text[: len(self._taken) + skipped + len(body)]

    def _longest(self, rest: str) -> str:
        """Find the longest beginning that fits, ending where a reader expects a break."""
        low, high = 1, len(rest)
        while low < high:
            middle = (low + high + 1) // 2
            if self._measure(self._dressed(rest[:middle])) <= self._limit:
                low = middle
            else:
                high = middle - 1
        body = rest[: _break(rest, low)]
        while len(body) > 1 and self._measure(self._dressed(body)) > self._limit:
            body = body[
                : len(body) * 9 // 10
            ]  # a break inside a fence or a table can measure more than the whole
        return body


def _break(text: str, most: int) -> int:
    """Return the best place to break at or before `most`: a blank line, a line's end, a space, else anywhere."""
    for mark, least in (("\n\n", most * 2 // 3), ("\n", most // 2), (" ", most // 2)):
        at = text.rfind(mark, least, most)
        if at > 0:
            return at + len(mark)
    return most
