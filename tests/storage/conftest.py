"""One database for each test: a file of SQLite and, unless it is marked `sqlite`, one on a Postgres server and a scope there."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.storage import Store
from aion_bot.storage.hosting import open_shared
from tests.support.databases import lay_database

_QUICK = {
    "postgres": {"test_store", "test_attempts", "test_allowance"},
    "scope": {"test_allowance"},
}
"""Modules that run on a server in `make test` as well; of the others that is slow."""

_REST = {"postgres": [pytest.mark.slow], "scope": [pytest.mark.slow, pytest.mark.long]}
"""The marks of the others. The tables of a scope are those of a server; what differs is how a statement gets there."""

_COMMANDS = {"test_audit", "test_erasure", "test_explanation", "test_ratings", "test_usage"}
"""Modules that run the program's commands as well, which look for the schema of a deployment with one scope."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of this folder on every engine."""
    if "engine" not in metafunc.fixturenames:
        return
    engines: list[object] = ["sqlite"]
    if metafunc.definition.get_closest_marker("sqlite") is None:
        module = metafunc.module.__name__.rpartition(".")[2]
        is_single = module in _COMMANDS or metafunc.definition.get_closest_marker("single") is not None
        engines += [
            name if module in quick else pytest.param(name, marks=_REST[name])
            for name, quick in _QUICK.items()
            if name != "scope" or not is_single
        ]
    metafunc.parametrize("engine", engines)


@pytest.fixture
def path(engine: str, tmp_path: Path) -> Iterator[Location]:
    """Where the database is: no file yet, or an empty database of the newest schema."""
    if engine == "sqlite":
        yield tmp_path / "bot.db"
        return
    from tests.support.postgres import lent_postgres, lent_scope

    with lent_postgres() if engine == "postgres" else lent_scope() as location:
        yield location


@pytest.fixture
async def store(engine: str, path: Location) -> AsyncIterator[Store]:
    """The store, open."""
    if engine == "scope" and isinstance(path, PostgresUrl):
        async with _of_scope(path) as opened:
            yield opened
        return
    opened = await Store.open(lay_database(path))
    yield opened
    await opened.close()


@asynccontextmanager
async def _of_scope(location: PostgresUrl) -> AsyncIterator[Store]:
    """Open the store of the first scope, as a replica does."""
    from tests.support.postgres import SCOPES

    shared = await open_shared(location, "tests")
    try:
        await shared.agree({})
        platform, _, scope = SCOPES[0].partition(":")
        await shared.note_scopes(platform, [scope])
        (lease,) = await shared.claim(1)
        store = await shared.open_scope(lease)
        try:
            yield store
        finally:
            await store.close()
    finally:
        await shared.close()
