"""What is found in Aion's library by words, without a question: pictures, documents or videos."""

import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from aion_bot.aion import AionVision
from aion_bot.conversation.gallery import Referred, referred_to
from aion_bot.conversation.manage.use import DeclinedError, Use
from aion_bot.domain import strings
from aion_bot.domain.file_types import FileKind
from aion_bot.ports.messages import MOST_PICTURES, Picture
from aion_bot.ports.text import one_line, visible_line
from aion_bot.rendering.citations import Sources
from aion_bot.storage.choices import Picked
from aion_bot.storage.conversations import Search

_MOST_WORDS = 500
"""Characters of a search (Aion's contract, `POST images/search`, the shortest of its searches)."""

_MOST_PASSAGES = 50
"""Passages of documents that are looked at for the `MOST_PICTURES` documents that they belong to."""

_TITLE = 100
"""Characters of a title."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, best first, and how each of the pictures among it is drawn."""

    picked: Sequence[Picked]
    images: Sequence[Referred] = ()


async def look_for(use: Use, words: str, kind: FileKind = FileKind.IMAGE) -> Found:
    """Search for the words. Raises `DeclinedError` where they are too long, and what the client raises."""
    if len(words) > _MOST_WORDS:
        raise DeclinedError(strings.WORDS_TOO_LONG)
    return await _SEARCHES[kind](use.services.aion, words)


async def _images(aion: AionVision, words: str) -> Found:
    images = await aion.chats.search_images(words, limit=MOST_PICTURES)
    found = referred_to(Sources(), {}, [one.to_dict() for one in images])[:MOST_PICTURES]
    return Found([Picked(one.id, one.title) for one in found], found)


async def _documents(aion: AionVision, words: str) -> Found:
    passages = (await aion.documents.search(words, limit=_MOST_PASSAGES)).results
    return Found(picked({one.document_id: one.document_filename for one in passages}, FileKind.DOCUMENT))


async def _videos(aion: AionVision, words: str) -> Found:
    videos = (await aion.agent_search.videos(words, limit=MOST_PICTURES)).results
    named = {
        one.video_id: ": ".join(filter(None, (one.video_filename, one.video_description))) for one in videos
    }
    return Found(picked(named, FileKind.VIDEO))


_SEARCHES: Mapping[FileKind, Callable[[AionVision, str], Awaitable[Found]]] = {
    FileKind.IMAGE: _images,
    FileKind.DOCUMENT: _documents,
    FileKind.VIDEO: _videos,
}


def picked(titles: Mapping[str, str], kind: FileKind) -> list[Picked]:
    """Return files by their ids and titles, each once, as many as are shown at once."""
    unnamed = strings.UNNAMED_FILES[kind]
    found = ((one, one_line(visible_line(title), _TITLE) or unnamed) for one, title in titles.items() if one)
    return [Picked(one, title, kind) for one, title in found][:MOST_PICTURES]


async def keep(use: Use, found: Sequence[Picked], words: str = "") -> Search:
    """Keep what is shown: its buttons carry the key of the row."""
    kept = Search(
        secrets.token_hex(8),
        use.asked_in.platform,
        use.event.person,
        await use.newest_turn(),
        found,
        use.services.key,
        words,
        use.event.place,
    )
    await use.services.store.conversations.keep_search(kept)
    return kept


def lines_of(kept: Search) -> list[str]:
    """Name what a search found, as its buttons number it."""
    return [strings.picture_line(number, one.title) for number, one in enumerate(kept.found, 1)]


async def drawn(use: Use, kept: Search, images: Sequence[Referred]) -> tuple[Picture, ...]:
    """Fetch the pictures that the platform draws; those that cannot be had are listed by their titles all the same."""
    if not images or use.services.pictures is None or use.asked_in.galleries is None:
        return ()
    types: Collection[str] = use.asked_in.galleries.picture_types
    return (await use.services.pictures.gallery(kept.key, images, (), types)).pictures
