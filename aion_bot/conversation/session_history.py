"""What an Aion session has stored: the answer to a question, the result of a plan."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aion_bot.aion import AionVision, AionvisionError, ChatMessage, MessageRole
from aion_bot.aion.references import with_images
from aion_bot.concurrency.backoff import Backoff

_NEWEST = 50
"""Messages to look at; what is looked for is among the newest."""


_HALF_A_MINUTE = Backoff(1.0, cap=15.0, total=30.0)
_A_MINUTE = Backoff(1.0, cap=15.0, total=60.0)
_PROCESSED = Backoff(1.0, cap=5.0, total=60.0)
_ARRIVES = Backoff(0.5, attempts=4)
_CROWDED = Backoff(5.0, cap=30.0, attempts=3)
_TEN_MINUTES = Backoff(1.0, cap=15.0, total=600.0)
_UNNAMED = Backoff(1.0, cap=5.0, total=600.0)


@dataclass(frozen=True, slots=True)
class Polling:
    """How often and how long a session is looked at. `AIONVISION_RETRY_DELAY` does not change these times.

    `stored_answer`: for the answer to a question whose stream broke. `accepted`: for the result of a decision that Aion
    accepted for later (202). `in_doubt`: for the result of one whose answer was lost, or that somebody else decides.
    `processed`: until the text of a new document can be searched; after that the question is asked without waiting further.
    `crowded`: before an upload is sent again that was one request too many, where Aion does not say when.
    `arrives`: for a file in the library whose upload has no answer. `unnamed`: while Aion has not named the answer of
    another question in that session. It has an end, as a stream whose plan nobody decides stays open for hours.
    """

    stored_answer: Backoff = _HALF_A_MINUTE
    accepted: Backoff = _TEN_MINUTES
    in_doubt: Backoff = _A_MINUTE
    unnamed: Backoff = _UNNAMED
    processed: Backoff = _PROCESSED
    arrives: Backoff = _ARRIVES
    crowded: Backoff = _CROWDED

    def scaled(self, factor: float) -> "Polling":
        """Return the same with every time multiplied, for a simulated Aion that is quicker than the real one."""

        def scale(backoff: Backoff) -> Backoff:
            return replace(
                backoff,
                initial=backoff.initial * factor,
                cap=backoff.cap * factor,
                total=backoff.total * factor,
            )

        return Polling(
            scale(self.stored_answer),
            scale(self.accepted),
            scale(self.in_doubt),
            scale(self.unnamed),
            scale(self.processed),
            scale(self.arrives),
            scale(self.crowded),
        )


Take = Callable[[Sequence[ChatMessage]], Awaitable[ChatMessage | None]]
"""Takes the message that is looked for out of a session's newest, oldest first, if it is there."""


async def _never() -> bool:
    return False


class SessionHistory:
    """Reads the newest messages of sessions."""

    def __init__(self, aion: AionVision) -> None:
        self._aion = aion

    async def messages(self, session_id: str, most: int = _NEWEST) -> Sequence[ChatMessage]:
        """Return the newest messages, oldest first. Raises what the client raises."""
        detail = await self._aion.chats.get_session(session_id, message_limit=most)
        return detail.messages

    async def look(self, session_id: str, take: Take) -> ChatMessage | None:
        """Look once."""
        return await take(await self._messages_or_none(session_id))

    async def wait(
        self,
        session_id: str,
        take: Take,
        backoff: Backoff,
        *,
        undecided: Callable[[], Awaitable[bool]] = _never,
        unnamed: Backoff = _UNNAMED,
    ) -> ChatMessage | None:
        """Look along `backoff` for a message that `take` takes; while the owner of messages is `undecided`, take none.

        That lasts along `unnamed` at most, beside the times of `backoff`.
        """
        delays, pauses = backoff.delays(), unnamed.delays()
        while True:
            messages = await self._messages_or_none(session_id)
            # Asked after the messages were read: Aion names an answer before it stores it.
            waits = await undecided()
            found = None if waits else await take(messages)
            pause = next(pauses if waits else delays, None)
            if found is not None or pause is None:
                return found
            await asyncio.sleep(pause)

    async def _messages_or_none(self, session_id: str) -> Sequence[ChatMessage]:
        try:
            return await self.messages(session_id)
        except AionvisionError:
            return ()  # Aion may be down for a moment: the next look tells


def is_answer(message: ChatMessage) -> bool:
    """Return whether a message holds words of Aion's."""
    return message.role is MessageRole.ASSISTANT and bool(message.content.strip())


def answer_to(
    question: str,
    answer_id: str | None,
    messages: Iterable[ChatMessage],
    *,
    contested: bool = False,
    unseen: int = 0,
) -> ChatMessage | None:
    """Find an answer by its id, or as the first one behind the newest message that asks the question.

    `contested`: another turn of the session has an answer that nothing names yet. Then a message behind a later
    question, or behind the same words asked twice, may be that one, and is not taken. `unseen`: how many plans of the
    session may have a result stored that nobody has seen. As long as fewer messages stand in front of the question, one
    behind it may be such a result, and only the id tells the answer.
    """
    asked = others = answers = before = 0
    found: ChatMessage | None = None
    for message in messages:
        if message.role is MessageRole.USER and message.content.strip() == question.strip():
            # Start again at the newest message with the question: people may ask the same words twice.
            asked, others, before, found = asked + 1, 0, answers, None
        elif message.role is MessageRole.USER:
            others += 1
        elif is_answer(message):
            answers += 1
            if answer_id is not None and message.id == answer_id:
                return message
            ours = asked and before >= unseen and not (contested and (others or asked > 1))
            found = message if ours and found is None else found
    return found


def answer_data(message: ChatMessage) -> dict[str, Any]:
    """Return what Aion's data says about a stored answer: its metadata, with the images that stand beside it."""
    return with_images(message.metadata, [one.to_dict() for one in message.image_context or ()])
