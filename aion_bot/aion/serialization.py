"""JSON for the published types: reading what the server sent, and `to_dict`. No I/O.

The contract leaves many fields optional and the server omits others, so reading raises nothing: what is missing or
malformed is None, and the caller names the default.
"""

import json
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")


def read(value: object, kind: type[T]) -> T | None:
    """Return a value of parsed JSON as str, bool, int, float, datetime or dict; None for one of another kind.

    An int has lost its fraction. A datetime was written as ISO 8601; it is UTC where it names no zone.
    """
    found: object = value
    # int() refuses Infinity and NaN, which Python's JSON reads; float() refuses an integer of 400 digits.
    with suppress(ValueError, OverflowError):
        if kind is int and isinstance(value, float):
            found = int(value)
        elif kind is float and isinstance(value, int):
            found = float(value)
        elif kind is datetime and isinstance(value, str):
            time = datetime.fromisoformat(value)
            found = time if time.tzinfo else time.replace(tzinfo=UTC)
    # For Python a boolean is an integer, for JSON it is no number.
    if isinstance(value, bool) and kind is not bool:
        return None
    return found if isinstance(found, kind) else None


def read_list(value: object, kind: type[T]) -> list[T] | None:
    """Return the entries of a list that are of a kind, without the others; None where there is no list."""
    # Entries, not the list, are dropped: one malformed message must not cost the others.
    return [item for item in value if isinstance(item, kind)] if isinstance(value, list) else None


def read_objects(value: object) -> list[dict[str, Any]] | None:
    """Return the entries of a list as objects, an empty one for each that is none; None where nothing was sent.

    For lists whose entries count, whatever they are: something that is no list stands for one entry.
    """
    if value is None or value is False:
        return None
    entries = value if isinstance(value, list) else [value]
    return [item if isinstance(item, dict) else {} for item in entries]


def read_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a response's body; an empty one where the body is empty or no object."""
    try:
        return read(json.loads(body), dict) or {}
    except (ValueError, RecursionError):
        # Deep nesting, which no honest server sends, exhausts the stack of Python's JSON.
        return {}


class Serializable:
    """Gives a dataclass `to_dict`."""

    def to_dict(self, exclude_none: bool = True) -> dict[str, Any]:
        """Return the fields as JSON-ready values: times as ISO 8601, enumerations as their value.

        Args:
            exclude_none: Leave out fields that are None, in nested values too; what the server sent as a
                dictionary is passed on untouched.
        """
        return _fields(self, exclude_none)


def _fields(value: Any, exclude_none: bool) -> dict[str, Any]:
    named = ((field.name, getattr(value, field.name)) for field in fields(value))
    return {name: _value(item, exclude_none) for name, item in named if item is not None or not exclude_none}


def _value(value: Any, exclude_none: bool) -> Any:
    if is_dataclass(value):
        return _fields(value, exclude_none)
    if isinstance(value, list | tuple):
        return [_value(item, exclude_none) for item in value]
    if isinstance(value, dict):
        return {key: _value(item, exclude_none) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value
