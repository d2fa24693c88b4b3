"""Doing a single step on the platform, and recording in the outbox what came of it."""

import time
from collections.abc import Awaitable, Callable

from aion_bot.delivery.diff import Append, Begin, Conclude, Delete, Edit, Outbox, Post, Step
from aion_bot.delivery.nonces import card_nonce, nonce_of
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import MessageGone
from aion_bot.ports.messages import Content, MessageRef, Person, PlanCard, ThreadKey

Posted = Callable[[int, Content, MessageRef], Awaitable[None]]


class Carrier:
    """Carries one answer's steps out, as `name`, for `reader`, who sees a native stream growing.

    `resumed`: an earlier process may have posted what is posted now. `on_posted` is awaited after each post.
    """

    def __init__(
        self,
        adapter: PlatformAdapter,
        thread: ThreadKey,
        outbox: Outbox,
        *,
        name: str,
        reader: Person,
        resumed: bool,
        on_posted: Posted,
    ) -> None:
        self._adapter = adapter
        self._thread = thread
        self._outbox = outbox
        self._name = name
        self._reader = reader
        self._resumed = resumed
        self._on_posted = on_posted
        self._tried: frozenset[str] = frozenset()

    async def do(self, step: Step) -> None:
        """Make the step's one call. Raises what the adapter raises, but for messages that are gone."""
        match step:
            case Post() | Begin():
                await self._post(step)
            case Edit():
                await self._change(step, self._adapter.edit(step.message, step.content))
            case Append():
                await self._change(step, self._adapter.append(step.message, step.shown, step.content))
            case Conclude():
                await self._change(step, self._adapter.conclude(step.message, step.shown, step.content))
            case Delete():
                await self._change(step, self._adapter.delete(step.message))

    async def _post(self, step: Post | Begin) -> None:
        nonce = nonce_of(self._name, step.slot, step.attempt)
        if isinstance(step.content, PlanCard):
            nonce = card_nonce(step.content.key)
        tried_before, self._tried = nonce in self._tried, self._tried | {nonce}
        if isinstance(step, Begin):
            message = await self._adapter.begin(self._thread, self._reader, step.content, nonce=nonce)
        else:
            message = await self._adapter.post(self._thread, step.content, nonce=nonce)
        # A platform that knows the nonce answers with what an earlier try, or an earlier process, posted.
        certain = not (tried_before or self._resumed)
        self._outbox.posted_at(step, message, time.monotonic(), certain=certain)
        await self._on_posted(step.slot, step.content, message)

    async def _change(self, step: Edit | Append | Conclude | Delete, call: Awaitable[None]) -> None:
        try:
            await call
        except MessageGone:
            self._outbox.gone(step)
            return
        if isinstance(step, Delete):
            self._outbox.gone(step)
        else:
            self._outbox.edited(step, time.monotonic())
