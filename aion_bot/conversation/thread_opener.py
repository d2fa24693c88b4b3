"""Opening the thread in which a question is answered, or moving its turn to where it was asked."""

import asyncio
import itertools
from contextlib import suppress
from functools import partial

import structlog

from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.conversation.private_questions import question_shown
from aion_bot.conversation.silence import tell_of_wait
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import (
    CannotDraw,
    Forbidden,
    PlatformDown,
    PlatformError,
    RateLimited,
    TokenRefused,
)
from aion_bot.ports.events import Prompt
from aion_bot.ports.failures import reference
from aion_bot.ports.messages import ThreadKey
from aion_bot.storage import BRIEFLY, Store, retry_write

_log = structlog.get_logger(__name__)

_OPEN_AGAIN = Backoff(0.5, attempts=6)
"""While the platform is down."""

_MOST_REFUSALS = 100
"""Times that a limit may refuse a thread: before each try the limiter waits for as long as the platform says."""


async def open_thread(
    thread: Thread, turn: Turn, origin: Prompt, store: Store, opened: asyncio.Event, *, resumed: bool
) -> ThreadKey | None:
    """Make the thread of a turn exist; returns where the turn has to be run instead, if the platform refuses.

    A private question has always to be run elsewhere: its thread is known once it is open.
    `resumed`: an earlier process accepted the turn. Until `opened` is set, a person who waits long is told so. Raises what
    the platform raises where there is no such place.
    """
    telling = asyncio.create_task(tell_of_wait(thread, origin, opened))
    # An earlier process, or an earlier try, may have opened the thread without learning of it. A full disk may have
    # kept its start from the row; whether another process answers is decided by the claim of the first post.
    attempts = itertools.count(turn.starts or resumed)

    async def within_limits() -> ThreadKey | None:
        for _ in range(_MOST_REFUSALS):
            with suppress(RateLimited):
                return await _open_once(thread, turn, origin, again=next(attempts) > 0)
        return await _open_once(thread, turn, origin, again=True)

    try:
        found = await retry(within_limits, backoff=_OPEN_AGAIN, on=(PlatformDown, TokenRefused))
        if found is not None:
            await retry_write(partial(store.turns.move, turn.key, found), BRIEFLY)
            await retry_write(partial(store.threads.forget, turn.thread), BRIEFLY)
    except PlatformError as error:
        # The platform takes no thread here, for whatever reason: a message may be taken all the same.
        refused = isinstance(error, Forbidden | CannotDraw) or type(error) is PlatformError
        if origin.in_place is None or not refused:
            raise
        _log.info(
            "thread not opened, answering in place",
            turn=turn.key, platform=thread.platform, ref=reference(turn.key), reason=repr(error),
        )  # fmt: skip
        await retry_write(partial(store.turns.move, turn.key, origin.in_place), BRIEFLY)
        return origin.in_place
    else:
        return found
    finally:
        telling.cancel()


async def _open_once(thread: Thread, turn: Turn, origin: Prompt, *, again: bool) -> ThreadKey | None:
    if origin.private:
        return await thread.open_private(origin, question_shown(turn), nonce=f"{turn.name}-q")
    await thread.open(origin, again=again)
    return None
