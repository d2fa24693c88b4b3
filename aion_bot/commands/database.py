"""The commands that read or change the database, also beside a running bot, and what all commands share."""

import json
import string
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TextIO

import typer

from aion_bot.aion import AionvisionError, SyncAionVision
from aion_bot.config import Settings, read_database
from aion_bot.domain import strings
from aion_bot.domain.durations import parse_duration
from aion_bot.environment.database_location import Location, PostgresUrl, read_location
from aion_bot.ports.secret_files import read_secret_files
from aion_bot.ports.secrets import KNOWN, secrets_in
from aion_bot.ports.settings import EnvironmentFileError, read_environment
from aion_bot.storage import (
    Erasure,
    StoreError,
    UnfitServer,
    audit_begins,
    back_up,
    copy_database,
    erase,
    explain,
    export_audit,
    export_ratings,
    read_usage,
    rows_about,
    threads_of,
    verify_audit,
)
from aion_bot.storage.audit_chain import START

program = typer.Typer()
_audit = typer.Typer(no_args_is_help=True, help="The record of plans and decisions: prove it, or export it.")
program.add_typer(_audit, name="audit")
_feedback = typer.Typer(no_args_is_help=True, help="What people think of answers.")
program.add_typer(_feedback, name="feedback")

_moving = typer.Typer(no_args_is_help=True, help="Where the bot remembers.")
program.add_typer(_moving, name="database")

MessageOfLink = Callable[[str], tuple[str, str] | None]
"""Returns the platform and the opaque id of the message that a link names, None where it is no such link."""


def say(line: object, file: TextIO | None = None) -> None:
    """Print a line without secrets."""
    print(KNOWN.strike(str(line)), file=file)


def environment() -> Mapping[str, str]:
    """Read `.env` and the environment; a file that cannot be used ends the command with exit status 2."""
    try:
        return read_environment(Path.cwd())
    except EnvironmentFileError as error:
        say(error, sys.stderr)
        raise typer.Exit(2) from None


def database() -> Location:
    """Read where the database is, and no other setting; an address that is wrong ends the command with exit status 2."""
    env = environment()
    KNOWN.know(secrets_in(env))
    try:
        return read_database(env)
    except ValueError as error:
        say(f"AION_BOT_DATABASE_URL: {error}", sys.stderr)
        raise typer.Exit(2) from None


def _failed(error: StoreError) -> typer.Exit:
    say(error, sys.stderr)
    return typer.Exit(2 if isinstance(error, UnfitServer) else 1)


@program.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The new file; one that exists is left as it is.")],
) -> None:
    """Copy the database to FILE, also while the bot runs; the copy is of one moment, checked, and has mode 0600.

    Reads AION_BOT_DATABASE_URL from the environment or .env, and no other setting. To restore it: stop the bot, put the
    copy in the database's place, remove what is left of its -wal and -shm, start the bot. Exit status: 1 if FILE exists
    or cannot be written, or the database cannot be read; 2 if its address is wrong.
    """
    path = database()
    if isinstance(path, PostgresUrl):
        say(
            f"{path} is on a server: copy it with pg_dump --schema=aion_bot, restore it with pg_restore",
            sys.stderr,
        )
        raise typer.Exit(1)
    try:
        back_up(path, file)
    except StoreError as error:
        raise _failed(error) from None
    say(f"{path} is copied to {file}")


@_moving.command("copy")
def copy_rows(
    source: Annotated[
        str,
        typer.Argument(metavar="FROM", help="The address of a database, as AION_BOT_DATABASE_URL has it."),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TO", help="The address of an empty one, which may be missing if it is a file."
        ),
    ],
) -> None:
    """Copy everything from one database to another, empty one: to leave SQLite for Postgres, or to come back.

    Stop the bot first. TO is written in one transaction, and each table is compared by count and digest before it counts: a copy
    that is interrupted leaves TO empty. FROM stays as it is. Then name TO in AION_BOT_DATABASE_URL. Exit status: 1 if a bot has one of
    them, TO is not empty, or one cannot be used; 2 if an address is wrong, or names a server that cannot serve as it is.
    """
    KNOWN.know(secrets_in({"FROM": source, "TO": target}))
    try:
        addresses = read_location(source), read_location(target)
    except ValueError as error:
        say(f"the address {error}", sys.stderr)
        raise typer.Exit(2) from None
    try:
        counts = copy_database(*addresses)
    except StoreError as error:
        raise _failed(error) from None
    rows = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    say(f"{addresses[0]} is copied to {addresses[1]}, and compared: {rows or 'it has no rows'}")


@program.command("explain")
def explain_reference(
    ctx: typer.Context,
    ref: Annotated[
        str, typer.Argument(help="A reference (six characters), a message's link, or a plan's key.")
    ],
) -> None:
    """Tell when a question and its plans came to what, without their words.

    REF is a reference from a chat or the log, a link to a message of the question or its answer, or a plan's key. Changes nothing
    and works beside a running bot; reads AION_BOT_DATABASE_URL alone. Exit status: 1 if REF is unknown or the database cannot be
    read; 2 if its address is wrong.
    """
    path, message_of_link = database(), ctx.obj
    try:
        explanations = explain(path, ref.strip().removeprefix("ref "), message_of_link(ref))
    except StoreError as error:
        raise _failed(error) from None
    if not explanations:
        say(strings.UNKNOWN_REFERENCE, sys.stderr)
        raise typer.Exit(1)
    for one in explanations:
        for line in one.lines():
            say(line)


@_audit.command("export")
def export_rows(
    aion: Annotated[
        bool, typer.Option("--aion", help="Then Aion's own audit log; the key has to be an admin's.")
    ] = False,
) -> None:
    """Print the record of plans and decisions as JSON Lines: one row of its chain a line.

    Each has "number", "hash", "record" (canonical JSON has this SHA-256) and "clear": the people and threads behind the record's
    digests, null where they were erased. With --aion lines with "aion" follow, newest first: what Aion recorded since the first
    row, and in "rows" the numbers of the rows about the same plan or session. Works beside a running bot. Exit status: 1 if the
    database or Aion's log cannot be read; 2 if a setting that it needs is wrong.
    """
    path = database()
    try:
        for line in export_audit(path):
            say(line)
        if aion and (begins := audit_begins(path)) is not None:
            _say_aions_log(path, datetime.fromtimestamp(begins, UTC))
    except StoreError as error:
        raise _failed(error) from None


def _say_aions_log(path: Location, since: datetime) -> None:
    """Print Aion's audit log since a time, each entry with the rows of the database that belong to it."""
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
                rows = rows_about(path, {one.resource_id for one in page.entries if one.resource_id})
                for one in page.entries:
                    line = {"aion": one.to_dict(), "rows": rows.get(one.resource_id or "", [])}
                    say(json.dumps(line, sort_keys=True))
                offset, more = offset + len(page.entries), page.has_more and bool(page.entries)
    except AionvisionError as error:
        say(f"Aion's audit log cannot be read ({error.code}): {strings.ADMIN_KEY}", sys.stderr)
        raise typer.Exit(1) from None


@_audit.command("verify")
def verify(
    head: Annotated[str, typer.Option("--head", help="A hash from the log that a row has to have.")] = "",
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
        verdict = verify_audit(path, head.lower() or None)
    except StoreError as error:
        raise _failed(error) from None
    say(verdict.line())
    raise typer.Exit(1 if verdict.broken else 0)


@_moving.callback()
def moving() -> None:
    """The database."""


@_feedback.callback()
def feedback() -> None:
    """Ratings of answers."""


@_feedback.command("export")
def export_feedback() -> None:
    """Print ratings as JSON Lines, the oldest first: one a person and answer.

    Each has "ref" (for explain), "person_id", "rating" (good or bad), "reason" (in their words, "" if none), "rated_at" (seconds since
    1970), and of the question "platform", "workspace", "channel", "session_id", "answer_id", "outcome". Ratings go with their question's
    row (AION_BOT_RETENTION_DAYS). Works beside a running bot. Exit status: 1 if the database cannot be read; 2 if its address is wrong.
    """
    path = database()
    try:
        for line in export_ratings(path):
            say(line)
    except StoreError as error:
        raise _failed(error) from None


@program.command("erase")
def erase_words(
    ctx: typer.Context,
    *,
    user: Annotated[str, typer.Option("--user", help="A person's id on their platform.")] = "",
    thread: Annotated[
        str, typer.Option("--thread", help="A reference, a message's link, a plan's key, or a thread's id.")
    ] = "",
    older_than: Annotated[
        str, typer.Option("--older-than", help="What ended longer ago, such as 90d (s, m, h, d).")
    ] = "",
    wait: Annotated[
        int, typer.Option("--wait", help="Seconds to wait for what has not ended.", min=0, max=3_600)
    ] = 30,
    keep_copies: Annotated[
        bool, typer.Option("--keep-copies", help="Name the copies from before an update; do not remove them.")
    ] = False,
) -> None:
    """Erase people's words, names and ids: of one person, of one thread, or what ended longer ago.

    Nothing of them is left in the database, its log and its free space; copies from before an update are removed as well.
    Rows stay without them, and the audit keeps its chain. What is being answered or carried out is waited for. Works beside a
    running bot, whose writes wait meanwhile. Slack, Discord, Aion and your backups keep what they have. Exit status: 1 if
    something is left, --thread is unknown, or the database cannot be written; 2 if an option or the address is wrong.
    """
    if sum(map(bool, (user, thread, older_than))) != 1:
        raise typer.BadParameter("name one of --user, --thread and --older-than")
    try:
        before = time.time() - parse_duration(older_than) if older_than else None
    except ValueError as error:
        raise typer.BadParameter(f"--older-than: {error}") from None
    path = database()
    try:
        threads = _named_threads(path, thread.strip().removeprefix("ref "), ctx.obj) if thread else None
        erased = erase(path, Erasure(user or None, threads, before), wait=wait, keep_copies=keep_copies)
    except StoreError as error:
        raise _failed(error) from None
    for line in erased.lines():
        say(line)
    raise typer.Exit(0 if erased.complete else 1)


def _named_threads(path: Location, named: str, message_of: MessageOfLink) -> list[tuple[str, str]]:
    """Return the threads that a reference, link, key or id names; where there is none the command ends with exit status 1."""
    if not (threads := threads_of(path, named, message_of(named))):
        say(strings.UNKNOWN_REFERENCE, sys.stderr)
        raise typer.Exit(1)
    return threads


@program.command("usage")
def count_usage(
    since: Annotated[str, typer.Option("--since", help="How far back, such as 30d (s, m, h, d).")] = "30d",
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Count questions, people, channels, outcomes and plan decisions, and what counts for the allowances; never words.

    Questions are counted as long as their rows are kept (AION_BOT_RETENTION_DAYS), decisions from the audit. Works beside a running
    bot. Exit status: 1 if the database cannot be read; 2 if an option or the address is wrong.
    """
    try:
        seconds = parse_duration(since)
    except ValueError as error:
        raise typer.BadParameter(f"--since: {error}") from None
    path = database()
    try:
        usage = read_usage(path, seconds)
    except StoreError as error:
        raise _failed(error) from None
    if as_json:
        say(json.dumps(asdict(usage), indent=2))
    for line in () if as_json else usage.lines():
        say(line)
