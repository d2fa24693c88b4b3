"""The bot without the platforms' limits, for programs that measure something else than its pace."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from aion_bot import app
from aion_bot.cli import compose

_EDIT_GAP = 0.1
"""Seconds between two edits of a message."""


@asynccontextmanager
async def serving(env: Mapping[str, str], database: Path) -> AsyncIterator[None]:
    """Run the bot for as long as the context lasts. Raises `RuntimeError` where the settings are wrong."""
    settings, adapters, problems = compose({**env, "AION_BOT_DATABASE_URL": f"sqlite:///{database}"})
    if settings is None:
        raise RuntimeError("; ".join(map(str, problems)))
    for adapter in adapters:
        adapter.limits = replace(adapter.limits, edit_gap=_EDIT_GAP, budgets={})
    stop = asyncio.Event()
    bot = asyncio.create_task(app.serve(settings, adapters, stop, check_aion=False))
    try:
        yield
    finally:
        stop.set()
        await bot
