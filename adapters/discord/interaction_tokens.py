"""Where a command or a press can still be answered privately. No I/O."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

LIFETIME = 15 * 60.0
"""Seconds that an interaction's token is good for (Discord's documentation, *Receiving and Responding*)."""
CAPACITY = 2_000


@dataclass(frozen=True, slots=True)
class PrivateReply:
    """What it takes to answer an interaction. The token is a secret while it lives."""

    application: int
    token: str = field(repr=False)
    until: float = 0.0


class PrivateReplies:
    """The newest interactions by their ids, while their tokens live."""

    def __init__(self, clock: Callable[[], float] = monotonic, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._open: OrderedDict[str, PrivateReply] = OrderedDict()

    def keep(self, interaction: int, application: int, token: str) -> None:
        """Remember how to answer `interaction`; the oldest makes room."""
        self._open[str(interaction)] = PrivateReply(application, token, self._clock() + LIFETIME)
        while len(self._open) > self._capacity:
            self._open.popitem(last=False)

    def find(self, reply_token: str) -> PrivateReply | None:
        """Return how to answer, or None where that is over or never was."""
        reply = self._open.get(reply_token)
        if reply is not None and reply.until <= self._clock():
            del self._open[reply_token]
            return None
        return reply
