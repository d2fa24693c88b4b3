"""The commands about the record of plans and decisions."""

import json
import string
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from aion_bot.aion import AionvisionError, SyncAionVision
from aion_bot.commands.output import database, environment, failed, say
from aion_bot.commands.scopes import WORKSPACE, of_scope, parts
from aion_bot.config import Settings
from aion_bot.domain import strings
from aion_bot.environment.database_location import Location
from aion_bot.ports.secret_files import read_secret_files
from aion_bot.storage import StoreError, audit_begins, export_audit, rows_about, verify_audit
from aion_bot.storage.audit_chain import START

program = typer.Typer(no_args_is_help=True, help="The record of plans and decisions: check it, or export it.")


@program.command("export")
def export_rows(
    aion: Annotated[
        bool, typer.Option("--aion", help="Then Aion's own audit log; the key has to be an admin's.")
    ] = False,
    workspace: Annotated[str, WORKSPACE] = "",
) -> None:
    """Print the record of plans and decisions as JSON Lines: one row of its chain a line.

    Each has "number", "hash", "record" (canonical JSON has this SHA-256) and "clear": the people and threads behind the record's
    digests, null where they were erased. With --aion lines with "aion" follow, newest first: what Aion recorded since the first
    row, and in "rows" the numbers of the rows about the same plan or session. Works beside a running bot. Exit status: 1 if the
    database or Aion's log cannot be read; 2 if a setting that it needs is wrong.
    """
    path = database()
    try:
        meant = parts(path, workspace)
        for part in meant:
            for line in export_audit(part.location):
                say(of_scope(line, part.scope))
        begun = [begins for part in meant if (begins := audit_begins(part.location)) is not None]
        if aion and begun:
            _say_aions_log([part.location for part in meant], datetime.fromtimestamp(min(begun), UTC))
    except StoreError as error:
        raise failed(error) from None


def _say_aions_log(paths: Sequence[Location], since: datetime) -> None:
    """Print Aion's audit log since a time, each entry with the rows of the databases that belong to it."""
    files = read_secret_files(environment(), Settings.required())
    settings, problems = Settings.read(files.env)
    if settings is None:
        for problem in files.problems or problems:
            say(problem, sys.stderr)
        raise typer.Exit(2)
    until, offset, more = datetime.now(UTC), 0, True
    try:
        with SyncAionVision.from_settings(settings) as client:
            while more:
                page = client.tenant.audit_logs(since, until, offset=offset)
                named = {one.resource_id for one in page.entries if one.resource_id}
                about = [rows_about(path, named) for path in paths]
                for one in page.entries:
                    rows = [row for found in about for row in found.get(one.resource_id or "", [])]
                    line = {"aion": one.to_dict(), "rows": rows}
                    say(json.dumps(line, sort_keys=True))
                offset, more = offset + len(page.entries), page.has_more and bool(page.entries)
    except AionvisionError as error:
        say(f"Aion's audit log cannot be read ({error.code}): {strings.ADMIN_KEY}", sys.stderr)
        raise typer.Exit(1) from None


@program.command("verify")
def verify(
    head: Annotated[str, typer.Option("--head", help="A hash from the log that a row has to have.")] = "",
    workspace: Annotated[str, WORKSPACE] = "",
) -> None:
    """Check that no row of the record was changed, removed, moved or cut off, and say where it breaks.

    Each row has the hash of the one before. The log has the newest hash every hour and at the stop ("audit head"): with --head
    also a chain that was written anew, or cut off together with its stored heads, is found. Works beside a running bot. Exit
    status: 1 if it is broken or the database cannot be read; 2 if its address or the hash is malformed.
    """
    if head and (len(head) != len(START) or set(head) - set(string.hexdigits)):
        raise typer.BadParameter("--head takes the 64 characters behind head= in the log")
    path = database()
    try:
        meant = parts(path, workspace)
        if head and len(meant) > 1:
            raise typer.BadParameter(strings.NAME_WORKSPACE)
        verdicts = [(part, verify_audit(part.location, head.lower() or None)) for part in meant]
    except StoreError as error:
        raise failed(error) from None
    for part, verdict in verdicts:
        say(part.named(verdict.line()))
    raise typer.Exit(1 if any(verdict.broken for _, verdict in verdicts) else 0)
