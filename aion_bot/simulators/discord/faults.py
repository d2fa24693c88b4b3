"""Failures that a test schedules for the next requests. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aion_bot.simulators.discord.errors import ApiError
from aion_bot.simulators.workspace import Failure

ANY = "*"


@dataclass(frozen=True, slots=True)
class Fault:
    """How a request fails; with `acted` it is performed first.

    `drop`: the connection breaks instead of a response; `cut`: in the middle of one; `hang`: no response; `page`: a proxy's
    page instead of Discord's response. A 429 that is not
    from Discord itself has no `via`; one with `told_in_body` has no `Retry-After`; one for `all_routes` is the global limit
    of the bot. Of a file: `short` bytes at its end are missing, or more are there if it is negative; the connection breaks
    `cut_after` so many bytes.
    """

    status: int = 500
    code: int = 0
    pause: float | None = None
    drop: bool = False
    cut: bool = False
    hang: bool = False
    page: bool = False
    acted: bool = False
    via: bool = True
    told_in_body: bool = False
    all_routes: bool = False
    short: int = 0
    cut_after: int | None = None

    @property
    def error(self) -> ApiError:
        """The error that is returned."""
        message = f"ordered failure {self.code}"
        return ApiError(self.status, self.code, message, pause=self.pause, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        """The headers that clients read; discord.py takes a 429 without `Via` for a ban."""
        if self.pause is None:
            return {}
        headers = {"X-RateLimit-Scope": "global" if self.all_routes else "user"}
        headers |= {"Via": "1.1 google"} if self.via else {}
        headers |= {"X-RateLimit-Global": "true"} if self.all_routes else {}
        return headers if self.told_in_body else headers | {"Retry-After": f"{self.pause:g}"}


class Faults:
    """The failures still to come, by route; those of `ANY` apply to any request."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Fault]] = {}

    def order(self, route: str, fault: Fault, times: int) -> None:
        """Fail the next `times` requests of `route`."""
        self._waiting.setdefault(route, []).extend([fault] * times)

    def take(self, route: str) -> Fault | None:
        """Remove and return the failure that is due."""
        waiting = self._waiting.get(route) or self._waiting.get(ANY)
        return waiting.pop(0) if waiting else None

    def clear(self) -> None:
        """Remove all scheduled failures."""
        self._waiting.clear()


FAILURES: Mapping[Failure, Mapping[str, Any]] = {
    Failure.DOWN: {"status": 503},
    Failure.LOST: {"drop": True, "acted": True},
    Failure.FORBIDDEN: {"status": 403, "code": 50013},
    Failure.UNEDITABLE: {"status": 403, "code": 50005},
    Failure.UNDRAWABLE: {"status": 400, "code": 50035},
}
"""The fields of a `Fault` that fails so; a rate limit has its own pause."""
