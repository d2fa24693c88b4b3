"""Visible changes of the bot's messages, reported for measurements. Keeps no history. No I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class VisibleChange:
    """What a message of the bot shows from `at` on (seconds of the simulator's clock).

    `asker` is the text for the person who asked, `bystanders` that for everybody else in the channel; they differ while Slack
    streams to one person, and in private replies. Both are empty once the message is deleted.
    """

    at: float
    channel: str
    thread: str
    message: str
    asker: str
    bystanders: str


ChangeListener = Callable[[VisibleChange], None]


class ChangeListeners:
    """All listeners; false while there are none, so that no text is rendered for nothing."""

    def __init__(self) -> None:
        self._listening: list[ChangeListener] = []

    def __bool__(self) -> bool:
        return bool(self._listening)

    def add(self, listener: ChangeListener) -> Callable[[], None]:
        """Report every change to `listener`; returns the function that ends that."""
        self._listening.append(listener)
        return partial(self._listening.remove, listener)

    def notify(self, change: VisibleChange) -> None:
        """Report a change to all listeners."""
        for listener in tuple(self._listening):
            listener(change)
