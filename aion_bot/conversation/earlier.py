"""What was said before a question: read once, written down, and told to Aion as the quoted words of others."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import cast

import structlog

from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.earlier import quoted_before
from aion_bot.domain.rule_keys import EARLIER
from aion_bot.domain.turn import Turn
from aion_bot.ports.earlier import EarlierMessage, EarlierMessages
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.failures import reference, with_reference
from aion_bot.rendering.answer import AnswerView
from aion_bot.storage import BRIEFLY, retry_write

_log = structlog.get_logger(__name__)

_PATIENCE = 3.0
"""Seconds that a question waits for what was said before; the sign that it arrived does not."""
_NOTICE = "earlier"
"""The name of the line in the view, by which it is replaced."""


async def said_before(services: Services, thread: Thread, turn: Turn, view: AnswerView) -> str:
    """Return what Aion is told behind the words of a question in a message of what was said before; "" for nothing.

    A later question of a thread gets only what was written since the one before. The answer says how many messages that is,
    or that they could not be read. What an earlier process has written down is told as it stands there.
    """
    origin, adapter = turn.origin, thread.adapter
    most = cast("int", services.access.rules.value(EARLIER, turn.place))
    if origin is None or not most:
        return ""
    known = await services.store.earlier.known(turn.key, turn.thread)
    if known.words is not None:
        view.notice(strings.read_earlier(known.count), name=_NOTICE)
        return known.words
    if thread.mentions_only or not isinstance(adapter, EarlierMessages):
        # Of what does not mention the bot nothing can be read: a request would bring nothing.
        if thread.mentions_only and not known.since and origin.opening is None and origin.in_place is None:
            view.notice(strings.EARLIER_WITHHELD, name=_NOTICE)
        return ""
    # What was said before a private question stands where it was asked.
    about = origin if origin.share_to is None else replace(origin, thread=origin.share_to)
    found = await _read(services, turn, view, thread.earlier_messages(about, since=known.since))
    if not found:
        return ""
    words, count = quoted_before(turn.text, found, most)
    if words:
        authors = {one.author.id for one in found}
        await services.store.earlier.keep(turn.key, words, count, authors)
        view.notice(strings.read_earlier(count), name=_NOTICE)
    return words


async def say_how_many(services: Services, turn: Turn, view: AnswerView) -> None:
    """Say in an answer that an earlier process began how many messages Aion was told of."""
    known = await retry_write(lambda: services.store.earlier.known(turn.key, turn.thread), BRIEFLY)
    if known.count:
        view.notice(strings.read_earlier(known.count), name=_NOTICE)


async def _read(
    services: Services, turn: Turn, view: AnswerView, reading: Awaitable[Sequence[EarlierMessage]]
) -> list[EarlierMessage]:
    """Read what was said, without what Aion has already and what was asked elsewhere; the answer says if that failed."""
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await reading
    except (PlatformError, TimeoutError) as error:
        ref = reference(turn.key)
        _log.info("earlier messages not read", turn=turn.key, reason=repr(error), ref=ref)
        view.notice(with_reference(strings.EARLIER_NOT_READ, turn.key), name=_NOTICE)
        return []
    asked = await services.store.earlier.asked((one.key for one in found), turn.thread) if found else ()
    return [one for one in found if one.key not in asked]
