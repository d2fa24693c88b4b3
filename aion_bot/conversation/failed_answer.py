"""The newest message of a failed answer, while its question waits for a retry and after its question was deleted."""

from dataclasses import dataclass

import structlog

from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.messages import Content, MessageRef, PostedOnce, Reply
from aion_bot.rendering.screen import Screen
from aion_bot.storage import retry_write

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Line:
    """One message that says what became of the question, without a button."""

    sentence: str
    ended: bool = True

    def advance(self) -> bool:
        """Do nothing: one message is ready at once."""
        return True

    def screen(self) -> Screen:
        """Return the message."""
        return (Reply("", note=self.sentence),)

    def shrink(self) -> bool:
        """Return False: the message cannot be smaller."""
        return False

    def fall_back(self, error: Exception) -> bool:  # noqa: ARG002  # the port's signature
        """Return False: the message is plain text already."""
        return False

    def refuse_file(self, reason: str) -> None:
        """Do nothing: there is no file."""


async def show_waiting(services: Services, thread: Thread, turn: Turn) -> None:
    """Show in the newest message of a turn that it waits, until its runner takes the message over."""
    await _show(services, thread, turn, strings.RETRY_WAITS)


async def show_deleted(services: Services, thread: Thread, turn: Turn) -> None:
    """Show in the newest message of a failed turn that its question was deleted, so that Retry goes away."""
    await _show(services, thread, turn, strings.QUESTION_DELETED)


async def _show(services: Services, thread: Thread, turn: Turn, sentence: str) -> None:
    if not turn.posted:
        return

    async def on_posted(content: Content | PostedOnce, message: MessageRef) -> None:  # noqa: ARG001  # the signature
        # The older one was deleted, or could not be edited: the runner takes over this one.
        await retry_write(lambda: services.store.turns.note_posted(turn.key, (*turn.posted[:-1], message)))

    delivery = Delivery(f"{turn.name}w", turn.asker, turn.posted[-1:], on_posted)
    try:
        await services.registry.sync(thread, _Line(sentence), delivery).run()
    except PlatformError as error:  # also where the runner has taken it over already
        _log.info("failed answer not updated", turn=turn.key, platform=thread.platform, reason=repr(error))
