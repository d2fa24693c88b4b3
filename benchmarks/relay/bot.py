"""The measured bot, composed as the command line composes it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aion_bot import app, log_config
from aion_bot.cli import compose
from aion_bot.config import Settings
from aion_bot.ports.adapter import PlatformAdapter


def composed(env: Mapping[str, str], folder: Path) -> tuple[Settings, Sequence[PlatformAdapter]]:
    """Build the bot. Raises RuntimeError."""
    database = {"AION_BOT_DATABASE_URL": f"sqlite:///{folder / 'bot.db'}", "AION_BOT_SHUTDOWN_GRACE": "0.5"}
    settings, adapters, problems = compose({**env, **database})
    if settings is None or problems:
        raise RuntimeError(f"the benchmark's own settings are wrong: {problems}")
    log_config.configure("error", "text", ())
    return settings, adapters


@asynccontextmanager
async def serving(settings: Settings, adapters: Sequence[PlatformAdapter]) -> AsyncIterator[None]:
    """Run the bot for as long as the context lasts."""
    stop = asyncio.Event()
    serving = asyncio.create_task(app.serve(settings, list(adapters), stop))
    try:
        yield
    finally:
        stop.set()
        await serving


def model(adapters: Sequence[PlatformAdapter]) -> dict[str, Any]:
    """The limits of the bot's adapter, as JSON: the shortest gap, a message's size, and its budgets."""
    limits = adapters[0].limits
    return {
        "gap": limits.edit_gap,
        "page": limits.page,
        "budgets": {
            str(call): [
                {
                    "name": one.name,
                    "calls": one.calls,
                    "seconds": one.seconds,
                    "headroom": one.headroom,
                    "reserved": one.reserved,
                }
                for one in budgets
            ]
            for call, budgets in limits.budgets.items()
        },
    }
