"""The bot in this process, with its database in a file."""

import asyncio
import gc
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from aion_bot import app
from aion_bot.environment.database_location import Location
from benchmarks.chaos.short_waits import POLLING, composed


class OneProcess:
    """Starts, stops and kills the bot; a kill leaves out what a stop does for the people in its threads."""

    def __init__(self, folder: Path, *, few_edits: bool = False) -> None:
        """`few_edits`: so few on Slack that answers are replaced at their ends."""
        self._few_edits = few_edits
        self.location: Location = folder / "bot.db"
        self.address = f"sqlite:///{self.location}"
        self._stop = asyncio.Event()
        self._serving: asyncio.Task[bool] | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and did not end."""
        return self._serving is not None

    async def start(self, env: Mapping[str, str]) -> None:
        """Start the bot."""
        settings, adapters = composed(env, few_edits=self._few_edits)
        self._stop = asyncio.Event()
        self._serving = asyncio.create_task(app.serve(settings, adapters, self._stop, POLLING))

    async def end(self, method: str) -> None:
        """End the bot: `stop` as SIGTERM does, `kill` without any cleanup."""
        if self._serving is None:
            return
        if method == "stop":
            self._stop.set()
            if not await self._serving:
                raise RuntimeError("the bot gave up every platform")
        else:
            self._serving.cancel()
            with suppress(asyncio.CancelledError):
                await self._serving
        self._serving = None
        gc.collect()  # a cancelled cursor keeps the file locked; a killed process would not

    async def hand_over(self, _: str) -> str:
        """Nobody else can serve: returns "", so that the bot is ended and started again."""
        return ""

    def close(self) -> None:
        """Nothing is left."""

    def figures(self) -> Mapping[str, object]:
        """There is nothing to tell."""
        return {}

    def violations(self) -> Iterator[str]:
        """There is no other process that could go on."""
        return iter(())
