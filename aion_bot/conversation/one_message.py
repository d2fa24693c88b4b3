"""A view of one message of the bot's own, which is ready at once."""

from dataclasses import dataclass

from aion_bot.ports.messages import Gallery, Reply
from aion_bot.rendering.screen import Screen


@dataclass(frozen=True, slots=True)
class OneMessage:
    """Shows `content`; as for `delivery.view.View`."""

    content: Reply | Gallery
    ended: bool = True

    def advance(self) -> bool:
        """Do nothing: one message is ready at once."""
        return True

    def screen(self) -> Screen:
        """Return the message."""
        return (self.content,)

    def shrink(self) -> bool:
        """Return False: the message cannot be smaller."""
        return False

    def fall_back(self, error: Exception) -> bool:  # noqa: ARG002  # the port's signature
        """Return False: the message is plain text already."""
        return False

    def refuse_file(self, reason: str) -> None:
        """Do nothing: there is no file."""
