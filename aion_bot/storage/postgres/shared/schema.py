"""The schema of what replicas share: its migrations, which have numbers of their own."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import psycopg

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.postgres.errors import refusal
from aion_bot.storage.postgres.schema import Migration, migrate
from aion_bot.storage.postgres.sessions import connect


@cache
def shared_migrations() -> Sequence[Migration]:
    """Every migration of the shared schema that this version knows, in order."""
    folder = files("aion_bot.storage.postgres.shared") / "migrations"
    found = [(int(entry.name.split("_")[0]), entry.read_text("utf-8")) for entry in folder.iterdir()]
    return tuple(sorted(found))


def prepare_shared(location: PostgresUrl) -> None:
    """Bring the shared schema up to date, which `location` means. Raises `StoreError`."""
    try:
        with connect(location) as connection:
            migrate(connection, location, shared_migrations())
    except psycopg.Error as error:
        raise refusal(location, error) from None
