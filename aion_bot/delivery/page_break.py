"""What an answer reserves where its growing message is about to be full. No I/O.

There a further message is posted, and the answer may end in the next moment: the last edit of the full message, the post and the
end come within a second or two. Where posts and edits share one small limit, as on Discord, previews have to leave room for two of
them.
"""

from collections.abc import Callable

from aion_bot.delivery.steps import Edit, Post
from aion_bot.ports.messages import Reply
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.fair_share import AnswerShare, SharedLimits

NEARLY_FULL = 4 / 5
"""The part of a message from which on a further one is foreseen: on Discord the rest lasts some six seconds, longer than its window."""


def foresee_page(
    share: AnswerShare, step: Edit | Post, page: int, limits: Callable[[Operation], SharedLimits]
) -> None:
    """Reserve the post of the next message in the limits that it shares with the end, or give that back where it stands.

    `step` makes or changes the growing message, which takes so much as a `page`; `limits` of an operation are looked up.
    """
    held = ending = share.previews
    if not ending or share.reserved[: len(ending)] != ending:
        return  # it ends by another operation than an edit
    if isinstance(step.content, Reply) and len(step.content.text) > NEARLY_FULL * page:
        held += tuple(one for one in limits(Operation.POST) if one in ending)
    if held != share.reserved:
        share.hold(held, ending)
