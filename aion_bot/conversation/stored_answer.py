"""The answer to a question that Aion has stored, and that belongs to no plan and to no other question."""

import sqlite3
from collections.abc import Sequence
from functools import partial

import structlog

from aion_bot.aion import ChatMessage
from aion_bot.conversation.session_history import answer_to
from aion_bot.domain.prompts import with_attached
from aion_bot.domain.turn import Turn
from aion_bot.storage import BRIEFLY, Store, retry_write


async def take_stored_answer(
    store: Store, turn: Turn, messages: Sequence[ChatMessage], log: structlog.stdlib.BoundLogger
) -> ChatMessage | None:
    """Find the answer and take it; None where it is somebody else's.

    A full disk costs the record, never the answer, as nobody else can take it then.
    """
    if (found := await stored_answer(store, turn, messages)) is None:
        return None
    try:
        claimed = await retry_write(
            lambda: store.turns.claim_answer(turn.key, turn.session_id or "", found.id), BRIEFLY
        )
    except sqlite3.OperationalError as error:
        failure = str(error)
    else:
        return found if claimed else None
    log.error("database write failed", what="stored answer", reason=failure)
    return found


async def stored_answer(store: Store, turn: Turn, messages: Sequence[ChatMessage]) -> ChatMessage | None:
    """Find the answer to a question among a session's messages that are no plan's and no other question's."""
    session = turn.session_id or ""
    taken = await retry_write(partial(store.turns.taken, session, turn.key), BRIEFLY)
    contested = await retry_write(partial(store.turns.has_other_unnamed, session, turn.key), BRIEFLY)
    unseen = await retry_write(partial(store.plans.unseen_results, session), BRIEFLY)
    asked, free = with_attached(turn.text, turn.attached), [one for one in messages if one.id not in taken]
    return answer_to(asked, turn.answer_id, free, contested=contested, unseen=unseen)
