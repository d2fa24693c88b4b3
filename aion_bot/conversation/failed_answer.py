"""The newest message of a failed answer, while its question waits for a retry and after its question was deleted."""

import structlog

from aion_bot.conversation.late_posts import remove
from aion_bot.conversation.one_message import OneMessage
from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.sync import TakenOver
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.messages import Content, MessageRef, PostedOnce, Reply
from aion_bot.storage import retry_write

_log = structlog.get_logger(__name__)


async def show_waiting(services: Services, thread: Thread, turn: Turn) -> None:
    """Show in the newest message of a turn that it waits, until its runner takes the message over."""
    await _show(services, thread, turn, strings.RETRY_WAITS)


async def show_deleted(services: Services, thread: Thread, turn: Turn) -> None:
    """Show in the newest message of a failed turn that its question was deleted, so that Retry goes away."""
    await _show(services, thread, turn, strings.QUESTION_DELETED)


async def show_withdrawn(services: Services, thread: Thread, turn: Turn) -> None:
    """Show in the newest message of a turn that its retry was withdrawn."""
    await _show(services, thread, turn, strings.RETRY_WITHDRAWN)


async def _show(services: Services, thread: Thread, turn: Turn, sentence: str) -> None:
    if not turn.posted:
        return

    async def on_posted(content: Content | PostedOnce, message: MessageRef) -> None:  # noqa: ARG001  # the signature
        # The older one was deleted, or could not be edited: the runner takes over this one, unless it has begun meanwhile.
        turns, posted = services.store.turns, (*turn.posted[:-1], message)
        if not await retry_write(lambda: turns.replace_posted(turn.key, turn.attempt, posted)):
            await remove(thread, turn, message)
            raise TakenOver("an attempt shows this answer")

    delivery = Delivery(f"{turn.name}w", turn.asker, turn.posted[-1:], on_posted)
    try:
        await services.registry.sync(thread, OneMessage(Reply("", note=sentence)), delivery).run()
    except PlatformError as error:  # also where the runner has taken it over already
        _log.info("failed answer not updated", turn=turn.key, platform=thread.platform, reason=repr(error))
