"""Names of scopes, and of their schemas."""

from dataclasses import replace

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.postgres.sessions import SHARED

_LONGEST_PLATFORM, _LONGEST_ID = 12, 40
"""Characters: with `aion_bot_` in front a schema's name has less than 63 bytes, as many as Postgres takes."""


def scope_name(platform: str, scope: str) -> str:
    """Return the name of a platform's scope. Raises `ValueError` for an id that can be no scope's, without repeating it."""
    if not (_is_plain(platform, _LONGEST_PLATFORM) and platform.islower() and _is_plain(scope, _LONGEST_ID)):
        raise ValueError(
            f"the id of a scope has at most {_LONGEST_ID} characters, which are letters and digits"
        )
    return f"{platform}:{scope}"


def schema_of(scope: str) -> str:
    """Return the schema of a scope, by its name. Raises `ValueError` for a name that can be no scope's."""
    platform, _, part = scope.partition(":")
    return f"aion_bot_{scope_name(platform, part).replace(':', '_').lower()}"


def location_of(location: PostgresUrl, scope: str) -> PostgresUrl:
    """Return where the rows of a scope are."""
    return replace(location, schema=schema_of(scope))


def shared_location(location: PostgresUrl) -> PostgresUrl:
    """Return where the rows are that replicas share."""
    return replace(location, schema=SHARED)


def _is_plain(text: str, longest: int) -> bool:
    return text.isascii() and text.isalnum() and len(text) <= longest
