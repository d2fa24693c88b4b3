"""The source of what a message sync shows."""

from typing import Protocol

from aion_bot.rendering.screen import Screen


class View(Protocol):
    """Where the wanted screen comes from."""

    @property
    def ended(self) -> bool:
        """Whether no other screen will follow."""

    def advance(self) -> bool:
        """Do a part of the work of `screen`, a page at most; True once nothing is left, and the screen comes at once."""

    def screen(self) -> Screen:
        """What the thread should show now; asked for only when it can be shown."""

    def shrink(self) -> bool:
        """Use smaller pages from now on, after the platform refused a size; False if there is no smaller."""

    def fall_back(self, error: Exception) -> bool:
        """Show plain text from now on, after rendering raised `error`; False if that is shown already."""

    def refuse_file(self, reason: str) -> None:
        """Show no document from now on, and say why; empty where that is not known."""
