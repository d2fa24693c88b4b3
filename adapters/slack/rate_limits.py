"""What Slack allows, as data, and what each request counts against. No I/O.

Slack counts by method and workspace. A tier is documented as so many calls a minute "and more": 20 for tier 2, 50 for
tier 3, 100 for tier 4. `chat.postMessage` takes one message a second in a channel, with "short bursts" of no number, and
"several hundred" a minute in a workspace: https://docs.slack.dev/apis/web-api/rate-limits. The
tier of a method stands on its own page below https://docs.slack.dev/reference/methods.
"""

from collections.abc import Mapping
from typing import Final

from adapters.slack.methods import Method
from adapters.slack.rendering import FALLBACK
from aion_bot.ports.rate_limits import Budget, Charge, Limits, Operation, Scope

_MINUTE = 60.0
_TIER_1, _TIER_2, _TIER_3, _TIER_4 = 1, 20, 50, 100
_SEVERAL_HUNDRED = 600
_SHORT_BURST = 3
"""Messages that a channel takes at once after a pause, as people report; where it does not, one is refused and it is counted on no more."""


def _per_minute(
    method: Method,
    calls: int,
    *,
    reserved: bool = False,
    headroom: int = 0,
    probe_threshold: int | None = None,
    ends: int = 1,
) -> Budget:
    return Budget(
        method, calls, _MINUTE, Scope.WORKSPACE, reserved, headroom, probe_threshold, ends_together=ends
    )


BUDGETS: Final[Mapping[Method, tuple[Budget, ...]]] = {
    Method.AUTH_REVOKE: (_per_minute(Method.AUTH_REVOKE, _TIER_3),),
    Method.OAUTH_V2_EXCHANGE: (),  # once for each workspace
    Method.OAUTH_V2_ACCESS: (),  # six hundred a minute, of one person each
    Method.AUTH_TEST: (),  # documented as "special", without a number
    Method.APPS_CONNECTIONS_OPEN: (_per_minute(Method.APPS_CONNECTIONS_OPEN, _TIER_3),),
    Method.APPS_MANIFEST_CREATE: (_per_minute(Method.APPS_MANIFEST_CREATE, _TIER_1),),
    Method.APPS_MANIFEST_EXPORT: (_per_minute(Method.APPS_MANIFEST_EXPORT, _TIER_3),),
    Method.APPS_MANIFEST_VALIDATE: (_per_minute(Method.APPS_MANIFEST_VALIDATE, _TIER_2),),
    Method.BOTS_INFO: (_per_minute(Method.BOTS_INFO, _TIER_3),),
    # A refusal does not say which of the two limits it means: the limiter blames the first.
    Method.CHAT_POST_MESSAGE: (
        Budget(f"{Method.CHAT_POST_MESSAGE} in a channel", 1, 1.0, Scope.CHANNEL, burst=_SHORT_BURST),
        # Private remarks in direct messages are posts as well: half of them are left to answers.
        _per_minute(Method.CHAT_POST_MESSAGE, _SEVERAL_HUNDRED, headroom=_SEVERAL_HUNDRED // 2),
    ),
    Method.CHAT_UPDATE: (
        _per_minute(Method.CHAT_UPDATE, _TIER_3, reserved=True, headroom=2, probe_threshold=25, ends=4),
    ),
    Method.CHAT_DELETE: (_per_minute(Method.CHAT_DELETE, _TIER_3, reserved=True, headroom=2),),
    # In a burst only private replies and reactions may still have room: so all that Slack documents may go side by side.
    Method.CHAT_POST_EPHEMERAL: (_per_minute(Method.CHAT_POST_EPHEMERAL, _TIER_4, probe_threshold=_TIER_4),),
    Method.ASSISTANT_SEARCH_CONTEXT: (_per_minute(Method.ASSISTANT_SEARCH_CONTEXT, _TIER_2),),
    # Where Slack limits the reading of threads to once a minute, it limits that of channels as well, and what was said before
    # is read by one or the other: so it waits for both.
    Method.CONVERSATIONS_HISTORY: (
        _per_minute(Method.CONVERSATIONS_HISTORY, _TIER_3),
        _per_minute(Method.CONVERSATIONS_REPLIES, _TIER_3),
    ),
    Method.VIEWS_OPEN: (_per_minute(Method.VIEWS_OPEN, _TIER_4),),
    Method.VIEWS_PUBLISH: (_per_minute(Method.VIEWS_PUBLISH, _TIER_4),),
    Method.CONVERSATIONS_INFO: (_per_minute(Method.CONVERSATIONS_INFO, _TIER_3),),
    Method.CONVERSATIONS_REPLIES: (_per_minute(Method.CONVERSATIONS_REPLIES, _TIER_3),),
    Method.USERS_CONVERSATIONS: (_per_minute(Method.USERS_CONVERSATIONS, _TIER_3),),
    Method.USERS_INFO: (_per_minute(Method.USERS_INFO, _TIER_4),),
    Method.USERS_LIST: (_per_minute(Method.USERS_LIST, _TIER_2),),
    Method.USERGROUPS_LIST: (_per_minute(Method.USERGROUPS_LIST, _TIER_2),),
    Method.USERGROUPS_USERS_LIST: (_per_minute(Method.USERGROUPS_USERS_LIST, _TIER_2),),
    Method.REACTIONS_ADD: (_per_minute(Method.REACTIONS_ADD, _TIER_3, probe_threshold=_TIER_3),),
    Method.REACTIONS_REMOVE: (_per_minute(Method.REACTIONS_REMOVE, _TIER_2, reserved=True),),
    Method.AGENTS_SESSIONS_SET_STATUS: (
        _per_minute(Method.AGENTS_SESSIONS_SET_STATUS, _TIER_3, reserved=True),
    ),
    Method.CHAT_START_STREAM: (_per_minute(Method.CHAT_START_STREAM, _TIER_2, headroom=2),),
    Method.CHAT_APPEND_STREAM: (
        _per_minute(Method.CHAT_APPEND_STREAM, _TIER_4, headroom=5, probe_threshold=50),
    ),
    Method.CHAT_STOP_STREAM: (
        _per_minute(Method.CHAT_STOP_STREAM, _TIER_2, reserved=True, headroom=2, ends=2),
    ),
    Method.FILES_GET_UPLOAD_URL: (_per_minute(Method.FILES_GET_UPLOAD_URL, _TIER_4),),
    Method.FILES_UPLOAD: (),  # no limit is documented
    Method.FILES_COMPLETE_UPLOAD: (_per_minute(Method.FILES_COMPLETE_UPLOAD, _TIER_4),),
    Method.FILES_DELETE: (_per_minute(Method.FILES_DELETE, _TIER_3),),
    Method.FILES_INFO: (_per_minute(Method.FILES_INFO, _TIER_4),),
    Method.FILES_DOWNLOAD: (),  # no limit is documented
    Method.RESPONSE_URL: (),  # five answers to a command, and no limit beside that
}
"""What a request of each method counts against, the most specific first."""

_METHODS: Final[Mapping[Operation, Method]] = {
    Operation.POST: Method.CHAT_POST_MESSAGE,
    Operation.POST_FILE: Method.FILES_COMPLETE_UPLOAD,
    Operation.EDIT: Method.CHAT_UPDATE,
    Operation.DELETE: Method.CHAT_DELETE,
    Operation.START_STREAM: Method.CHAT_START_STREAM,
    Operation.APPEND_STREAM: Method.CHAT_APPEND_STREAM,
    Operation.STOP_STREAM: Method.CHAT_STOP_STREAM,
    Operation.MARK_QUEUED: Method.REACTIONS_ADD,
    Operation.UNMARK_QUEUED: Method.REACTIONS_REMOVE,
    Operation.SHOW_ACTIVITY: Method.AGENTS_SESSIONS_SET_STATUS,
    Operation.REPLY_PRIVATELY: Method.CHAT_POST_EPHEMERAL,
    Operation.LIST_MESSAGES: Method.CONVERSATIONS_REPLIES,
    Operation.READ_EARLIER: Method.CONVERSATIONS_HISTORY,
    Operation.SEARCH_EARLIER: Method.ASSISTANT_SEARCH_CONTEXT,
}
"""The method that each operation calls once, as a rule. Further requests of an operation are counted as they are sent:
an edit of a stream stops it first, a file is uploaded before it is shared, and a private reply in a direct message is a
post."""
_OPERATIONS: Final = {method: operation for operation, method in _METHODS.items()}

LIMITS: Final = Limits(
    # 3,900 characters are also whole in the fallback text, and stay below the roughly 13,200 that Slack was seen to
    # take for a whole message even if it counts bytes.
    page=FALLBACK,
    edit_gap=1.0,
    budgets={operation: BUDGETS[method] for operation, method in _METHODS.items()},
    # Users report that a status disappears after two minutes (openclaw#77358, sentry#112679).
    activity_lasts=120.0,
)


def charges(limits: Limits, method: Method, team: str, channel: str) -> tuple[Charge, ...]:
    """What a request counts against; the budgets of an operation are those of `limits`, which may differ from `LIMITS`."""
    operation = _OPERATIONS.get(method)
    budgets = BUDGETS[method] if operation is None else limits.budgets.get(operation, ())
    return tuple((budget, scope_key(budget.scope, team, channel)) for budget in budgets)


def scope_key(scope: Scope, team: str, channel: str) -> str:
    """Name what shares a budget of this scope."""
    return {Scope.CHANNEL: channel, Scope.WORKSPACE: team, Scope.BOT: ""}[scope]
