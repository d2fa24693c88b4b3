"""The small line under an answer where the operator wants one: who worked on it, how long, and what is left of the session."""

import asyncio
from contextlib import suppress

from aion_bot.aion import AionVision, AionvisionError
from aion_bot.aion.serialization import read, read_list
from aion_bot.domain import strings
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import one_line, visible_line
from aion_bot.rendering.answer_parts import Facts

_LONGEST_LOOK = 1.0
"""Seconds for which the end of an answer waits to learn what is left of its session."""

_FEW_MESSAGES = 5
_FEW_TOKENS = 0.1
"""The part of a session's tokens from which on they run low."""

_NAME = 40
_MOST_AGENTS = 4


async def footer(aion: AionVision, session_id: str, facts: Facts, seconds: float) -> str:
    """Return the line for an answer that took so many seconds; what cannot be learned is left out."""
    # The end of a stream names the agents; of a stored answer only its metadata may.
    used = facts.data.get("agents_used") or (read(facts.data.get("metadata"), dict) or {}).get("agents_used")
    found = (KNOWN.strike(visible_line(one)) for one in read_list(used, str) or [])
    agents = list(dict.fromkeys(one_line(strings.agent(one), _NAME) for one in found if one))
    more = [strings.and_more(len(agents) - _MOST_AGENTS)] if len(agents) > _MOST_AGENTS else []
    parts = [", ".join([*agents[:_MOST_AGENTS], *more]), strings.duration(seconds)]
    messages, tokens, all_tokens = await _left(aion, session_id, facts)
    if no_room(messages, tokens):
        parts.append(strings.SESSION_FULL)
    elif messages is not None and 0 < messages <= _FEW_MESSAGES:
        parts.append(strings.messages_left(messages))
    elif tokens is not None and 0 < tokens <= _FEW_TOKENS * all_tokens:
        parts.append(strings.TOKENS_LOW)
    return " · ".join(part for part in parts if part)


def no_room(messages: int | None, tokens: int | None) -> bool:
    """Return whether a session takes no more; None is not known, and nothing of both is what a server says that does not tell."""
    return (messages == 0 and tokens != 0) or (tokens == 0 and bool(messages))


async def _left(aion: AionVision, session_id: str, facts: Facts) -> tuple[int | None, int | None, int]:
    """Return the messages and tokens that a session has left, and all of its tokens.

    The documented end of a stream does not say that; the session does. Where Aion sends it with the end, that counts.
    """
    messages = read(facts.data.get("remaining_messages"), int)
    if messages is not None:
        return messages, None, 0
    with suppress(AionvisionError, TimeoutError):  # the answer is whole without this note
        async with asyncio.timeout(_LONGEST_LOOK):
            session = (await aion.chats.get_session(session_id, include_messages=False)).session
            tokens = session.remaining_tokens
            return session.remaining_messages, tokens, tokens + session.total_tokens
    return None, None, 0
