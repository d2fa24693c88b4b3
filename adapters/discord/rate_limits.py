"""What Discord allows, as data: which budgets each route counts against, and what its answers say. No I/O.

Discord publishes one number, the fifty requests a second of a bot, and asks to read the others from its answers
(https://docs.discord.com/developers/topics/rate-limits). Those here are what staff and users report: five messages
created or edited in five seconds of a channel (discord/discord-api-docs#20), one reaction in a quarter of a second;
where nobody reports a number, that of messages is used. Answers to interactions count against nothing else.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final

from adapters.discord.strings import MESSAGE_LENGTH
from aion_bot.ports.rate_limits import (
    UNLIMITED_CALLS,
    Budget,
    LimitReading,
    Limits,
    Operation,
    PlatformRequest,
    Scope,
)

GLOBAL: Final = "global"
"""The name of the whole bot's limit."""

_MESSAGES = Budget("messages", 5, 5.0, Scope.CHANNEL, reserved=True)
_DELETIONS = Budget("deletions", 5, 5.0, Scope.CHANNEL)
_REACTIONS = Budget("reactions", 1, 0.25, Scope.CHANNEL)
_TYPING = Budget("typing", 5, 5.0, Scope.CHANNEL)
_HISTORY = Budget("history", 5, 5.0, Scope.CHANNEL)
# Previews leave two of the fifty: to ends, and to requests that are counted but not scheduled, such as looking up a channel.
# One request at a time would be some ten a second.
_WHOLE_BOT = Budget(GLOBAL, 49, 1.0, Scope.BOT, headroom=1, probe_width=4, ends_together=49)


def _undocumented(name: str, scope: Scope, *, side_by_side: int | None = None) -> Budget:
    """A limit without a documented number: only Discord's refusals hold it back, and no other limit with it.

    More than `side_by_side` requests in a second go one at a time, so that few meet a refusal.
    """
    return Budget(name, UNLIMITED_CALLS, 1.0, scope, probe_threshold=side_by_side)


# Both count for the whole bot: the operations are scheduled by a thread, which does not name its parent channel.
_THREAD_CREATION = _undocumented("thread creation", Scope.BOT, side_by_side=5)
_DIRECT_CHANNELS = _undocumented("direct-message channels", Scope.BOT)
_CHANNEL_LOOKUPS = _undocumented("channel lookups", Scope.CHANNEL)
_MESSAGE_LOOKUPS = _undocumented("message lookups", Scope.CHANNEL)
_MEMBER_LOOKUPS = _undocumented("member lookups", Scope.BOT)
_CHANNEL_EDITS = _undocumented("channel edits", Scope.CHANNEL)
_LOGIN = _undocumented("login", Scope.BOT)
_COMMANDS = _undocumented("commands", Scope.BOT)
_OTHERS = _undocumented("other routes", Scope.BOT)

GET_ATTACHMENT: Final = "GET /attachments/{channel_id}/{attachment_id}/{filename}"
"""Names the requests for the bytes of a file, which go to another host than the API and count against no limit of it."""


class Method(StrEnum):
    """The requests that the adapter makes: verb and route, as Discord's OpenAPI document writes them."""

    GET_GATEWAY = "GET /gateway/bot"
    GET_CURRENT_USER = "GET /users/@me"
    GET_APPLICATION = "GET /oauth2/applications/@me"
    GET_USER = "GET /users/{user_id}"
    LIST_SERVERS = "GET /users/@me/guilds"
    GET_SERVER = "GET /guilds/{guild_id}"
    PUT_COMMANDS = "PUT /applications/{application_id}/commands"
    GET_CHANNEL = "GET /channels/{channel_id}"
    EDIT_CHANNEL = "PATCH /channels/{channel_id}"
    LIST_MESSAGES = "GET /channels/{channel_id}/messages"
    GET_MESSAGE = "GET /channels/{channel_id}/messages/{message_id}"
    CREATE_MESSAGE = "POST /channels/{channel_id}/messages"
    EDIT_MESSAGE = "PATCH /channels/{channel_id}/messages/{message_id}"
    DELETE_MESSAGE = "DELETE /channels/{channel_id}/messages/{message_id}"
    CREATE_THREAD = "POST /channels/{channel_id}/messages/{message_id}/threads"
    ADD_REACTION = "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"
    REMOVE_REACTION = "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"
    TRIGGER_TYPING = "POST /channels/{channel_id}/typing"
    GET_MEMBER = "GET /guilds/{guild_id}/members/{user_id}"
    CREATE_DM = "POST /users/@me/channels"
    ANSWER_INTERACTION = "POST /interactions/{interaction_id}/{interaction_token}/callback"
    CREATE_FOLLOWUP = "POST /webhooks/{webhook_id}/{webhook_token}"
    GET_ORIGINAL_RESPONSE = "GET /webhooks/{webhook_id}/{webhook_token}/messages/@original"
    EDIT_ORIGINAL_RESPONSE = "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original"
    DELETE_ORIGINAL_RESPONSE = "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/@original"


BUDGETS: Final[Mapping[Method, tuple[Budget, ...]]] = {
    Method.GET_GATEWAY: (_LOGIN, _WHOLE_BOT),
    Method.GET_CURRENT_USER: (_LOGIN, _WHOLE_BOT),
    Method.GET_APPLICATION: (_LOGIN, _WHOLE_BOT),
    Method.GET_USER: (_OTHERS, _WHOLE_BOT),
    Method.LIST_SERVERS: (_OTHERS, _WHOLE_BOT),
    Method.GET_SERVER: (_OTHERS, _WHOLE_BOT),
    Method.PUT_COMMANDS: (_COMMANDS, _WHOLE_BOT),
    Method.GET_CHANNEL: (_CHANNEL_LOOKUPS, _WHOLE_BOT),
    Method.EDIT_CHANNEL: (_CHANNEL_EDITS, _WHOLE_BOT),
    Method.LIST_MESSAGES: (_HISTORY, _WHOLE_BOT),
    Method.GET_MESSAGE: (_MESSAGE_LOOKUPS, _WHOLE_BOT),
    Method.CREATE_MESSAGE: (_MESSAGES, _WHOLE_BOT),
    Method.EDIT_MESSAGE: (_MESSAGES, _WHOLE_BOT),
    Method.DELETE_MESSAGE: (_DELETIONS, _WHOLE_BOT),
    Method.CREATE_THREAD: (_THREAD_CREATION, _WHOLE_BOT),
    Method.ADD_REACTION: (_REACTIONS, _WHOLE_BOT),
    Method.REMOVE_REACTION: (_REACTIONS, _WHOLE_BOT),
    Method.TRIGGER_TYPING: (_TYPING, _WHOLE_BOT),
    Method.GET_MEMBER: (_MEMBER_LOOKUPS, _WHOLE_BOT),
    Method.CREATE_DM: (_DIRECT_CHANNELS, _WHOLE_BOT),
    # "Interaction endpoints are not bound to the bot's Global Rate Limit" (Discord's documentation, *Rate Limits*).
    Method.ANSWER_INTERACTION: (),
    Method.CREATE_FOLLOWUP: (),
    Method.GET_ORIGINAL_RESPONSE: (),
    Method.EDIT_ORIGINAL_RESPONSE: (),
    Method.DELETE_ORIGINAL_RESPONSE: (),
}
"""What each request counts against, the most specific budget first.

A refusal is held against the first one. So the whole bot's limit is never the only one: otherwise a used-up quota of
commands, which lasts a day, would stop every answer.
"""

OPERATIONS: Final[Mapping[Operation, Method]] = {
    Operation.OPEN_THREAD: Method.CREATE_THREAD,
    Operation.POST: Method.CREATE_MESSAGE,
    Operation.POST_FILE: Method.CREATE_MESSAGE,
    Operation.EDIT: Method.EDIT_MESSAGE,
    Operation.DELETE: Method.DELETE_MESSAGE,
    Operation.MARK_QUEUED: Method.ADD_REACTION,
    Operation.UNMARK_QUEUED: Method.REMOVE_REACTION,
    Operation.SHOW_ACTIVITY: Method.TRIGGER_TYPING,
    Operation.LIST_MESSAGES: Method.LIST_MESSAGES,
    Operation.READ_EARLIER: Method.LIST_MESSAGES,
}
"""The request that an operation is scheduled by.

`REPLY_PRIVATELY` has none: most are follow-ups of an interaction, which no limit counts; a direct message is counted
when it is sent.
"""

LIMITS: Final = Limits(
    page=MESSAGE_LENGTH,
    # Five edits in five seconds, with some room for the posts that share the budget.
    edit_gap=1.2,
    budgets={operation: BUDGETS[method] for operation, method in OPERATIONS.items()},
    activity_lasts=10.0,  # Discord's documentation, *Trigger Typing Indicator*
)


def limits_of_one_in(parts: int) -> Limits:
    """Return the limits of one of `parts` adapters with the same token, among which the whole bot's are divided evenly.

    Each may send two requests at once at least: where that is more than its part, it is counted over more than a second.
    """
    calls = max(_WHOLE_BOT.calls // parts, 2)
    part = replace(
        _WHOLE_BOT,
        calls=calls,
        seconds=max(1.0, calls * parts / _WHOLE_BOT.calls),
        headroom=max(_WHOLE_BOT.headroom // parts, 1),
        probe_width=max(_WHOLE_BOT.probe_width // parts, 1),
    )
    budgets = {
        operation: tuple(part if one is _WHOLE_BOT else one for one in found)
        for operation, found in LIMITS.budgets.items()
    }
    return replace(LIMITS, budgets=budgets)


_UNLISTED = "/{unlisted}"
"""Stands for a route that is not in `Method`; its path may hold a token."""

_PLACEHOLDER = re.compile(r"\\{(\w+)\\}")  # as `re.escape` writes a placeholder
_ROUTES = tuple(
    (re.compile(_PLACEHOLDER.sub(r"(?P<\1>[^/]+)", re.escape(method))), method) for method in Method
)


def request(verb: str, path: str) -> PlatformRequest:
    """Describe a request by its documented route, without ids and tokens.

    `path` begins after the base of the API and is still percent-encoded. A route that is not listed counts for the
    whole bot, unless it belongs to an interaction.
    """
    for pattern, method in _ROUTES:
        if match := pattern.fullmatch(f"{verb} {path}"):
            name, budgets, channel = str(method), BUDGETS[method], match.groupdict().get("channel_id", "")
            break
    else:
        name, budgets, channel = f"{verb} {_UNLISTED}", (_OTHERS, _WHOLE_BOT), ""
        if path.startswith(("/interactions/", "/webhooks/")):
            budgets = ()
    return PlatformRequest(name, tuple((budget, scope_key(budget.scope, channel)) for budget in budgets))


def scope_key(scope: Scope, channel: str) -> str:
    """Name what a channel, thread or direct conversation shares a budget of this scope with."""
    return channel if scope is Scope.CHANNEL else ""


def reading(request: PlatformRequest, headers: Mapping[str, str]) -> LimitReading | None:
    """Read what the answer to a request says about the messages of its channel; None for any other request.

    The headers describe the bucket of the route that was called. Only posts and edits are scheduled closely enough to
    need them.
    """
    channel = next((key for budget, key in request.charges if budget is _MESSAGES), None)
    if channel is None:
        return None
    # Discord need not send these headers.
    try:
        return LimitReading(
            _MESSAGES.name,
            channel,
            int(headers["X-RateLimit-Limit"]),
            int(headers["X-RateLimit-Remaining"]),
            float(headers["X-RateLimit-Reset-After"]),
        )
    except (KeyError, ValueError):
        return None
