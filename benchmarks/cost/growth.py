"""The cost of rendering a growing answer, and of editing a page many times. In this process, with no network.

An answer is folded token by token. Every thirty tokens, which is once a second, its screen is computed, and what is new
is rendered as the body of a request, as the bot does it. Aion's own stream is left out: it repeats the whole text with
every token, so that the received bytes grow faster than the answer.
"""

import gc
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median

from adapters import discover
from adapters.discord import rendering as discord
from adapters.slack import rendering as slack
from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.messages import Content, PlanCard, Reply
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.screen import PageFormat, Screen
from benchmarks.cost.load import WORDS

LENGTHS = (1_000, 4_000, 16_000)
EDITS = 1_000
_EDIT = 30
_REPEATS = 5
_LAST = 50

_CODE = """
Here is how the report is read, step by step:

```python
def read(path):
    with open(path) as file:
        for line in file:
            yield line.split(",")
```

1. Call `read` with the **path** of the file.
   - It yields a list for each line, see [the manual](https://x.example/manual).
2. Close it with `close()` in the end.
"""
_TABLE = """
### Findings

| Site | Status | When |
|---|---|---|
| Seven | damaged | today |
| Eight | fine | Monday |

What is damaged has to be repaired soon, says the inspector of the site.

---
"""
_LIST = """
*   **Cranes:** two of them
    *   the hook is worn
    *   the rope is `new`
*   **Pumps:** four of them
    *   one hose is torn || bent
"""
TEXTS: Mapping[str, Sequence[str]] = {
    "words": WORDS,
    "code": re.findall(r"\s*\S+", _CODE),
    "tables": re.findall(r"\s*\S+", _TABLE),
    "lists": re.findall(r"\s*\S+", _LIST),
}
"""Tokens of answers of one kind each, again and again."""

_ENV = {
    "SLACK_BOT_TOKEN": "xoxb-1000000001-2000000002-benchmark0000",
    "SLACK_APP_TOKEN": "xapp-1-A0AION-3000000003-benchmark0000",
    "DISCORD_TOKEN": "benchmark.0000.token",
}
_DRAW: dict[str, Callable[[Content], object]] = {"slack": slack.arguments, "discord": discord.body}


@dataclass(frozen=True, slots=True)
class Growth:
    """One platform's figures: seconds a token by the answer's length, and seconds of the first and the thousandth edit."""

    platform: str
    token: tuple[float, ...]
    first: float
    thousandth: float


class _Answer:
    """An answer on one platform, and what its thread shows."""

    def __init__(self, adapter: PlatformAdapter) -> None:
        self._transcript = AnswerView(PageFormat(adapter.measure, adapter.limits.page))
        self._draw = _DRAW[adapter.platform]
        self._shown: Screen = ()

    def grow(self, tokens: Sequence[ChatToken]) -> float:
        """Fold tokens and show the result; returns the seconds that this took."""
        begun = time.thread_time()
        for token in tokens:
            self._transcript.fold(token)
        self._show()
        return time.thread_time() - begun

    def end(self) -> float:
        """Show the end; returns the seconds that this took."""
        begun = time.thread_time()
        self._transcript.finish()
        self._show()
        return time.thread_time() - begun

    def _show(self) -> None:
        screen = self._transcript.screen()
        for index, content in enumerate(screen):
            if isinstance(content, Reply | PlanCard) and (
                index >= len(self._shown) or content != self._shown[index]
            ):
                self._draw(content)
        self._shown = screen


class _Words:
    """The tokens of an answer, made outside of the measurement."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._pieces = cycle(pieces)
        self._text = ""

    def next(self, count: int) -> list[ChatToken]:
        """Return the next tokens."""
        return [self._token(piece) for piece in islice(self._pieces, count)]

    def all(self) -> ChatToken:
        """The end: the whole text again with a reference resolved, so that every page is split anew."""
        data = {"content": self._text, "resolved_content": f"\u2060{self._text}", "message_id": "m"}
        return ChatToken(ChatTokenType.COMPLETE, None, data)

    def others(self) -> ChatToken:
        """As long a text, and all of its kind, that no cache knows of."""
        text = f"o{self._text[1:]}"
        return ChatToken(ChatTokenType.TOKEN, text[-1], {"content": text[-1], "accumulated": text})

    def _token(self, piece: str) -> ChatToken:
        self._text += piece
        return ChatToken(ChatTokenType.TOKEN, piece, {"content": piece, "accumulated": self._text})


def measure() -> list[Growth]:
    """Measure both platforms."""
    gc.disable()
    try:
        return [_growth(adapter) for adapter in _adapters()]
    finally:
        gc.enable()


def main() -> None:
    """Print what a token costs on each platform, by the kind of text and the answer's length: the least of some runs."""
    for adapter in _adapters():
        for name, pieces in TEXTS.items():
            costs = [
                min(_a_token(adapter, length, pieces) for _ in range(_REPEATS)) * 1e6 for length in LENGTHS
            ]
            shown = "".join(f"{cost:8.1f}" for cost in costs)
            print(f"{adapter.platform:<8} {name:<8} {shown}  microseconds a token")


def _adapters() -> Sequence[PlatformAdapter]:
    adapters, problems = discover(_ENV)
    if problems:
        raise RuntimeError(f"wrong settings: {', '.join(map(str, problems))}")
    return adapters


def _growth(adapter: PlatformAdapter) -> Growth:
    rounds = [[_a_token(adapter, length) for length in LENGTHS] for _ in range(_REPEATS)]
    edits = [_edits(adapter) for _ in range(_REPEATS)]
    token = tuple(median(each) for each in zip(*rounds, strict=True))
    first, thousandth = (median(each) for each in zip(*edits, strict=True))
    return Growth(adapter.platform, token, first, thousandth)


def _a_token(adapter: PlatformAdapter, length: int, pieces: Sequence[str] = WORDS) -> float:
    answer, words = _Answer(adapter), _Words(pieces)
    used = sum(answer.grow(words.next(_EDIT)) for _ in range(length // _EDIT))
    used += answer.grow([words.all()]) + answer.end()
    return used / length


def _edits(adapter: PlatformAdapter) -> tuple[float, float]:
    """Seconds of the first and of the thousandth edit of one page, both with the same text but for a letter.

    The page is almost full at the end; each edit adds a character or two. The first edit has a page of its own.
    """
    answer, words = _Answer(adapter), _Words(("a ", "b", "c\n", "d"))
    least = []
    for edit in range(1, EDITS + 1):
        token = words.next(1)
        took = answer.grow(token)
        if edit > EDITS - _LAST:
            least.append((_Answer(adapter).grow([words.others()]), took))
    first, thousandth = zip(*least, strict=True)
    return median(first), median(thousandth)


if __name__ == "__main__":
    main()
