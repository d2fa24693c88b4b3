"""The coroutine that makes a thread show what it should: one operation in flight, and the newest text always wins.

`MessageSync.run` repeats one step: take the screen, let the diff name the next operation, wait for its permit, take
the screen again if it has changed meanwhile, and perform the operation. Nothing is queued but the permit, so that a
slow platform gets fewer and larger edits.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from aion_bot.delivery.answer_mode import AnswerMode
from aion_bot.delivery.executor import Delivery, Executor
from aion_bot.delivery.outage import RETRY, Outage
from aion_bot.delivery.steps import AppendStream, Edit, Idle, Post, PostFile, StartStream, Step, StopStream
from aion_bot.delivery.strategy import (
    OPERATIONS,
    POSTED,
    Conditions,
    DeliveryMode,
    permit_for,
    prefers_stream,
    wait_of_first,
    wait_of_stream,
    with_limits,
)
from aion_bot.delivery.thread import Thread, struck_screen
from aion_bot.delivery.view import View
from aion_bot.ports.capabilities import StreamingMode
from aion_bot.ports.errors import (
    CannotDraw,
    CannotEdit,
    MessageGone,
    PlatformDown,
    PlatformError,
    RateLimited,
    TokenRefused,
    TooLong,
    Unsupported,
    UploadRefused,
)
from aion_bot.ports.messages import Document, PlanCard
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.fair_share import AnswerShare, SharedLimits
from aion_bot.ratelimit.permit import Permit
from aion_bot.rendering.screen import Screen
from aion_bot.rendering.time_limit import time_limit


class TakenOver(PlatformError):
    """Another message sync shows these messages from now on; what this one still had to show is older."""


class MessageSync:
    """Shows one view in one thread, as a `Delivery` says."""

    def __init__(
        self,
        thread: Thread,
        view: View,
        delivery: Delivery,
        *,
        predecessors: Sequence["MessageSync"] = (),
        retry: Iterable[float] = RETRY,
    ) -> None:
        """`predecessors` showed the same messages; nothing is shown until none of their operations is in flight.

        `retry` has the delays in seconds while the platform is down. `diff` knows the messages; the replies among them
        are those that only this sync may change.
        """
        self._thread, self._limiter = thread, thread.limiter
        self._view, self._delivery, self._predecessors = view, delivery, predecessors
        self._executor, self._retry = Executor(thread, delivery), retry
        self.diff = self._executor.diff
        self.screen: Screen = ()
        self.screen_at = 0.0  # when it was taken, by `time.monotonic`
        self._news, self._urgent_news = asyncio.Event(), asyncio.Event()
        self._seen, self._unseen_since = False, time.monotonic()
        # Of what an earlier process began nobody knows how long it took.
        self._is_whole = not (delivery.owns_cards or delivery.resumed)
        self._mode = AnswerMode(thread, self.diff, AnswerShare(self._unseen_since))
        self._wordless = self._indicated = self._must_post = self._held = False
        self._posts_wait = self._streams_wait = False
        self._permit: Permit | None = None
        self._taken_over, self._over = asyncio.Event(), asyncio.Event()
        self._over.set()
        self._outage: Outage | None = None
        self._in_doubt: Post | PostFile | StartStream | None = None

    def wake(self, *, urgent: bool = False) -> None:
        """Tell that the screen may have changed; `urgent` where waiting for the next preview would be too late."""
        # The text that has been unseen longest goes first: more news does not change since when it has been unseen.
        if self._seen:
            self._seen, self._unseen_since = False, time.monotonic()
        self._news.set()
        if self._wordless and self._permit is not None:
            self._limiter.cancel(self._permit)  # there may be words now
        if urgent:
            self._held = False
            self._urgent_news.set()
            if self._permit is not None:
                # The permit was requested for a preview: the end, or a card, has a higher priority.
                self._limiter.cancel(self._permit)

    def hold(self) -> None:
        """Show nothing more until something urgent is to be shown, as the end of the answer."""
        self._held = True
        self._urgent_news.clear()

    def may_wait(self) -> None:
        """Tell that people see another sign of life, so that the first message may wait for some text in a crowd."""
        self._indicated, self._must_post = True, False
        self._delivery.seen.sign = self._delivery.seen.sign or time.time()
        # Only the permit of a first message makes a reservation: it is requested again, with the longer wait.
        if self._permit is not None and self._permit.reserve:
            self._limiter.cancel(self._permit)

    def must_post(self) -> None:
        """Tell that limits leave people no other sign of life: the first message does not wait for words to stream."""
        self._must_post = True
        self._news.set()

    def take_over(self) -> None:
        """Make this sync end, as another one shows its messages from now on."""
        self._taken_over.set()
        self.wake(urgent=True)  # it may wait for news, or for a permit

    async def ended(self) -> None:
        """Wait until it shows nothing any more, and none of its operations is in flight."""
        await self._over.wait()

    async def run(self) -> None:
        """Show every screen until the last one is shown.

        Raises:
            TakenOver: another sync shows the same messages from now on.
            Forbidden, MessageGone: the bot may not write in this thread, or the thread is gone.
            TooLong: not even the smallest page is accepted.
            PlatformDown: the platform did not answer, or refused the token, for `outage.PATIENCE` seconds.
        """
        self._over.clear()
        try:
            # An edit of theirs that is in flight could arrive after ours, and cover it with something older.
            for sync in self._predecessors:
                await sync.ended()
            self._predecessors = ()
            await self._refresh()
            await self._show()
            # A plan's answer may wait for a decision for days.
            if self._is_whole and not any(isinstance(one, PlanCard) for one in self.screen):
                self._limiter.lengths.record(time.monotonic() - self._mode.share.began)
            self._is_whole = False
        finally:
            self._mode.end()  # it may run again, as to offer a Retry button
            self._over.set()

    async def _show(self) -> None:
        while True:
            if self._taken_over.is_set():
                raise TakenOver("another sync shows these messages")
            if self._held:
                await self._urgent_news.wait()
            # Other news can wait: until the step at hand has its permit, or until there is no step left.
            if self._urgent_news.is_set() or (self._view.ended and self._news.is_set()):
                await self._refresh()
            step = await self._next_step(streams=self._prefers_stream())
            if isinstance(step, Idle) and self._must_post:
                step = await self._next_step(streams=False)
            if not isinstance(step, Idle):
                await self._wait_and_perform(step)
                continue
            if self._view.ended:
                return
            await self._news.wait()
            # Text gathers while the growing message may not be edited; the screen is taken after that, and once.
            delay = self.diff.editable_at - time.monotonic()
            if delay > 0 and not self._delivery.owns_cards and not self._view.ended:
                with suppress(TimeoutError):
                    async with asyncio.timeout(delay):
                        await self._urgent_news.wait()
            await self._refresh()

    async def _refresh(self) -> None:
        """Take the newest screen. That is the costly part of a step, so it is done only after news."""
        while not self._view.advance():  # noqa: ASYNC110  # a page of a long text at a time: others have their turn
            await asyncio.sleep(0)
        self._news.clear()
        self._urgent_news.clear()
        self.screen_at = time.monotonic()
        self.screen = (*self.diff.past, *struck_screen(self._view.screen()))

    async def _next_step(self, *, streams: bool) -> Step | Idle:
        ended = self._view.ended
        try:
            with time_limit():
                step = self.diff.next(self.screen, ended=ended, now=time.monotonic(), streams=streams)
        except Exception as error:  # noqa: BLE001  # what a native stream should append could not be rendered
            await self._fall_back(error)
            step = self.diff.next(self.screen, ended=ended, now=time.monotonic(), streams=streams)
        if ended and isinstance(step, Idle) and self._in_doubt is not None:
            return self._in_doubt  # posting it again finds a message that arrived; it is then removed
        return step

    def _is_urgent(self) -> bool:
        """Tell whether the end of the answer or a decision waits for the next step."""
        if self._view.ended or self._delivery.owns_cards:
            return True
        return any(isinstance(one, PlanCard) for one in self.screen) and self.diff.awaits_card(self.screen)

    def _prefers_stream(self) -> bool:
        """Tell whether the next message should be a native stream."""
        # An answer that began by edits stays with them: limits are not looked at before each edit.
        if self._thread.streaming is None or self._mode.now in POSTED:
            return False
        given = Conditions(
            StreamingMode.NEVER,
            self._mode.now,
            ended=self._view.ended,
            posts_wait=self._posts_wait,
            streams_wait=self._streams_wait,
        )
        return prefers_stream(with_limits(given, self._thread, waits=self._permit is not None))

    async def _wait_and_perform(self, step: Step) -> None:
        growing = self._mode.now is DeliveryMode.REPLACED and isinstance(step, Edit)
        if growing and self._is_urgent() and self._mode.replaces(step):
            return
        permit = self._permit = self._permit_for(step)
        posts, streams = isinstance(step, Post | StartStream), isinstance(step, StartStream)

        def keep_waiting() -> bool:
            """Cancel the permit of a post as soon as there is a better way to begin, and that of a stream for good."""
            if streams and time.monotonic() < permit.earliest:
                return True  # for its first words
            self._posts_wait = True
            self._streams_wait |= streams
            changes = bool(permit.reserve) and not self.diff.replies and self._mode.may_replace()
            return not (streams or changes or (self._prefers_stream() and not self._must_post))

        try:
            issued = await self._limiter.acquire(permit, keep_waiting=keep_waiting if posts else None)
        finally:
            self._permit = None
        if issued and (newer := await self._newest_step(permit, streams=streams)) is not None:
            self._mode.reserve(newer, urgent=self._is_urgent())
            await self._perform(newer, permit)
        elif self._news.is_set():
            await self._refresh()

    async def _newest_step(self, permit: Permit, *, streams: bool) -> Step | None:
        """Return the step that an issued permit is used for; None where it is for none any more, and was given back."""
        try:
            if self._news.is_set():
                await self._refresh()
            # The text may have grown. The delivery mode stays the one the permit was issued for: what that permit counts
            # as used would make the other mode look better.
            newer = await self._next_step(streams=streams)
        except BaseException:  # a cancellation too: what is neither used nor given back would count for ever
            self._limiter.give_back(permit)
            raise
        if (
            not self._taken_over.is_set()
            and not self._held
            and not isinstance(newer, Idle)
            and self._limiter.limits(OPERATIONS[type(newer)], self._thread.key) == permit.limits
        ):
            return newer
        self._limiter.give_back(permit)
        return None

    def _permit_for(self, step: Step) -> Permit:
        limits, key = self._limiter.limits, self._thread.key
        needed = limits(OPERATIONS[type(step)], key)
        end: SharedLimits = ()
        text_wait, self._wordless = 0.0, False
        if isinstance(step, Post | StartStream) and not self._mode.share.reserved:
            mode = DeliveryMode.STREAM if isinstance(step, StartStream) else self._mode.of_posts
            end = limits(mode.end, key)
            text_wait, self._wordless = wait_of_first(
                step, needed, limits(Operation.EDIT, key), indicated=self._indicated
            )
        return permit_for(
            step, needed, self._unseen_since, urgent=self._is_urgent(), end=end, began=self._mode.share.began,
            text_wait=text_wait, stream_wait=wait_of_stream(self._thread) if isinstance(step, StartStream) else 0.0,
            indicated=self._indicated,
        )  # fmt: skip

    async def _perform(self, step: Step, permit: Permit) -> None:
        # Set before the operation: what `wake` reports while it runs is not in it, and is unseen from then on.
        unseen_since, self._seen = self._unseen_since, True
        try:
            async with self._limiter.using(permit):
                message = await self._executor.perform(step)
        except RateLimited:
            pass  # the next permit waits for as long as the platform said
        except (PlatformDown, TokenRefused):  # another token may take over meanwhile
            if isinstance(step, Post | PostFile | StartStream):
                self._in_doubt = step  # it may have been posted: its nonce tells at the next attempt
            elif isinstance(step, AppendStream | StopStream):
                self.diff.stream_broke(step)  # the text may have arrived: only an edit is certain
            self._outage = self._outage or Outage(self._retry)
            await self._outage.pause(self._taken_over)
        except Exception as error:  # noqa: BLE001  # what the adapter could not render is not a PlatformError
            await self._find_another_way(step, error)
        else:
            self._outage = None
            if message is not None and isinstance(step, Post | PostFile | StartStream):
                if self._in_doubt is not None and self._in_doubt.slot == step.slot:
                    self._in_doubt = None
                if self._delivery.on_posted is not None:
                    await self._delivery.on_posted(step.content, message)
            return
        self._seen, self._unseen_since = False, unseen_since

    async def _find_another_way(self, step: Step, error: Exception) -> None:
        """After a refusal, or a failure of rendering, show the same in another way; raises `error` if there is none."""
        known, gone = isinstance(error, PlatformError), isinstance(error, MessageGone)
        if isinstance(step, PostFile) and isinstance(step.content, Document) and not gone:
            self._in_doubt = None
            self._view.refuse_file(error.reason if isinstance(error, UploadRefused) else "")
            await self._refresh()
        elif isinstance(step, StartStream) and isinstance(error, CannotDraw | CannotEdit):
            self._streams_wait = True  # a post may be taken
        elif isinstance(step, PostFile) or (known and not isinstance(error, TooLong | Unsupported)):
            raise error
        elif isinstance(step, AppendStream | StopStream):
            self.diff.stream_broke(step)
        elif isinstance(error, CannotDraw):
            if not isinstance(step, Post | Edit) or not self.diff.draw_plainly(step):
                raise error
        elif isinstance(error, TooLong):
            await self._show_less(step, error)
        elif not known:
            await self._fall_back(error)

    async def _show_less(self, step: Step, error: TooLong) -> None:
        """Use smaller pages, or a new message instead of an edit. Raises `error` where there is neither."""
        if not self._view.shrink():
            if not isinstance(step, Edit):
                raise error
            self.diff.edit_refused(step)
        await self._refresh()

    async def _fall_back(self, error: Exception) -> None:
        """Show plain text instead of what could not be rendered. Raises `error` where that is plain text already."""
        if not self._view.fall_back(error):
            raise error
        await self._refresh()
