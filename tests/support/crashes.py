"""Crashes at a step: the step hangs once it is done, so that the bot can be killed there."""

import asyncio
from typing import Any

import pytest


def hang_after(patch: pytest.MonkeyPatch, owner: object, name: str) -> asyncio.Event:
    """Make a coroutine function hang once it has done its work; returns the event that says so."""
    reached, done = asyncio.Event(), getattr(owner, name)

    async def hanging(*arguments: Any, **more: Any) -> None:
        await done(*arguments, **more)
        reached.set()
        await asyncio.Event().wait()

    patch.setattr(owner, name, hanging)
    return reached
