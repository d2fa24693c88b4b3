"""Platforms that perform a request and answer it late: a kill in between leaves messages that no row knows."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


class LateAnswers:
    """Delays the answers of platforms by `seconds`, after they have performed the requests."""

    def __init__(self, *answering: tuple[object, str]) -> None:
        """`answering`: what answers for each platform, and the name of its method."""
        self.seconds = 0.0
        for server, name in answering:
            setattr(server, name, self._late(getattr(server, name)))

    def _late(self, answer: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def answering(*request: Any, **more: Any) -> Any:
            answered = await answer(*request, **more)
            if self.seconds:
                await asyncio.sleep(self.seconds)
            return answered

        return answering

    async def for_a_while(self, seconds: float, duration: float) -> None:
        """Answer late for `duration` seconds."""
        self.seconds = seconds
        await asyncio.sleep(duration)
        self.seconds = 0.0
