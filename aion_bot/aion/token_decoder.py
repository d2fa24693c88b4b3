"""Decoding of token events, each of which repeats the whole text before it. No I/O.

Decoding an event takes time proportional to its length, and events grow with the answer, so decoding each one would
take quadratic time for an answer. Here the part that an event repeats is compared with the event before, not decoded.
Comparing memory is so much cheaper that it does not show beside the copy of the text.
"""

import json
import re
from typing import Any

_KEYS = ('"accumulated": "', '"accumulated":"')
_STRING = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*')
_MAX_KEY_POSITION = 512
"""Characters within which the key `accumulated` is looked for. Where it stands later, the event is decoded whole."""

MIN_LENGTH = 2_000
"""Characters from which comparing an event is cheaper than decoding it; measured with benchmarks/stream.py."""

_decode = json.JSONDecoder().decode


class TokenDecoder:
    """Decodes the token events of one stream. `decode` always returns what `json.loads` would.

    Events shorter than `min_length` characters are decoded whole, which is cheaper for them.
    """

    def __init__(self, min_length: int = MIN_LENGTH) -> None:
        self._min_length = min_length
        self._key = _KEYS[0]
        self._written = ""
        self._text = ""

    def decode(self, event: str) -> Any:
        """Return the JSON value. Raises ValueError and RecursionError as `json.loads` does."""
        begin = self._begin(event) if len(event) >= self._min_length else -1
        if begin < 0:
            return _decode(event)
        if self._continues(event, begin):
            return self._decode_rest(event, begin, begin + len(self._written))
        value = _decode(event)
        self._remember(event, begin, begin, "", value)
        return value

    def _begin(self, event: str) -> int:
        """Return where the text of `accumulated` begins; -1 where it is not near the start of the outermost object."""
        at = event.find(self._key, 0, _MAX_KEY_POSITION)
        if at < 0:
            # The other spelling; the server's next event will have it too.
            self._key = _KEYS[_KEYS.index(self._key) - 1]
            at = event.find(self._key, 0, _MAX_KEY_POSITION)
        # A brace between may open an inner object, whose `accumulated` it would be.
        return at + len(self._key) if at >= 0 and event.rfind("{", 0, at) == 0 else -1

    def _continues(self, event: str, begin: int) -> bool:
        # A character beyond the basic plane is written as two escapes, and the text may have been cut between them.
        cut_in_pair = "\ud800" <= self._text[-1:] <= "\udbff"
        return bool(self._text) and not cut_in_pair and event.startswith(self._written, begin)

    def _decode_rest(self, event: str, begin: int, new: int) -> Any:
        value = _decode(event[:begin] + event[new:])
        if not self._remember(event, begin, new, self._text, value):
            return _decode(event)
        value["accumulated"] = self._text
        return value

    def _remember(self, event: str, begin: int, new: int, before: str, value: Any) -> bool:
        """Keep how the text is written from `begin` on; of `value`, only what stands from `new` on was decoded."""
        end = _STRING.match(event, new).end()  # type: ignore[union-attr]  # it matches the empty string too
        # Of two fields of one name JSON takes the last, so a second `accumulated` makes the first one worthless.
        if event.find('"accumulated"', end) >= 0:
            return False
        self._written = event[begin:end]
        self._text = before + value["accumulated"]
        return True
