"""The one coroutine that makes a thread show what it should: one call in flight, the newest text always wins."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from aion_bot.delivery.diff import Append, Begin, Conclude, Idle, MessageDiff, Post, Step
from aion_bot.delivery.executor import Delivery, Executor
from aion_bot.delivery.strategy import DeliveryStrategy
from aion_bot.delivery.thread import Thread
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited, TooLong, Unsupported
from aion_bot.ports.messages import Content, MessageRef, PlanCard
from aion_bot.ratelimit.permit import Permit
from aion_bot.rendering.screen import Screen

_RECONSIDERED = 0.5
"""Seconds for which a post waits for its turn before another road is looked for, again and again."""

PATIENCE = 600.0
"""Seconds that a platform may be down before a message is given up."""


class View(Protocol):
    """Where the wanted screen comes from."""

    @property
    def ended(self) -> bool:
        """Whether no other screen will follow."""

    def screen(self) -> Screen:
        """What the thread should show now; asked for only when it can be shown."""

    def shrink(self) -> bool:
        """Use smaller pages from now on, after the platform refused a size; False if there is no smaller."""


class TakenOver(PlatformError):
    """Another pump shows these messages from now on; what this one still had to show is older."""


class MessageSync:
    """Shows one answer in one thread; `reader` is the person who sees a native stream of it growing."""

    def __init__(
        self,
        thread: Thread,
        view: View,
        delivery: Delivery,
        *,
        before: Sequence["MessageSync"] = (),
        hold: Callable[["MessageSync", MessageRef], None] = lambda _sync, _message: None,
    ) -> None:
        """`before` are those that showed the same messages; nothing is shown until none of their calls is in flight.

        `hold` is told of each message that this one alone may edit from now on: a card is its decision's.
        """
        self._limiter = thread.limiter
        self._view = view
        self._on_posted = delivery.on_posted
        self._hasty = delivery.owns_cards
        limits = thread.adapter.limits
        self._diff = MessageDiff(
            limits.edit_gap,
            delivery.posted,
            keeps_cards=delivery.owns_cards,
            resumed=delivery.resumed,
            tail=thread.streaming.stream_delta if thread.streaming else None,
            life=limits.stream_life,
        )
        self._executor = Executor(
            thread,
            self._diff,
            delivery,
            self._posted,
        )
        self._news = asyncio.Event()
        self._unseen_since = time.monotonic()
        self._strategy = DeliveryStrategy(thread, self._unseen_since)
        self._seen = False
        self._queues = self._shuns_streams = False
        self._permit: Permit | None = None
        self._before = before
        self._hold = hold
        self._taken_over = asyncio.Event()
        self._over = asyncio.Event()
        self._over.set()
        self._failing_since: float | None = None
        self._in_doubt: Post | Begin | None = None

    @property
    def replies(self) -> tuple[MessageRef, ...]:
        """The messages so far that are no cards, in reading order."""
        return self._diff.replies

    def wake(self, *, urgent: bool = False) -> None:
        """Tell that the screen may have changed; `urgent` where waiting for the next preview would be too late."""
        if self._seen:
            self._seen, self._unseen_since = False, time.monotonic()
        self._news.set()
        if urgent and self._permit is not None:
            self._limiter.cancel(self._permit)

    def may_wait(self) -> None:
        """Tell that people see another sign of life, so that the first message may wait for some text in a crowd."""
        self._strategy.signed = True
        if self._permit is not None and self._permit.reserve:
            self._limiter.cancel(self._permit)

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
            for sync in self._before:
                await sync.ended()
            self._before = ()
            await self._show()
        finally:
            self._strategy.leave(time.monotonic())
            self._over.set()

    async def _show(self) -> None:
        while True:
            self._news.clear()
            if self._taken_over.is_set():
                raise TakenOver("shown by another one")
            step, hasty = self._next(streams=self._streams())
            if not isinstance(step, Idle):
                await self._wait_and_do(step, hasty=hasty)
            elif self._view.ended:
                return
            else:
                await self._news.wait()

    def _next(self, *, streams: bool) -> tuple[Step | Idle, bool]:
        """Return what is to be done, and whether the end or a decision makes it urgent."""
        ended, now = self._view.ended, time.monotonic()
        screen = self._view.screen()
        hasty = ended or self._hasty or self._diff.awaits_card(screen)
        step = self._diff.next(screen, ended=ended, now=now, streams=streams)
        if ended and isinstance(step, Idle) and self._in_doubt is not None:
            step = self._in_doubt  # what may stand there is found by posting it again, and then removed
        return step, hasty

    async def _wait_and_do(self, step: Step, *, hasty: bool) -> None:
        permit = self._permit = self._strategy.permit(step, self._unseen_since, hasty=hasty)
        if isinstance(step, Post | Begin):
            self._reconsider(permit, stream=isinstance(step, Begin))
        try:
            if not await self._limiter.acquire(permit):
                return
        finally:
            self._permit = None
        # The text may have grown; the road stays, as what was granted for it would look like a lack.
        newer, hasty = self._next(streams=isinstance(step, Begin))
        if (
            self._taken_over.is_set()
            or isinstance(newer, Idle)
            or self._strategy.costs(newer) != permit.charges
        ):
            self._limiter.give_back(permit)
            return
        self._strategy.granted(newer, time.monotonic(), hasty=hasty)
        await self._do(newer, permit)

    def _reconsider(self, permit: Permit, *, stream: bool) -> None:
        """Withdraw the wish for a post that has to wait, as soon as a stream has room; and that for a stream for good."""
        loop = asyncio.get_running_loop()

        def look() -> None:
            if self._permit is not permit:
                return
            self._queues = True
            self._shuns_streams |= stream
            if stream or self._streams():
                self._limiter.cancel(permit)
            else:
                loop.call_later(_RECONSIDERED, look)

        loop.call_later(_RECONSIDERED, look)

    def _streams(self) -> bool:
        """Tell whether the next message should be a stream: for a whole answer only if posts have to wait."""
        ended, now = self._view.ended, time.monotonic()
        if self._shuns_streams or (ended and not self._queues and not self._strategy.contested(now)):
            return False
        return self._strategy.streams(now, queues=ended)

    async def _do(self, step: Step, permit: Permit) -> None:
        unseen_since, self._seen = self._unseen_since, True
        try:
            async with self._limiter.using(permit):
                await self._executor.do(step)
        except RateLimited:
            pass  # the pacer knows
        except PlatformDown:
            if isinstance(step, Post | Begin):
                self._in_doubt = step
            await self._be_patient(step)
        except Unsupported:
            if isinstance(step, Append | Conclude):
                self._diff.broken(step)
        except TooLong:
            if isinstance(step, Append | Conclude):
                self._diff.broken(step)
            elif not self._view.shrink():
                raise
        else:
            self._failing_since = None
            return
        self._seen, self._unseen_since = False, unseen_since

    async def _posted(self, slot: int, content: Content, message: MessageRef) -> None:
        if self._in_doubt is not None and self._in_doubt.slot == slot:
            self._in_doubt = None
        if not isinstance(content, PlanCard):
            self._hold(self, message)
        if self._on_posted is not None:
            await self._on_posted(slot, content, message)

    async def _be_patient(self, step: Step) -> None:
        if isinstance(step, Append | Conclude):
            self._diff.broken(step)  # what was to be appended may stand there: only an edit is sure
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        elif now - self._failing_since > PATIENCE:
            raise PlatformDown(f"no answer for {PATIENCE:g} s")
        with suppress(TimeoutError):
            async with asyncio.timeout(min(15.0, 0.5 + (now - self._failing_since) / 2)):
                await self._taken_over.wait()
