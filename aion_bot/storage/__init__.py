"""What survives a crash: the map thread → session, the journal of questions, the plans. In SQLite or Postgres."""

from aion_bot.storage.audit_check import audit_begins, export_audit, rows_about, verify_audit
from aion_bot.storage.beside import (
    bytes_on_server,
    check_database,
    owner_on_server,
    places_with_threads,
    remembered,
)
from aion_bot.storage.copying import copy_database
from aion_bot.storage.database import back_up, files_of, find_damage
from aion_bot.storage.erasure import MENTION_HINTS, Erasure, erase, erase_workspace, threads_of
from aion_bot.storage.errors import StoreError, UnfitServer, is_away
from aion_bot.storage.explanation import Explanation, explain
from aion_bot.storage.ratings import export_ratings
from aion_bot.storage.schema import migrations
from aion_bot.storage.statements import BRIEFLY, FOR_A_DAY, recorded, retry_write
from aion_bot.storage.store import Store
from aion_bot.storage.usage import read_usage

__all__ = [
    "BRIEFLY",
    "FOR_A_DAY",
    "MENTION_HINTS",
    "Erasure",
    "Explanation",
    "Store",
    "StoreError",
    "UnfitServer",
    "audit_begins",
    "back_up",
    "bytes_on_server",
    "check_database",
    "copy_database",
    "erase",
    "erase_workspace",
    "explain",
    "export_audit",
    "export_ratings",
    "files_of",
    "find_damage",
    "is_away",
    "migrations",
    "owner_on_server",
    "places_with_threads",
    "read_usage",
    "recorded",
    "remembered",
    "retry_write",
    "rows_about",
    "threads_of",
    "verify_audit",
]
