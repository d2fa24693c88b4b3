"""The commands that read or change the database, also beside a running bot, and what all commands share."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from aion_bot.commands import audit
from aion_bot.commands.output import database, failed, say
from aion_bot.commands.scopes import WORKSPACE, Part, parts
from aion_bot.domain import strings
from aion_bot.domain.durations import parse_duration
from aion_bot.environment.database_location import Location, PostgresUrl, read_location
from aion_bot.ports.secrets import KNOWN, secrets_in
from aion_bot.storage import (
    Erasure,
    StoreError,
    back_up,
    copy_database,
    erase,
    explain,
    export_ratings,
    read_usage,
    threads_of,
)
from aion_bot.storage.hosting import rewrite_shared

program = typer.Typer()
program.add_typer(audit.program, name="audit")
_feedback = typer.Typer(no_args_is_help=True, help="The ratings of answers.")
program.add_typer(_feedback, name="feedback")

_moving = typer.Typer(no_args_is_help=True, help="The database: move everything to another one.")
program.add_typer(_moving, name="database")

MessageOfLink = Callable[[str], tuple[str, str] | None]
"""Returns the platform and the opaque id of the message that a link names, None where it is no such link."""


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
            f"{path} is on a server: copy it with pg_dump --schema='aion_bot*', restore it with pg_restore",
            sys.stderr,
        )
        raise typer.Exit(1)
    try:
        back_up(path, file)
    except StoreError as error:
        raise failed(error) from None
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
    scope: Annotated[
        str,
        typer.Option(
            "--scope",
            help="The workspace of a deployment with many that gets the rows, as <platform>:<id>.",
        ),
    ] = "",
) -> None:
    """Copy everything from one database to another, empty one: to leave SQLite for Postgres, or to come back.

    Stop the bot first. TO is written in one transaction, and each table is compared by count and digest before it counts: a
    copy that is interrupted leaves TO empty. FROM stays as it is. Then name TO in AION_BOT_DATABASE_URL. Exit status: 1 if a
    bot has one of them, TO is not empty, or one cannot be used; with --scope also if a replica serves it, or FROM has rows of
    others; 2 if an address is wrong, or names a server that cannot serve as it is.
    """
    addresses = _addresses(source, target)
    try:
        counts = copy_database(*addresses, scope)
    except ValueError as error:
        say(f"--scope is no <platform>:<id>: {error}", sys.stderr)
        raise typer.Exit(2) from None
    except StoreError as error:
        raise failed(error) from None
    rows = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    to = f"{scope} of {addresses[1]}" if scope else addresses[1]
    say(f"{addresses[0]} is copied to {to}, and compared: {rows or 'it has no rows'}")


def _addresses(source: str, target: str) -> tuple[Location, Location]:
    """Read the addresses of two databases; the command ends with exit status 2 where one is wrong."""
    KNOWN.know(secrets_in({"FROM": source, "TO": target}))
    try:
        return read_location(source), read_location(target)
    except ValueError as error:
        say(f"the address {error}", sys.stderr)
        raise typer.Exit(2) from None


@program.command("explain")
def explain_reference(
    ctx: typer.Context,
    ref: Annotated[
        str, typer.Argument(help="A reference (six characters), a message's link, or a plan's key.")
    ],
    workspace: Annotated[str, WORKSPACE] = "",
) -> None:
    """Tell when a question and its plans came to what, without their words.

    REF is a reference from a chat or the log, a link to a message of the question or its answer, or a plan's key. Changes nothing
    and works beside a running bot; reads AION_BOT_DATABASE_URL alone. Exit status: 1 if REF is unknown or the database cannot be
    read; 2 if its address is wrong.
    """
    path, named, message = database(), ref.strip().removeprefix("ref "), ctx.obj(ref)
    try:
        explanations = [
            one for part in parts(path, workspace) for one in explain(part.location, named, message)
        ]
    except StoreError as error:
        raise failed(error) from None
    if not explanations:
        say(strings.UNKNOWN_REFERENCE, sys.stderr)
        raise typer.Exit(1)
    for one in explanations:
        for line in one.lines():
            say(line)


@_moving.callback()
def moving() -> None:
    """The database."""


@_feedback.callback()
def feedback() -> None:
    """Ratings of answers."""


@_feedback.command("export")
def export_feedback(workspace: Annotated[str, WORKSPACE] = "") -> None:
    """Print ratings as JSON Lines, the oldest first: one a person and answer.

    Each has "ref" (for explain), "person_id", "rating" (good or bad), "reason" (in their words, "" if none), "rated_at"
    (seconds since 1970), and of the question "platform", "workspace", "channel", "session_id", "answer_id", "outcome". Ratings
    go with their question's row (AION_BOT_RETENTION_DAYS). Works beside a running bot. Exit status: 1 if the database cannot be
    read; 2 if its address is wrong.
    """
    path = database()
    try:
        for part in parts(path, workspace):
            for line in export_ratings(part.location):
                say(line)
    except StoreError as error:
        raise failed(error) from None


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
    workspace: Annotated[str, WORKSPACE] = "",
) -> None:
    """Erase people's words, names and ids: of one person, of one thread, or what ended longer ago.

    Nothing of them is left in the database, its log and its free space; copies from before an update are removed as well.
    Rows stay without them, and the audit keeps its chain. What is being answered or carried out is waited for. Works beside a
    running bot, whose writes wait meanwhile. Slack, Discord, Aion and your backups keep what they have. Exit status: 1 if
    something is left, --thread is unknown, or the database cannot be written; 2 if an option or the address is wrong.
    """
    if sum(map(bool, (user, thread, older_than))) != 1:
        raise typer.BadParameter("name one of --user, --thread and --older-than")
    before = time.time() - _seconds("--older-than", older_than) if older_than else None
    path = database()
    try:
        meant = parts(path, workspace)
        found = _named_threads(meant, thread.strip().removeprefix("ref "), ctx.obj) if thread else {}
        asked = {part: Erasure(user or None, found.get(part), before) for part in found or meant}
        complete = [_erase(part, what, wait, keep_copies) for part, what in asked.items()]
        if isinstance(path, PostgresUrl) and meant[0].scope:
            rewrite_shared(path)
    except StoreError as error:
        raise failed(error) from None
    raise typer.Exit(0 if all(complete) else 1)


def _seconds(option: str, duration: str) -> int:
    """Read the duration that an option has. Raises `typer.BadParameter` for what is none."""
    try:
        return parse_duration(duration)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from None


def _erase(part: Part, what: Erasure, wait: float, keep_copies: bool) -> bool:
    """Erase in one part and say what was; returns whether nothing is left."""
    erased = erase(part.location, what, wait=wait, keep_copies=keep_copies)
    for line in erased.lines():
        say(part.named(line))
    return erased.complete


def _named_threads(
    meant: Sequence[Part], named: str, message_of: MessageOfLink
) -> dict[Part, list[tuple[str, str]]]:
    """Return the threads that a reference, link, key or id names; where there is none the command ends with exit status 1."""
    found = {part: threads_of(part.location, named, message_of(named)) for part in meant}
    found = {part: threads for part, threads in found.items() if threads}
    if not found:
        say(strings.UNKNOWN_REFERENCE, sys.stderr)
        raise typer.Exit(1)
    return found


@program.command("usage")
def count_usage(
    since: Annotated[str, typer.Option("--since", help="How far back, such as 30d (s, m, h, d).")] = "30d",
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
    workspace: Annotated[str, WORKSPACE] = "",
) -> None:
    """Count questions, people, channels, outcomes and plan decisions, and what counts for the allowances; never words.

    Questions are counted as long as their rows are kept (AION_BOT_RETENTION_DAYS), decisions from the audit. Works beside a running
    bot. Exit status: 1 if the database cannot be read; 2 if an option or the address is wrong.
    """
    seconds, path = _seconds("--since", since), database()
    try:
        counted = [(part, read_usage(part.location, seconds)) for part in parts(path, workspace)]
    except StoreError as error:
        raise failed(error) from None
    if as_json:
        said = {part.scope: asdict(usage) for part, usage in counted}
        say(json.dumps(said.get("", said), indent=2))
    for part, usage in () if as_json else counted:
        for line in usage.lines():
            say(part.named(line))
