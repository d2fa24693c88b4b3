"""What psycopg's errors mean for the bot. Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html."""

import sqlite3
from typing import Any

import psycopg

from aion_bot.storage.errors import StoreError, UnfitServer

_TRANSIENT = {
    "08",  # the connection failed
    "40",  # the transaction was rolled back: a deadlock
    "53",  # the server has no room, no memory or no connection left
    "55",  # a lock is held
    "57",  # the server stops, starts, or stopped the statement after its time
    "58",  # the server's own input and output
}
"""Classes: the first two of five characters."""

STANDBY = "25006"
"""A read-only transaction: after a failover the server may be a standby, and the next connection finds another one."""

_PERMISSION, _NO_DATABASE, _WRONG_PASSWORD = "42501", "3D000", "28"  # codes, no password


class PostgresError(sqlite3.OperationalError):
    """A statement failed. It is one of `sqlite3.Error`, by which everything above knows a write that failed.

    `transient`: the same statement may succeed later. The text is the server's message without its details, which repeat values.
    """

    def __init__(self, message: str, *, transient: bool) -> None:
        super().__init__(message)
        self.transient = transient


class PostgresIntegrityError(sqlite3.IntegrityError):
    """A rule of the schema was broken; see `PostgresError`."""

    transient = False


class ConnectionLost(PostgresError):
    """The server went away, and whether it carried the statement out is not known yet."""


def translated_error(error: psycopg.Error) -> sqlite3.Error:
    """Return the error that the repositories raise in the place of one of psycopg's."""
    message = message_of(error)
    if isinstance(error, psycopg.IntegrityError):
        return PostgresIntegrityError(message)
    return PostgresError(message, transient=is_transient(error))


def is_transient(error: psycopg.Error) -> bool:
    """Tell whether the same may succeed later; an error of the connection has no code."""
    code: Any = error.sqlstate
    if code is None:
        return isinstance(error, psycopg.OperationalError)
    return code[:2] in _TRANSIENT or code == STANDBY


def message_of(error: psycopg.Error) -> str:
    """Return the first line of a message, without the statement and the values that the server shows below."""
    lines = (error.diag.message_primary or str(error)).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


def refusal(where: object, error: psycopg.Error) -> StoreError:
    """Say why a database cannot be opened, and what to do about it."""
    message = message_of(error)
    code = error.sqlstate or ""
    mend = ""
    if code == _PERMISSION:
        mend = "let its user create: GRANT CREATE, TEMPORARY ON DATABASE <name> TO <user>"
    elif code == _NO_DATABASE or "does not exist" in message:
        mend = "create it, or correct the address"
    elif code[:2] == _WRONG_PASSWORD or "password" in message:
        mend = "check the user and the password"
    elif "pg_hba.conf" in message:
        mend = "let the server take this user from this host, or correct sslmode in the address"
    if mend:
        return UnfitServer(f"{where} cannot be opened ({message}): {mend}")
    return StoreError(f"{where} cannot be opened ({message}): check the address, and that the server runs")
