"""A replica that serves many scopes, as a process: with the pauses of the soak test."""

import asyncio
import json
import sys
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from socket import socket
from typing import Any

from adapters import discover, platforms
from adapters.slack.hosting import HostedSlack
from aion_bot import app
from aion_bot.aion import circuit_breaker
from aion_bot.cli import read_file
from aion_bot.commands.composing import compose
from aion_bot.composition.hosted import Hosting
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.storage import StoreError, UnfitServer
from benchmarks.chaos.replica_process import become
from benchmarks.chaos.short_waits import CIRCUIT_OPEN, POLLING

RELAYS = "RELAYS"
"""Names the variable with the ports of relays, by the ports that they pass on to: a JSON object."""


def serve(env: Mapping[str, str], log: Path) -> None:
    """Become a replica: runs in its process."""
    become(env, log)
    _redirect({int(target): port for target, port in json.loads(env[RELAYS]).items()})
    circuit_breaker.OPEN_SECONDS = CIRCUIT_OPEN
    _shorten()
    try:
        asyncio.run(app.host_until_signal(_hosting(env)))
    except StoreError as error:
        print(error, flush=True)
        sys.exit(2 if isinstance(error, UnfitServer) else 1)


def _redirect(relays: Mapping[int, int]) -> None:
    """Connect with a relay in place of the port of loopback that is meant."""
    connect = BaseSelectorEventLoop.sock_connect

    async def sock_connect(self: BaseSelectorEventLoop, sock: socket, address: Any) -> None:
        if isinstance(address, tuple):
            address = (address[0], relays.get(address[1], address[1]), *address[2:])
        await connect(self, sock, address)

    setattr(BaseSelectorEventLoop, "sock_connect", sock_connect)  # noqa: B010  # mypy refuses an assignment to a method


def _shorten() -> None:
    """Let every adapter of a workspace have no limits but its gap between edits, which is short."""
    built = HostedSlack.adapter

    async def adapter(self: HostedSlack, scope: str) -> PlatformAdapter | None:
        made = await built(self, scope)
        if made is not None:
            made.limits = replace(made.limits, edit_gap=0.05, budgets={})
        return made

    setattr(HostedSlack, "adapter", adapter)  # noqa: B010  # mypy refuses an assignment to a method


def _hosting(env: Mapping[str, str]) -> Hosting:
    """Compose what `aion-bot run` composes. Raises `RuntimeError` where the settings are wrong."""
    composed, (rules, problems) = compose(env, platforms(), discover), read_file(env)
    settings = composed.settings
    if settings is None or not isinstance(settings.database, PostgresUrl) or composed.problems or problems:
        raise RuntimeError(f"the soak's own settings are wrong: {composed.problems} {problems}")
    return Hosting(
        settings, settings.database, composed.hosted, env, composed.env, lambda: read_file(env), rules,
        composed.alike(), polling=POLLING,
    )  # fmt: skip
