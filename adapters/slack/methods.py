"""What the adapter uses of Slack, and the permission each use needs. No I/O.

`manifest.yml` asks for exactly this; a test keeps them equal. Scopes as published for each method and event at
https://docs.slack.dev/reference/methods and https://docs.slack.dev/reference/events.
"""

from enum import StrEnum


class Method(StrEnum):
    """The Web API methods that the adapter calls with the bot token."""

    AUTH_TEST = "auth.test"
    POST = "chat.postMessage"
    UPDATE = "chat.update"
    DELETE = "chat.delete"
    POST_EPHEMERAL = "chat.postEphemeral"
    CHANNEL = "conversations.info"
    REPLIES = "conversations.replies"
    MARK = "reactions.add"
    UNMARK = "reactions.remove"
    ACTIVITY = "agents.sessions.setStatus"
    BEGIN = "chat.startStream"
    APPEND = "chat.appendStream"
    CONCLUDE = "chat.stopStream"


METHODS: dict[Method, tuple[str, ...]] = {
    Method.AUTH_TEST: (),
    Method.POST: ("chat:write",),
    Method.UPDATE: ("chat:write",),
    Method.DELETE: ("chat:write",),
    Method.POST_EPHEMERAL: ("chat:write",),
    Method.CHANNEL: ("channels:read", "groups:read", "mpim:read"),
    Method.REPLIES: ("channels:history", "groups:history", "im:history", "mpim:history"),
    Method.MARK: ("reactions:write",),
    Method.UNMARK: ("reactions:write",),
    Method.ACTIVITY: ("chat:write",),
    Method.BEGIN: ("chat:write",),
    Method.APPEND: ("chat:write",),
    Method.CONCLUDE: ("chat:write",),
}

EVENTS: dict[str, tuple[str, ...]] = {
    "agent_session_stopped": ("chat:write",),
    "app_mention": ("app_mentions:read",),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "message.mpim": ("mpim:history",),
}

FEATURES: dict[str, tuple[str, ...]] = {
    "agent_view": ("assistant:write",),
    "shortcuts": ("commands",),
}
"""Parts of the manifest that need a scope by themselves."""

OPTIONAL = ("files:read", "files:write", "reactions:write")
"""Asked for as `bot_optional`: what reads pictures will use them, and what marks a waiting question can do without."""

APP_SCOPES = ("connections:write",)
"""Scopes of the app-level token, for `apps.connections.open`."""


def required() -> frozenset[str]:
    """Every scope that the bot token must have."""
    used = [*METHODS.values(), *EVENTS.values(), *FEATURES.values()]
    return frozenset(scope for scopes in used for scope in scopes) - frozenset(OPTIONAL)
