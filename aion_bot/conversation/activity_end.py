"""How the end of an activity is repeated: one that stays would lie."""

from aion_bot.concurrency.backoff import Backoff
from aion_bot.ports.errors import RateLimited

END_ACTIVITY = Backoff(0.2, factor=4.0, cap=8.0, attempts=4)


class StillShownError(Exception):
    """The platform did not take the activity away."""


def pause_after(error: Exception) -> bool | float:
    """Tell whether to try again, or after how many seconds: after a refusal the limiter knows for how long to wait."""
    return 0.0 if isinstance(error, RateLimited) else isinstance(error, StillShownError)
