"""Doing a single step on the platform, and recording in the outbox what came of it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aion_bot.delivery.diff import Append, Begin, Conclude, Delete, Edit, MessageDiff, Post, Step
from aion_bot.delivery.nonces import card_nonce, nonce_of
from aion_bot.delivery.thread import Thread
from aion_bot.ports.adapter import NativeStreaming
from aion_bot.ports.errors import MessageGone, Unsupported
from aion_bot.ports.messages import Content, MessageRef, Person, PlanCard

OnPosted = Callable[[int, Content, MessageRef], Awaitable[None]]
"""Awaited after each post with its slot, its content and the message that shows it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How something is shown in a thread.

    `name` begins the nonces of its posts; `reader` is the person who sees a native stream of it growing. `posted` are
    messages that it takes over. `resumed`: an earlier process may have posted others. `owns_cards`: a plan's card is
    edited here; otherwise it is posted here and then belongs to the decision. `on_posted` is awaited after each post.
    """

    name: str
    reader: Person
    posted: tuple[MessageRef, ...] = ()
    on_posted: OnPosted | None = None
    owns_cards: bool = False
    resumed: bool = False


class Executor:
    """Carries one answer's steps out, as `name`, for `reader`, who sees a native stream growing.

    `resumed`: an earlier process may have posted what is posted now. `on_posted` is awaited after each post.
    """

    def __init__(
        self,
        thread: Thread,
        diff: MessageDiff,
        delivery: Delivery,
        on_posted: OnPosted,
    ) -> None:
        self._thread = thread
        self._adapter = thread.adapter
        self._diff = diff
        self._name = delivery.name
        self._reader = delivery.reader
        self._resumed = delivery.resumed
        self._on_posted = on_posted
        self._tried: frozenset[str] = frozenset()

    @property
    def _streaming(self) -> NativeStreaming:
        if self._thread.streaming is None:
            raise Unsupported(f"{self._thread.platform} has no native streams")
        return self._thread.streaming

    async def do(self, step: Step) -> None:
        """Make the step's one call. Raises what the adapter raises, but for messages that are gone."""
        match step:
            case Post() | Begin():
                await self._post(step)
            case Edit():
                await self._change(step, self._adapter.edit(step.message, step.content))
            case Append():
                await self._change(
                    step, self._streaming.append_stream(step.message, step.shown, step.content)
                )
            case Conclude():
                await self._change(step, self._streaming.stop_stream(step.message, step.shown, step.content))
            case Delete():
                await self._change(step, self._adapter.delete(step.message))

    async def _post(self, step: Post | Begin) -> None:
        nonce = nonce_of(self._name, step.slot, step.attempt)
        if isinstance(step.content, PlanCard):
            nonce = card_nonce(step.content.key)
        tried_before, self._tried = nonce in self._tried, self._tried | {nonce}
        if isinstance(step, Begin):
            message = await self._streaming.start_stream(
                self._thread.key, self._reader, step.content, nonce=nonce
            )
        else:
            message = await self._adapter.post(self._thread.key, step.content, nonce=nonce)
        # A platform that knows the nonce answers with what an earlier try, or an earlier process, posted.
        certain = not (tried_before or self._resumed)
        self._diff.posted_at(step, message, time.monotonic(), certain=certain)
        await self._on_posted(step.slot, step.content, message)

    async def _change(self, step: Edit | Append | Conclude | Delete, call: Awaitable[None]) -> None:
        try:
            await call
        except MessageGone:
            self._diff.gone(step)
            return
        if isinstance(step, Delete):
            self._diff.gone(step)
        else:
            self._diff.edited(step, time.monotonic())
