"""Reading fields of Aion's JSON without trusting them: a missing or malformed value is None or empty. No I/O.

The contract leaves many fields optional and the server omits others, so nothing here raises.
"""

from datetime import UTC, datetime
from math import isfinite
from typing import Any


def json_object(value: object) -> dict[str, Any]:
    """Return `value` if it is an object, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def json_objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; anything else in it is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def string(value: object) -> str:
    """Return `value` if it is a string, otherwise an empty one."""
    return value if isinstance(value, str) else ""


def string_or_none(value: object) -> str | None:
    """Return `value` if it is a string, otherwise None."""
    return value if isinstance(value, str) else None


def strings(value: object) -> list[str]:
    """Return the strings of a list; anything else in it is left out."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def strings_or_none(value: object) -> list[str] | None:
    """Return the strings of a list, None where there is no list."""
    return strings(value) if isinstance(value, list) else None


def integer(value: object, default: int = 0) -> int:
    """Return a number without its fraction, `default` where there is none. A boolean is no number."""
    return default if (found := integer_or_none(value)) is None else found


def integer_or_none(value: object) -> int | None:
    """Return a number without its fraction, None where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Python's JSON reads Infinity and NaN, which int() refuses; isfinite() refuses an integer of 400 digits.
    return int(value) if isinstance(value, int) or isfinite(value) else None


def float_or_none(value: object) -> float | None:
    """Return a number, None where there is none, or one that is too large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def boolean(value: object, *, default: bool) -> bool:
    """Return a boolean, `default` where there is none."""
    return value if isinstance(value, bool) else default


def datetime_or_none(value: object) -> datetime | None:
    """Return an ISO 8601 time with its zone, UTC where it names none; None for anything else."""
    try:
        found = datetime.fromisoformat(string(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
