"""Where a database is: a file of SQLite, or a Postgres server."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

SINGLE = "aion_bot"
"""The schema of a deployment that serves one scope."""

_POSTGRES = "postgresql://"
_OPTIONS = frozenset({
    "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding", "host", "port", "connect_timeout",
    "target_session_attrs", "application_name", "gssencmode", "requiressl", "ssl_min_protocol_version", "passfile", "hostaddr",
})  # fmt: skip
"""What an address may say behind `?`: options of libpq that choose how to connect."""


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """The address of a Postgres database, and the schema that is meant. Its text and its `repr` have no password.

    `url` is the whole. An address of the settings means the schema of a deployment with one scope.
    """

    url: str = field(repr=False)
    schema: str = SINGLE

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        user = f"{unquote(parts.username)}@" if parts.username else ""
        hosts = parts.netloc.rpartition("@")[2] or dict(parse_qsl(parts.query)).get("host", "localhost")
        schema = "" if self.schema == SINGLE else f" ({self.schema})"
        return f"postgresql://{user}{hosts}{parts.path}{schema}"


Location = Path | PostgresUrl
"""Where a database is."""


def read_location(text: str) -> Location:
    """Read the address of a database. Raises `ValueError`, which does not repeat it, where it is none."""
    if text.startswith(_POSTGRES):
        return _read_postgres(text)
    path = text.removeprefix("sqlite:///")
    if path in {text, ""}:
        raise ValueError(
            "must be sqlite:///relative.db or sqlite:////absolute.db, or postgresql://user:password@host:port/name"
        )
    return Path(path)


def _read_postgres(text: str) -> PostgresUrl:
    try:
        parts = urlsplit(text)
        # Strict, so that half an option is refused; an address without any would be as well.
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ValueError("cannot be read: write %40 for @, %2F for / and %3A for : in a password") from None
    if not parts.path.strip("/") or "/" in parts.path.strip("/") or parts.fragment:
        raise ValueError("must end with the name of the database: postgresql://user:password@host:port/name")
    if unknown := sorted(set(options) - _OPTIONS):
        raise ValueError(
            f"does not take {len(unknown)} of its options; it takes {', '.join(sorted(_OPTIONS))}"
        )
    return PostgresUrl(text)
