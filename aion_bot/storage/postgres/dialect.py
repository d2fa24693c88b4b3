"""The repositories' SQL, as Postgres takes it. They are written for SQLite, with what both have where there is a choice.

The base schema has SQLite's functions under their own names. What needs another syntax is changed here: parameters,
`IS` between values, `INSERT OR REPLACE`, and JSON that is built.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from aion_bot.ports.text import well_formed

_TOKEN = re.compile(
    r"(?P<literal>'(?:[^']|'')*')|(?P<comment>--[^\n]*)|\?(?P<number>\d+)?|(?<![:\w]):(?P<name>[a-z_]+)|(?P<percent>%)"
)

_IS_NOT = re.compile(r"\bIS NOT (?!NULL\b|DISTINCT\b)")
_IS = re.compile(r"\bIS (?!NOT\b|NULL\b|DISTINCT\b)")
_REPLACE = re.compile(r"INSERT OR REPLACE INTO (\w+) \((\w+), ([^)]*)\)(.*)", re.DOTALL)
_BUILT = re.compile(r"\bjson_(array|object)\(")

_LOST = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""An escape in JSON that may stand for what Postgres does not store: a zero character, half of a surrogate pair."""


@lru_cache(maxsize=512)
def translated(sql: str) -> str:
    """Return a statement with named parameters of psycopg: `?` and `?2` become `%(p1)s` and `%(p2)s`, `:name` `%(name)s`.

    The bot's statements are a few hundred, which are kept; none holds what somebody wrote.
    """
    sql = _REPLACE.sub(_upserted, sql)
    sql = _IS.sub("IS NOT DISTINCT FROM ", _IS_NOT.sub("IS DISTINCT FROM ", sql))
    sql = _BUILT.sub(r"json_build_\1(", sql)
    highest = 0

    def placed(found: re.Match[str]) -> str:
        nonlocal highest
        if found["literal"]:
            return found[0].replace("%", "%%")
        if found["comment"]:
            return ""
        if found["percent"]:
            return "%%"
        if found["name"]:
            return f"%({found['name']})s"
        highest = number = int(found["number"] or highest + 1)
        return f"%(p{number})s"

    return _TOKEN.sub(placed, sql)


def _upserted(found: re.Match[str]) -> str:
    """Write `INSERT OR REPLACE` as an upsert; its first column has to be the key."""
    table, key, columns, rest = found.groups()
    changes = ", ".join(f"{one} = excluded.{one}" for one in columns.split(", "))
    return f"INSERT INTO {table} ({key}, {columns}){rest} ON CONFLICT ({key}) DO UPDATE SET {changes}"  # a statement of ours


def parameters(values: Sequence[object] | Mapping[str, object]) -> dict[str, object]:
    """Return the parameters of a translated statement by name, as Postgres can store them."""
    if isinstance(values, Mapping):
        return {name: storable(value) for name, value in values.items()}
    return {f"p{number}": storable(value) for number, value in enumerate(values, 1)}


def storable(value: object) -> object:
    """Let a value be stored: truth as 0 and 1, as in SQLite, and text without what Postgres refuses."""
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return value
    # A member of an enumeration is its text.
    text = well_formed(str(value)).replace("\0", "\N{REPLACEMENT CHARACTER}")
    if text[:1] in {"{", "["} and _LOST.search(text):
        return _storable_json(text)
    return text


def _storable_json(text: str) -> str:
    """Replace in the strings of JSON what its functions refuse; text that is no JSON stays."""
    try:
        return json.dumps(_storable_items(json.loads(text)))
    except (ValueError, RecursionError):
        return text


def _storable_items(item: Any) -> Any:
    if isinstance(item, str):
        return well_formed(item).replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(item, list):
        return [_storable_items(one) for one in item]
    if isinstance(item, dict):
        return {_storable_items(name): _storable_items(one) for name, one in item.items()}
    return item
