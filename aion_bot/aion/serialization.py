"""`to_dict` for the published types. No I/O."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any


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
