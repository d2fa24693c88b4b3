"""What a refusal of Discord's means in a channel, where its code alone does not say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord

from adapters.discord.client import RestClient
from adapters.discord.events import SEND, SEND_IN_THREADS
from aion_bot.ports.errors import Forbidden, Hindrance, PlatformError


@asynccontextmanager
async def explained(rest: RestClient, channel: int, needed: str = "") -> AsyncIterator[None]:
    """Say in a refusal what the bot misses in a channel: `needed`, or else the permission to write there.

    Discord names none. Of an edit its documentation says that it needs none; a report of a refusal names that to write
    (discord/discord-api-docs#3096).
    """
    try:
        yield
    except Forbidden as error:
        if error.hindrance is Hindrance.PERMISSION and not error.permission:
            error.permission = needed or await _needed_to_write(rest, channel)
        elif error.hindrance is Hindrance.PERMISSION and channel in rest.private_threads:
            error.hindrance, error.permission = Hindrance.NOT_INVITED, ""
        raise


async def _needed_to_write(rest: RestClient, channel: int) -> str:
    """Name the permission to write: threads and channels have their own; empty where Discord does not tell."""
    try:
        found = await rest.channel(channel)
    except PlatformError:
        return ""
    return SEND_IN_THREADS if isinstance(found, discord.Thread) else SEND
