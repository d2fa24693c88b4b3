"""After a stop: an answer that was cut off may have come to be stored all the same."""

from dataclasses import dataclass

from aion_bot.aion import ChatMessage
from aion_bot.conversation.aion_stream import Services, stored_for
from aion_bot.domain.turn import Turn


@dataclass(frozen=True, slots=True)
class LateAnswers:
    """Looks for them, once."""

    services: Services

    async def find(self, turn: Turn) -> ChatMessage | None:
        """Wait for a while for the answer to a question that a stop cut off; what does not come is given up."""
        found = await self.services.sessions.stored_answer(
            turn.session_id, lambda messages: stored_for(self.services.store, turn, messages)
        )
        if found is None:
            await self.services.store.give_up_interrupted(turn.key)
        return found

    async def claim(self, turn: Turn, found: ChatMessage) -> bool:
        """Tell whether the question is still as the stop left it; then nobody can have it asked again any more."""
        return await self.services.store.reopen_interrupted(turn.key, turn.session_id, found.id)
