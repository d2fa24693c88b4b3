"""What the repositories need of a database, whatever carries their statements out: SQLite in a file, or a Postgres server."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.storage.errors import UnfitServer

Values = Sequence[Any] | Mapping[str, Any]
"""Parameters of a statement: of `?` and `?1` in order, of `:name` by name."""


class Row(Protocol):
    """A row of a result, by the names of its columns or by their places. It can be unpacked, and `dict` takes it."""

    def __getitem__(self, which: Any, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def keys(self) -> Collection[str]:
        """Return the names of the columns."""
        ...


class Changed(Protocol):
    """What a write came to."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...


class Connection(Protocol):
    """Carries out statements in SQLite's words, one by one, each a transaction that is durable when it returns.

    Each raises `sqlite3.Error` where it fails, also on a server (`postgres.errors.PostgresError`).
    """

    async def execute(self, sql: str, values: Any = ..., /) -> Changed:
        """Carry out a write."""
        ...

    async def execute_fetchall(self, sql: str, values: Any = ..., /) -> Iterable[Row]:
        """Return the rows of a query, or those that a write returns."""
        ...


class Lease(Protocol):
    """What lets one of several replicas write and send; `lost` is set once another one has taken over.

    `renewed` is called with the seconds that each renewal took.
    """

    replica: str
    epoch: int
    lost: asyncio.Event
    renewed: Callable[[float], None]

    def held(self) -> bool:
        """Tell whether something may be sent now: no other replica can have taken over."""
        ...


class OpenDatabase(Protocol):
    """An open database, which no other process has open to serve.

    `erased` is set when words were erased that the log still holds; whoever empties the log clears it.
    """

    @property
    def connection(self) -> Connection:
        """What carries statements out."""
        ...

    @property
    def location(self) -> Location:
        """Where it is, for what reads it beside."""
        ...

    @property
    def folder(self) -> Path:
        """A private folder for what is put aside for a moment."""
        ...

    @property
    def erased(self) -> asyncio.Event:
        """Whether the log holds words that were erased."""
        ...

    @property
    def lease(self) -> Lease | None:
        """What other replicas wait for; None where a lock keeps them out."""
        ...

    def remove_copies(self, before: float) -> int:
        """Remove copies that were made before a time, when the schema changed. Raises `OSError`."""
        ...

    async def empty_log(self) -> bool:
        """Empty the database's log; False while somebody else reads it."""
        ...

    async def rewrite(self) -> bool:
        """Write the database anew, so that its free space holds nothing; False where that cannot be done now."""
        ...

    async def close(self) -> None:
        """Close it, then let another process have it."""
        ...


async def open_engine(
    location: Location,
    replica: str = "",
    stop: asyncio.Event | None = None,
    standing_by: Callable[[], None] = lambda: None,
) -> OpenDatabase | None:
    """Open or create a database, and bring its schema up to date. Raises `StoreError` with a sentence for the operator.

    On a server it waits until no other replica serves, and returns None if `stop` is set before; without `stop`, and for
    a file, it is refused. `standing_by` is called once it waits.
    """
    if isinstance(location, PostgresUrl):
        require_extra(location)
        from aion_bot.storage.postgres import opening

        return await opening.open_database(location, replica, stop, standing_by)
    from aion_bot.storage.database import open_database

    return await open_database(location)


def require_extra(location: PostgresUrl) -> None:
    """Raise `UnfitServer` where the extra `postgres` is not installed."""
    try:
        import psycopg  # noqa: F401  # whether it can be
    except ImportError as error:
        # psycopg is there, and libpq is not, where its extra `binary` was left out.
        raise UnfitServer(
            f"{location} needs the extra postgres ({error}): pip install 'aion-bot[postgres]'"
        ) from None
