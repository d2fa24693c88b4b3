"""What Slack allows, as data. No I/O.

Limits are counted for each method and workspace. Those of a tier are documented as so many calls a minute "and more":
20 for tier 2, 50 for tier 3, 100 for tier 4. `chat.postMessage` takes one message a second in a channel, with short
bursts that are not counted on here, and "several hundred" a minute in a workspace:
https://docs.slack.dev/apis/web-api/rate-limits; the tier of a method stands on its own page there.
"""

from typing import Final

from adapters.slack.methods import Method
from adapters.slack.rendering import FALLBACK
from aion_bot.ports.rate_limits import Budget, Call, Limits, Per

_MINUTE = 60.0
_TIER_2, _TIER_3, _TIER_4 = 20, 50, 100
_SEVERAL_HUNDRED = 600

LIMITS: Final = Limits(
    # 3,900 characters are also whole in the fallback text, and stay below the roughly 13,200 that Slack was seen to
    # take for a whole message even if it counts bytes.
    page=FALLBACK,
    edit_gap=1.0,
    budgets={
        Call.POST: (
            Budget(f"{Method.POST} in a channel", 1, 1.0, Per.CHANNEL),
            Budget(Method.POST, _SEVERAL_HUNDRED, _MINUTE, Per.WORKSPACE),
        ),
        Call.EDIT: (Budget(Method.UPDATE, _TIER_3, _MINUTE, Per.WORKSPACE, promised=True, spare=5, sure=25),),
        Call.DELETE: (Budget(Method.DELETE, _TIER_3, _MINUTE, Per.WORKSPACE),),
        Call.BEGIN: (Budget(Method.BEGIN, _TIER_2, _MINUTE, Per.WORKSPACE, spare=2),),
        Call.APPEND: (Budget(Method.APPEND, _TIER_4, _MINUTE, Per.WORKSPACE, spare=5, sure=50),),
        Call.CONCLUDE: (Budget(Method.CONCLUDE, _TIER_2, _MINUTE, Per.WORKSPACE, promised=True, spare=2),),
        Call.MARK: (Budget(Method.MARK, _TIER_3, _MINUTE, Per.WORKSPACE),),
        Call.UNMARK: (Budget(Method.UNMARK, _TIER_2, _MINUTE, Per.WORKSPACE, promised=True),),
        Call.ACTIVITY: (Budget(Method.ACTIVITY, _TIER_3, _MINUTE, Per.WORKSPACE, promised=True),),
        Call.WHISPER: (Budget(Method.WHISPER, _TIER_4, _MINUTE, Per.WORKSPACE),),
        Call.LOOK: (Budget(Method.REPLIES, _TIER_3, _MINUTE, Per.WORKSPACE),),
    },
)
