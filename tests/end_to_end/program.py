"""`aion-bot` as its engineer runs it: a process with an environment, signals and an exit status."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import aion_bot

_TREE = str(Path(aion_bot.__file__).parents[1])
"""What the tests import is what the program runs, also in a work tree that is not the installed one."""


class Program:
    """`aion-bot` as a process; what it prints goes to a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "output.txt"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, env: Mapping[str, str], *arguments: str) -> None:
        """Start it with nothing in its environment but `env` and where its code is."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "aion_bot", *(arguments or ("run",)),
                env={"PATH": os.environ["PATH"], "PYTHONPATH": _TREE, **env}, cwd=self._folder, stdout=log, stderr=log,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """All it printed so far."""
        return self._log.read_text("utf-8")

    async def prints(self, text: str) -> None:
        """Wait until it has printed something."""
        async with asyncio.timeout(10):
            while text not in self.output:  # noqa: ASYNC110  # a file of another process wakes nobody
                await asyncio.sleep(0)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def end(self) -> tuple[int, float]:
        """Wait for its end; returns its status and how long it took."""
        assert self._process is not None
        began = time.monotonic()
        async with asyncio.timeout(20):
            status = await self._process.wait()
        return status, time.monotonic() - began

    async def kill(self) -> None:
        """End it the hard way, if it still runs."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def kill_now(self) -> None:
        """End it the hard way without waiting."""
        if self._process is not None:
            self._process.kill()
