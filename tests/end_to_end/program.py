"""`aion-bot` as an operator runs it: a process with an environment, signals and an exit status."""

import asyncio
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

# A process that has imported the program and then waits: each start is a fork of it. Loading the SDKs costs more than
# a second of CPU, which a suite with fifty starts cannot spend. Cold starts are in
# tests/demo/test_command.py and tests/test_help.py.
_PRELOADED = multiprocessing.get_context("forkserver")
_PRELOADED.set_forkserver_preload(["aion_bot.cli", "slack_bolt.async_app", "discord", __name__])


_ENDS = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT}

_LAST_LINES = 30
"""Lines of a log that a failure shows, those of a traceback among them."""


def _be_program(
    arguments: tuple[str, ...],
    env: Mapping[str, str],
    folder: Path,
    log: Path,
    files: tuple[int, int],
    before: Callable[[], None] | None,
) -> None:
    """Become `aion-bot` with these arguments. Sets everything that a new process inherits from its parent."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    resource.setrlimit(resource.RLIMIT_NOFILE, files)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.argv = ["aion-bot", *arguments]
    from aion_bot import app
    from aion_bot.cli import main
    from aion_bot.conversation.session_history import Polling

    app.DEFAULT_POLLING = Polling().scaled(0.01)  # a minute of polling takes 0.6 s
    if before is not None:
        before()
    main()


class Program:
    """`aion-bot` as a process. Its output goes to a file, or to a `terminal`, which is not read."""

    def __init__(self, folder: Path, terminal: Path | None = None) -> None:
        self._folder = folder
        self._log = terminal or folder / "output.txt"
        self._process: ForkServerProcess | None = None
        self._is_ending = False
        """Whether a test ends it, or waits for its end."""

    async def start(
        self, env: Mapping[str, str], *arguments: str, before: Callable[[], None] | None = None
    ) -> None:
        """Start the process with no environment variables but `env` and `PATH`; it does `before` first, which can be pickled."""
        self._log.touch()
        files = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._process = _PRELOADED.Process(
            target=_be_program,
            args=(
                arguments or ("run",),
                {"PATH": os.environ["PATH"], **env},
                self._folder,
                self._log,
                files,
                before,
            ),
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """Everything that the process has printed."""
        return self._log.read_text("utf-8")

    @property
    def ended_by_itself(self) -> str:
        """Why a process has ended that no test ended or waited for: its status, and what it printed last; "" for any other."""
        status = None if self._is_ending or self._process is None else self._process.exitcode
        if status is None:
            return ""
        last = "\n".join(self.output.splitlines()[-_LAST_LINES:])
        return f"{self._folder.name} has ended by itself with status {status}, and printed last:\n{last}"

    async def prints(self, text: str) -> None:
        """Wait until the output contains `text`."""
        async with asyncio.timeout(60):
            while text not in self.output:  # noqa: ASYNC110  # there is no event for a file of another process
                await asyncio.sleep(0.01)  # without a pause this loop would take half of the CPU

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self._is_ending = self._is_ending or number in _ENDS
        os.kill(self.pid, number)

    async def end(self) -> tuple[int, float]:
        """Wait until the process ends; returns its exit status and the seconds that this took."""
        assert self._process is not None
        self._is_ending = True
        began = time.monotonic()
        async with asyncio.timeout(60):
            await self._ended()
        assert self._process.exitcode is not None
        return self._process.exitcode, time.monotonic() - began

    async def kill(self) -> None:
        """Kill the process if it still runs, and wait for its end."""
        self._is_ending = True
        if self._process is not None:
            self._process.kill()
            await self._ended()

    def kill_now(self) -> None:
        """Kill the process without waiting for its end."""
        self._is_ending = True
        if self._process is not None:
            self._process.kill()

    async def _ended(self) -> None:
        """Wait until the operating system reports the end of the process."""
        assert self._process is not None
        if self._process.exitcode is not None:
            return
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        self._process.join()


Begin = Callable[..., Coroutine[Any, Any, Program]]
"""Starts a replica of a name: see `begin` in `conftest.py`."""
