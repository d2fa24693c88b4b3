"""What Slack allows, as data. No I/O.

Limits are counted for each method and workspace. Those of a tier are documented as so many calls a minute "and more":
20 for tier 2, 50 for tier 3, 100 for tier 4. `chat.postMessage` takes one message a second in a channel, with short
bursts that are not counted on here, and "several hundred" a minute in a workspace:
https://docs.slack.dev/apis/web-api/rate-limits; the tier of a method stands on its own page there.
"""

from typing import Final

from adapters.slack.methods import Method
from adapters.slack.rendering import FALLBACK
from aion_bot.ports.rate_limits import Budget, Limits, Operation, Scope

_MINUTE = 60.0
_TIER_2, _TIER_3, _TIER_4 = 20, 50, 100
_SEVERAL_HUNDRED = 600

LIMITS: Final = Limits(
    # 3,900 characters are also whole in the fallback text, and stay below the roughly 13,200 that Slack was seen to
    # take for a whole message even if it counts bytes.
    page=FALLBACK,
    edit_gap=1.0,
    budgets={
        Operation.POST: (
            Budget(f"{Method.CHAT_POST_MESSAGE} in a channel", 1, 1.0, Scope.CHANNEL),
            Budget(Method.CHAT_POST_MESSAGE, _SEVERAL_HUNDRED, _MINUTE, Scope.WORKSPACE),
        ),
        Operation.EDIT: (
            Budget(
                Method.CHAT_UPDATE,
                _TIER_3,
                _MINUTE,
                Scope.WORKSPACE,
                reserved=True,
                headroom=5,
                probe_threshold=25,
            ),
        ),
        Operation.DELETE: (Budget(Method.CHAT_DELETE, _TIER_3, _MINUTE, Scope.WORKSPACE),),
        Operation.START_STREAM: (
            Budget(Method.CHAT_START_STREAM, _TIER_2, _MINUTE, Scope.WORKSPACE, headroom=2),
        ),
        Operation.APPEND_STREAM: (
            Budget(
                Method.CHAT_APPEND_STREAM, _TIER_4, _MINUTE, Scope.WORKSPACE, headroom=5, probe_threshold=50
            ),
        ),
        Operation.STOP_STREAM: (
            Budget(Method.CHAT_STOP_STREAM, _TIER_2, _MINUTE, Scope.WORKSPACE, reserved=True, headroom=2),
        ),
        Operation.MARK_QUEUED: (Budget(Method.REACTIONS_ADD, _TIER_3, _MINUTE, Scope.WORKSPACE),),
        Operation.UNMARK_QUEUED: (
            Budget(Method.REACTIONS_REMOVE, _TIER_2, _MINUTE, Scope.WORKSPACE, reserved=True),
        ),
        Operation.SHOW_ACTIVITY: (
            Budget(Method.AGENTS_SESSIONS_SET_STATUS, _TIER_3, _MINUTE, Scope.WORKSPACE, reserved=True),
        ),
        Operation.REPLY_PRIVATELY: (Budget(Method.CHAT_POST_EPHEMERAL, _TIER_4, _MINUTE, Scope.WORKSPACE),),
        Operation.LIST_MESSAGES: (Budget(Method.CONVERSATIONS_REPLIES, _TIER_3, _MINUTE, Scope.WORKSPACE),),
    },
)
