"""The round in which a button was offered, as the end of its key. No I/O.

A press may arrive late, when what its button belongs to has moved on: it then counts for nothing that its person has not seen.
"""

import re

_IN_ROUND = re.compile(r"(.+)@([0-9]{1,9})", re.DOTALL)


def in_round(key: str, number: int) -> str:
    """Return the key of a button that counts in one round alone; `number` has nine digits at most."""
    return f"{key}@{number}"


def read_round(key: str) -> tuple[str, int | None]:
    """Return a button's key without its round, and the round; None where it says none, as in earlier versions. It may be forged."""
    found = _IN_ROUND.fullmatch(key)
    return (found[1], int(found[2])) if found else (key, None)
