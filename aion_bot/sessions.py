"""Looking at what an Aion session has stored, with growing pauses."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from aion_bot.aion import AionVision, AionvisionError, ChatMessage, MessageRole

_LONGEST_PAUSE = 15.0
_NEWEST = 50
"""Messages to look at; the answer is among the newest."""


def pauses(first: float, total: float) -> Iterator[float]:
    """Yield pauses in seconds, from `first` doubling up to fifteen, until `total` is spent."""
    pause, spent = first, 0.0
    while spent < total:
        yield pause
        spent += pause
        pause = min(pause * 2, max(first, _LONGEST_PAUSE))


Known = Callable[[], Awaitable[Collection[str] | None]]
"""Ids of the answers that are somebody else's, or None while that cannot be told."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells the answer to a question: its id if the stream named it, the question's words, others' answers."""

    answer_id: str
    question: str
    others: Collection[str]


class Sessions:
    """Reads sessions again. `first` is the first pause in seconds; the others and all totals follow from it."""

    def __init__(self, aion: AionVision, first: float) -> None:
        self._aion = aion
        self._first = max(first, 0.01)

    async def messages(self, session_id: str) -> Sequence[ChatMessage]:
        """Return the newest messages, oldest first. Raises what the client raises."""
        detail = await self._aion.chats.get_session(session_id, message_limit=_NEWEST)
        return detail.messages

    async def stored_answer(self, session_id: str, marks: Marks) -> ChatMessage | None:
        """Wait for the stored answer to a question whose stream broke: some thirty first pauses at most."""
        for pause in pauses(self._first, self._first * 30):
            found = await self.look(session_id, marks)
            if found is not None:
                return found
            await asyncio.sleep(pause)
        return None

    async def look(self, session_id: str, marks: Marks) -> ChatMessage | None:
        """Look once for a stored answer."""
        messages = [message for message in await self._peek(session_id) if message.id not in marks.others]
        return _answer(messages, marks.answer_id, marks.question)

    async def new_answer(self, session_id: str, known: Known, patience: float) -> ChatMessage | None:
        """Wait for an answer that is not `known`, for `patience` first pauses, and while that cannot be told."""
        left = pauses(self._first, self._first * patience)
        while True:
            messages = await self._peek(session_id)
            ids = await known()  # after the messages: an answer is named before it is stored
            found = next((one for one in messages if ids is not None and _is_new(one, ids)), None)
            pause = self._first if ids is None else next(left, None)
            if found is not None or pause is None:
                return found
            await asyncio.sleep(pause)

    async def _peek(self, session_id: str) -> Sequence[ChatMessage]:
        try:
            return await self.messages(session_id)
        except AionvisionError:
            return ()  # Aion may be down for a moment: the next look tells


def _is_new(message: ChatMessage, known: Collection[str]) -> bool:
    return message.role is MessageRole.ASSISTANT and message.id not in known and bool(message.content.strip())


def _answer(messages: Sequence[ChatMessage], answer_id: str, question: str) -> ChatMessage | None:
    """Find an answer by its id, or as the first one behind the newest message that asks the question."""
    asked = False
    found: ChatMessage | None = None
    for message in messages:
        if message.role is MessageRole.USER and message.content.strip() == question.strip():
            asked, found = True, None
        elif message.role is MessageRole.ASSISTANT and message.content.strip():
            if answer_id and message.id == answer_id:
                return message
            if asked and found is None:
                found = message
    return found
