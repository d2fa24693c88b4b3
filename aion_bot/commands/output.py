"""What every command that needs the database alone shares: its address, and what it prints."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import typer

from aion_bot.config import read_database
from aion_bot.environment.database_location import Location
from aion_bot.ports.secrets import KNOWN, secrets_in
from aion_bot.ports.settings import EnvironmentFileError, read_environment
from aion_bot.storage import StoreError


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


def failed(error: StoreError) -> typer.Exit:
    """Say what is wrong with the database; returns the end of the command, with exit status 1."""
    say(error, sys.stderr)
    return typer.Exit(1)
