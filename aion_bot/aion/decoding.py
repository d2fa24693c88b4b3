"""Decoding token events, each of which repeats all that was said before. No I/O.

Decoding costs as much as the event is long, and events grow with the answer: one by one, an answer of n tokens costs
n² steps. What an event repeats of the one before it is therefore compared, not decoded; comparing memory is so much
cheaper that the copy of the text is all that is left to see.
"""

import json
import re
from typing import Any

_KEY = re.compile(r'"accumulated":\s?"')
_STRING = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*')
_HEAD = 512
"""Characters in which `accumulated` must begin for a part of the event to be enough."""

_decode = json.JSONDecoder().decode


class TokenDecoder:
    """Decodes the token events of one stream. `decode` always returns what `json.loads` would."""

    def __init__(self) -> None:
        self._written = ""
        self._text = ""

    def decode(self, event: str) -> Any:
        """Return the JSON value. Raises ValueError and RecursionError as `json.loads` does."""
        key = _KEY.search(event, 0, _HEAD)
        # An earlier brace may open another object, whose `accumulated` it would be.
        if key is None or event.rfind("{", 0, key.start()) > 0:
            return _decode(event)
        begin = key.end()
        if self._continues(event, begin):
            return self._decode_rest(event, begin, begin + len(self._written))
        value = _decode(event)
        self._remember(event, begin, begin, "", value)
        return value

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
        if '"accumulated"' in event[end:]:
            return False
        self._written = event[begin:end]
        self._text = before + value["accumulated"]
        return True
