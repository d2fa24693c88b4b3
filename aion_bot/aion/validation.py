"""The documented limits of arguments, checked before anything is sent. No I/O."""

from collections.abc import Sequence

from aion_bot.aion.errors import ValidationError

LONGEST_MESSAGE = 10_000
LONGEST_TITLE = 255
LONGEST_QUERY = 500
MOST_IMAGES = 1_000
MOST_DOCUMENTS = 100
MOST_VIDEOS = 100
LONGEST_ID = 255
"""Ours: ids are UUIDs, or short words in the vendor's examples."""


def text(name: str, value: str, most: int, *, least: int = 1) -> None:
    """Refuse a text with fewer than `least` or more than `most` characters, or with half of a character in it."""
    if len(value) < least:
        raise refused(name, "must not be empty")
    if len(value) > most:
        raise refused(name, f"must have at most {most:,} characters, not {len(value):,}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise refused(name, "holds a surrogate, which no JSON in UTF-8 can carry") from None


def entries(name: str, values: Sequence[str], most: int) -> None:
    """Refuse a list with more than `most` entries."""
    if len(values) > most:
        raise refused(name, f"must have at most {most:,} entries, not {len(values):,}")


def within(name: str, value: int, least: int, most: int | None = None) -> None:
    """Refuse a number below `least` or above `most`."""
    if value < least or (most is not None and value > most):
        raise refused(
            name, f"must be at least {least}" + (f" and at most {most:,}" if most is not None else "")
        )


def refused(name: str, rule: str) -> ValidationError:
    """The error for an argument that breaks a rule; nothing was sent. Never repeats the value."""
    error = ValidationError(f"{name} {rule}", details={"field": name})
    error.request_sent = False
    return error
