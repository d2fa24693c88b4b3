"""Cutting an answer into messages: nothing is lost, code fences are closed and opened again. No I/O."""

import re
from collections.abc import Callable
from dataclasses import dataclass

Measure = Callable[[str], int]
"""Size of a page as the platform counts it, rendered."""

_LONGEST_INFO = 40
"""Characters behind a fence that are worth repeating on each page: a language's name."""

_HOPELESS = 4
"""How many times as long as its measure a text on one page may be; one that shrinks more is cut all the same."""

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
    return f"{head}{body}{_closing(body, after)}"


def _closing(body: str, after: Fence | None) -> str:
    return ("" if body.endswith("\n") else "\n") + after.mark if after else ""


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
        self._fence: Fence | None = None

    def update(self, text: str, *, grown: bool = False) -> list[str]:
        """Return the pages of `text`, each at most `limit` by `measure`; none for blank text.

        `grown`: it is known to begin with the text before, which then need not be compared.
        """
        if not grown and not text.startswith(self._taken):
            self._full, self._taken, self._fence = [], "", None
        while True:
            rest = self._rest(text)
            # What is far too long is not even measured: cutting a long text shall cost what it is long, not the square.
            if len(rest) <= _HOPELESS * self._limit:
                after = fence_after(rest, self._fence)
                last = dress(rest, self._fence, after)
                if self._measure(last) <= self._limit:
                    self.closing = len(_closing(rest, after)) if rest.strip() else 0
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
        body = rest[: _break(rest, self._most(rest))]
        while len(body) > 1 and self._measure(self._dressed(body)) > self._limit:
            body = body[
                : len(body) * 9 // 10
            ]  # a break inside a fence or a table can measure more than the whole
        return body

    def _most(self, rest: str) -> int:
        """Return how many characters fit, by few measurements: mostly, as many more fit as the measure has room for."""
        low, size, step, high = 0, 0, 1, len(rest) + 1
        while high - low > 1:
            guess = low + max(step, self._limit - size)
            if guess >= high:
                guess = (low + high) // 2
            measured = self._measure(self._dressed(rest[:guess]))
            if measured <= self._limit:
                low, size, step = guess, measured, 2 * step
            else:
                high = guess
        return max(low, 1)


def _break(text: str, most: int) -> int:
    """Return the best place to break at or before `most`: a blank line, a line's end, a space, else anywhere."""
    for mark, least in (("\n\n", most * 2 // 3), ("\n", most // 2), (" ", most // 2)):
        at = text.rfind(mark, least, most)
        if at > 0:
            return at + len(mark)
    return most
