"""How much one answer may post and keep. No I/O."""

MOST_MESSAGES = 20
"""Messages of one answer, cards included; a file may follow them."""

RESERVED = 2
"""Of these, messages that growing text leaves free: for a plan's card, and for what comes after it."""

MOST_TEXT = 1_000_000
"""Bytes of an answer's text, in UTF-8, that are kept."""

_LONGEST_CHARACTER = 4
"""Bytes of a character in UTF-8 at most."""


def cut_text(text: str) -> str:
    """Return as much of the beginning of `text` as `MOST_TEXT` holds."""
    if len(text) * _LONGEST_CHARACTER <= MOST_TEXT:
        return text
    # A lone surrogate, which JSON may hold, is no UTF-8; `?` stands for it.
    raw = text[:MOST_TEXT].encode("utf-8", "replace")
    if len(text) <= MOST_TEXT and len(raw) <= MOST_TEXT:
        return text
    return raw[:MOST_TEXT].decode("utf-8", "ignore")
