"""The schema of what replicas share: its migrations, which have numbers of their own."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import psycopg

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.errors import UnfitServer
from aion_bot.storage.postgres.errors import refusal
from aion_bot.storage.postgres.schema import Migration, migrate, migrations
from aion_bot.storage.postgres.sessions import connect


@cache
def shared_migrations() -> Sequence[Migration]:
    """Every migration of the shared schema that this version knows, in order."""
    folder = files("aion_bot.storage.postgres.shared") / "migrations"
    found = [(int(entry.name.split("_")[0]), entry.read_text("utf-8")) for entry in folder.iterdir()]
    return tuple(sorted(found))


def prepare_shared(location: PostgresUrl) -> None:
    """Bring the shared schema up to date, which `location` means. Raises `StoreError`, also where this version could serve none of its scopes."""
    try:
        with connect(location) as connection:
            migrate(connection, location, shared_migrations())
            row = connection.execute("SELECT min(version) FROM scope").fetchone()
    except psycopg.Error as error:
        raise refusal(location, error) from None
    oldest, newest = (row[0] if row else None) or 0, migrations()[-1][0]
    if oldest > newest:
        raise UnfitServer(
            f"{location}: every scope was written by a newer aion-bot (schema {oldest}, this one knows {newest}): "
            "install that version again"
        )
