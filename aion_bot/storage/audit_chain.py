"""The chain of hashes under the audit: what the database's triggers compute, and what a check computes again."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

START = "0" * 64
"""What the first row has for the hash of the one before; `migrations/0019_audit.sql` has it as well."""


def canonical(value: object) -> str:
    """Write JSON in one form only: keys in order, no spaces, ASCII. For strings, whole numbers, lists and objects of them."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def sha256(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def record(number: int, previous: str, fields: str) -> str:
    """Return the record of a row: `fields`, a JSON object, without those that are null, with its number and the hash before."""
    said: Mapping[str, Any] = json.loads(fields)
    known = {name: value for name, value in said.items() if value is not None}
    return canonical({**known, "number": number, "previous": previous})


def digest(salt: str, kind: str, platform: str, value: str) -> str:
    """Return the salted digest that stands for somebody's id or name, or for a thread, in a record."""
    return sha256(canonical([salt, kind, platform, value]))


FUNCTIONS: tuple[tuple[str, int, Callable[..., str]], ...] = (
    ("audit_record", 3, record),
    ("audit_hash", 1, sha256),
    ("audit_digest", 4, digest),
)
"""SQL functions that a connection needs which writes plans: name, number of arguments, function. All are deterministic."""
