"""What becomes of a mention that asks nothing: it is about the files of its thread, or is told three things to try."""

import asyncio
import secrets
from dataclasses import replace

import structlog

from aion_bot.aion import AionvisionError
from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.aion_keys import services_at
from aion_bot.conversation.one_message import OneMessage
from aion_bot.conversation.private_reply import reply_privately
from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.access import Intent
from aion_bot.domain.rule_keys import IMAGES
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import MOST_FILES, Invited, Place, Prompt
from aion_bot.ports.files import AttachedFiles
from aion_bot.ports.messages import Reply
from aion_bot.rendering.answer import AnswerView

_log = structlog.get_logger(__name__)

_GREETED = "greeted"
"""Begins the name of the value that says that a channel was greeted."""

_NAMED = 3
"""Files that are named."""

_LONGEST = 3.0
"""Seconds for which the sentence waits for the library."""


async def hint(services: Services, place: Place) -> str:
    """Return the sentence with three things to try in a place whose access was decided.

    It names the newest files of the library, and none where the library has fewer than three, cannot be read in time, or
    where `images` limits what questions are about: a name from outside of the selection would tell of it.
    """
    names = await _newest(services, place)
    return strings.things_to_try(names) if names else strings.HINT


async def _newest(services: Services, place: Place) -> list[str]:
    """Return the names of the newest files, or none."""
    if services.access.rules.value(IMAGES, place):
        return []
    try:
        async with asyncio.timeout(_LONGEST):
            found = await services_at(services, place).aion.files.list(limit=_NAMED)
    except (AionvisionError, TimeoutError) as error:
        _log.info("newest files not read", reason=type(error).__name__)
        return []
    names = list(dict.fromkeys(one.title or one.filename for one in found.files))
    return names[:_NAMED] if len(names) >= _NAMED and all(names) else []


def suggest(view: AnswerView, services: Services, place: Place, tasks: BackgroundTasks) -> None:
    """Put three things to try under the first answer that a person gets alone; their names come while it grows."""
    view.footnote(strings.TRY_NEXT, name=strings.TRY_NEXT)

    async def name_files() -> None:
        names = await _newest(services, place)
        # The answer may have ended meanwhile: nothing is added to what is shown as whole.
        if names and not view.ended:
            view.footnote(strings.try_next(names), name=strings.TRY_NEXT)

    tasks.spawn(name_files())


async def greet(services: Services, thread: Thread, event: Invited) -> None:
    """Say once in a channel what can be asked there, for everybody who reads it; silent where who invited may not ask.

    Files are named only where everybody in the channel may ask.
    """
    policy = services.access.policy(thread.platform, event.place)
    access, name = services.access, f"{_GREETED} {event.thread.id}"
    if not await access.allows(thread.platform, Intent.ASK, event.place, event.person):
        return
    # Before it is posted: once too few is better than twice.
    if not await services.store.kv.claim(thread.platform, name):
        return
    listed = policy.allow_users or policy.allow_roles or not policy.guests or event.place.shared
    words = strings.greeting(strings.HINT if listed else await hint(services, event.place))
    view, delivery = OneMessage(Reply(words, plain=True)), Delivery(f"{secrets.token_hex(8)}m0", event.person)
    try:
        await services.registry.sync(thread, view, delivery).run()
    except PlatformError as error:
        _log.info("greeting refused", platform=thread.platform, reason=repr(error))


async def with_files_of_thread(
    services: Services, thread: Thread, prompt: Prompt
) -> tuple[Prompt, str | None]:
    """Return a prompt that says nothing with the files of its thread since the last answer, and what is wrong with it.

    In a direct message each file is a question of its own, and a thread that is yet to be opened has none.
    """
    adapter = thread.adapter
    if prompt.source is None or prompt.opening is not None or prompt.place.direct:
        return prompt, strings.HINT
    if not isinstance(adapter, AttachedFiles):
        return prompt, strings.HINT
    try:
        found = await adapter.recent_files(thread.key, before=prompt.source)
    except PlatformError as error:
        _log.info("recent files not readable", platform=thread.platform, reason=repr(error))
        return prompt, strings.HINT
    prompt = replace(prompt, files=tuple(found)[:MOST_FILES])
    return prompt, services.access.unaskable(prompt)


async def tell(services: Services, thread: Thread, prompt: Prompt, sentence: str, *, hidden: bool) -> None:
    """Tell the person behind a prompt alone why it is not taken; where it says nothing at all, what they may ask.

    Signs that nobody sees make no request to Aion.
    """
    if sentence == strings.HINT and not prompt.text.strip():
        sentence = await hint(services, prompt.place)
    await reply_privately(thread, prompt, (sentence,), hidden=hidden)
