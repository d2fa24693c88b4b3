"""The sections of the page that a platform shows somebody who opens the bot's own place there."""

import asyncio
import sqlite3
from collections.abc import Sequence

import structlog

from aion_bot.aion import AionvisionError
from aion_bot.conversation.aion_keys import services_at
from aion_bot.conversation.home_facts import REQUESTS, HomeFacts
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.access import OPERATOR, Intent
from aion_bot.ports.capabilities import Home
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import HomeOpened
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.messages import HomeSection
from aion_bot.ratelimit.request_pace import ASKER, Asker
from aion_bot.storage.errors import StoreError
from aion_bot.storage.usage import read_usage

_log = structlog.get_logger(__name__)

_SINCE = 30 * 86_400.0
"""Seconds of the usage that is shown, as of `aion-bot usage`."""

_CONVERSATIONS = 3
"""Conversations that are named."""


async def show_home(services: Services, facts: HomeFacts, thread: Thread, event: HomeOpened) -> None:
    """Show a person what the page has for them: how to begin, their own conversations, what is left, and the usage.

    What Aion has to be asked is asked through `facts`, by two requests at most.
    Each part is for those alone who may see it, by the one access function.
    """
    adapter = thread.adapter
    if not isinstance(adapter, Home):
        return
    services = services_at(services, event.place)
    sections = [HomeSection(strings.HOME_TITLE, (strings.HINT,))]
    ASKER.set(Asker((thread.platform, event.person.id)))
    if await services.access.allows(thread.platform, Intent.MANAGE, event.place, event.person):
        sections = await _own(services, facts, thread.platform, event)
    if await services.access.allows(thread.platform, Intent.USAGE, event.place, event.person, OPERATOR):
        sections.append(await _usage(services, event.thread.id))
    try:
        await adapter.publish_home(event, sections)
    except PlatformError as error:
        _log.warning("home not shown", platform=thread.platform, reason=repr(error))


async def _own(services: Services, facts: HomeFacts, platform: str, event: HomeOpened) -> list[HomeSection]:
    """Return how to begin, the person's newest conversations, and what they may still ask."""
    place, person, store = event.place, event.person, services.store.conversations
    begin, requests = await facts.hint(services, place)
    sections = [HomeSection(strings.HOME_TITLE, (begin, strings.HOME_BEGIN))]
    if found := await store.of_person(platform, place, person, _CONVERSATIONS, 0, key_name=services.key):
        lines = await _titles(services, facts, event, [one.session for one in found], REQUESTS - requests)
        sections.append(HomeSection(strings.HOME_CONVERSATIONS, lines))
    limit = services.access.rules.allowance(place, person).per_person
    asked = await store.asked_this_hour(platform, place, person) if limit else 0
    own = strings.questions_left(max(0, limit - asked), limit) if limit else ""
    month = None if services.month is None else services.month.left
    left = tuple(filter(None, (own, strings.left_of_plan(month, None))))
    return [*sections, HomeSection(strings.HOME_LEFT, left)] if left else sections


async def _titles(
    services: Services, facts: HomeFacts, event: HomeOpened, sessions: Sequence[str], most: int
) -> tuple[str, ...]:
    """Name the conversations that Aion still has, by `most` requests."""
    try:
        titles = await facts.titles(services.aion, sessions, most)
    except AionvisionError as error:
        key = event.thread.id
        _log.warning("conversations not read", code=error.code, ref=reference(key))
        return (with_reference(strings.HOME_UNREAD, key),)
    return (*map(strings.in_list, titles), strings.HOME_OPEN)


async def _usage(services: Services, key: str) -> HomeSection:
    try:
        usage = await asyncio.to_thread(read_usage, services.store.location, _SINCE)
    except (StoreError, sqlite3.Error) as error:
        _log.warning("usage not read", reason=str(error), ref=reference(key))
        return HomeSection(strings.USAGE_TITLE, (with_reference(strings.USAGE_UNREAD, key),))
    percent = services.month.percent if services.month is not None else 0
    used = (strings.month_used(percent),) if percent else ()
    return HomeSection(strings.USAGE_TITLE, (*usage.lines(), *used))
