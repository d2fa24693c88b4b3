"""Images found by words without a question, and asking about them."""

from aion_bot.conversation.manage.context import replace_choice
from aion_bot.conversation.manage.found import drawn, keep, lines_of, look_for
from aion_bot.conversation.manage.use import Answer, DeclinedError, Use
from aion_bot.domain import strings
from aion_bot.ports.messages import Action, Button, PrivateAnswer, Reply
from aion_bot.storage.conversations import Search


async def search(use: Use) -> Answer:
    """Show pictures to the person alone, with a button that lets the thread's questions be about them."""
    if not use.words:
        return strings.SEARCH_HOW
    found = await look_for(use, use.words)
    if not found.picked:
        raise DeclinedError(strings.FOUND_NOTHING)
    kept = await keep(use, found.picked, use.words)
    lines = [strings.found(len(found.picked), use.words), *lines_of(kept)]
    buttons = (Button(Action.THESE, kept.key, strings.THESE),)
    return PrivateAnswer(
        Reply("\n".join(lines), buttons=buttons), pictures=await drawn(use, kept, found.images)
    )


async def ask_these(use: Use, kept: Search) -> Answer:
    """Let the thread's questions be about all that a search found, and nothing else; without a thread those of the next one."""
    if use.target is not None:
        await replace_choice(use, kept.found)
        return strings.ASK_NOW
    place = use.event.place if kept.place is None else kept.place
    if not await use.services.store.choices.choose_for_next(kept.key, place):
        return strings.LIST_OLD
    return strings.ask_next(len(kept.found))
