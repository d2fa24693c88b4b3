"""What decides when a request may be sent, as the client asks it. No I/O."""

from collections.abc import Mapping
from typing import Protocol


class Passage(Protocol):
    """One request that was let through; its end is reported once, by one of these."""

    def answered(self, headers: Mapping[str, str]) -> None:
        """Count the answer, and learn from its headers."""

    def refused(self, retry_after: float | None, limit: int | None) -> None:
        """Record that the server refused it for its rate (429): for so many seconds, under this limit, if it says so."""

    def unanswered(self) -> None:
        """Count it although no answer came, or it was cancelled: the server may have counted it."""


class Pace(Protocol):
    """Keeps the requests of one API key within its limit; called in the sender's task."""

    def begin(self) -> Passage | None:
        """Let a request through at once; None where it has to `wait`."""

    async def wait(self) -> Passage:
        """Wait until a request may be sent."""

    def forget(self) -> None:
        """Forget what was learned: another key is used from now on."""
