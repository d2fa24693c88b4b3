"""Images found by words without a question, and those that a thread's questions are about."""

import secrets
from collections.abc import Collection, Sequence

from aion_bot.conversation.gallery import MOST_SELECTED, Referred, referred_to
from aion_bot.conversation.manage.use import Answer, DeclinedError, Use
from aion_bot.domain import strings
from aion_bot.ports.messages import MOST_PICTURES, Action, Button, Picture, PrivateAnswer, Reply
from aion_bot.rendering.citations import Sources
from aion_bot.storage.conversations import Picked, Search

_MOST_WORDS = 500
"""Characters of a search (Aion's contract, `POST images/search`)."""
_ALL = frozenset({"all", "clear", "everything"})


async def search(use: Use) -> Answer:
    """Show pictures to the person alone, with a button that lets the thread's questions be about them."""
    if not use.words:
        return strings.SEARCH_HOW
    images = await _found(use)
    kept = await _keep(use, [(one.id, one.title) for one in images])
    lines = [strings.found(len(images), use.words), *_lines(kept.pictures)]
    buttons = (Button(Action.THESE, kept.key, strings.THESE),)
    return PrivateAnswer(Reply("\n".join(lines), buttons=buttons), pictures=await _drawn(use, kept, images))


async def context(use: Use) -> Answer:
    """Show what the thread's questions are about, or pictures to choose from; `all` undoes the choice."""
    chosen = await use.services.store.conversations.pictures(use.where().key)
    if use.words.lower() in _ALL:
        await _choose(use, chosen, ())
        return strings.CONTEXT_CLEARED
    if not use.words:
        return _choice(await _keep(use, chosen[:MOST_PICTURES]), chosen) if chosen else strings.CONTEXT_ALL
    images = await _found(use)
    kept = await _keep(use, [(one.id, one.title) for one in images])
    content = _choice(kept, chosen, strings.found(len(images), use.words))
    return PrivateAnswer(content, pictures=await _drawn(use, kept, images))


async def ask_these(use: Use, kept: Search) -> Answer:
    """Let the thread's questions be about all that a search found, and nothing else."""
    if use.target is None:
        return strings.ASK_FIRST
    await _choose(use, await use.services.store.conversations.pictures(use.target.key), kept.pictures)
    return strings.ASK_NOW


async def pick(use: Use, kept: Search, number: int) -> Answer:
    """Add a picture to the chosen ones, or remove it; the first one that is chosen narrows the thread to it."""
    if not 0 <= number < len(kept.pictures):
        return strings.LIST_OLD
    one = kept.pictures[number]
    before = await use.services.store.conversations.pictures(use.where().key)
    after = [picture for picture in before if picture[0] != one[0]]
    after = after if len(after) < len(before) else [*before, one]
    if len(after) > MOST_SELECTED:
        return strings.CONTEXT_FULL
    await _choose(use, before, after)
    return _choice(kept, after)


async def _choose(use: Use, before: Sequence[Picked], after: Sequence[Picked]) -> None:
    """Keep a choice. Raises `DeclinedError` where somebody else was quicker: their choice stays."""
    if not await use.services.store.conversations.choose(use.where().key, before, after):
        raise DeclinedError(strings.CHANGED_MEANWHILE)


def _choice(kept: Search, chosen: Sequence[Picked], heading: str = "") -> Reply:
    """Show what is chosen, and the pictures that can be added or removed."""
    ids = {one for one, _ in chosen}
    now = strings.chosen_pictures(len(chosen)) if chosen else strings.CONTEXT_ALL
    buttons = [
        Button(Action.PICK, f"{kept.key}-{at}", strings.pick(at + 1, chosen=one in ids))
        for at, (one, _) in enumerate(kept.pictures)
    ]
    lines = [now, "", *filter(None, (heading,)), *_lines(kept.pictures)]
    return Reply("\n".join(lines), buttons=tuple(buttons))


def _lines(pictures: Sequence[Picked]) -> list[str]:
    return [strings.picture_line(number, title) for number, (_, title) in enumerate(pictures, 1)]


async def _found(use: Use) -> Sequence[Referred]:
    """Search for the words. Raises `DeclinedError` where nothing is found, or they are too long."""
    if len(use.words) > _MOST_WORDS:
        raise DeclinedError(strings.WORDS_TOO_LONG)
    images = await use.services.aion.chats.search_images(use.words, limit=MOST_PICTURES)
    if not images:
        raise DeclinedError(strings.FOUND_NOTHING)
    return referred_to(Sources(), {}, [one.to_dict() for one in images])[:MOST_PICTURES]


async def _keep(use: Use, pictures: Sequence[Picked]) -> Search:
    kept = Search(
        secrets.token_hex(8),
        use.asked_in.platform,
        use.event.person,
        await use.newest_turn(),
        pictures,
        use.services.key,
    )
    await use.services.store.conversations.keep_search(kept)
    return kept


async def _drawn(use: Use, kept: Search, images: Sequence[Referred]) -> tuple[Picture, ...]:
    """Fetch the pictures that the platform draws; those that cannot be had are listed by their titles all the same."""
    if use.services.pictures is None or use.asked_in.galleries is None:
        return ()
    types: Collection[str] = use.asked_in.galleries.picture_types
    return (await use.services.pictures.gallery(kept.key, images, (), types)).pictures
