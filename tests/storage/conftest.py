"""One database for each test: a file of SQLite, and once more on a Postgres server unless it is marked `sqlite`."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from aion_bot.environment.database_location import Location
from aion_bot.storage import Store
from tests.support.databases import lay_database

_BOTH = {"test_store", "test_attempts", "test_allowance"}
"""Modules that run on a server in `make test` as well; of the others that is slow."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of this folder on both engines."""
    if "engine" not in metafunc.fixturenames:
        return
    engines: list[object] = ["sqlite"]
    if metafunc.definition.get_closest_marker("sqlite") is None:
        is_quick = metafunc.module.__name__.rpartition(".")[2] in _BOTH
        engines.append("postgres" if is_quick else pytest.param("postgres", marks=pytest.mark.slow))
    metafunc.parametrize("engine", engines)


@pytest.fixture
def path(engine: str, tmp_path: Path) -> Iterator[Location]:
    """Where the database is: no file yet, or an empty database of the newest schema."""
    if engine == "sqlite":
        yield tmp_path / "bot.db"
        return
    from tests.support.postgres import lent_postgres

    with lent_postgres() as location:
        yield location


@pytest.fixture
async def store(path: Location) -> AsyncIterator[Store]:
    """The store, open."""
    opened = await Store.open(lay_database(path))
    yield opened
    await opened.close()
