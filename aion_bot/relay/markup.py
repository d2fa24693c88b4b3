"""Aion's reference markup in text that is still growing: whole markers become words, half ones stay hidden. No I/O."""

import re

from aion_bot.aion.references import resolve_content

UNCOUNTED = "a number of"
"""Stands for `[[ref:KEY]]`: its count comes only with the last event."""

_COUNT = re.compile(r"\[\[ref:[^\]\n]*\]\]")
_KINDS = ("ref:", "img:", "doc:", "link:")
_LONGEST = 1000
"""A name is a file name or a title; what stays open for longer is no marker and must not stall the answer."""


def readable(text: str) -> str:
    """Replace every whole marker by plain words, without the metadata that comes only at the end."""
    if "[[" not in text:
        return text
    return resolve_content(_COUNT.sub(UNCOUNTED, text), {})


def settled_length(text: str, start: int = 0) -> int:
    """Return how much of `text` holds no half marker at its end; looks only from `start` on."""
    at = text.rfind("[[", start)
    if at >= 0 and "]]" not in text[at:] and _may_become_marker(text[at + 2 :]):
        return at
    return len(text) - 1 if text.endswith("[") and len(text) > start else len(text)


def _may_become_marker(tail: str) -> bool:
    if len(tail) > _LONGEST or "\n" in tail:
        return False
    return any(kind.startswith(tail) or tail.startswith(kind) for kind in _KINDS)


class Growing:
    """The readable form of a text that mostly grows at its end. Each update costs what is new, not the whole."""

    def __init__(self) -> None:
        self._raw = ""
        self._readable = ""

    def update(self, raw: str) -> str:
        """Take the whole raw text so far and return what may be shown of it."""
        if not raw.startswith(self._raw):
            self._raw = self._readable = ""
        end = settled_length(raw, len(self._raw))
        self._readable += readable(raw[len(self._raw) : end])
        self._raw = raw[:end]
        return self._readable
