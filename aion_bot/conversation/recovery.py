"""After a restart: rows of an earlier process are compared with the messages that the threads show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from aion_bot.aion import ChatMessage
from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.conversation.aion_keys import of_session
from aion_bot.conversation.services import Services
from aion_bot.conversation.stored_answer import stored_answer
from aion_bot.delivery.executor import adopted, answer_file_of, card_of, file_of
from aion_bot.delivery.thread import Thread
from aion_bot.domain.plan import Plan
from aion_bot.domain.turn import Turn, TurnPhase
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited
from aion_bot.ports.messages import MessageRef
from aion_bot.rendering.plan_card import pending_key
from aion_bot.storage import Store, retry_write

_log = structlog.get_logger(__name__)

_LOOK_AGAIN = Backoff(0.5, attempts=6)
"""For looking at a thread: a message that is there and was not seen would be posted again."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Finds messages that an earlier process posted and did not record, and answers that Aion stored late."""

    services: Services

    @property
    def _store(self) -> Store:
        return self.services.store

    async def turn(self, thread: Thread, turn: Turn) -> Turn:
        """Return an unfinished turn with every message of its answer, noted or not; cards of its plans are noted."""
        # The record first: a platform may let a thread be read once a minute.
        whole = thread.reads_seldom and not turn.posting
        found = [] if whole else await self._own_messages(thread)
        for plan in await self._store.plans.of_turn(turn.key):
            card = None if plan.message else _card(plan, found)
            if card is not None:
                await retry_write(partial(self._store.plans.note_card, plan.key, card))
            if not plan.in_file and file_of(plan.key, found) is not None:
                await retry_write(partial(self._store.plans.note_file, plan.key))
        unnamed = await self._unnamed_streams(thread, found)
        # Where the platform forgets nonces: an answer that grows, failed or ended has a button with the key of its turn; the
        # fingerprint of a page without buttons was noted right before it was posted.
        known = await self._store.turns.posted_in(thread.key) if turn.posting else ()
        told = [
            own.message
            for own in reversed(found)
            if turn.key in own.keys | own.rates
            or (own.fingerprint in turn.posting and own.message.id not in known)
        ]
        noted = turn.posted
        if turn.attempt and turn.phase is TurnPhase.QUEUED:
            # Retry was pressed on a message whose post had not been answered: it is shown in that one's place.
            noted = adopted(turn.name_of(turn.attempt - 1), noted, found)
        posted = adopted(turn.name, noted, found, (*unnamed, *told))
        file = turn.file or answer_file_of(turn.name, found)
        if file is not None and file not in posted:
            posted = (*posted, file)
        if posted != turn.posted:
            await retry_write(lambda: self._store.turns.note_posted(turn.key, turn.attempt, posted, file))
        left = (
            (one.message, one.growing) for one in found if one.growing is not None and one.message in posted
        )
        # Of several the first is the newest, as `own_messages` lists that first: an older one was full, and grows no more.
        return replace(turn, posted=posted, file=file, growing=next(left, None))

    async def cards(self, turn: Turn) -> int:
        """Count the cards of a turn that stand in its thread."""
        return sum(plan.message is not None for plan in await self._store.plans.of_turn(turn.key))

    async def decision(self, thread: Thread, plan: Plan) -> tuple[tuple[MessageRef, ...], MessageRef | None]:
        """Return the card of a plan, that of what it needs confirmed, the messages of its result, and the file behind them."""
        if plan.message is None:
            return (), None
        found = await self._own_messages(thread)
        pending = card_of(pending_key(plan.key), found)
        cards = (plan.message,) if pending is None else (plan.message, pending)
        return adopted(plan.key, cards, found), answer_file_of(plan.key, found)

    async def late_answer(self, turn: Turn) -> ChatMessage | None:
        """Wait for a while for the answer to a turn that a stop cut off; what does not come is given up."""
        found = await self.stored(turn, self.services.polling.stored_answer)
        if found is None:
            await retry_write(partial(self._store.turns.give_up_interrupted, turn.key))
        return found

    async def stored(self, turn: Turn, backoff: Backoff) -> ChatMessage | None:
        """Look along `backoff` for the answer to a turn among what Aion has stored."""
        services = await retry_write(partial(of_session, self.services, turn.session_id))
        take = partial(stored_answer, self._store, turn)
        return await services.history.wait(turn.session_id or "", take, backoff)

    async def claim_late_answer(self, turn: Turn, found: ChatMessage) -> bool:
        """Return whether the turn is still as the stop left it; then nobody can have it asked again any more."""
        return await self._store.turns.reopen_interrupted(turn.key, turn.session_id or "", found.id)

    async def _unnamed_streams(self, thread: Thread, found: Sequence[OwnMessage]) -> Sequence[MessageRef]:
        """Return streams that were started and could not be noted any more, oldest first: a stream has no nonce."""
        # Reversed, because `own_messages` lists the newest first.
        streams = [own.message for own in reversed(found) if own.stream]
        known = await self._store.turns.posted_in(thread.key) if streams else ()
        return [message for message in streams if message.id not in known]

    async def _own_messages(self, thread: Thread) -> list[OwnMessage]:
        try:
            found = await retry(
                thread.own_messages,
                backoff=_LOOK_AGAIN,
                # After a refusal the limiter knows for how long to wait.
                on=lambda error: 0.0 if isinstance(error, RateLimited) else isinstance(error, PlatformDown),
            )
        except PlatformError as error:
            _log.warning("thread not readable", platform=thread.platform, reason=repr(error))
            # Then the record alone counts: a message that it lacks may be posted a second time, but none is lost.
            return []
        return list(found)


def _card(plan: Plan, found: Sequence[OwnMessage]) -> MessageRef | None:
    """Return the card of a plan, by its nonce, or by its buttons where the platform forgets nonces."""
    named = card_of(plan.key, found)
    return named or next((own.message for own in found if plan.key in own.keys), None)
