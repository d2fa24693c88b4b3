"""The documented limits of arguments, checked before anything is sent. No I/O."""

from collections.abc import Sequence

from aion_bot.aion.errors import ValidationError

LONGEST_MESSAGE = 10_000
LONGEST_TITLE = 255
LONGEST_QUERY = 500
MOST_IMAGES = 1_000
MOST_DOCUMENTS = 100
MOST_VIDEOS = 100


def at_least_one(name: str, value: str) -> None:
    """Refuse an empty text."""
    if not value:
        raise refused(name, "must not be empty")


def at_most(name: str, value: Sequence[object] | None, most: int) -> None:
    """Refuse a text with more than `most` characters, or a list with more entries."""
    if value is not None and len(value) > most:
        unit = "characters" if isinstance(value, str) else "entries"
        raise refused(name, f"must have at most {most:,} {unit}, not {len(value):,}")


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
