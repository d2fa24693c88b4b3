"""A click on Retry: the failed question is asked again, once, in the place of its failure."""

from dataclasses import dataclass

from aion_bot.domain import strings
from aion_bot.domain.access import may_stop
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Click
from aion_bot.ports.messages import Line
from aion_bot.rendering.plan_card import Approvers
from aion_bot.storage import Store


@dataclass(frozen=True, slots=True)
class Retries:
    """Judges clicks on Retry."""

    store: Store
    approvers: Approvers

    async def claim(self, click: Click) -> tuple[Line, Turn | None]:
        """Return what the person is told, and the question to ask again if this click claimed it."""
        turn = await self.store.turn(click.key)
        if turn is None or turn.thread != click.thread:
            return (strings.RETRY_GONE,), None
        if not may_stop(self.approvers, click.person, turn.asker):
            return (strings.RETRY_NOT_YOURS,), None
        if not await self.store.claim_retry(click.key):
            return (strings.RETRY_GONE,), None
        return (strings.RETRYING,), await self.store.turn(click.key)
