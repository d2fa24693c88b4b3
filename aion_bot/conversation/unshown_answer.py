"""An answer whose end cannot be shown: its last message says so, and the person is told."""

from dataclasses import dataclass, replace

import structlog

from aion_bot.conversation.private_reply import remove_echo, reply_privately
from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.sync import MessageSync
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import PlatformDown, PlatformError, QuestionGone
from aion_bot.ports.failures import with_reference
from aion_bot.ports.messages import Reply
from aion_bot.rendering.screen import Screen

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Closing:
    """One message that says why there is no more, under what it shows."""

    shown: Reply | None
    sentence: str
    ended: bool = True

    def advance(self) -> bool:
        """Do nothing: one message is ready at once."""
        return True

    def screen(self) -> Screen:
        warning = f"⚠️ {self.sentence}"
        if self.shown is None or not self.shown.text.strip():
            return (Reply(warning),)
        text = f"{self.shown.text.rstrip()}\n\n{warning}"
        return (replace(self.shown, text=text, note="", byline=(), buttons=(), closing=0),)

    def shrink(self) -> bool:
        """Leave out the text; False if it is left out already."""
        smaller, self.shown = self.shown is not None, None
        return smaller

    def fall_back(self, error: Exception) -> bool:  # noqa: ARG002  # the port's signature
        """Leave out the text that could not be rendered."""
        return self.shrink()

    def refuse_file(self, reason: str) -> None:
        """Do nothing: there is no file."""


async def close_unshown(
    services: Services, thread: Thread, shown: MessageSync, turn: Turn, error: PlatformError
) -> None:
    """Tell why an answer cannot be shown to its end: under what is shown of it, and to the person alone."""
    sentence = with_reference(error_messages.not_shown(error), turn.key)
    if not isinstance(error, PlatformDown):
        await _close_message(services, thread, shown, turn, sentence)
    origin = turn.origin
    # Whoever deletes their question wants no answer.
    if origin is None or (isinstance(error, QuestionGone) and origin.source is not None):
        return
    await reply_privately(thread, origin, (sentence,))
    await remove_echo(thread, origin)


async def _close_message(
    services: Services, thread: Thread, shown: MessageSync, turn: Turn, sentence: str
) -> None:
    """Take the buttons off the newest message of an answer, and write `sentence` under it; delete it if that fails.

    A platform that takes neither keeps the message as it is: a press is then answered privately.
    """
    if shown.diff.newest is None:
        return
    message, content = shown.diff.newest
    view = _Closing(content if isinstance(content, Reply) else None, sentence)
    delivery = Delivery(f"{turn.name}x", turn.asker, (message,))
    try:
        await services.registry.sync(thread, view, delivery).run()
    except PlatformError as error:
        _log.info(
            "unfinished message not updated", turn=turn.key, platform=thread.platform, reason=repr(error)
        )
        try:
            await thread.delete(message)
        except PlatformError as refusal:
            _log.warning("message not deleted", turn=turn.key, platform=thread.platform, reason=repr(refusal))


async def tell_internal(thread: Thread, turn: Turn) -> None:
    """Tell the person of a failure of the bot's own that no answer can show."""
    if turn.origin is not None:
        await reply_privately(thread, turn.origin, (with_reference(strings.INTERNAL, turn.key),))
