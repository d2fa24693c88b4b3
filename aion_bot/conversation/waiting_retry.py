"""The message of a failed answer while its question waits to be asked again."""

from dataclasses import dataclass

import structlog

from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.messages import Content, Document, MessageRef, Reply
from aion_bot.rendering.screen import Screen
from aion_bot.storage import retry_write

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One message that says that the question waits, without a button."""

    ended: bool = True

    def advance(self) -> bool:
        """Do nothing: one message is ready at once."""
        return True

    def screen(self) -> Screen:
        """Return the message."""
        return (Reply("", note=strings.RETRY_WAITS),)

    def shrink(self) -> bool:
        """Return that nothing is smaller."""
        return False

    def fall_back(self, error: Exception) -> bool:  # noqa: ARG002  # the port's signature
        """Return that nothing is plainer."""
        return False

    def refuse_file(self, reason: str) -> None:
        """Do nothing: there is no file."""


async def show_waiting(services: Services, thread: Thread, turn: Turn) -> None:
    """Show in the newest message of a turn that it waits, until its runner takes the message over."""
    if not turn.posted:
        return

    async def on_posted(content: Content | Document, message: MessageRef) -> None:  # noqa: ARG001  # the signature
        # The older one was deleted, or could not be edited: the runner takes over this one.
        await retry_write(lambda: services.store.turns.note_posted(turn.key, (*turn.posted[:-1], message)))

    delivery = Delivery(f"{turn.name}w", turn.asker, turn.posted[-1:], on_posted)
    try:
        await services.registry.sync(thread, _Waiting(), delivery).run()
    except PlatformError as error:  # also where the runner has taken it over already
        _log.info("waiting retry not shown", turn=turn.key, platform=thread.platform, reason=repr(error))
