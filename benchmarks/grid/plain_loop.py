"""The plain loop in virtual time: it edits every second whatever the limits are, and repeats what was refused."""

import asyncio
import time

from aion_bot.ports.errors import RateLimited
from aion_bot.ports.messages import MessageRef, Reply, ThreadKey
from benchmarks.grid.cells import RATE, Ask, Cell
from benchmarks.grid.counted_platform import CountedPlatform
from benchmarks.grid.platforms import counted
from benchmarks.grid.product import DEADLINE, TOKEN, GrowingAnswer, Shown, end, turn_of
from benchmarks.grid.seen import Seen

PAUSE = 1.0
"""Seconds between two edits."""


class _Loop:
    """Shows one answer."""

    def __init__(self, platform: CountedPlatform, thread: ThreadKey, ask: Ask) -> None:
        self._platform, self._thread, self._ask = platform, thread, ask
        self._view = GrowingAnswer(platform.limits)
        self._shown: list[tuple[MessageRef, Reply]] = []
        self._began = time.monotonic()

    async def run(self) -> None:
        """Show the answer to its end."""
        while not self._view.ended:
            grown = int((time.monotonic() - self._began) * RATE + 1e-6)
            self._view.tokens = min(grown, self._ask.tokens)
            self._view.ended = grown >= self._ask.tokens
            for number, page in enumerate(self._view.pages()):
                if number == len(self._shown) or self._shown[number][1] != page:
                    await self._put(number, page)
            left = self._began + self._ask.tokens / RATE - time.monotonic()
            await asyncio.sleep(min(PAUSE, max(left, 0.0)))

    async def _put(self, number: int, page: Reply) -> None:
        while True:
            try:
                if number < len(self._shown):
                    message = self._shown[number][0]
                    await self._platform.edit(message, page)
                else:
                    message = await self._platform.post(self._thread, page, nonce="")
            except RateLimited as refused:
                await asyncio.sleep(refused.retry_after)
            else:
                self._shown[number : number + 1] = [(message, page)]
                return


async def play(cell: Cell) -> Shown:
    """Play a cell with a plain loop for each answer, at most until `DEADLINE` seconds after the last token."""
    platform, asks = counted(cell.platform), cell.asks()
    platform.restrict(cell.limiting)
    loops = [
        asyncio.create_task(_show(platform, turn_of(platform.platform, number, ask).thread, ask))
        for number, ask in enumerate(asks)
    ]
    _, late = await asyncio.wait(loops, timeout=max(ask.ends for ask in asks) + DEADLINE)
    await end(late)
    seen = list(platform.seen.values())
    return Shown(seen, platform, sum(one.standing(TOKEN * one.ask.tokens) for one in seen))


async def _show(platform: CountedPlatform, thread: ThreadKey, ask: Ask) -> None:
    await asyncio.sleep(ask.at)
    platform.seen[thread.id.partition("~")[2]] = Seen(ask, time.monotonic())
    await _Loop(platform, thread, ask).run()
