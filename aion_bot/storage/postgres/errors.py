"""What psycopg's errors mean for the bot. Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html."""

import sqlite3
from collections.abc import Sequence
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

_DISK_FULL = "53100"

_PERMISSION, _NO_DATABASE, _WRONG_PASSWORD = "42501", "3D000", "28"  # codes, no password

_CORRECT = "correct the address"
_UNFIT = (
    ("pg_hba.conf", "let the server take this user from this host, or correct sslmode in the address"),
    ("does not support SSL", "let the server use TLS, or correct sslmode in the address"),
    ("match host name", "name the server as its certificate does, or correct sslmode in the address"),
    ("client certificate", "name the bot's certificate in sslcert, and its key in sslkey"),
    ("certificate required", "name the bot's certificate in sslcert, and its key in sslkey"),
    ("certificate", "name the file of the authority that signed the server's certificate in sslrootcert"),
    ("private key file", "let nobody else read that file, or correct sslkey in the address"),
    ("does not exist", f"create it, or {_CORRECT}"),
    ("password", "check the user and the password"),
    # The system's resolver: the name is not there. A resolver that does not answer says so in other words.
    ("Name or service not known", _CORRECT),
    ("nodename nor servname", _CORRECT),
    ("invalid ", _CORRECT),
    ("bad value for", _CORRECT),
    ("not in hot standby", _CORRECT),
    ("session is not read-only", _CORRECT),
)
"""What libpq, psycopg or the server say of a connection that no later try would make either, and what to do about it."""

NAME_ALL_HOSTS = "name the primary, or all hosts between commas, of which one has to be the primary"
_MAY_PASS = (
    ("read-only", NAME_ALL_HOSTS),
    ("hot standby", NAME_ALL_HOSTS),
    ("too many", "let the server take more connections"),
    ("starting up", "wait until the server has started"),
)
_EACH_HOST = "\n- host: "
"""What begins the failure of each of several hosts, for psycopg."""


class PostgresError(sqlite3.OperationalError):
    """A statement failed. It is one of `sqlite3.Error`, by which everything above knows a write that failed.

    `transient`: the same statement may succeed later; `full`: once the server's disk has room. The text is the server's message
    without its details, which repeat values.
    """

    def __init__(self, message: str, *, transient: bool, full: bool = False) -> None:
        super().__init__(message)
        self.transient, self.full = transient, full


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
    return PostgresError(message, transient=is_transient(error), full=error.sqlstate == _DISK_FULL)


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
    """Say why a database cannot be opened, and what to do about it.

    It is an `UnfitServer` where no later try would end otherwise; of several hosts that holds where it holds for each.
    """
    message, code = message_of(error), error.sqlstate or ""
    mend = ""
    if code == _PERMISSION:
        mend = "let its user create: GRANT CREATE, TEMPORARY ON DATABASE <name> TO <user>"
    elif code == _NO_DATABASE:
        mend = f"create it, or {_CORRECT}"
    elif code[:2] == _WRONG_PASSWORD:
        mend = "check the user and the password"
    elif not code and all(_mend(one, _UNFIT) for one in str(error).split(_EACH_HOST)[1:] or [message]):
        mend = _mend(message, _UNFIT)
    if mend:
        return UnfitServer(f"{where} cannot be opened ({message}): {mend}")
    mend = _mend(message, _MAY_PASS) or "check the address, and that the server runs"
    return StoreError(f"{where} cannot be opened ({message}): {mend}")


def _mend(message: str, known: Sequence[tuple[str, str]]) -> str:
    return next((mend for words, mend in known if words in message), "")
