"""Which session a private question goes on with, where one thread holds the private questions of several others.

On Discord the direct messages of a person are one thread. What was asked privately in one thread is no context for another.
"""

from aion_bot.conversation.services import Services
from aion_bot.domain.turn import Turn
from aion_bot.storage.choices import Binding


async def binding(services: Services, turn: Turn) -> Binding:
    """Return what a question is bound to: its thread's session, unless it is private and that belongs to another thread.

    Then the thread goes on with the session of the last private question from there, or begins one. Raises `sqlite3.Error`.
    """
    bound = await services.store.choices.binding(turn.thread, services.key)
    asked_in = None if turn.origin is None else turn.origin.share_to
    conversations = services.store.conversations
    if asked_in is None or await conversations.goes_on(turn, bound.session, asked_in):
        return bound
    session = await conversations.last_session(turn.thread, asked_in)
    if await conversations.switch(turn.thread, bound.session, session):
        return bound._replace(session=session)
    return await services.store.choices.binding(turn.thread, services.key)  # somebody has just opened another
