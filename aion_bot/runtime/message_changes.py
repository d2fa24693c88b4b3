"""A message that its writer edits or deletes: the question in it is edited, withdrawn, erased, or asked only now."""

from dataclasses import dataclass
from typing import Protocol

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain.access import Intent
from aion_bot.domain.prompts import question, readable
from aion_bot.ports.events import MessageChange, Prompt
from aion_bot.runtime.actions import Actions
from aion_bot.runtime.replies import RepliedTo
from aion_bot.runtime.waiting import WaitingQuestions


class Ask(Protocol):
    """Takes questions over."""

    async def __call__(self, thread: Thread, prompt: Prompt, *, anew: bool = False) -> None:
        """Take a question over, or say why not; `anew`: its message was a withdrawn question."""


@dataclass(frozen=True, slots=True)
class MessageChanges:
    """Takes changes over, one by one. `ask` takes over what is a question only now."""

    services: Services
    tasks: BackgroundTasks
    waiting: WaitingQuestions
    actions: Actions
    replied_to: RepliedTo
    ask: Ask

    async def take(self, thread: Thread, change: MessageChange) -> None:
        """Edit or withdraw a question that still waits; of one that Aion was asked a deletion erases the words at its end.

        One that speaks to somebody else now is withdrawn. A message that was none, or was not taken, is asked if it is one now.
        """
        asked, turns = change.question, self.services.store.turns
        words = readable(change.text or "") if asked is None else question(asked)
        if asked is None or not (words or asked.files):
            withdrawn = await turns.withdraw(change.prompt)
            if withdrawn:
                self.waiting.deleted(thread.platform, change.prompt)
            # A message that is gone is no question any more, also where an older edit of it arrives late.
            if not words and (not withdrawn or change.text is None):
                await turns.note_deleted(change.prompt)
                self.tasks.spawn(self.actions.take_retry_away(thread.adapter, change.prompt))
        elif await turns.withdrawn(change.prompt):
            await self.ask(thread, asked, anew=True)
        elif (turn := await turns.of_prompt(change.prompt)) is not None:
            # Where a look-up failed, the question's own place counts. Not logged: most were answered long ago.
            asked_at = change.place if turn.origin is None else turn.origin.place
            known = change.place if change.place.checked and not asked_at.private else asked_at
            if await self.services.access.allows(thread.platform, Intent.EDIT, known, change.person):
                await turns.edit_queued(change.prompt, words)
        # People in a thread also correct messages that they wrote to each other, or before the bot joined.
        elif asked.addressed or change.prompt in self.replied_to:
            await self.ask(thread, asked)
