"""The trouble menu: what goes wrong on request, so that one can watch the bot recover."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from aion_bot.demo.running import BotProcess
from aion_bot.simulators.world import World

MENU: Mapping[str, str] = {
    "limit": "Slack and Discord refuse the next edits (429)",
    "cut": "Aion's stream breaks in mid-answer",
    "restart": "The bot is restarted in mid-answer",
    "kill": "The bot is killed in mid-answer and started again",
    "down": "Aion fails on the next question",
}
"""The troubles, by the name that the form sends."""

PAUSE = 4.0
"""Seconds that a refusal tells the bot to wait."""

MIDDLE = 60
"""Characters after which an answer counts as under way."""


class Troubles:
    """Makes trouble, and says so in `news`. `changed` is told of every new sentence."""

    def __init__(
        self, world: World, bot: BotProcess, changed: Callable[[], None], *, pause: float = PAUSE
    ) -> None:
        self.news = ""
        self._pause = pause
        self._world = world
        self._bot = bot
        self._changed = changed
        self._under_way: asyncio.Task[None] | None = None

    def make(self, trouble: str) -> None:
        """Make trouble. Raises KeyError if there is none of this name."""
        act: Callable[[], Coroutine[Any, Any, None]] = {
            "limit": self._limit,
            "cut": self._cut,
            "restart": self._restart,
            "kill": self._kill,
            "down": self._down,
        }[trouble]
        if self._under_way is not None:
            self._under_way.cancel()
        self._under_way = asyncio.create_task(act())

    async def stop(self) -> None:
        """Make no more."""
        if self._under_way is not None:
            self._under_way.cancel()
            await asyncio.wait({self._under_way})

    async def _limit(self) -> None:
        self._world.slack.fail_next("chat.update", retry_after=self._pause, times=2)
        edit = "PATCH /channels/{channel_id}/messages/{message_id}"
        self._world.discord.fail_next(edit, status=429, retry_after=self._pause, times=2)
        self._say(
            f"Each side refuses the next two edits for {self._pause:g} seconds: watch the meters, and the answer catch up."
        )

    async def _cut(self) -> None:
        await self._middle("its stream will break")
        self._world.aion.cut_streams()
        self._say("The stream broke. The bot fetches the answer that Aion has stored; it does not ask again.")

    async def _restart(self) -> None:
        await self._middle("the bot will be restarted")
        self._say("The bot is asked to stop: it marks what is unfinished with a Retry button.")
        await self._bot.stop()
        await self._start(
            "The bot is back. Where Aion has stored the answer it is completed; elsewhere Retry asks again."
        )

    async def _kill(self) -> None:
        await self._middle("the bot will be killed")
        await self._bot.kill()
        self._say("The bot was killed, without a word to anybody.")
        await self._start(
            "The bot is back. It completes its message in place with the answer that Aion has stored."
        )

    async def _down(self) -> None:
        aion = self._world.aion
        asked = aion.count("send_stream")
        aion.fail_next("send_stream", 500)
        self._say("Ask something: Aion fails on the next question.")
        await aion.until(lambda: aion.count("send_stream") > asked, timeout=float("inf"))
        self._say("Aion failed. The thread says so; press Retry, and the question is asked once more.")

    async def _start(self, told: str) -> None:
        self._bot.start()
        for workspace in self._world.workspaces:
            await workspace.connected(timeout=60)
        self._say(told)

    async def _middle(self, what: str) -> None:
        """Wait until an answer is being told."""
        aion = self._world.aion
        if not aion.streams:
            self._say(f"Ask something: in the middle of the next answer {what}.")
        await aion.until(
            lambda: any(len(telling.text) > MIDDLE for _, telling in aion.streams), timeout=float("inf")
        )

    def _say(self, news: str) -> None:
        self.news = news
        self._changed()
