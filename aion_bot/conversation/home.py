"""The sections of the page that a platform shows somebody who opens the bot's own place there."""

import asyncio
import sqlite3

import structlog

from aion_bot.conversation.aion_keys import at
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.access import OPERATOR, Intent
from aion_bot.ports.adapter import Home
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import HomeOpened
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.messages import HomeSection
from aion_bot.storage.errors import StoreError
from aion_bot.storage.usage import read_usage

_log = structlog.get_logger(__name__)

_SINCE = 30 * 86_400.0
"""Seconds of the usage that is shown, as of `aion-bot usage`."""


async def show_home(services: Services, thread: Thread, event: HomeOpened) -> None:
    """Show a person what the page has for them: what the bot is for, and the usage to those who may see it."""
    adapter = thread.adapter
    if not isinstance(adapter, Home):
        return
    sections = [HomeSection(strings.HOME_TITLE, (strings.HINT,))]
    if await services.access.allows(thread.platform, Intent.USAGE, event.place, event.person, OPERATOR):
        sections.append(await _usage(at(services, event.place), event.thread.id))
    try:
        await adapter.publish_home(event, sections)
    except PlatformError as error:
        _log.warning("home not shown", platform=thread.platform, reason=repr(error))


async def _usage(services: Services, key: str) -> HomeSection:
    try:
        usage = await asyncio.to_thread(read_usage, services.store.path, _SINCE)
    except (StoreError, sqlite3.Error) as error:
        _log.warning("usage not read", reason=str(error), ref=reference(key))
        return HomeSection(strings.USAGE_TITLE, (with_reference(strings.USAGE_UNREAD, key),))
    percent = services.month.percent if services.month is not None else 0
    used = (strings.month_used(percent),) if percent else ()
    return HomeSection(strings.USAGE_TITLE, (*usage.lines(), *used))
