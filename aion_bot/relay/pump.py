"""The one coroutine that makes a thread show what it should: one call in flight, the newest text always wins."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from aion_bot.port.adapter import PlatformAdapter
from aion_bot.port.errors import MessageGone, PlatformDown, PlatformError, RateLimited, TooLong
from aion_bot.port.messages import Content, MessageRef, PlanCard, ThreadKey
from aion_bot.relay.adoption import card_nonce, nonce_of
from aion_bot.relay.outbox import Delete, Edit, Idle, Outbox, Post, Screen, Wait
from aion_bot.relay.pacer import Pacer

PATIENCE = 600.0
"""Seconds that a platform may be down before a message is given up."""


class Source(Protocol):
    """Where the wanted screen comes from."""

    @property
    def ended(self) -> bool:
        """Whether no other screen will follow."""

    def screen(self) -> Screen:
        """What the thread should show now; asked for only when it can be shown."""

    def shrink(self) -> bool:
        """Use smaller pages from now on, after the platform refused a size; False if there is no smaller."""


Posted = Callable[[int, Content, MessageRef], Awaitable[None]]


class TakenOver(PlatformError):
    """Another pump shows these messages from now on; what this one still had to show is older."""


class Pump:
    """Shows one answer in one thread."""

    def __init__(
        self,
        adapter: PlatformAdapter,
        thread: ThreadKey,
        pacer: Pacer,
        source: Source,
        *,
        name: str,
        posted: tuple[MessageRef, ...] = (),
        on_posted: Posted | None = None,
        keeps_cards: bool = False,
        resumed: bool = False,
        before: Sequence["Pump"] = (),
        hold: Callable[["Pump", MessageRef], None] = lambda _pump, _message: None,
    ) -> None:
        """`before` are those that showed the same messages; nothing is shown until none of their calls is in flight.

        `hold` is told of each message that this one alone may edit from now on: a card is its decision's.
        """
        self._adapter = adapter
        self._thread = thread
        self._pacer = pacer
        self._source = source
        self._name = name
        self._resumed = resumed
        self._on_posted = on_posted
        self._outbox = Outbox(adapter.limits.edit_gap, posted, keeps_cards=keeps_cards, resumed=resumed)
        self._news = asyncio.Event()
        self._urgent = asyncio.Event()
        self._before = before
        self._hold = hold
        self._taken_over = asyncio.Event()
        self._over = asyncio.Event()
        self._over.set()
        self._failing_since: float | None = None
        self._tried: frozenset[str] = frozenset()

    @property
    def replies(self) -> tuple[MessageRef, ...]:
        """The messages so far that are no cards, in reading order."""
        return self._outbox.replies

    def wake(self, *, urgent: bool = False) -> None:
        """Tell that the screen may have changed; `urgent` where waiting for the next preview would be too late."""
        self._news.set()
        if urgent:
            self._urgent.set()

    def take_over(self) -> None:
        """Make this pump end, as another one shows its messages from now on."""
        self._taken_over.set()
        self.wake(urgent=True)

    async def ended(self) -> None:
        """Wait until it shows nothing any more, and none of its calls is in flight."""
        await self._over.wait()

    async def run(self) -> None:
        """Show every screen until the last one is shown.

        Raises:
            TakenOver: another pump shows the same messages from now on.
            Forbidden, MessageGone: the bot may not write in this thread, or the thread is gone.
            TooLong: not even the smallest page is accepted.
            PlatformDown: the platform did not answer for `PATIENCE` seconds.
        """
        self._over.clear()
        try:
            for pump in self._before:
                await pump.ended()
            self._before = ()
            await self._show()
        finally:
            self._over.set()

    async def _show(self) -> None:
        while True:
            self._news.clear()
            self._urgent.clear()
            if self._taken_over.is_set():
                raise TakenOver("shown by another one")
            ended = self._source.ended
            step = self._outbox.next(self._source.screen(), ended=ended, now=time.monotonic())
            match step:
                case Idle():
                    if ended:
                        return
                    await self._news.wait()
                case Wait(until):
                    await self._pause(until)
                case Post() | Edit() | Delete():
                    await self._do_when_ready(step)

    async def _pause(self, until: float) -> None:
        """Wait for a time, or for something urgent."""
        with suppress(TimeoutError):
            async with asyncio.timeout(until - time.monotonic()):
                await self._urgent.wait()

    async def _do_when_ready(self, step: Post | Edit | Delete) -> None:
        ready = self._pacer.ready_at(time.monotonic(), urgent=not isinstance(step, Edit) or step.urgent)
        if ready > time.monotonic():
            await self._pause(ready)  # then the step is worked out anew: the text may have grown
            return
        try:
            await self._perform(step)
        except RateLimited as error:
            self._pacer.refused(time.monotonic(), error.retry_after)
        except PlatformDown:
            await self._be_patient()
        except TooLong:
            if not self._source.shrink():
                raise
        else:
            self._failing_since = None

    async def _perform(self, step: Post | Edit | Delete) -> None:
        self._pacer.made(time.monotonic())
        match step:
            case Post():
                await self._post(step)
            case Edit():
                await self._change(step, self._adapter.edit(step.message, step.content))
            case Delete():
                await self._change(step, self._adapter.delete(step.message))

    async def _post(self, step: Post) -> None:
        nonce = nonce_of(self._name, step.slot, step.attempt)
        if isinstance(step.content, PlanCard):
            nonce = card_nonce(step.content.key)
        tried_before, self._tried = nonce in self._tried, self._tried | {nonce}
        message = await self._adapter.post(self._thread, step.content, nonce=nonce)
        # A platform that knows the nonce answers with what an earlier try, or an earlier process, posted.
        certain = not (tried_before or self._resumed)
        self._outbox.posted_at(step, message, time.monotonic(), certain=certain)
        if not isinstance(step.content, PlanCard):
            self._hold(self, message)
        if self._on_posted is not None:
            await self._on_posted(step.slot, step.content, message)

    async def _change(self, step: Edit | Delete, call: Awaitable[None]) -> None:
        try:
            await call
        except MessageGone:
            self._outbox.gone(step)
            return
        if isinstance(step, Edit):
            self._outbox.edited(step, time.monotonic())
        else:
            self._outbox.gone(step)

    async def _be_patient(self) -> None:
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        elif now - self._failing_since > PATIENCE:
            raise PlatformDown(f"no answer for {PATIENCE:g} s")
        with suppress(TimeoutError):
            async with asyncio.timeout(min(15.0, 0.5 + (now - self._failing_since) / 2)):
                await self._taken_over.wait()
