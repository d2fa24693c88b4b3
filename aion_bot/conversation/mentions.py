"""One short reply that mentions whoever asked: after an answer or a plan that took long, or the end of one in the background."""

import asyncio
import sqlite3

import structlog

from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.conversation.one_message import OneMessage
from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.ports.errors import PlatformDown, PlatformError
from aion_bot.ports.messages import Reply
from aion_bot.storage import FOR_A_DAY, retry_write
from aion_bot.storage.store import Mention

_log = structlog.get_logger(__name__)

_LOOK_AGAIN = Backoff(0.5, attempts=6)
"""For looking at a thread: a reply that is there and was not seen would be posted again."""


async def send_due(services: Services, thread: Thread, owner: str, *, again: bool = False) -> None:
    """Post the reply that a turn or a plan has made due, if it has; once, whatever fails in between, and whoever else asks for it.

    `again`: it was tried before, perhaps by an earlier process, and may be there.
    """
    async with services.mentioning.setdefault(owner, asyncio.Lock()):
        try:
            for mention in await retry_write(lambda: services.store.mentions.due(owner), FOR_A_DAY):
                await send(services, thread, mention, resumed=again)
        except sqlite3.Error as error:  # the row stays due
            _log.error(
                "mention left to the next start", owner=owner, platform=thread.platform, reason=str(error)
            )


async def send(services: Services, thread: Thread, mention: Mention, *, resumed: bool = False) -> None:
    """Post a reply that is due. `resumed`: an earlier process may have posted it; then the thread is looked at first.

    Where the platform does not take it, or who asked has left, nobody is mentioned: the answer stands all the same.
    """
    if await _has_left(services, mention):
        _log.info("mention left out", owner=mention.owner, platform=thread.platform)
        await retry_write(lambda: services.store.mentions.note_sent(mention))
        return
    ready = strings.PLAN_WAITS if mention.waits else strings.ANSWER_READY
    ready = strings.PLAN_ENDED if mention.of_plan else ready
    view = OneMessage(Reply("", byline=(mention.person, ready), notifies=True))
    try:
        if not (resumed and await _is_posted(thread, mention)):
            delivery = Delivery(mention.name, mention.person, resumed=resumed)
            await services.registry.sync(thread, view, delivery).run()
    except PlatformDown as error:  # the next start tries again
        _log.warning("mention not posted", owner=mention.owner, platform=thread.platform, reason=repr(error))
        return
    except PlatformError as error:
        _log.info("mention refused", owner=mention.owner, platform=thread.platform, reason=repr(error))
    await retry_write(lambda: services.store.mentions.note_sent(mention))


async def _has_left(services: Services, mention: Mention) -> bool:
    """Return whether the platform says that who asked has left; it is asked once in a while, and its silence says nothing."""
    rows = services.store.plans if mention.of_plan else services.store.turns
    asked = await retry_write(lambda: rows.get(mention.owner), FOR_A_DAY)
    if asked is None:
        return False
    platform = mention.thread.platform
    return await services.access.standings.has_left(platform, asked.place, mention.person.id) is True


async def _is_posted(thread: Thread, mention: Mention) -> bool:
    found = await retry(
        thread.own_messages, backoff=_LOOK_AGAIN, on=lambda error: isinstance(error, PlatformDown)
    )
    return any((own.nonce or "").startswith(f"{mention.name}-") for own in found)
