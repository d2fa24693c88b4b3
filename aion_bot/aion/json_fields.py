"""Reading fields of Aion's JSON without trusting it: what is missing or odd becomes None or empty. No I/O."""

from datetime import UTC, datetime
from math import isfinite
from typing import Any


def mapping(value: object) -> dict[str, Any]:
    """Return `value` if it is an object, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; anything else in it is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """Return `value` if it is a string, otherwise an empty one."""
    return value if isinstance(value, str) else ""


def text_or_none(value: object) -> str | None:
    """Return `value` if it is a string, otherwise None."""
    return value if isinstance(value, str) else None


def texts(value: object) -> list[str]:
    """Return the strings of a list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def texts_or_none(value: object) -> list[str] | None:
    """Return the strings of a list, None where there is no list."""
    return texts(value) if isinstance(value, list) else None


def whole(value: object, default: int = 0) -> int:
    """Return a whole number; a boolean is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    return int(value) if isfinite(value) else default


def whole_or_none(value: object) -> int | None:
    """Return a whole number, None where there is none."""
    found = whole(value, -1)
    return None if found == -1 and value != -1 else found


def real_or_none(value: object) -> float | None:
    """Return a number, None where there is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def flag(value: object, *, default: bool) -> bool:
    """Return a boolean, `default` where there is none."""
    return value if isinstance(value, bool) else default


def moment_or_none(value: object) -> datetime | None:
    """Return an ISO 8601 time with its zone, UTC where it names none."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
