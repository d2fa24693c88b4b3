"""The Web API methods and events that the adapter uses, and the scopes that each of them needs. No I/O.

`manifest.yml` asks for exactly these scopes; a test keeps them equal. Scopes as published for each method and event at
https://docs.slack.dev/reference/methods and https://docs.slack.dev/reference/events.
"""

from collections.abc import Mapping
from enum import StrEnum


class Method(StrEnum):
    """The Web API methods that the adapter calls."""

    AUTH_REVOKE = "auth.revoke"
    AUTH_TEST = "auth.test"
    OAUTH_V2_ACCESS = "oauth.v2.access"
    OAUTH_V2_EXCHANGE = "oauth.v2.exchange"
    APPS_CONNECTIONS_OPEN = "apps.connections.open"
    APPS_MANIFEST_CREATE = "apps.manifest.create"
    APPS_MANIFEST_EXPORT = "apps.manifest.export"
    APPS_MANIFEST_VALIDATE = "apps.manifest.validate"
    BOTS_INFO = "bots.info"
    CHAT_POST_MESSAGE = "chat.postMessage"
    CHAT_UPDATE = "chat.update"
    CHAT_DELETE = "chat.delete"
    CHAT_POST_EPHEMERAL = "chat.postEphemeral"
    ASSISTANT_SEARCH_CONTEXT = "assistant.search.context"
    CONVERSATIONS_HISTORY = "conversations.history"
    CONVERSATIONS_INFO = "conversations.info"
    CONVERSATIONS_REPLIES = "conversations.replies"
    USERS_CONVERSATIONS = "users.conversations"
    USERS_INFO = "users.info"
    USERS_LIST = "users.list"
    USERGROUPS_LIST = "usergroups.list"
    USERGROUPS_USERS_LIST = "usergroups.users.list"
    REACTIONS_ADD = "reactions.add"
    REACTIONS_REMOVE = "reactions.remove"
    AGENTS_SESSIONS_SET_STATUS = "agents.sessions.setStatus"
    CHAT_START_STREAM = "chat.startStream"
    CHAT_APPEND_STREAM = "chat.appendStream"
    CHAT_STOP_STREAM = "chat.stopStream"
    FILES_GET_UPLOAD_URL = "files.getUploadURLExternal"
    FILES_UPLOAD = "upload_url"
    """No method: the bytes of a file go to an address that Slack names."""
    FILES_COMPLETE_UPLOAD = "files.completeUploadExternal"
    FILES_DELETE = "files.delete"
    FILES_INFO = "files.info"
    FILES_DOWNLOAD = "url_private_download"
    """No method: the bytes of a file come from an address that `files.info` names."""
    VIEWS_OPEN = "views.open"
    VIEWS_PUBLISH = "views.publish"
    RESPONSE_URL = "response_url"
    """No method: the answer to a command goes to an address that the command names."""


READS = {
    Method.ASSISTANT_SEARCH_CONTEXT,
    Method.BOTS_INFO,
    Method.CONVERSATIONS_HISTORY,
    Method.CONVERSATIONS_INFO,
    Method.CONVERSATIONS_REPLIES,
    Method.FILES_INFO,
    Method.USERGROUPS_LIST,
    Method.USERGROUPS_USERS_LIST,
    Method.USERS_CONVERSATIONS,
    Method.USERS_INFO,
    Method.USERS_LIST,
}
"""Methods that change nothing."""


BOT_SCOPES: dict[Method, tuple[str, ...]] = {
    Method.AUTH_REVOKE: (),
    Method.AUTH_TEST: (),
    Method.OAUTH_V2_ACCESS: (),
    Method.OAUTH_V2_EXCHANGE: (),
    Method.BOTS_INFO: ("users:read",),
    Method.CHAT_POST_MESSAGE: ("chat:write",),
    Method.CHAT_UPDATE: ("chat:write",),
    Method.CHAT_DELETE: ("chat:write",),
    Method.CHAT_POST_EPHEMERAL: ("chat:write",),
    Method.ASSISTANT_SEARCH_CONTEXT: ("search:read.public",),
    Method.CONVERSATIONS_HISTORY: ("channels:history", "groups:history", "im:history", "mpim:history"),
    Method.CONVERSATIONS_INFO: ("channels:read", "groups:read", "mpim:read"),
    Method.CONVERSATIONS_REPLIES: ("channels:history", "groups:history", "im:history", "mpim:history"),
    Method.USERS_CONVERSATIONS: ("groups:read", "mpim:read"),
    Method.USERS_INFO: ("users:read",),
    Method.USERS_LIST: ("users:read",),
    Method.USERGROUPS_LIST: ("usergroups:read",),
    Method.USERGROUPS_USERS_LIST: ("usergroups:read",),
    Method.REACTIONS_ADD: ("reactions:write",),
    Method.REACTIONS_REMOVE: ("reactions:write",),
    Method.AGENTS_SESSIONS_SET_STATUS: ("chat:write",),
    Method.CHAT_START_STREAM: ("chat:write",),
    Method.CHAT_APPEND_STREAM: ("chat:write",),
    Method.CHAT_STOP_STREAM: ("chat:write",),
    Method.FILES_GET_UPLOAD_URL: ("files:write",),
    Method.FILES_UPLOAD: (),
    Method.FILES_COMPLETE_UPLOAD: ("files:write",),
    Method.FILES_DELETE: ("files:write",),
    Method.FILES_INFO: ("files:read",),
    Method.FILES_DOWNLOAD: ("files:read",),
    Method.VIEWS_OPEN: (),
    Method.VIEWS_PUBLISH: (),
    Method.RESPONSE_URL: (),
}
"""Scopes that the bot token needs for each method."""

APP_SCOPES: dict[Method, tuple[str, ...]] = {
    Method.APPS_CONNECTIONS_OPEN: ("connections:write",),
}
"""Scopes that the app-level token needs; the manifest cannot ask for them."""

EVENTS: dict[str, tuple[str, ...]] = {
    "agent_session_stopped": ("chat:write",),
    "app_mention": ("app_mentions:read",),
    "app_home_opened": (),
    "channel_id_changed": ("channels:read",),
    "member_joined_channel": ("channels:read", "groups:read"),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "message.mpim": ("mpim:history",),
}
"""Scopes that the bot token needs for each event that the app subscribes to."""

INSTALLATION_EVENTS: dict[str, tuple[str, ...]] = {
    "app_uninstalled": (),
    "team_access_granted": (),
    "team_access_revoked": (),
    "tokens_revoked": (),
}
"""Those of `EVENTS` that an app has only where several workspaces may install it."""

REACTION_EVENTS: dict[str, tuple[str, ...]] = {"reaction_added": ("reactions:read",)}
"""Those of `EVENTS` that an app has only where reactions are shortcuts (`reactions` of `aion-bot.toml`)."""

FEATURES: dict[str, tuple[str, ...]] = {
    "agent_view": ("assistant:write",),
    "shortcuts": ("commands",),
    "slash_commands": ("commands",),
}
"""Parts of the manifest that need a scope by themselves."""

OPTIONAL = (
    "files:read",
    "files:write",
    "reactions:write",
    "search:read.public",
    "usergroups:read",
    "users:read",
)
"""Requested as `bot_optional`. Without `files:read` attached files cannot be read; without `files:write` a very long answer
ends after its first messages, and says so; without `reactions:write` a queued question has no mark; without
`search:read.public` an app whose reading Slack limits to once a minute knows less of what was said before; without `users:read`
and `usergroups:read` Aion reads ids where people and groups are mentioned, and `guests = false` and `allow_roles` refuse
everybody who would have to be looked up."""


def events(*, reactions: bool = False, installations: bool = False) -> Mapping[str, tuple[str, ...]]:
    """Every event that the app subscribes to; `reactions`: they are shortcuts somewhere, `installations`: workspaces install it."""
    more = {**(REACTION_EVENTS if reactions else {}), **(INSTALLATION_EVENTS if installations else {})}
    return {**EVENTS, **more}


def required(*, reactions: bool = False) -> frozenset[str]:
    """Every scope that the bot token must have, whatever the workspace leaves out of the optional ones; `reactions` as for `events`."""
    used = [*BOT_SCOPES.values(), *events(reactions=reactions).values(), *FEATURES.values()]
    return frozenset(scope for scopes in used for scope in scopes) - frozenset(OPTIONAL)
