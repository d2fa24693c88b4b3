"""The reference of a failure: the sentence in the chat and the log line have the same one. No I/O."""

import hashlib
import string

LENGTH = 6
_DIGITS = string.digits + string.ascii_lowercase


def reference(key: str) -> str:
    """Return the reference of what failed: six characters of a-z0-9, the same whenever it is shown or logged.

    `key` is the key of the row that it is about: a turn's or a plan's, or a prompt's that has no row. The key itself
    does not stand in chats, because a button with it would work.
    """
    number = int.from_bytes(hashlib.blake2s(key.encode()).digest()[:8])
    digits = []
    for _ in range(LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(digits)


def with_reference(sentence: str, key: str) -> str:
    """Add the reference of what failed to the sentence that a person is told."""
    return f"{sentence} (ref {reference(key)})"
