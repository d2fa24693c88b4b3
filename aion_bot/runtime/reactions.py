"""Reactions on answers as shortcuts: each is decided and done as the press of the button that it stands for."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

import structlog

from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain.rules import Rules
from aion_bot.domain.turn import Turn
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.capabilities import Reactions
from aion_bot.ports.events import Click, Reaction
from aion_bot.ports.messages import Action, MessageRef

_log = structlog.get_logger(__name__)

_REMEMBERED = 1_000
"""Reactions of which it is remembered that they were taken; the oldest may count once more."""

_EXPORT = "export private"
RESTART = "start the bot again: the platform tells of reactions from the next start on"

Press = Callable[[Thread, Click], Awaitable[None]]
"""Decides a press and carries it out."""


class ReactionShortcuts:
    """Takes reactions where `reactions` is on, each once: a platform may deliver one again, and people put one back."""

    def __init__(self, services: Services, press: Press) -> None:
        self._services, self._press = services, press
        self._taken: OrderedDict[tuple[str, int, str, Action], None] = OrderedDict()

    async def take(self, thread: Thread, event: Reaction) -> None:
        """Do what a reaction on an answer stands for; nothing where it is off, and on any other message."""
        services, platform = self._services, thread.platform
        turn = None if event.person.apps else await self._turn(platform, event)
        if turn is None or not self._is_first((turn.key, turn.attempt, event.person.id, event.action)):
            return
        _log.info(
            "reaction taken", turn=turn.key, platform=platform, action=event.action, person=event.person.id
        )
        key = f"{turn.key}-{_EXPORT}" if event.action is Action.MANAGE else turn.key
        message, place = MessageRef(turn.thread, event.message.id), event.place
        if (
            event.action is Action.RETRY and not place.alone
        ):  # no platform says with a reaction whether its person may write
            place = await services.access.as_now(turn.thread, place, event.person)
        click = Click(event.action, key, message, place, event.person, by_reaction=True)
        await self._press(services.registry.thread(thread.adapter, turn.thread), click)

    async def _turn(self, platform: str, event: Reaction) -> Turn | None:
        """Return the turn whose answer has the reaction; None where it is none, or reactions are off.

        The rules of a private answer are those of the place where it was asked.
        """
        turns, rules = self._services.store.turns, self._services.access.rules
        if event.place.direct and (private := await turns.of_private_message(event)) is not None:
            return private if rules.takes_reactions(private.place) else None
        if not rules.takes_reactions(event.place):
            return None
        return await turns.of_message(platform, event.place.channel, event.message.id)

    def _is_first(self, reaction: tuple[str, int, str, Action]) -> bool:
        if reaction in self._taken:
            return False
        self._taken[reaction] = None
        if len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)
        return True


def ask_for_reactions(rules: Rules, adapters: Iterable[object]) -> None:
    """Let the platforms tell of reactions if they count anywhere; what serves several scopes asks for the right to it."""
    for adapter in adapters:
        if isinstance(adapter, Reactions):
            adapter.takes_reactions = rules.has_reactions


def ask_anew_for_reactions(rules: Rules, adapters: Iterable[PlatformAdapter]) -> None:
    """As `ask_for_reactions` for rules that change while the bot runs; a warning where they count after the next start alone."""
    adapters = list(adapters)
    for adapter in adapters:
        if not isinstance(adapter, Reactions) or adapter.reactions_at_once or adapter.takes_reactions:
            continue
        if rules.has_reactions:
            _log.warning("reactions need a restart", platform=adapter.platform, mend=RESTART)
    ask_for_reactions(rules, adapters)
