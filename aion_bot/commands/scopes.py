"""Which databases a command is about: the one of the settings, or those of all workspaces, or of one, that a deployment serves."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import typer

from aion_bot.commands.output import say
from aion_bot.domain import strings
from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.storage.hosting import KnownScope, known_scopes

WORKSPACE = typer.Option(
    "--workspace", help="Of one workspace, by its id; without it of all that the deployment serves."
)
"""The option of every command that reads or changes rows."""


@dataclass(frozen=True, slots=True)
class Part:
    """A database, and whose it is: "" where it is the only one."""

    scope: str
    location: Location

    def named(self, line: str) -> str:
        """Return a line that says whose it is."""
        return f"{self.scope}: {line}" if self.scope else line


def parts(location: Location, workspace: str = "") -> Sequence[Part]:
    """Return the databases that are meant; a workspace that is not there ends the command with exit status 1.

    Raises:
        StoreError: the server cannot be read.
    """
    found = [one for one in hosted(location) if one.is_made]
    if not found and not workspace:
        return [Part("", location)]
    meant = [one for one in found if not workspace or _is_meant(one, workspace)]
    if workspace and not meant:
        say(strings.UNKNOWN_WORKSPACE, sys.stderr)
        raise typer.Exit(1)
    return [Part(one.name, one.location) for one in meant]


def hosted(location: Location) -> Sequence[KnownScope]:
    """Return the scopes of a deployment that has many; none of any other. Raises `StoreError`."""
    return known_scopes(location) if isinstance(location, PostgresUrl) else ()


def _is_meant(scope: KnownScope, workspace: str) -> bool:
    return workspace.lower() in {scope.name.lower(), scope.name.partition(":")[2].lower()}


def of_scope(line: str, scope: str) -> str:
    """Return an object of JSON that says whose it is; as it was where it is the only database."""
    return json.dumps({"scope": scope, **json.loads(line)}, sort_keys=True) if scope else line
