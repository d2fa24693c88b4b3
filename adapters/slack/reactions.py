"""Reactions of people on the bot's messages, as shortcuts.

https://docs.slack.dev/reference/events/reaction_added: `item_user` wrote the message, and nothing says in which thread it is.
"""

import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from adapters.slack import ids
from adapters.slack.client import WebApi
from adapters.slack.events import is_direct
from adapters.slack.identity import BotIdentity
from adapters.slack.methods import Method
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import Place, Reaction
from aion_bot.ports.messages import Action, Person

SHORTCUTS = {"repeat": Action.RETRY, "octagonal_sign": Action.STOP, "bookmark": Action.MANAGE}
"""Slack's names of 🔁, 🛑 and 🔖."""

EVENT = "reaction_added"

_PEOPLE = 1_000
"""People of whom it is remembered that they are no apps."""
_UNKNOWN_TEAM = "unknown"
"""The event does not say to which organisation the person belongs: in a shared channel no list names them."""

_log = logging.getLogger(__name__)


def reaction(body: Mapping[str, Any], me: BotIdentity) -> Reaction | None:
    """Read that somebody else put a shortcut on a message of the bot's; None for any other reaction."""
    event = body.get("event") or {}
    item, user = event.get("item") or {}, str(event.get("user") or "")
    channel, ts, action = item.get("channel"), item.get("ts"), SHORTCUTS.get(str(event.get("reaction")))
    ours = event.get("item_user") == me.user and item.get("type") == "message"
    if (
        event.get("type") != EVENT
        or not (ours and channel and ts and user)
        or user == me.user
        or action is None
    ):
        return None
    shared = bool(body.get("is_ext_shared_channel"))
    place = Place(me.team, channel, is_direct(channel), shared, _UNKNOWN_TEAM if shared else "")
    return Reaction(
        action, ids.message_ref(ids.thread_key(me.team, channel, ts), channel, ts), place, Person(user)
    )


class Reactors:
    """Tells people from apps, by one request for each person whose reaction counts. `wanted`: reactions count somewhere."""

    def __init__(self, web: WebApi) -> None:
        self._web = web
        self._people: OrderedDict[str, None] = OrderedDict()
        self.wanted = False

    async def read(self, body: Mapping[str, Any], me: BotIdentity) -> Reaction | None:
        """Read a reaction as `reaction` does; None also for one by an app, or by somebody of whom Slack does not tell."""
        found = reaction(body, me) if self.wanted else None
        return found if found is not None and await self._is_person(found.person.id, me.team) else None

    async def _is_person(self, user: str, team: str) -> bool:
        if user not in self._people:
            try:
                answer = await self._web.call(Method.USERS_INFO, team, user=user)
            except PlatformError as error:
                _log.info("reaction not taken", extra={"reason": repr(error)})
                return False
            found = answer.get("user")
            if not isinstance(found, dict) or found.get("is_bot") is not False:
                return False
            if len(self._people) >= _PEOPLE:
                self._people.popitem(last=False)
            self._people[user] = None
        return True
