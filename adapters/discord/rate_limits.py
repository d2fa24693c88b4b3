"""What Discord allows, as data, and what its answers say about it. No I/O.

Discord publishes one number, the fifty requests a second of a bot, and asks to take the others from its answers
(its documentation, *Rate Limits*). Those here are what staff and users report: five messages created or edited in
five seconds of a channel (discord/discord-api-docs#20), one reaction in a quarter of a second; for what nobody
reports, the numbers of messages. Answers to interactions are counted with nothing else. Five of the fifty are left to
calls that the core does not see: logging in, looking up a channel, reading what was missed.
"""

import re
from collections.abc import Mapping
from typing import Final

from adapters.discord.strings import MESSAGE
from aion_bot.ports.rate_limits import Budget, LimitReading, Limits, Operation, Scope

GLOBAL: Final = "global"
"""The limit of the whole bot."""

_MESSAGES = Budget("messages", 5, 5.0, Scope.CHANNEL, reserved=True)
_DELETIONS = Budget("deletions", 5, 5.0, Scope.CHANNEL)
_REACTIONS = Budget("reactions", 1, 0.25, Scope.CHANNEL)
_TYPING = Budget("typing", 5, 5.0, Scope.CHANNEL)
_HISTORY = Budget("history", 5, 5.0, Scope.CHANNEL)
_EVERYTHING = Budget(GLOBAL, 45, 1.0, Scope.BOT, headroom=5)

LIMITS: Final = Limits(
    page=MESSAGE,
    edit_gap=1.2,
    budgets={
        Operation.OPEN_THREAD: (_EVERYTHING,),
        Operation.POST: (_MESSAGES, _EVERYTHING),
        Operation.EDIT: (_MESSAGES, _EVERYTHING),
        Operation.DELETE: (_DELETIONS, _EVERYTHING),
        Operation.MARK_QUEUED: (_REACTIONS, _EVERYTHING),
        Operation.UNMARK_QUEUED: (_REACTIONS, _EVERYTHING),
        Operation.SHOW_ACTIVITY: (_TYPING, _EVERYTHING),
        Operation.LIST_MESSAGES: (_HISTORY, _EVERYTHING),
    },
)

_CREATING = re.compile(r"/channels/(\d+)/messages$")
_EDITING = re.compile(r"/channels/(\d+)/messages/\d+$")
_ROUTES = {"POST": _CREATING, "PATCH": _EDITING}


def reading(method: str, path: str, headers: Mapping[str, str]) -> LimitReading | None:
    """Read what the answer to a request says about the messages of a channel; None for any other request."""
    route = _ROUTES.get(method)
    found = route.search(path) if route else None
    if found is None:
        return None
    try:
        return LimitReading(
            _MESSAGES.name,
            found[1],
            int(headers["X-RateLimit-Limit"]),
            int(headers["X-RateLimit-Remaining"]),
            float(headers["X-RateLimit-Reset-After"]),
        )
    except (KeyError, ValueError):
        return None
