"""A sentence for one person alone, repeated until the platform takes it."""

import asyncio

import structlog

from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.access import Refusal
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited, UploadRefused
from aion_bot.ports.events import Click, InboundEvent, ManageCommand, Prompt, StopRequest
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.messages import Line, PrivateAnswer, Reply

_log = structlog.get_logger(__name__)

_WHILE_DOWN = Backoff(0.5, cap=30.0)
"""While the platform is down. It may have shown the sentence and not said so: twice is better than never."""

_SHORTEST = 0.1
"""Seconds of a pause at least, whatever the platform names."""

_TOO_LATE = 600.0
"""Seconds after which nobody waits for the sentence any more; Discord takes it for fifteen minutes."""


_FAILURES = {Refusal.UNCHECKED, Refusal.UNSEEN, Refusal.UNKNOWN_STANDING}
"""Refusals that nobody decided: something failed, or the bot lacks what it needs. The others hold as they were set."""


def failed(platform: str, event: Prompt | Click | StopRequest | ManageCommand, sentence: str) -> str:
    """Add the reference of an event to what its person is told of a failure, and log both."""
    key = event.thread.id if isinstance(event, StopRequest) else event.key
    _log.warning("failure told", platform=platform, ref=reference(key), sentence=sentence)
    return with_reference(sentence, key)


def refused(platform: str, event: Prompt | Click | StopRequest | ManageCommand, refusal: Refusal) -> str:
    """Say why somebody may not do something; with a reference where that is a failure."""
    sentence = strings.refusal(refusal, event.place.lacks)
    return failed(platform, event, sentence) if refusal in _FAILURES else sentence


def tells(prompt: Prompt, refusal: Refusal) -> bool:
    """Return whether a person is told why a question of theirs is not asked.

    Where the bot is switched off it is silent: only who used a command, whose words stand nowhere, hears of it.
    """
    if refusal is Refusal.DISABLED:
        return prompt.source is None
    return prompt.addressed or refusal in {Refusal.UNCHECKED, Refusal.UNKNOWN_STANDING}


async def reply_privately(thread: Thread, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:
    """Tell the person behind `event` alone; `hidden` as for `PlatformAdapter.reply_privately`.

    What cannot be shown, or is cancelled before, is a line in the log. An app reads no private replies.
    """
    if event.person.apps:
        return
    log = _log.bind(platform=thread.platform)
    try:
        async with asyncio.timeout(_TOO_LATE):
            await retry(
                lambda: thread.reply_privately(event, line, hidden=hidden),
                backoff=_WHILE_DOWN,
                on=_pause_after,
            )
    except TimeoutError:
        log.warning("private reply gave up", reason="the platform did not take it in time")
    except PlatformError as error:
        log.warning("private reply failed", reason=repr(error))
    except asyncio.CancelledError:
        log.warning("private reply cancelled")
        raise


async def answer_privately(
    thread: Thread, event: Click | ManageCommand, answer: str | Reply | PrivateAnswer
) -> None:
    """Show an answer to the person behind `event` alone, as `reply_privately` does; where files are refused, say so."""
    if isinstance(answer, str):
        return await reply_privately(thread, event, (answer,), hidden=True)
    shown = PrivateAnswer(answer) if isinstance(answer, Reply) else answer
    log = _log.bind(platform=thread.platform)
    try:
        async with asyncio.timeout(_TOO_LATE):
            await retry(lambda: thread.answer_privately(event, shown), backoff=_WHILE_DOWN, on=_pause_after)
    except UploadRefused as error:
        log.info("private file refused", reason=repr(error))
        told = failed(thread.platform, event, strings.no_private_file(error.reason))
        await reply_privately(thread, event, (told,), hidden=True)
    except (TimeoutError, PlatformError) as error:
        log.warning("private reply failed", reason=repr(error))


def _pause_after(error: Exception) -> bool | float:
    if isinstance(error, RateLimited):
        # A pause of 0 would repeat the request at once, for as long as the platform refuses.
        return max(error.retry_after, _SHORTEST)
    return isinstance(error, PlatformDown)


async def remove_echo(thread: Thread, prompt: Prompt) -> None:
    """Remove the acknowledgement of a question that gets no answer: it would stand there for everybody."""
    if prompt.echo is not None:
        try:
            await thread.delete(prompt.echo)
        except PlatformError as error:
            _log.info("acknowledgement not removed", platform=thread.platform, reason=repr(error))
