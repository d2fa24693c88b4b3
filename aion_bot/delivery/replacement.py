"""Answers of which people see the first words soon, although no edit can be kept for their end.

Edits end an answer that grows, and a platform takes few of them. Posts and deletions have limits of their own: where no edit can be
kept for the end of an answer in time, a deletion is. It grows by what edits are free, and at its end a new message with the whole
answer takes the place of the one that grew, unless an edit is free then.
"""

import time

from aion_bot.delivery.strategy import LONGEST_TEXT_WAIT
from aion_bot.delivery.thread import Thread
from aion_bot.ports.rate_limits import Operation

EDIT_PATIENCE = LONGEST_TEXT_WAIT / 2
"""Seconds for which an answer waits for an edit at its end: the rest of the time that its first message waits for text is left
to look for room for a post.
"""


def may_be_replaced(thread: Thread, began: float) -> bool:
    """Tell whether an answer that began then had better be shown, and replaced at its end, than wait for an edit at its end."""
    now = time.monotonic()
    if now < began + EDIT_PATIENCE or thread.limiter.deletions_refused:
        return False
    edits, deletions = thread.limits(Operation.EDIT), thread.limits(Operation.DELETE)
    posts = thread.limits(Operation.POST)
    # A limit of which less than is documented is left would let both messages stand for a while, or the end wait.
    if any(one.window.recently_refused(now) for one in (*deletions, *posts)):
        return False
    # One of those that wait for an edit is this answer.
    if all(one.reservable_at(now, max(one.awaiting_reservation - 1, 0)) <= now for one in edits):
        return False
    # A deletion is kept for each, which only a documented limit permits.
    kept = all(one.window.budget.reserved and one.reservable_at(now) <= now for one in deletions)
    # It is one post more: not one that the end of another answer waits for.
    return kept and all(one.best_effort_at(now) <= now for one in posts)


def edit_is_free(thread: Thread) -> bool:
    """Tell whether an answer had better end by an edit now than by a new message.

    That is where nobody else needs the edit, as a preview does that waits for one, or where the new message would have to wait.
    """
    now = time.monotonic()
    edits, posts = thread.limits(Operation.EDIT), thread.limits(Operation.POST)
    if any(one.window.room_at(now, one.reserved) > now for one in edits):
        return False
    return not any(one.waiting for one in edits) or any(one.window.room_at(now, 0) > now for one in posts)
