"""Checks of arguments before anything is sent. No I/O.

Each raises `ValidationError`, with `request_sent` false, and never repeats the value.
"""

from collections.abc import Sequence
from urllib.parse import quote

from aion_bot.aion.errors import ValidationError

MAX_ID_LENGTH = 255
"""Ours: ids are UUIDs, or short words in the vendor's examples."""


def check_length(name: str, value: str | Sequence[str], maximum: int, *, minimum: int = 0) -> None:
    """Raise for a text or a list that is too long, or empty where `minimum` is 1, or for half of a surrogate pair."""
    if len(value) < minimum:
        raise invalid(name, "must not be empty")
    if len(value) > maximum:
        unit = "characters" if isinstance(value, str) else "entries"
        raise invalid(name, f"must have at most {maximum:,} {unit}, not {len(value):,}")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise invalid(name, "holds a surrogate, which no JSON in UTF-8 can carry") from None


def check_range(name: str, value: int, minimum: int, maximum: int | None = None) -> None:
    """Raise for a number below `minimum` or above `maximum`."""
    if value < minimum or (maximum is not None and value > maximum):
        raise invalid(
            name, f"must be at least {minimum}" + (f" and at most {maximum:,}" if maximum is not None else "")
        )


def segment(name: str, value: str) -> str:
    """Return an id for a path, quoted: neither one with a slash nor one of dots must lead to another endpoint."""
    check_length(name, value, MAX_ID_LENGTH, minimum=1)
    if value in {".", ".."}:
        raise invalid(name, "must not be a step in a path")
    return quote(value, safe="")


def invalid(name: str, rule: str) -> ValidationError:
    """Return the error for an argument that breaks a rule; nothing was sent."""
    error = ValidationError(f"{name} {rule}", details={"field": name})
    error.request_sent = False
    return error
