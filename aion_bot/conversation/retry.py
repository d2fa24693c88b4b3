"""A press of Retry: the failed question is asked again, once, in the place of its failure."""

from dataclasses import dataclass

import structlog

from aion_bot.conversation.access_control import AccessControl
from aion_bot.domain import strings
from aion_bot.domain.access import Intent
from aion_bot.domain.allowance import Allowance
from aion_bot.domain.turn import RETRYABLE, Turn
from aion_bot.ports.events import Click
from aion_bot.ports.messages import Line, Person
from aion_bot.storage import Store

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retries:
    """Decides presses of Retry."""

    store: Store
    access: AccessControl

    async def claim(self, click: Click) -> tuple[Line, Turn | None]:
        """Return what the person is told, and the turn to run again if this press claimed it: its message shows that."""
        turn = await self.store.turns.get(click.key)
        if turn is None or turn.thread != click.thread:
            return (strings.RETRY_GONE,), None
        platform = click.thread.platform
        if not self.access.allows(platform, Intent.RETRY, click.place, click.person, turn.asker):
            _log.info("retry refused", turn=turn.key, person=click.person.id)
            return (strings.RETRY_NOT_YOURS,), None
        # It is asked in the asker's name, whoever presses.
        if self.access.lapsed(turn, turn.thread, turn.asker):
            return (strings.RETRY_LAPSED,), None
        allowance = self.access.allowance(turn.place, turn.asker)
        # One statement decides, so that of several presses at once one asks again.
        if not await self.store.turns.claim_retry(turn.key, allowance):
            return (await self._why_not(turn, click.person, allowance),), None
        return (), await self.store.turns.get(click.key)

    async def _why_not(self, turn: Turn, presser: Person, allowance: Allowance) -> str:
        """Say why a turn was not claimed."""
        if turn.erased and turn.reason in RETRYABLE:
            return strings.RETRY_EXPIRED
        platform = turn.thread.platform
        found = await self.store.turns.used_up(platform, turn.place, turn.asker, allowance)
        if found is None or not turn.retryable:
            return strings.RETRY_GONE
        self.access.log_used_up(platform, turn.place, turn.asker, found)
        return strings.used_up(found, own=presser.id == turn.asker.id)
