"""The trouble menu: faults on request, to watch the bot recover."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from aion_bot.demo.bot_process import BotProcess
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.workspace import Failure, Operation

MENU: Mapping[str, str] = {
    "limit": "Every platform refuses the next edits (429)",
    "cut": "Aion's stream breaks in mid-answer",
    "restart": "The bot is restarted in mid-answer",
    "kill": "The bot is killed in mid-answer and started again",
    "down": "Aion fails on the next question",
    "upload": "Aion fails on the next file",
}
"""The troubles, by the name that the form sends."""

PAUSE = 4.0
"""The `retry_after` of refused requests in seconds; a bot that was stopped or killed stays away half as long again."""

MIDDLE = 180
"""Characters of an answer that are sent before a fault."""


class Troubles:
    """Causes faults and describes them in `message`. `changed` is called for every new sentence."""

    def __init__(
        self,
        services: SimulatedServices,
        bot: BotProcess,
        changed: Callable[[], None],
        *,
        pause: float = PAUSE,
    ) -> None:
        self.message = ""
        self._pause = pause
        self._away = pause * 1.5
        self._services = services
        self._bot = bot
        self._changed = changed
        self._running: asyncio.Task[None] | None = None

    def make(self, trouble: str) -> None:
        """Cause a fault of `MENU`. Raises KeyError if there is none of this name."""
        act: Callable[[], Coroutine[Any, Any, None]] = {
            "limit": self._limit,
            "cut": self._cut,
            "restart": self._restart,
            "kill": self._kill,
            "down": self._down,
            "upload": self._upload,
        }[trouble]
        if self._running is not None:
            self._running.cancel()
        self._running = asyncio.create_task(act())

    async def stop(self) -> None:
        """Cancel the fault."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})

    async def _limit(self) -> None:
        for workspace in self._services.workspaces:
            workspace.refuse(Operation.EDIT, Failure.RATE_LIMITED, retry_after=self._pause, times=2)
        self._say(
            f"Each side refuses the next two edits for {self._pause:g} seconds: watch the meters, and the answer catch up."
        )

    async def _cut(self) -> None:
        await self._wait_for_an_answer("its stream will break")
        self._services.aion.cut_streams()
        self._say("The stream broke. The bot fetches the answer that Aion has stored; it does not ask again.")

    async def _restart(self) -> None:
        await self._wait_for_an_answer("the bot will be restarted")
        self._say("The bot is asked to stop: it marks what is unfinished with a Retry button.")
        await self._bot.stop()
        await asyncio.sleep(self._away)
        await self._start(
            "The bot is back. Where Aion has stored the answer it is completed; elsewhere Retry asks again."
        )

    async def _kill(self) -> None:
        await self._wait_for_an_answer("the bot will be killed")
        await self._bot.kill()
        self._say(
            f"The bot was killed, without a word to anybody. For {self._away:g} seconds you see what the reader of the "
            "thread sees: half an answer, and nothing moves."
        )
        await asyncio.sleep(self._away)
        await self._start(
            "The bot is back. It completes its message in place with the answer that Aion has stored."
        )

    async def _down(self) -> None:
        aion = self._services.aion
        asked = aion.count("send_stream")
        aion.fail_next("send_stream", 500)
        self._say("Ask something: Aion fails on the next question.")
        await aion.until(lambda: aion.count("send_stream") > asked, timeout=float("inf"))
        self._say("Aion failed. The thread says so; press Retry, and the question is asked once more.")

    async def _upload(self) -> None:
        aion = self._services.aion
        uploads = ("upload_image", "put_object")
        sent = sum(map(aion.count, uploads))
        aion.fail_next_upload(500)
        self._say("Send a file: Aion fails on it.")
        await aion.until(lambda: sum(map(aion.count, uploads)) > sent, timeout=float("inf"))
        self._say("Aion failed on the file. The thread says so; press Retry, and it is uploaded once more.")

    async def _start(self, sentence: str) -> None:
        self._bot.start()
        for workspace in self._services.workspaces:
            await workspace.connected(timeout=60)
        self._say(sentence)

    async def _wait_for_an_answer(self, what: str) -> None:
        """Wait until Aion is in the middle of an answer."""
        aion = self._services.aion
        if not aion.streams:
            self._say(f"Ask something: in the middle of the next answer {what}.")
        await aion.until(
            lambda: any(len(stream_text.text) > MIDDLE for _, stream_text in aion.streams),
            timeout=float("inf"),
        )

    def _say(self, message: str) -> None:
        self.message = message
        self._changed()
