"""Rows of a result, read by name or by place, as those of SQLite are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from psycopg.adapt import Loader
from psycopg.types.string import TextLoader

CONTEXT_TYPES = ("json", "jsonb")
"""Types whose text the repositories parse themselves."""


class Row:
    """One row. It can be unpacked, and `dict` takes it."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: Mapping[str, int], values: Sequence[Any]) -> None:
        self._places, self._values = places, values

    def __getitem__(self, which: str | int) -> Any:
        return self._values[which if isinstance(which, int) else self._places[which]]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._places)


def row_factory(cursor: Any) -> Callable[[Sequence[Any]], Row]:
    """Make the rows of a cursor; see `psycopg.rows`."""
    places = {column.name: place for place, column in enumerate(cursor.description or ())}
    return lambda values: Row(places, values)


class NumberLoader(Loader):
    """Reads `numeric`, which sums are, as a whole number where it is one."""

    def load(self, data: Any) -> int | float:
        """Read a number."""
        text = bytes(data).decode()
        return float(text) if "." in text else int(text)


def adapt(connection: Any) -> None:
    """Let a connection return what SQLite does: numbers, and text."""
    connection.adapters.register_loader("numeric", NumberLoader)
    for name in CONTEXT_TYPES:
        connection.adapters.register_loader(name, TextLoader)
