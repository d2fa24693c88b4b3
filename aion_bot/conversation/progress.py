"""How far a turn is, as its indicators have to know."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a turn is, for its indicators.

    `opened` is set once its thread exists, `started` when the first message of the answer stands, `ended` when nothing more
    will be shown; `silent` tells whether Aion has said nothing for so many seconds although it works; `unseen` is called
    where the limits leave no sign now.
    """

    started: asyncio.Event
    opened: asyncio.Event | None = None
    ended: asyncio.Event | None = None
    silent: Callable[[float], bool] = lambda _: False
    unseen: Callable[[], None] = lambda: None
