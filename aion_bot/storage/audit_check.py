"""Reading the audit beside a running bot: whether its chain is whole, and all of it as lines of JSON."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aion_bot.environment.database_location import Location
from aion_bot.storage.audit_chain import START, canonical, digest, sha256
from aion_bot.storage.beside import Beside, open_beside
from aion_bot.storage.errors import StoreError, reason
from aion_bot.storage.reasons import WORDS

_PAGE = 500
"""Rows of one read. Between two reads nothing is held open: a reader would keep the bot from emptying its log."""

_FIELDS = {
    "requester": "id",
    "person": "id",
    "requester_name": "name",
    "person_name": "name",
    "thread": "thread",
    "reason_words": WORDS,
}
"""Fields of a record that hold a digest, and of what."""

_CLEAR = """
SELECT salt, kind, platform, value FROM audit_clear WHERE digest = ?1
UNION ALL SELECT salt, 'words', platform, words FROM reason WHERE digest = ?1 AND words <> ''
"""

_LISTS = ("approvers", "allow_users")
"""Rules of a policy that may be lists of people."""

_HEADS = """
SELECT head.number, head.at FROM audit_head AS head LEFT JOIN audit USING (number)
WHERE audit.hash IS NOT head.hash ORDER BY head.number LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found: how many rows, the hash of the last sound one, values that were erased, and where it breaks.

    `broken` says what is wrong with row `number`, empty where nothing is.
    """

    rows: int
    head: str
    erased: int = 0
    number: int = 0
    broken: str = ""

    def line(self) -> str:
        """Tell it for a terminal."""
        if self.broken:
            return f"audit: broken at row {self.number}: {self.broken}"
        return f"audit: whole, {self.rows} rows, {self.erased} values erased, head {self.head}"


class _BrokenError(Exception):
    """The chain breaks at a row."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(what)
        self.number, self.what = number, what


def verify_audit(path: Location, head: str | None = None) -> Verdict:
    """Compute the chain again and compare it with what is stored: the rows, the stored heads, and the clear values.

    Finds the first row that was changed, removed, moved or put in, rows that are cut off behind a stored head or behind
    `head`, which must be the hash of a row, and a clear value that was changed, or removed without a record of it.
    Changes nothing.

    Raises:
        StoreError: there is no database, it cannot be read, or its schema is an older version's.
    """
    try:
        with open_beside(path) as connection:
            return _verify(connection, head)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be read ({reason(error, path)})") from error


def export_audit(path: Location) -> Iterator[str]:
    """Return each row as a line of JSON: `number`, `hash`, `record`, and `clear`, the values behind its digests.

    A value that was erased is null. The SHA-256 of `record`, written with its keys in order and no spaces, is `hash`.
    Holds some hundred rows at a time. Raises as `verify_audit`.
    """
    try:
        with open_beside(path) as connection:
            for number, record, hash_ in rows_of(connection):
                said = _parsed(number, record)
                clear = {field: _clear(connection, found) for field, _, found in digests_in(said)}
                line = {"number": number, "hash": hash_, "record": said, "clear": clear}
                yield json.dumps(line, sort_keys=True)
    except _BrokenError as error:
        raise StoreError(f"row {error.number} cannot be exported: {error.what}") from error
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be read ({reason(error, path)})") from error


def rows_about(path: Location, ids: Collection[str]) -> Mapping[str, list[int]]:
    """Return which rows are about which of Aion's plans and sessions, of `ids`. Raises as `verify_audit`."""
    found: dict[str, list[int]] = {}
    sql = (
        "SELECT wanted.value, number FROM json_each(?) AS wanted JOIN audit "
        "ON wanted.value IN (record ->> '$.plan_id', record ->> '$.session') ORDER BY number"
    )
    try:
        with open_beside(path) as connection:
            for one, number in connection.execute(sql, (json.dumps(sorted(ids)),)):
                found.setdefault(one, []).append(number)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be read ({reason(error, path)})") from error
    return found


def audit_begins(path: Location) -> int | None:
    """Return when the first row was written, in seconds since 1970; None where there is none. Raises as `verify_audit`."""
    try:
        with open_beside(path) as connection:
            row = connection.execute("SELECT min(CAST(record ->> '$.at' AS BIGINT)) FROM audit").fetchone()
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be read ({reason(error, path)})") from error
    return row[0] if isinstance(row[0], int) else None


def _verify(connection: Beside, head: str | None) -> Verdict:
    rows, previous, has_head = 0, START, head is None
    clear = _ClearValues(connection)
    try:
        for number, record, hash_ in rows_of(connection):
            said = _parsed(number, record)
            _check_place(rows, number, said)
            _check_hash(previous, number, said, hash_, sha256(record))
            clear.check(number, said)
            rows, previous, has_head = number, hash_, has_head or hash_ == head
        clear.check_erasures()
    except _BrokenError as error:
        return Verdict(rows, previous, number=error.number, broken=error.what)
    lost = connection.execute(_HEADS).fetchone()
    if lost is not None and lost[0] > rows:
        return Verdict(rows, previous, number=rows + 1, broken=f"rows {rows + 1} to {lost[0]} are cut off")
    if lost is not None:
        what = "it is not the row whose hash was stored as a head"
        return Verdict(rows, previous, number=lost[0], broken=what)
    if not has_head:
        what = f"no row has the hash {head}: the end is cut off, or written anew"
        return Verdict(rows, previous, number=rows + 1, broken=what)
    return Verdict(rows, previous, len(clear.erased))


class _ClearValues:
    """Compares digests with the values that they stand for. Holds the digests without a value alone."""

    def __init__(self, connection: Beside) -> None:
        self.erased: set[str] = set()
        self._connection = connection
        self._missing: dict[str, int] = {}

    def check(self, number: int, said: Mapping[str, Any]) -> None:
        """Note which values of a row are gone. Raises `_BrokenError` where one is another than it was."""
        for _, kind, found in digests_in(said):
            for one in found if isinstance(found, list) else [found]:
                self._check(number, said, kind, one)
        self.erased.update(map(str, said.get("erased") or ()))

    def check_erasures(self) -> None:
        """Raise `_BrokenError` where a value is gone and no row records that it was erased."""
        for one, number in self._missing.items():
            if one not in self.erased:
                raise _BrokenError(number, "a name, id or thread is gone, and no erasure is recorded")

    def _check(self, number: int, said: Mapping[str, Any], kind: str, found: str) -> None:
        rows = self._connection.execute(_CLEAR, (found,)).fetchall()
        # The words of a reason go with their plan's row, which no row of the audit records.
        if not rows and kind != WORDS:
            self._missing.setdefault(found, number)
        for salt, of_kind, platform, value in rows:
            expected = (kind, said.get("platform")) == (of_kind, platform)
            if not expected or digest(salt, of_kind, platform, value) != found:
                whose = "" if kind == "thread" else " of a person" if kind != WORDS else " of a reason"
                raise _BrokenError(number, f"the {kind}{whose} was changed")


def rows_of(connection: Beside) -> Iterator[tuple[int, str, str]]:
    """Read the rows in their order, also while a bot appends others."""
    # What somebody put there may be no UTF-8: then the hash is wrong.
    if isinstance(connection, sqlite3.Connection):
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    last = None
    while True:
        page = connection.execute(
            "SELECT number, record, hash FROM audit WHERE ?1 IS NULL OR number > ?1 ORDER BY number LIMIT ?2",
            (last, _PAGE),
        ).fetchall()
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def _parsed(number: int, record: str) -> Mapping[str, Any]:
    try:
        said = json.loads(record)
        sound = isinstance(said, dict) and canonical(said) == record
    except (ValueError, RecursionError):
        sound = False
    if not sound:
        raise _BrokenError(number, "it was changed: its record is not in canonical form")
    return said  # type: ignore[no-any-return]  # a dict


def _check_place(rows: int, number: int, said: Mapping[str, Any]) -> None:
    """Raise `_BrokenError` unless a row is the one behind as many others, and was written for that place."""
    if number != rows + 1:
        gone = f"row {rows + 1} is" if number == rows + 2 else f"rows {rows + 1} to {number - 1} are"
        raise _BrokenError(
            rows + 1, f"{gone} missing" if number > rows else "there is a row before the first"
        )
    if said.get("number") != number:
        raise _BrokenError(number, f"it holds what was written as row {said.get('number')}: rows were moved")


def _check_hash(previous: str, number: int, said: Mapping[str, Any], hash_: str, computed: str) -> None:
    """Raise `_BrokenError` unless a row has its own hash, and that of the one before."""
    if hash_ != computed:
        raise _BrokenError(number, "it was changed: its hash is another")
    if said.get("previous") != previous:
        raise _BrokenError(number, f"it does not follow row {number - 1}: one of the two was replaced")


def digests_in(said: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Return which fields of a record hold digests, of what kind, and the digest, or a list of them."""
    for field, kind in _FIELDS.items():
        if isinstance(found := said.get(field), str):
            yield field, kind, found
    rules = said.get("rules")
    for field in _LISTS:
        if isinstance(rules, dict) and isinstance(found := rules.get(field), list):
            yield field, "id", [one for one in found if isinstance(one, str)]


def _clear(connection: Beside, found: str | list[str]) -> object:
    if isinstance(found, list):
        return [_clear(connection, one) for one in found]
    row = connection.execute(_CLEAR, (found,)).fetchone()
    return None if row is None else row[3]
