"""One replica as a process of its own, what it prints, and what is between it and everything else."""

import asyncio
import faulthandler
import json
import multiprocessing
import os
import signal
from asyncio import events
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from aion_bot import log_config
from benchmarks.chaos.relays import DatabaseRelay, HttpRelay, through
from tests.support.postgres import server

PATIENCE = 60.0
"""Seconds within which a process has to end, and another one has to take over."""

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([
    "benchmarks.chaos.hosted_process", "discord",
    # What a replica imports only as it starts: the engine, and the server of its HTTP address.
    "aion_bot.storage.postgres.shared.database", "aion_bot.monitoring.server", "aion_bot.monitoring.monitor",
])  # fmt: skip
"""All of a replica's modules, which each start would read anew on processors that the others, the database and the simulators
share with it."""

_FRAMES, _AWAITS = ("cr_frame", "gi_frame", "ag_frame"), ("cr_await", "gi_yieldfrom", "ag_await")
"""Attributes of coroutines and of the generators among them."""

Serve = Callable[[Mapping[str, str], Path], None]
"""Becomes a replica with these settings, which prints to this file."""


def become(env: Mapping[str, str], log: Path) -> None:
    """Give the process these settings alone, and let it print to `log`, events as JSON."""
    os.environ.clear()
    os.environ.update(env)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    log_config.configure("info", "json", ())
    signal.signal(signal.SIGUSR1, _say_stacks)


def _say_stacks(*_: object) -> None:
    """Print what each task and each thread of the process is at: it does not end."""
    for task in asyncio.all_tasks() if events._get_running_loop() is not None else ():  # noqa: SLF001  # none runs at the very end
        print(
            f"task {task.get_name()}, cancelled {task.cancelling()} times: {' > '.join(_awaited(task.get_coro()))}",
            flush=True,
        )
    faulthandler.dump_traceback()


def _awaited(coroutine: Any) -> Iterator[str]:
    """Return where a coroutine stands, and those that it awaits."""
    while coroutine is not None:
        frame = next(
            (found for name in _FRAMES if (found := getattr(coroutine, name, None)) is not None), None
        )
        yield repr(coroutine) if frame is None else f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        coroutine = next(
            (found for name in _AWAITS if (found := getattr(coroutine, name, None)) is not None), None
        )


class ReplicaProcess:
    """A process, what it prints, and its relays. `serve` is run in it."""

    def __init__(self, name: str, folder: Path, serve: Serve) -> None:
        self.name = name
        self.folder = folder / name
        self.folder.mkdir()
        self.log = self.folder / "log"
        self.log.touch()
        self.database = DatabaseRelay(self.folder, server().folder / ".s.PGSQL.5432")
        self.http: list[HttpRelay] = []
        self.process: ForkServerProcess | None = None
        self._serve = serve
        self._read = 0

    async def start(self, env: Mapping[str, str], database: str) -> None:
        """Start the process, with relays to the database and to each service."""
        await self.database.start()
        ports = {int(value.split(":")[2].split("/")[0]) for value in env.values() if "://127.0.0.1:" in value}
        self.http = [HttpRelay(port) for port in sorted(ports)]
        for relay in self.http:
            await relay.start()
        own = {
            "AION_BOT_DATABASE_URL": f"postgresql://tests@/{database}?host={self.folder}",
            "AION_BOT_REPLICA": self.name,
        }
        env = {"PATH": os.environ["PATH"], **self.through(env), **own}
        self.process = _PROCESSES.Process(target=self._serve, args=(env, self.log))
        self.process.start()

    def through(self, env: Mapping[str, str]) -> Mapping[str, str]:
        """Return settings that lead through the relays."""
        return through(dict(env), self.http)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        if self.process is not None and self.process.pid is not None and self.process.is_alive():
            os.kill(self.process.pid, number)

    async def ended(self) -> int:
        """Wait for the end of the process, which is killed after `PATIENCE`; returns its exit status."""
        if self.process is None:
            raise RuntimeError("never started")
        try:
            async with asyncio.timeout(PATIENCE):
                while self.process.is_alive():  # noqa: ASYNC110  # a process has no event
                    await asyncio.sleep(0.02)
        except TimeoutError:
            # What it waits for is printed to its log; that it had to be killed is its status.
            self.send(signal.SIGUSR1)
            await asyncio.sleep(1.0)
            print(f"{self.name} did not end within {PATIENCE:.0f} s: {self.log}", flush=True)
            self.process.kill()
        self.process.join()
        await self.database.stop()
        for relay in self.http:
            await relay.stop()
        return self.process.exitcode or 0

    def events(self) -> Iterator[Mapping[str, Any]]:
        """Return the events that it printed since the last time."""
        with self.log.open() as lines:
            lines.seek(self._read)
            for line in lines:
                if not line.endswith("\n"):
                    break
                self._read += len(line.encode())
                yield _event(line)

    def tail(self) -> str:
        """Return the last lines that it printed."""
        return " | ".join(self.log.read_text().splitlines()[-3:])[-600:]


def _event(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
