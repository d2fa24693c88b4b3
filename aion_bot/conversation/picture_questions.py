"""The buttons under a gallery: the same question once more, about its pictures alone or with a closer look."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from aion_bot.aion import AionVision, AionvisionError, MessageRole
from aion_bot.conversation.aion_keys import of_session, services_at
from aion_bot.conversation.gallery import MOST_SELECTED, referred_to
from aion_bot.conversation.services import Services
from aion_bot.conversation.session_history import answer_data
from aion_bot.domain import strings
from aion_bot.domain.prompts import with_attached
from aion_bot.domain.turn import read_key
from aion_bot.ports.events import Click, Prompt
from aion_bot.ports.messages import Action
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.references import cited

_log = structlog.get_logger(__name__)

_MOST_MESSAGES = 1_000
"""Messages of a session in which the answer is looked for, as many as Aion gives: somebody may press an old button."""

_MOST_LISTED = 5_000
"""Ids of pictures that Aion gives at once (its contract, `GET images/all`)."""

_TRIES = 2
"""How often a session is asked to see some pictures alone."""


async def question_of(services: Services, click: Click) -> Prompt | str:
    """Return what a press asks, in the name of whoever pressed; a sentence where the answer or its pictures are gone.

    Its key is made of the answer's turn: a second press, also in another process, asks nothing more. Raises what the client raises.
    """
    key, above = read_key(click.key)
    turn = await services.store.turns.get(key)
    if turn is None or turn.thread != click.thread:
        return strings.PICTURES_GONE
    here, services = services_at(services, click.place), await of_session(services, turn.session_id)
    if services is not here and click.action is Action.ONLY_THESE:  # the pictures are another key's
        return strings.PICTURES_GONE
    # The row's own words are erased once the answer is shown; Aion has them, with what it was told of files. While a plan
    # waits, Aion may not have stored them yet.
    messages = await services.history.messages(turn.session_id or "", _MOST_MESSAGES)
    place = next((number for number, one in enumerate(messages) if one.id == turn.answer_id), 0)
    asked = next((one.content for one in reversed(messages[:place]) if one.role is MessageRole.USER), "")
    asked = asked or with_attached(turn.text, turn.attached)
    pictures = await services.store.galleries.picture_ids(click.key)
    if not pictures and messages and not above:  # shown by a version that kept none
        data, sources = answer_data(messages[place]), Sources()
        sources.learn(data)
        cited(messages[place].content, sources)
        pictures = [one.id for one in referred_to(sources, data, ())][:MOST_SELECTED]
    only_these = click.action is Action.ONLY_THESE
    if not asked or (only_these and not pictures):
        return strings.PICTURES_GONE
    if pictures and await _are_deleted(services.aion, pictures):
        return strings.PICTURES_DELETED
    return Prompt(
        f"{click.key if only_these else turn.key}-{click.action}",
        click.thread,
        click.place,
        click.person,
        asked,
        reply_token=click.reply_token,
        pictures=tuple(pictures) if only_these else (),
        detailed=not only_these,
    )


async def _are_deleted(aion: AionVision, ids: Sequence[str]) -> bool:
    """Tell whether the library is known to have none of some pictures any more; one request, so it may be too large for that."""
    try:
        library = await aion.chats.get_all_images(limit=_MOST_LISTED)
    except AionvisionError as error:
        _log.info("library not listed", code=error.code)
        return False
    return not library.has_more and not set(ids) & set(library.image_ids)


@asynccontextmanager
async def only_pictures(
    aion: AionVision, session: str, ids: Sequence[str], narrowed: set[str]
) -> AsyncIterator[list[str]]:
    """Let a session see these pictures alone for as long as this is open, and then what it saw before.

    Yields those that Aion says the session sees; none where it does not take them, also when it is asked again. Raises what
    the client raises before it is open; afterwards the question has its answer, and a failure is logged: the session is
    among the `narrowed` until it sees all pictures again.
    """
    before = await aion.chats.get_session(session, include_messages=False)
    narrowed.add(session)
    try:
        for _ in range(_TRIES):
            answer = await aion.chats.update_images(session, ids)
            mode = await aion.chats.update_mode(session, use_all_images=False)
            seen, narrow = answer.get("selected_image_ids", []), mode.get("use_all_images") is False
            if narrow and set(seen) == set(ids):
                break
        # Others than these would be in the answer as well.
        taken = seen if narrow and set(seen) <= set(ids) else []
        if len(taken) < len(ids):
            _log.warning("pictures not selected", selected=len(taken), of=len(ids), narrow=narrow)
        yield taken
    finally:
        await see_all_again(aion, session, narrowed, before.selected_image_ids or ())


async def see_all_again(
    aion: AionVision, session: str, narrowed: set[str], selected: Sequence[str] = ()
) -> None:
    """Let a session see all pictures, beside those that it had `selected`, also after a process that ended meanwhile.

    Every session of the bot's sees all pictures but for one such question. A failure is logged, and the session stays among
    the `narrowed`: the next question there widens it first.
    """
    narrowed.add(session)
    try:
        if selected:
            await aion.chats.update_images(session, selected)
        mode = await aion.chats.update_mode(session, use_all_images=True)
    except AionvisionError as error:
        _log.warning("session not set to all pictures", code=error.code)
        return
    if mode.get("use_all_images") is True:
        narrowed.discard(session)
    else:
        _log.warning("session not set to all pictures")
