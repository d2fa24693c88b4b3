"""Messages that no attempt shows any more: confirmed after a retry had begun, or left growing by an earlier process."""

import re
from functools import partial
from itertools import dropwhile

import structlog

from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.conversation.one_message import OneMessage
from aion_bot.conversation.removal import may_pass
from aion_bot.conversation.services import Services
from aion_bot.delivery.diff import MessageDiff
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn, TurnPhase
from aion_bot.ports.errors import MessageGone, PlatformError
from aion_bot.ports.messages import MessageRef, Reply
from aion_bot.rendering.answer import AnswerView
from aion_bot.storage import BRIEFLY, Store, retry_write

_log = structlog.get_logger(__name__)

_NOTICE = re.compile(r"_[^\n]+_|")
"""A paragraph that may be a sentence of the bot's own above an answer."""

_REMOVE_AGAIN = Backoff(0.5, attempts=6)
"""For a message whose buttons do nothing: nobody removes it later."""


async def hand_over(store: Store, thread: Thread, turn: Turn, message: MessageRef) -> None:
    """Leave what an attempt has posted to the later one, which answers in its place; remove it where that has begun.

    What the later attempt shows already stays, and everything where the row is gone: then no later one exists.
    """
    if await retry_write(lambda: store.turns.leave_to_retry(turn.key, turn.attempt, message)):
        return
    now = await store.turns.get(turn.key)
    if now is not None and now.attempt > turn.attempt and message not in now.posted:
        await remove(thread, turn, message)


async def remove_unseen(store: Store, thread: Thread, turn: Turn) -> None:
    """Remove what was recorded for a retry between the moment at which its row was read and that of its start."""
    now = await retry_write(partial(store.turns.get, turn.key), BRIEFLY)
    unseen = [] if now is None else [one for one in now.posted if one not in turn.posted]
    if unseen:
        await retry_write(lambda: store.turns.note_posted(turn.key, turn.attempt, turn.posted))
    for message in unseen:
        await remove(thread, turn, message)


async def end_growing(services: Services, thread: Thread, turn: Turn) -> None:
    """Take status and Stop off what an earlier process left growing above a plan's card; its words stay."""
    if turn.growing is None:
        return
    message, words = turn.growing
    if not words:
        await remove(thread, turn, message)
        return
    delivery = Delivery(f"{turn.name}g", turn.asker, (message,))
    try:
        await services.registry.sync(thread, OneMessage(Reply(words)), delivery).run()
    except PlatformError as error:
        _log.warning(
            "unfinished message not updated", turn=turn.key, platform=thread.platform, reason=repr(error)
        )


def keep_words(turn: Turn, view: AnswerView, diff: MessageDiff) -> None:
    """Show what people have read of an answer that an earlier process began, until it is found, or ends under these words.

    Of several messages the newest alone changes. A plan's row says more: its words are looked for first.
    """
    if turn.growing is None or turn.phase is TurnPhase.PARKED:
        return
    message, words = turn.growing
    said = without_notices(words)
    if said is not None and diff.keep_before(message):
        view.show_stored(said, None)


def without_notices(words: str) -> str | None:
    """Return an answer without the bot's own sentences above it, which are said again; None where they are all of it."""
    said = list(dropwhile(_NOTICE.fullmatch, words.split("\n\n")))
    return "\n\n".join(said) if said else None


async def remove(thread: Thread, turn: Turn, message: MessageRef) -> None:
    """Remove a message that no attempt shows; one that the platform does not remove is logged, and stays."""
    try:
        await retry(
            lambda: thread.delete(message),
            backoff=_REMOVE_AGAIN,
            on=may_pass,
        )
    except MessageGone:
        pass  # somebody else has removed it
    except PlatformError as error:
        _log.warning("message not deleted", turn=turn.key, platform=thread.platform, reason=repr(error))
