"""The whole bot in a process of its own, put together as the command line does."""

import asyncio
import resource
import time
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from aion_bot import app, log_config
from aion_bot.cli import compose, sdk_loggers
from aion_bot.ports.adapter import PlatformAdapter
from benchmarks.cost.processes import Orders, obey

_EVERY = 0.25


def unlimit(adapter: PlatformAdapter, gap: float) -> None:
    """Take the platform's limits away, but for one edit of a message in `gap` seconds; no channel has answers enough for native streams."""
    adapter.limits = replace(adapter.limits, edit_gap=gap, budgets={}, crowded_from=1_000_000)


def resident() -> int:
    """Bytes of this process in memory (Linux: proc(5), `statm`)."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


class Bot:
    """The bot, and what it uses."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []
        self._most = 0

    async def start(self, env: Mapping[str, str], gap: float) -> None:
        """Serve. A thousand answers need as many open files."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        settings, adapters, problems = compose(env)
        if settings is None or problems:
            raise RuntimeError(f"wrong settings: {', '.join(map(str, problems))}")
        log_config.configure(
            settings.log_level, settings.log_format, log_config.secrets_in(env), sdk_loggers()
        )
        for adapter in adapters:
            unlimit(adapter, gap)
        self._tasks.append(asyncio.create_task(app.serve(settings, adapters, self._stop)))

    async def cpu(self) -> float:
        """Seconds of CPU time, user and system, of all threads so far."""
        return time.process_time()

    async def idle(self) -> int:
        """Resident bytes now; from here on, the most is kept in sight."""
        self._most = resident()
        self._tasks.append(asyncio.create_task(self._watch()))
        return self._most

    async def most(self) -> int:
        """The most resident bytes since `idle`."""
        return self._most

    async def _watch(self) -> None:
        while True:
            self._most = max(self._most, resident())
            await asyncio.sleep(_EVERY)

    async def end(self) -> None:
        """Stop as SIGTERM would."""
        self._stop.set()
        await self._tasks[0]
        for task in self._tasks[1:]:
            task.cancel()


async def _serve(pipe: Connection) -> None:
    bot = Bot()
    orders: Orders = {
        "start": bot.start,
        "cpu": bot.cpu,
        "idle": bot.idle,
        "most": bot.most,
        "end": bot.end,
    }
    await obey(pipe, orders)


def run(pipe: Connection) -> None:
    """Be the bot until the program hangs up."""
    asyncio.run(_serve(pipe))
