"""The whole bot in a process of its own, composed as the command line composes it."""

import asyncio
import gc
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


def remove_limits(adapter: PlatformAdapter, gap: float) -> None:
    """Take the platform's limits away, but for one edit of a message in `gap` seconds; no channel has answers enough for native streams."""
    adapter.limits = replace(adapter.limits, edit_gap=gap, budgets={}, crowded_from=1_000_000)


def resident() -> int:
    """Bytes of this process in memory (Linux: proc(5), `statm`)."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


class Bot:
    """The bot, and its CPU time and memory."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []
        self._most = 0

    async def start(self, env: Mapping[str, str], gap: float) -> None:
        """Start the bot, with as many open files as the system allows: a thousand answers need them."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        settings, adapters, problems = compose(env)
        if settings is None or problems:
            raise RuntimeError(f"wrong settings: {', '.join(map(str, problems))}")
        log_config.configure(
            settings.log_level, settings.log_format, log_config.secrets_in(env), sdk_loggers()
        )
        for adapter in adapters:
            remove_limits(adapter, gap)
        self._tasks.append(asyncio.create_task(app.serve(settings, adapters, self._stop)))

    async def cpu(self) -> float:
        """Seconds of CPU time, user and system, of all threads so far."""
        return time.process_time()

    async def resident(self) -> int:
        """The resident bytes now, without what is only garbage."""
        gc.collect()
        return resident()

    async def idle(self) -> int:
        """The resident bytes now; from now on the maximum is recorded."""
        self._most = resident()
        self._tasks.append(asyncio.create_task(self._watch()))
        return self._most

    async def most(self) -> int:
        """The maximum of the resident bytes since `idle`."""
        return self._most

    async def _watch(self) -> None:
        while True:
            self._most = max(self._most, resident())
            await asyncio.sleep(_EVERY)

    async def end(self) -> None:
        """Stop the bot as SIGTERM does."""
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
        "resident": bot.resident,
        "most": bot.most,
        "end": bot.end,
    }
    await obey(pipe, orders)


def run(pipe: Connection) -> None:
    """Obey the main process until it closes the pipe."""
    asyncio.run(_serve(pipe))
