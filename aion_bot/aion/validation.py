"""Checks of arguments against the documented limits, before anything is sent. No I/O.

The limits are those of the vendor's machine-readable contract.
"""

from collections.abc import Sequence

from aion_bot.aion.errors import ValidationError

MAX_MESSAGE_LENGTH = 10_000
MAX_TITLE_LENGTH = 255
MAX_QUERY_LENGTH = 500
MAX_IMAGES = 1_000
MAX_DOCUMENTS = 100
MAX_VIDEOS = 100
MAX_ID_LENGTH = 255
"""Ours: ids are UUIDs, or short words in the vendor's examples."""


def check_text(name: str, value: str, maximum: int, *, minimum: int = 1) -> None:
    """Raise for a text with fewer than `minimum` or more than `maximum` characters, or with half of a surrogate pair."""
    if len(value) < minimum:
        raise invalid(name, "must not be empty")
    if len(value) > maximum:
        raise invalid(name, f"must have at most {maximum:,} characters, not {len(value):,}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(name, "holds a surrogate, which no JSON in UTF-8 can carry") from None


def check_list(name: str, values: Sequence[str], maximum: int) -> None:
    """Raise for a list with more than `maximum` entries."""
    if len(values) > maximum:
        raise invalid(name, f"must have at most {maximum:,} entries, not {len(values):,}")


def check_range(name: str, value: int, minimum: int, maximum: int | None = None) -> None:
    """Raise for a number below `minimum` or above `maximum`."""
    if value < minimum or (maximum is not None and value > maximum):
        raise invalid(
            name, f"must be at least {minimum}" + (f" and at most {maximum:,}" if maximum is not None else "")
        )


def invalid(name: str, rule: str) -> ValidationError:
    """Return the error for an argument that breaks a rule; nothing was sent. Its text never repeats the value."""
    error = ValidationError(f"{name} {rule}", details={"field": name})
    error.request_sent = False
    return error
