"""Looking at what an Aion session has stored, with growing pauses."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from aion_bot.aion import AionVision, AionvisionError, ChatMessage, MessageRole

_SHORTEST_PAUSE = 0.01
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


Take = Callable[[Sequence[ChatMessage]], Awaitable[ChatMessage | None]]
"""Takes the message that is looked for out of a session's newest, oldest first, if it is there."""


async def _never() -> bool:
    return False


class SessionHistory:
    """Reads sessions again. `first` is the first pause in seconds; the others and all totals follow from it."""

    def __init__(self, aion: AionVision, first: float) -> None:
        self._aion = aion
        self._first = max(first, _SHORTEST_PAUSE)

    async def messages(self, session_id: str) -> Sequence[ChatMessage]:
        """Return the newest messages, oldest first. Raises what the client raises."""
        detail = await self._aion.chats.get_session(session_id, message_limit=_NEWEST)
        return detail.messages

    async def stored_answer(self, session_id: str, take: Take) -> ChatMessage | None:
        """Wait for the stored answer to a question whose stream broke: some thirty first pauses at most."""
        return await self.wait(session_id, take, 30.0)

    async def look(self, session_id: str, take: Take) -> ChatMessage | None:
        """Look once."""
        return await take(await self._peek(session_id))

    async def wait(
        self,
        session_id: str,
        take: Take,
        patience: float,
        *,
        undecided: Callable[[], Awaitable[bool]] = _never,
    ) -> ChatMessage | None:
        """Wait for a message that `take` takes, for `patience` first pauses, and while it is `undecided` whose they are."""
        left = pauses(self._first, self._first * patience)
        while True:
            messages = await self._peek(session_id)
            waits = await undecided()  # after the messages: an answer is named before it is stored
            found = None if waits else await take(messages)
            pause = self._first if waits else next(left, None)
            if found is not None or pause is None:
                return found
            await asyncio.sleep(pause)

    async def _peek(self, session_id: str) -> Sequence[ChatMessage]:
        try:
            return await self.messages(session_id)
        except AionvisionError:
            return ()  # Aion may be down for a moment: the next look tells


def said(message: ChatMessage) -> bool:
    """Tell whether a message holds words of Aion's."""
    return message.role is MessageRole.ASSISTANT and bool(message.content.strip())


def answer_to(question: str, answer_id: str, messages: Iterable[ChatMessage]) -> ChatMessage | None:
    """Find an answer by its id, or as the first one behind the newest message that asks the question."""
    asked = False
    found: ChatMessage | None = None
    for message in messages:
        if message.role is MessageRole.USER and message.content.strip() == question.strip():
            asked, found = True, None
        elif said(message):
            if answer_id and message.id == answer_id:
                return message
            if asked and found is None:
                found = message
    return found
