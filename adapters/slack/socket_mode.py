"""One stay in Socket Mode: two sockets of the same app, each replaced when it has to be, neither waiting for the other.

Slack gives each delivery to one of an app's sockets, ten at most. With two, and with a new one open before an old one
closes, no refresh leaves a gap: https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable

import aiohttp

from adapters.slack.client import WebApi
from adapters.slack.handlers import Intake
from adapters.slack.socket_connection import Link
from adapters.slack.timeouts import Patience
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited, TokenRefused

_log = logging.getLogger(__name__)

SOCKETS = 2

Greeted = Callable[[int], Awaitable[None]]


class SocketMode:
    """Serves one intake over two sockets."""

    def __init__(self, web: WebApi, patience: Patience, intake: Intake, greeted: Greeted) -> None:
        """`greeted` is told how many sockets the app has, once for each of the two."""
        self._web = web
        self._patience = patience
        self._intake = intake
        self._greeted = greeted
        self._app = intake.app()
        self._links: set[Link] = set()
        self._retiring: set[asyncio.Task[None]] = set()
        self._greetings = 0

    async def serve(self) -> None:
        """Serve until cancelled. Raises PlatformDown once no socket was open for too long, and TokenRefused."""
        async with aiohttp.ClientSession() as session:
            stays = [self._stay(session, number * self._patience.stagger) for number in range(SOCKETS)]
            tasks = [asyncio.create_task(stay) for stay in (*stays, self._watch())]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                await self._end(tasks)

    async def _stay(self, session: aiohttp.ClientSession, delay: float) -> None:
        """Have a socket at all times, each for a ticket of its own; pause longer and longer while none lasts."""
        await asyncio.sleep(delay)
        pause = self._patience.pause
        while True:
            lived = wanted = 0.0
            try:
                lived = await self._live(session)
            except PlatformError as error:
                wanted = self._weigh(error)
            if lived >= self._patience.steady:
                pause = self._patience.pause
                continue
            await asyncio.sleep(max(wanted, pause * random.uniform(0.5, 1.0)))
            pause = min(2 * pause, self._patience.pause_at_most)

    async def _live(self, session: aiohttp.ClientSession) -> float:
        """Open a socket and return once another one is needed; for how many seconds this one was enough."""
        clock = asyncio.get_running_loop().time
        address = await self._web.open_connection()
        link = Link(self._app, self._patience)
        self._links.add(link)
        try:
            sockets = await link.open(session, address, self._web.client.proxy)
        except PlatformError:
            self._retire(link)
            raise
        begun = clock()
        await self._welcome(sockets)
        await link.leaving.wait()
        self._retire(link)
        return clock() - begun

    async def _welcome(self, sockets: int) -> None:
        if self._greetings < SOCKETS:
            self._greetings += 1
            await self._greeted(sockets)

    def _weigh(self, error: PlatformError) -> float:
        """How many seconds Slack wants to be left alone. Raises TokenRefused where no socket serves meanwhile."""
        if isinstance(error, TokenRefused) and not self._serves():
            raise error
        _log.warning("a socket of Slack could not be opened: %s", error)
        return error.retry_after if isinstance(error, RateLimited) else 0.0

    def _serves(self) -> bool:
        return any(link.serves for link in self._links)

    def _retire(self, link: Link) -> None:
        task = asyncio.create_task(self._see_off(link))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _see_off(self, link: Link) -> None:
        await link.linger()
        await link.close()
        self._links.discard(link)

    async def _watch(self) -> None:
        clock = asyncio.get_running_loop().time
        seen = clock()
        while clock() - seen < self._patience.away:
            await asyncio.sleep(self._patience.look)
            if self._serves():
                seen = clock()
        raise PlatformDown("Slack's sockets stay closed")

    async def _end(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        """Take nothing more, finish what was begun, hang up."""
        begun = [*tasks, *self._retiring]
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, *(link.hush() for link in self._links), return_exceptions=True)
        await self._intake.settle(self._patience.goodbye)
        await asyncio.gather(*(link.close() for link in self._links))
