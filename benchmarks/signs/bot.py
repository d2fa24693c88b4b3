"""The whole bot in a process of its own, with the limits that its adapters have; a platform is never in the bot's process."""

import asyncio
import cProfile
import os
import sys
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path

from aion_bot import app, log_config
from aion_bot.cli import compose, sdk_loggers
from benchmarks.cost.processes import Orders, obey

LOG, PROFILE = "bot.log", "bot.profile"
"""Files in the folder of a run."""


class Bot:
    """The bot, whose log goes to a file of `folder`."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._serving: asyncio.Task[bool] | None = None
        self._profile: cProfile.Profile | None = None
        self._folder = Path()

    async def start(self, env: Mapping[str, str], folder: Path, profiled: bool) -> int:
        """Start the bot, composed as the command line composes it; returns the id of its process."""
        self._folder = folder
        sys.stderr = (folder / LOG).open("w", encoding="utf-8")
        database = {"AION_BOT_DATABASE_URL": f"sqlite:///{folder / 'bot.db'}"}
        settings, adapters, problems = compose({**env, **database})
        if settings is None or problems:
            raise RuntimeError(f"wrong settings: {', '.join(map(str, problems))}")
        log_config.configure(
            settings.log_level, settings.log_format, log_config.secrets_in(env), sdk_loggers()
        )
        self._serving = asyncio.create_task(app.serve(settings, adapters, self._stop, check_aion=False))
        if profiled:
            # In processor time: what other processes take is no cost of the bot's.
            self._profile = cProfile.Profile(time.thread_time)
        return os.getpid()

    async def begin(self) -> None:
        """Begin to profile, where that is wanted."""
        if self._profile is not None:
            self._profile.enable()

    async def end(self) -> None:
        """Write the profile, and stop at once: nobody waits for an answer."""
        if self._profile is not None:
            self._profile.disable()
            self._profile.dump_stats(self._folder / PROFILE)
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait({self._serving})


async def _serve(pipe: Connection) -> None:
    bot = Bot()
    orders: Orders = {"start": bot.start, "begin": bot.begin, "end": bot.end}
    await obey(pipe, orders)


def run(pipe: Connection) -> None:
    """Obey the main process until it closes the pipe."""
    asyncio.run(_serve(pipe))
