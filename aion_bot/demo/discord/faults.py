"""Failures that a test orders for the next requests. No I/O."""

from dataclasses import dataclass

from aion_bot.demo.discord.errors import ApiError


@dataclass(slots=True)
class Fault:
    """How a request fails. `acted`: it is carried out first; `drop`: the connection breaks instead of an answer."""

    status: int
    code: int
    pause: float | None
    drop: bool
    acted: bool

    @property
    def error(self) -> ApiError:
        """What is answered."""
        return ApiError(self.status, self.code, f"ordered failure {self.code}", pause=self.pause)


class Faults:
    """The failures still to come, by route."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Fault]] = {}

    def order(self, route: str, fault: Fault, times: int) -> None:
        """Fail the next `times` requests of `route`."""
        self._waiting.setdefault(route, []).extend([fault] * times)

    def take(self, route: str) -> Fault | None:
        """Return the failure that is due."""
        waiting = self._waiting.get(route)
        return waiting.pop(0) if waiting else None
