"""What the operator has set for what arrives and for the stop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from aion_bot.runtime.supervisor import RefusedPlatforms


@dataclass(frozen=True, slots=True)
class DispatchOptions:
    """What happens to a question while its thread is `busy`, and the seconds that answers may take to end after a stop.

    `several_workspaces_expected`: an allow list says which workspaces may use the bot. `retention_days`: how long rows are kept.
    `listening` is told when a platform has begun to take events, and when it has ceased to.
    """

    busy: Literal["queue", "replace", "reject"] = "queue"
    shutdown_grace: float = 20.0
    several_workspaces_expected: bool = False
    retention_days: int = 90
    refused: RefusedPlatforms | None = None
    listening: Callable[[bool], None] = lambda _: None
