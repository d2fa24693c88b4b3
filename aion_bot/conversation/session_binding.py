"""What a question is bound to: the session that it goes on with, or a new one, and what is chosen there.

On Discord the direct messages of a person are one thread, which holds the private questions of several others. What was
asked privately in one thread is no context for another.
"""

from typing import cast

from aion_bot.conversation.services import Services
from aion_bot.domain.rule_keys import IMAGES
from aion_bot.domain.turn import Turn
from aion_bot.storage.choices import Binding, Picked


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


async def bind_new(services: Services, turn: Turn, session: str, bound: Binding) -> Binding:
    """Map the thread of a question to a new session; returns what it is about: what was chosen there.

    Where nobody has chosen anything, that is what the asker chose for their next thread in this channel, or else the
    pictures that `aion-bot.toml` names: a choice like any other.
    """
    store, thread = services.store, turn.thread
    if services.key:
        # Before the thread has it: without this row a session counts as the main key's, also after a crash in between.
        await store.session_keys.note(session, services.key)
    await store.threads.bind(thread, session)
    if bound.chosen:
        return Binding(session, bound.chosen)
    named = cast("frozenset[str]", services.access.rules.value(IMAGES, turn.place))
    chosen = await store.choices.take_next(turn, services.key) or [Picked(one, one) for one in sorted(named)]
    if not chosen:
        return Binding(session)
    await store.conversations.choose(thread, (), chosen, services.key)
    return await store.choices.binding(thread, services.key)
