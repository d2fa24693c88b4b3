"""The round in which a button was offered, as the end of its key. No I/O.

A press may arrive late, when what its button belongs to has moved on: it then counts for nothing that its person has not seen.
"""

_DIGITS = 9
"""Of a round, at most."""


def in_round(key: str, number: int) -> str:
    """Return the key of a button that counts in one round alone; `number` has `_DIGITS` at most."""
    return f"{key}@{number}"


def read_round(key: str) -> tuple[str, int | None]:
    """Return a button's key without its round, and the round; None where it says none, as in earlier versions. It may be forged."""
    own, _, number = key.rpartition("@")
    # Digits of ASCII: `int` takes those of every script, and no button of ours has them.
    is_round = bool(own) and len(number) <= _DIGITS and number.isascii() and number.isdecimal()
    return (own, int(number)) if is_round else (key, None)
