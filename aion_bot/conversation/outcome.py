"""How a turn ended, as the thread shows it."""

from dataclasses import dataclass

from aion_bot.domain.turn import RETRYABLE, EndReason
from aion_bot.ports.messages import Line


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why the turn ended, the sentence under an answer that is not whole, and who ended it."""

    reason: EndReason = EndReason.ANSWERED
    sentence: str = ""
    byline: Line = ()

    @property
    def retryable(self) -> bool:
        """Whether the thread offers Retry."""
        return self.reason in RETRYABLE
