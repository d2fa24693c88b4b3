"""The reason that somebody adds to their decision on a plan: kept, shown in the thread, and told to Aion with the next question."""

import structlog

from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.conversation.forms import unwritten
from aion_bot.conversation.one_message import OneMessage
from aion_bot.conversation.private_reply import failed, reply_privately
from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.reason import Reason, decision_of, quoted_reason, reason_words
from aion_bot.ports.capabilities import Fingerprints
from aion_bot.ports.errors import PlatformDown, PlatformError
from aion_bot.ports.events import Click
from aion_bot.ports.failures import with_reference
from aion_bot.ports.messages import Reply
from aion_bot.storage import retry_write

_log = structlog.get_logger(__name__)

_LOOK_AGAIN = Backoff(0.5, attempts=6)
"""For looking at a thread: a reason that is there and was not seen would be posted again."""


async def add_reason(services: Services, thread: Thread, click: Click) -> None:
    """Keep and show what somebody wrote into the form, or tell them why not. Raises `sqlite3.Error`."""
    if (told := await _objection(services, click)) is not None:
        await reply_privately(thread, click, (told,), hidden=True)
        return
    # Those of others are being posted by their own presses.
    own = [one for one in await services.store.reasons.due(click.key) if one.person.id == click.person.id]
    # A copy of the card may have been pressed, which stands elsewhere.
    plan = await services.store.plans.get(click.key)
    where = thread if plan is None else services.registry.thread(thread.adapter, plan.thread)
    if not all([await _show(services, where, reason) for reason in own]):
        told = failed(thread.platform, click, strings.REASON_NOT_SHOWN)
        await reply_privately(thread, click, (told,), hidden=True)


async def show_again(services: Services, thread: Thread, reason: Reason) -> None:
    """Post a reason that an earlier process may have posted, unless the thread shows it."""
    await _show(services, thread, reason, resumed=True)


async def _objection(services: Services, click: Click) -> str | None:
    """Keep the reason; returns what its writer is told instead where it is not kept."""
    plan = await services.store.plans.get(click.key)
    copies = services.store.plan_copies
    if plan is None or (
        plan.thread != click.thread and not await copies.is_of(plan.key, click.person, click.thread)
    ):
        return with_reference(strings.UNKNOWN_PLAN, click.key)
    if (action := decision_of(plan, click.person)) is None:
        return strings.NOT_YOUR_DECISION
    reasons = services.store.reasons
    if await reasons.has(plan.key, click.person, action):
        return strings.REASON_GIVEN
    if not (words := reason_words(click.words)):
        return unwritten(click)
    told = quoted_reason(plan, click.person, action, words)
    if not await reasons.add(plan, click.person, action, words, told):
        return strings.REASON_GIVEN  # another press of theirs was faster
    _log.info("reason added", plan=plan.key, action=action, person=click.person.id)
    return None


async def _show(services: Services, thread: Thread, reason: Reason, *, resumed: bool = False) -> bool:
    """Post a reason under its plan, once; False where the platform does not take it. `resumed`: it may be there."""
    shown = Reply("", byline=strings.reason_given(reason.action, reason.person, reason.words))
    try:
        if not (resumed and await _is_posted(thread, reason, shown)):
            delivery = Delivery(reason.name, reason.person, resumed=resumed)
            await services.registry.sync(thread, OneMessage(shown), delivery).run()
    except PlatformDown as error:  # the next start tries again
        _log.warning("reason not posted", plan=reason.plan, platform=thread.platform, reason=repr(error))
        return False
    except PlatformError as error:
        _log.info("reason refused", plan=reason.plan, platform=thread.platform, reason=repr(error))
        await retry_write(lambda: services.store.reasons.note_posted(reason))
        return False
    await retry_write(lambda: services.store.reasons.note_posted(reason))
    return True


async def _is_posted(thread: Thread, reason: Reason, shown: Reply) -> bool:
    found = await retry(
        thread.own_messages, backoff=_LOOK_AGAIN, on=lambda error: isinstance(error, PlatformDown)
    )
    # A platform that forgets nonces knows a message by what it shows.
    adapter = thread.adapter
    known = adapter.fingerprint(shown) if isinstance(adapter, Fingerprints) else None
    return any(
        (one.nonce or "").startswith(f"{reason.name}-") or (known is not None and one.fingerprint == known)
        for one in found
    )
