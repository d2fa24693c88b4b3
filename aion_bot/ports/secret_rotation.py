"""An optional capability of an adapter: other secrets take over while it listens."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from aion_bot.ports.settings import Problem


@runtime_checkable
class TakesSecrets(Protocol):
    """A platform whose secrets can be replaced while it listens, without losing an event or an answer."""

    secrets: Sequence[str]
    """The variables of those secrets."""

    async def take_secrets(self, env: Mapping[str, str]) -> tuple[Sequence[str], Sequence[Problem]]:
        """Put the values of `env` in force, listening or not; returns the variables that changed, and every problem.

        With a problem nothing changes. Raises `PlatformDown` and `RateLimited` where the platform cannot be asked:
        nothing changes then either. Where new ones hold and only the events cannot be taken with them yet, requests use them
        already, and the same values are tried again.
        """
