"""Questions at once to a platform of limits alone, answered as the bot does, in virtual time."""

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import cast

import pytest

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.indicators import Indicators
from aion_bot.conversation.progress import Progress
from aion_bot.conversation.thread_opener import open_thread
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.registry import Registry
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Content, Document, MessageRef, Person, Reply, ThreadKey
from aion_bot.rendering.screen import Screen
from aion_bot.storage import Store
from tests.support.limited_platforms import LimitedDiscord, LimitedPlatform
from tests.support.virtual_time import run_in_virtual_time

ANSWERED_AFTER = 20.0
"""Seconds that Aion takes for each answer, without a word before."""

APART = 0.001
"""Seconds between two questions of a burst."""

LATE = 0.3
"""Seconds by which the late ones of a burst come later: the others have their signs by then."""


class OneAnswer:
    """A view that shows that the bot works, and then the answer at once."""

    ended = False

    def advance(self) -> bool:
        return True

    def screen(self) -> Screen:
        return (Reply("The answer.") if self.ended else Reply("", note="Thinking…"),)

    def shrink(self) -> bool:
        return False

    def fall_back(self, error: Exception) -> bool:  # noqa: ARG002  # the port's signature
        return False

    def refuse_file(self, reason: str) -> None:
        """No document is shown."""


class NoStore:
    """Rows that nobody reads."""

    @property
    def turns(self) -> "NoStore":
        return self

    async def note_cleared(self, key: str) -> None:
        """Note nothing."""

    @property
    def shared_lines(self) -> "NoStore":
        return self

    async def note_posting(self, nonce: str, channel: ThreadKey) -> None:
        """Note nothing."""

    async def note_standing(self, nonce: str, message: MessageRef) -> None:
        """Note nothing."""

    async def note_gone(self, nonce: str) -> None:
        """Note nothing."""

    async def is_first(self, turn: Turn) -> bool:  # noqa: ARG002  # as `Turns.is_first`
        """Say that each question begins its thread."""
        return True


class Burst:
    """Questions to one platform, answered as the bot does: opened, shown by a message sync, with indicators beside."""

    def __init__(self, platform: LimitedPlatform, answered_after: float = ANSWERED_AFTER) -> None:
        self.platform = platform
        self._answered_after = answered_after
        self._late_from = math.inf
        self._registry = Registry([platform])
        self.tasks = BackgroundTasks()
        self.indicators = Indicators(cast("Store", NoStore()), self.tasks)

    def thread(self, turn: Turn) -> Thread:
        """The thread of a turn, bound."""
        return self._registry.thread(self.platform, turn.thread)

    async def ask(
        self, channels: Sequence[str], *, opening: bool = False, people: Sequence[str] = (), late: int = 0
    ) -> None:
        """Ask a question in each of these channels, each by one of `people` or somebody else; returns when all has settled.

        The `late` last ones are asked `LATE` seconds after the others.
        """
        self._late_from = len(channels) - late
        people = people or [f"U{at}" for at in range(len(channels))]
        if isinstance(self.platform, LimitedDiscord) and opening:
            for at, channel in enumerate(channels):
                self.platform.waiting.setdefault(channel, []).append(str(at))
        asked = enumerate(zip(channels, people, strict=True))
        await asyncio.gather(*(self._run(at, self.turn(at, *one, opening=opening)) for at, one in asked))
        await self.tasks.wait(600.0)

    def turn(self, at: int, channel: str, person: str, *, opening: bool = False) -> Turn:
        """The turn of a question."""
        key, asker = ThreadKey(self.platform.platform, f"{channel}~{at}"), Person(person)
        # Where no thread is opened, a channel of Discord's is the thread.
        in_place = ThreadKey(key.platform, channel) if opening or key.platform == "slack" else key
        origin = Prompt(
            str(at), key, Place("T", channel, direct=channel.startswith("D")), asker, "What?",
            opening="What?" if opening else None, source=MessageRef(in_place, str(at)), in_place=in_place,
        )  # fmt: skip
        return Turn(str(at), key, asker, "What?", origin=origin)

    async def _run(self, at: int, turn: Turn) -> None:
        assert turn.origin is not None
        opening = turn.origin.opening is not None
        await asyncio.sleep(at * APART + (LATE if at >= self._late_from else 0.0))
        self.platform.channels[turn.key] = turn.place.channel
        self.platform.ask(turn.asker.id, turn.key)
        thread, view = self.thread(turn), OneAnswer()
        started, opened, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def posted(content: Content | Document, message: MessageRef) -> None:  # noqa: ARG001  # the callback's signature
            started.set()

        sync = self._registry.sync(thread, view, Delivery(turn.key, turn.asker, on_posted=posted))
        if opening:
            self.indicators.places.arriving(thread, turn.origin)
        else:
            opened.set()
        progress = Progress(started, opened, ended, lambda _: not view.ended, sync.must_post)
        async with self.indicators.working(thread, turn, progress, sync.may_wait):
            if opening:
                store = cast("Store", NoStore())
                await open_thread(thread, turn, turn.origin, store, opened, resumed=False)
                opened.set()
            showing = asyncio.create_task(sync.run())
            await asyncio.sleep(self._answered_after)
            view.ended = True
            sync.wake(urgent=True)
            await showing
            ended.set()
            started.set()


def in_burst(
    monkeypatch: pytest.MonkeyPatch, platform: Callable[[], LimitedPlatform], channels: Sequence[str],
    *, opening: bool = False, people: Sequence[str] = (), answered_after: float = ANSWERED_AFTER, late: int = 0,
) -> LimitedPlatform:  # fmt: skip
    """Ask questions in these channels at once, in virtual time: each has a sign, is answered, and leaves no sign behind."""

    async def run() -> LimitedPlatform:
        burst = Burst(platform(), answered_after)
        await burst.ask(channels, opening=opening, people=people, late=late)
        return burst.platform

    limited = run_in_virtual_time(monkeypatch, run())
    report(limited)
    assert len(limited.seen.first) == len(limited.seen.ended) == len(channels)
    assert not limited.marks
    assert not limited.statuses
    assert not limited.lines
    return limited


def report(platform: LimitedPlatform) -> None:
    """Print when each question had its first sign, and which; `pytest -s` shows it."""
    for question, (at, kind) in sorted(platform.seen.first.items(), key=lambda one: one[1]):
        print(f"{platform.platform} question {question}: {kind} after {at:.2f} s")  # noqa: T201  # asked for
