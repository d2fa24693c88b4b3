"""What readers see of the bot's messages, told at every change: for measuring, without any history. No I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Sight:
    """What a message of the bot's shows from `at` on (seconds of the simulator's clock).

    `asker` is the text for the one whom it answers, `bystanders` that for everybody else in the channel; they differ
    while Slack streams to one person, and in private messages. Both are empty once the message is deleted.
    """

    at: float
    channel: str
    thread: str
    message: str
    asker: str
    bystanders: str


Watcher = Callable[[Sight], None]


class Watchers:
    """All who watch; false while there are none, so that nothing needs to be drawn for nobody."""

    def __init__(self) -> None:
        self._watching: list[Watcher] = []

    def __bool__(self) -> bool:
        return bool(self._watching)

    def add(self, watcher: Watcher) -> Callable[[], None]:
        """Tell `watcher` of every change; returns what ends that."""
        self._watching.append(watcher)
        return partial(self._watching.remove, watcher)

    def tell(self, sight: Sight) -> None:
        """Tell all of them."""
        for watcher in tuple(self._watching):
            watcher(sight)
