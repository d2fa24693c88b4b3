"""After a restart: what an earlier process left open is finished, or marked; nothing is asked or decided again."""

import asyncio
import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from aion_bot.delivery.nonces import adopted, card_of
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Plan, Turn
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.storage import Store, insist

_log = structlog.get_logger(__name__)

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds after each attempt to look at a thread: what is there and not seen would be posted again."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Puts the rows of an earlier process together with what the threads really show."""

    store: Store

    async def turn(self, thread: Thread, turn: Turn) -> Turn:
        """Return an unsettled question with every message of its answer, noted or not; cards of its plans are noted."""
        found = await self._own(thread)
        for plan in await self.store.plans_of(turn.key):
            card = None if plan.message else card_of(plan.key, found)
            if card is not None:
                await insist(functools.partial(self.store.note_card, plan.key, card))
        posted = adopted(turn.name, turn.posted, found, await self._unnamed(turn.thread, found))
        if posted != turn.posted:
            await insist(lambda: self.store.note_posted(turn.key, posted))
        return replace(turn, posted=posted)

    async def _unnamed(self, thread: ThreadKey, found: Sequence[OwnMessage]) -> Sequence[MessageRef]:
        """Return what was begun as a stream and could not be noted any more, oldest first: a stream has no nonce."""
        streams = [own.message for own in reversed(found) if own.stream]
        known = await self.store.posted_in(thread) if streams else ()
        return [message for message in streams if message.id not in known]

    async def decision(self, thread: Thread, plan: Plan) -> tuple[MessageRef, ...]:
        """Return the card of an unsettled plan and the messages of its result, noted or not."""
        if plan.message is None:
            return ()
        return adopted(plan.key, (plan.message,), await self._own(thread))

    async def _own(self, thread: Thread) -> list[OwnMessage]:
        for pause in _PAUSES:
            try:
                return list(await thread.own_messages())
            except RateLimited:
                continue  # the gate knows for how long
            except PlatformDown:
                await asyncio.sleep(pause)
            except PlatformError as error:
                _log.info("thread could not be looked at", platform=thread.platform, reason=repr(error))
                return []
        _log.warning("thread could not be looked at", platform=thread.platform)
        return []
