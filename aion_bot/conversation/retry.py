"""A press of Retry, or of a button about files: the question is asked again, once, in the place of its message."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import structlog

from aion_bot.conversation.access_control import AccessControl
from aion_bot.domain import strings
from aion_bot.domain.access import Intent
from aion_bot.domain.allowance import Allowance, UsedUp, Whose
from aion_bot.domain.turn import RETRYABLE, Turn, read_key
from aion_bot.ports.events import Click
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.messages import Action, Line, Person
from aion_bot.storage import Store, retry_write

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retries:
    """Decides presses of Retry."""

    store: Store
    access: AccessControl
    left: Callable[[Turn], Allowance | UsedUp] | None = None
    """What the places that are promised to others leave of the allowances; None where none are."""

    async def claim(self, click: Click) -> tuple[Line, Turn | None]:
        """Return what the person is told, and the turn to run again if this press claimed it: its message shows that."""
        key, number = read_key(click.key)
        turn = await self.store.turns.get(key)
        if turn is None or turn.thread != click.thread:
            return (_gone(key, strings.RETRY_GONE),), None
        platform = click.thread.platform
        if not await self.access.allows(platform, Intent.RETRY, click.place, click.person, turn.asker):
            _log.info("retry refused", turn=turn.key, person=click.person.id)
            return (strings.RETRY_NOT_YOURS,), None
        # Why a later attempt failed its person has not read yet.
        if click.round not in {None, turn.attempt}:
            return (_gone(key, strings.RETRY_GONE),), None
        # It is asked in the asker's name, whoever presses.
        if await self.access.lapsed(turn, turn.thread, turn.asker):
            return (strings.RETRY_LAPSED,), None
        left = self.left(turn) if self.left else self.access.rules.allowance(turn.place, turn.asker)
        app = bool(turn.asker.apps)
        # One statement decides, so that of several presses at once one asks again.
        if isinstance(left, UsedUp) or not await self.store.turns.claim_retry(
            turn.key, left, app=app, attempt=click.round
        ):
            return (await self._why_not(turn, click.person, left),), None
        # Its row waits for an answer from here on: what fails below would leave it there until the next start.
        # Only by the press that counts: of one that is refused, or comes second, no file may get into the library.
        if click.action is Action.UPLOAD:
            await retry_write(partial(self.store.files.allow, key))
        elif click.action is Action.SUGGEST and number in {"0", "1", "2"}:
            await retry_write(partial(self.store.files.suggest, key, strings.SUGGESTED[int(number)]))
        return (), await retry_write(partial(self.store.turns.get, key))

    async def _why_not(self, turn: Turn, presser: Person, left: Allowance | UsedUp) -> str:
        """Say why a turn was not claimed."""
        if turn.erased and turn.reason in RETRYABLE:
            return _gone(turn.key, strings.RETRY_EXPIRED)
        platform = turn.thread.platform
        used_up = self.store.turns.used_up
        found = left if isinstance(left, UsedUp) else await used_up(platform, turn.place, turn.asker, left)
        if found is None or not turn.retryable:
            return _gone(turn.key, strings.RETRY_GONE)
        whole = self.access.rules.allowance(turn.place, turn.asker)
        found = replace(found, limit=whole.per_person if found.whose is Whose.PERSON else whole.per_channel)
        self.access.log_used_up(platform, turn.place, turn.asker, found)
        return strings.used_up(found, own=presser.id == turn.asker.id)


def _gone(key: str, sentence: str) -> str:
    """Add the turn's reference to what is said of a question that cannot be asked again, and log both."""
    # The key of a press that is forged may be anything: only its reference is logged.
    _log.info("retry not possible", ref=reference(key), sentence=sentence)
    return with_reference(sentence, key)
