"""How a sign that has become wrong is removed: again and again, until it is gone."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.ports.errors import PlatformDown, RateLimited

T = TypeVar("T")

_AGAIN = Backoff(0.5, cap=30.0, total=86_400.0)
"""A platform may be away for hours; what a day does not mend is left to the next start."""


async def until_gone(remove: Callable[[], Awaitable[T]]) -> T:
    """Return what `remove` returns, which is tried again while the platform cannot be reached or asks to wait.

    Raises:
        PlatformError: the platform refuses, or could not be reached for a day.
    """
    return await retry(remove, backoff=_AGAIN, on=may_pass)


def may_pass(error: Exception) -> bool | float:
    """Tell whether to try again what a platform has failed, or after how many seconds; see `retry`."""
    # After a refusal the limiter knows for how long to wait.
    return 0.0 if isinstance(error, RateLimited) else isinstance(error, PlatformDown)
