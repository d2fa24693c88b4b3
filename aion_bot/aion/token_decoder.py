"""Decoding token events, each of which repeats all that was said before. No I/O.

Decoding costs as much as the event is long, and events grow with the answer: one by one, an answer of n tokens costs
n² steps. What an event repeats of the one before it is therefore compared, not decoded; comparing memory is so much
cheaper that the copy of the text is all that is left to see.
"""

import json
import re
from typing import Any

_KEYS = ('"accumulated": "', '"accumulated":"')
_STRING = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*')
_HEAD = 512
"""Characters in which `accumulated` must begin for a part of the event to be enough."""

LONG = 2_000
"""Characters from which comparing an event is cheaper than decoding it; measured with benchmarks/stream.py."""

_decode = json.JSONDecoder().decode


class TokenDecoder:
    """Decodes the token events of one stream. `decode` always returns what `json.loads` would.

    Events shorter than `long` characters are decoded whole, which is cheaper for them.
    """

    def __init__(self, long: int = LONG) -> None:
        self._long = long
        self._key = _KEYS[0]
        self._written = ""
        self._text = ""

    def decode(self, event: str) -> Any:
        """Return the JSON value. Raises ValueError and RecursionError as `json.loads` does."""
        begin = self._begin(event) if len(event) >= self._long else -1
        if begin < 0:
            return _decode(event)
        if self._continues(event, begin):
            return self._decode_rest(event, begin, begin + len(self._written))
        value = _decode(event)
        self._remember(event, begin, begin, "", value)
        return value

    def _begin(self, event: str) -> int:
        """Return where the accumulated text begins; -1 where it does not stand early in the outermost object."""
        at = event.find(self._key, 0, _HEAD)
        if at < 0:
            self._key = _KEYS[_KEYS.index(self._key) - 1]
            at = event.find(self._key, 0, _HEAD)
        # An earlier brace may open another object, whose text it would be.
        return at + len(self._key) if at >= 0 and event.rfind("{", 0, at) == 0 else -1

    def _continues(self, event: str, begin: int) -> bool:
        # A character beyond the basic plane may be written as two escapes, one in either event.
        halved = "\ud800" <= self._text[-1:] <= "\udbff"
        return bool(self._text) and not halved and event.startswith(self._written, begin)

    def _decode_rest(self, event: str, begin: int, new: int) -> Any:
        value = _decode(event[:begin] + event[new:])
        if not self._remember(event, begin, new, self._text, value):
            return _decode(event)
        value["accumulated"] = self._text
        return value

    def _remember(self, event: str, begin: int, new: int, before: str, value: Any) -> bool:
        """Keep how the text is written from `begin` on; of `value`, only what stands from `new` on was decoded."""
        end = _STRING.match(event, new).end()  # type: ignore[union-attr]  # it matches the empty string too
        if event.find('"accumulated"', end) >= 0:
            return False
        self._written = event[begin:end]
        self._text = before + value["accumulated"]
        return True
