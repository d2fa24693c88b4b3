"""One cell with the bot's own scheduler, message syncs and indicators, in virtual time."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.indicators import Indicators
from aion_bot.conversation.progress import Progress
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.registry import Registry
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Content, MessageRef, Person, PostedOnce, Reply, ThreadKey
from aion_bot.ports.rate_limits import Limits, Scope
from aion_bot.ratelimit.lengths import AnswerLengths
from aion_bot.ratelimit.taken import Key, is_kept
from aion_bot.rendering.screen import Screen
from aion_bot.storage import Store
from benchmarks.grid.cells import CHARACTERS, RATE, Ask, Cell, Limiting
from benchmarks.grid.counted_platform import CountedPlatform
from benchmarks.grid.platforms import counted
from benchmarks.grid.seen import Seen
from benchmarks.relay.platform import run_competing

DEADLINE = 180.0
"""Seconds after the last token in which all answers have to stand."""
CHANGES_AFTER = 10.0
"""Seconds after which a limit changes that does so in mid-run."""
_STARTED_BEFORE = 60.0
"""Seconds for which a bot runs that has learned: in the first minute it does not rely on what an earlier process saw."""
_SCOPES = {Scope.WORKSPACE: "T", Scope.BOT: ""}
Taken = Mapping[Key, tuple[int, float]]
"""What limits took, as `ratelimit.taken.TakenBefore` takes it."""
TOKEN = "word"[: CHARACTERS - 1] + " "


class GrowingAnswer:
    """A view of an answer that grows; it continues in a further message where one is full."""

    def __init__(self, limits: Limits) -> None:
        self._page = limits.page // CHARACTERS * CHARACTERS - CHARACTERS
        self.tokens, self.ended = 0, False

    def advance(self) -> bool:
        return True

    def screen(self) -> Screen:
        return self.pages()

    def pages(self) -> tuple[Reply, ...]:
        """The messages of the answer, of which the last one grows."""
        text, note = TOKEN * self.tokens, "" if self.ended else "…"
        pages = [text[at : at + self._page] for at in range(0, len(text), self._page)] or [""]
        return (*map(Reply, pages[:-1]), Reply(pages[-1], note=note))

    def shrink(self) -> bool:
        return False

    def fall_back(self, error: Exception) -> bool:
        raise error

    def refuse_file(self, reason: str) -> None:
        """No document is shown."""


class _NoStore:
    """Rows that nobody reads."""

    @property
    def turns(self) -> "_NoStore":
        return self

    async def note_cleared(self, key: str) -> None:
        """Note nothing."""

    @property
    def shared_lines(self) -> "_NoStore":
        return self

    async def note_posting(self, nonce: str, channel: ThreadKey) -> None:
        """Note nothing."""

    async def note_standing(self, nonce: str, message: MessageRef) -> None:
        """Note nothing."""

    async def note_gone(self, nonce: str) -> None:
        """Note nothing."""

    async def is_first(self, turn: Turn) -> bool:  # noqa: ARG002  # as `Turns.is_first`
        return True


@dataclass(slots=True)
class Shown:
    """What came of a cell: its answers as people saw them, the platform that showed them, and whether all stands."""

    seen: Sequence[Seen]
    platform: CountedPlatform
    whole: int
    """Answers of which everybody sees all, once."""


class _Bot:
    """The parts of the bot that show answers."""

    def __init__(self, platform: CountedPlatform, lengths: AnswerLengths, taken: Taken) -> None:
        self.platform = platform
        self._registry = Registry([platform], lengths=lengths, taken={platform.platform: taken})
        self._tasks = BackgroundTasks()
        self._indicators = Indicators(cast("Store", _NoStore()), self._tasks)

    async def answer(self, turn: Turn, ask: Ask) -> None:
        """Show an answer as the bot does, with indicators beside."""
        thread = self._registry.thread(self.platform, turn.thread)
        view = GrowingAnswer(self.platform.limits)
        started, opened, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        opened.set()

        async def posted(content: Content | PostedOnce, message: MessageRef) -> None:  # noqa: ARG001  # the callback's signature
            started.set()

        sync = self._registry.sync(thread, view, Delivery(turn.key, turn.asker, on_posted=posted))
        progress = Progress(started, opened, ended, lambda _: False, sync.must_post)
        async with self._indicators.working(thread, turn, progress, sync.may_wait):
            showing = asyncio.create_task(sync.run())
            began = time.monotonic()
            for number in range(1, ask.tokens + 1):
                await asyncio.sleep(began + number / RATE - time.monotonic())
                view.tokens = number
                sync.wake()
            await self._indicators.end_activity(thread, turn)
            view.ended = True
            sync.wake(urgent=True)
            await showing
            ended.set()
            started.set()

    async def rest(self) -> None:
        """Wait until no indicator is on its way."""
        await self._tasks.wait(DEADLINE)
        await self._tasks.cancel()


def turn_of(platform: str, number: int, ask: Ask) -> Turn:
    """The turn of a question: on Discord each has a thread, and its limits, of its own."""
    key, asker = ThreadKey(platform, f"C{ask.channel}~{number}"), Person(f"U{number}")
    source = MessageRef(key, str(number))
    origin = Prompt(
        str(number), key, Place("T", f"C{ask.channel}"), asker, "What?", source=source, in_place=key
    )
    return Turn(str(number), key, asker, "What?", origin=origin)


async def play(cell: Cell, *, learned: bool = False) -> Shown:
    """Play a cell to its end; `learned`: the bot has answered questions of the same lengths before."""
    platform, asks = counted(cell.platform), cell.asks()
    platform.restrict(Limiting.DOCUMENTED if cell.limiting is Limiting.CHANGING else cell.limiting)
    if cell.limiting is Limiting.CHANGING:
        asyncio.get_running_loop().call_later(CHANGES_AFTER, partial(platform.restrict, Limiting.HALF))
    lengths = AnswerLengths(cell.earlier_lengths() if learned else {})
    bot = _Bot(platform, lengths, _taken_before(cell, platform) if learned else {})
    if learned:
        await asyncio.sleep(_STARTED_BEFORE)
    began = time.monotonic()
    turns = [turn_of(platform.platform, number, ask) for number, ask in enumerate(asks)]
    competing = asyncio.create_task(_compete(cell, platform, [one.thread for one in turns]))
    _, late = await asyncio.wait(
        [asyncio.create_task(_ask(bot, turn, ask, began)) for turn, ask in zip(turns, asks, strict=True)],
        timeout=max(ask.ends for ask in asks) + DEADLINE,
    )
    await bot.rest()
    await end([competing, *late])
    seen = list(platform.seen.values())
    return Shown(seen, platform, sum(one.standing(TOKEN * one.ask.tokens) for one in seen))


def _taken_before(cell: Cell, platform: CountedPlatform) -> Taken:
    """What a bot has noted of the limits before: that they took what is documented, or nothing where they refuse that."""
    if cell.limiting not in {Limiting.DOCUMENTED, Limiting.NONE}:
        return {}
    budgets = {one for of in platform.limits.budgets.values() for one in of}
    return {(one.name, _SCOPES[one.scope]): (one.calls, one.seconds) for one in budgets if is_kept(one)}


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """End tasks, and see them end."""
    for one in tasks:
        one.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _compete(cell: Cell, platform: CountedPlatform, threads: Sequence[ThreadKey]) -> None:
    await run_competing(platform.competing_processes(threads) if cell.limiting is Limiting.SHARED else ())


async def _ask(bot: _Bot, turn: Turn, ask: Ask, began: float) -> None:
    if ask.at:
        await asyncio.sleep(began + ask.at - time.monotonic())
    bot.platform.asks(turn.key, Seen(ask, time.monotonic()))
    await bot.answer(turn, ask)
