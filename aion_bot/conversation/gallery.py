"""The pictures that an answer refers to: fetched, and shown in one message under it."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import structlog

from aion_bot.aion import AionvisionError
from aion_bot.aion.pictures import PictureReader, PictureUnavailable
from aion_bot.aion.references import EntryIndex, with_images
from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.conversation.aion_keys import of_session
from aion_bot.conversation.one_message import OneMessage
from aion_bot.conversation.session_history import answer_data
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.file_types import HEAD, PICTURES, recognise
from aion_bot.domain.picture_size import drawable
from aion_bot.domain.turn import EndReason, Outcome, Turn, read_key
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import PlatformDown, RateLimited, TokenRefused
from aion_bot.ports.messages import MOST_PICTURES, Action, Button, Gallery, MessageRef, Picture
from aion_bot.ports.text import one_line, visible_line
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.time_limit import where
from aion_bot.storage import retry_write
from aion_bot.storage.galleries import DueGallery

if TYPE_CHECKING:
    from aion_bot.conversation.services import Services

_log = structlog.get_logger(__name__)

LARGEST = 2 * 1024 * 1024
"""Bytes of a picture at most: ten of them fit into one request to Discord, of 25 MiB."""

PATIENCE = 10.0
"""Seconds that all pictures of an answer may take; what has not come by then is named."""

_SHARE = 0.4
"""Of that, what one address may take: two rounds of slow ones leave time for the others."""

_TYPES = frozenset(one.media_type for one in PICTURES)

_AT_ONCE = 4
"""Pictures that are fetched at once, by the whole process: each may take `LARGEST` bytes of memory."""

MOST_SELECTED = 1_000
"""Pictures that a session can have selected (Aion's contract, `PUT sessions/{id}/images`)."""

_LOOK_AGAIN = Backoff(0.5, attempts=6)
"""For looking at a thread: pictures that are there and were not seen would be posted again."""

_NOT_NOW = (PlatformDown, RateLimited, TokenRefused)
"""Why pictures cannot be posted at the moment: nothing is wrong with them, and they stay due."""

_TITLE, _DESCRIPTION = 100, 1_000
"""Characters of a picture's title, and of its alternative text: Discord takes 1,024 of that, Slack 1,000 with an upload."""

_ADDRESSES = ("medium_url", "stored_url", "full_url", "thumbnail_url")
"""Fields of a picture's entry that may have its address, the best first."""

_LONGEST_ADDRESS = 8_000
"""Characters of an address: hosts take no longer ones, and a picture in place of its address would be stored with the turn."""


@dataclass(frozen=True, slots=True)
class Referred:
    """A picture that an answer refers to, by Aion's id; `addresses` may lead to it."""

    id: str
    name: str
    title: str
    description: str
    addresses: tuple[str, ...]


@dataclass(slots=True)
class Pictures:
    """Fetches pictures. One for the process, which bounds what is in memory at once."""

    reader: PictureReader
    patience: float = PATIENCE
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def gallery(
        self,
        key: str,
        found: Sequence[Referred],
        buttons: tuple[Button, ...] = (),
        types: Collection[str] = _TYPES,
    ) -> Gallery:
        """Return the pictures of `key` that have one of the media `types`.

        Those that could not be had are named, those that are too many counted.
        """
        wanted = found[:MOST_PICTURES]
        fetching = [asyncio.create_task(self._picture(one, types)) for one in wanted]
        try:
            await asyncio.wait(fetching, timeout=self.patience)
        finally:
            for task in fetching:
                task.cancel()
            # A task that is cancelled holds its slot, and the connection, until it has ended.
            await asyncio.gather(*fetching, return_exceptions=True)
        fetched: list[Picture | None] = [
            None if task.cancelled() or task.exception() else task.result() for task in fetching
        ]
        missing = [one.name for one, picture in zip(wanted, fetched, strict=True) if picture is None]
        if missing:
            _log.info("pictures not shown", owner=key, missing=len(missing), of=len(wanted))
        taken, numbers = set[str](), range(1, MOST_PICTURES + 1)
        for at, picture in enumerate(fetched):
            if picture is not None:
                names = (f"{number}-{picture.name}" if number > 1 else picture.name for number in numbers)
                name = next(one for one in names if one not in taken)
                taken.add(name)
                fetched[at] = replace(picture, name=name)
        note = strings.other_pictures(len(found) - len(wanted), missing)
        return Gallery(tuple(filter(None, fetched)), note, buttons)

    async def _picture(self, one: Referred, types: Collection[str]) -> Picture | None:
        for address in one.addresses:
            async with self._slots:
                try:
                    # A host that keeps it waiting does not keep the other pictures from their slot.
                    async with asyncio.timeout(self.patience * _SHARE):
                        data = await self.reader.read(address, most=LARGEST)
                except (PictureUnavailable, TimeoutError) as error:
                    _log.debug("picture unavailable", reason=str(error) or "slow")
                    continue
            kind = recognise(data[:HEAD], data[-HEAD:], one.name)
            # Another address may lead to the same picture in another type.
            if kind in PICTURES and kind.media_type in types and (drawn := drawable(kind, data)):
                # A platform draws what has the name of a picture.
                is_named = any(one.name == other.name(one.name) for other in PICTURES)
                name = one.name if is_named else kind.name(one.name)
                return Picture(name, one.title, one.description, kind.media_type, drawn)
        return None


def referred_to(
    sources: Sources, metadata: Mapping[str, Any], found: Sequence[Mapping[str, Any]] = ()
) -> list[Referred]:
    """Return the pictures of an answer, each once: those that it cites, others of its metadata, then those that were `found`.

    One that only its comments name is none of them: nobody sees why it would be there.
    """
    index = EntryIndex.of("img", with_images(metadata, None, found))
    known = index.entries
    named = {one.id: one.name for _, one in sorted(sources.cited.items()) if one.kind == "img" and one.id}
    searched = EntryIndex.of("img", with_images({}, None, found)).entries
    unseen = {index.find(one)[0] for one in sources.unseen} - {*named, *searched}
    shown = [one for one in dict.fromkeys((*named, *known)) if one not in unseen]
    return [_referred(one, named.get(one, ""), known.get(one, {})) for one in shown]


def _referred(image_id: str, name: str, entry: Mapping[str, Any]) -> Referred:
    said = {key: visible_line(value) for key, value in entry.items() if isinstance(value, str)}
    # A search's result has a description alone.
    names = visible_line(name), *(said.get(one, "") for one in ("filename", "title", "description"))
    name = one_line(next(filter(None, names), strings.UNNAMED_SOURCES["img"]), _TITLE)
    title = one_line(said.get("title", "") or name, _TITLE)
    description = one_line(said.get("description", "") or title, _DESCRIPTION)
    return Referred(image_id, name, title, description, _addresses(entry))


def _addresses(entry: Mapping[str, Any]) -> tuple[str, ...]:
    found = (one for one in map(entry.get, _ADDRESSES) if isinstance(one, str))
    return tuple(dict.fromkeys(one for one in found if len(one) <= _LONGEST_ADDRESS))


def due_gallery(
    services: "Services",
    thread: Thread,
    turn: Turn,
    outcome: Outcome,
    view: AnswerView,
    *,
    above: Collection[str],
) -> DueGallery | None:
    """Return the pictures that are to be shown under an answer, but for those that stand `above` its cards, by their ids.

    None where it is not whole, has none, or nothing shows any.
    """
    if services.pictures is None or thread.galleries is None:
        return None
    if outcome.reason is not EndReason.ANSWERED or view.trouble:
        return None
    found = [one for one in referred_to(view.sources, view.facts.metadata) if one.id not in above]
    return DueGallery(turn.key, thread.key, turn.asker, packed(found), turn.attempt) if found else None


def packed(found: Sequence[Referred]) -> list[dict[str, Any]]:
    """Return pictures for the database: what is needed to show the first ones, and the ids of the others."""
    shown = [asdict(one) for one in found[:MOST_PICTURES]]
    return [*shown, *({"id": one.id} for one in found[MOST_PICTURES:MOST_SELECTED])]


async def show_gallery(
    services: "Services",
    thread: Thread,
    due: DueGallery,
    *,
    resumed: bool = False,
    posted: Callable[[], object] = lambda: None,
) -> None:
    """Post pictures that are due. `resumed`: an earlier attempt may have posted them; then the thread is looked at first.

    `posted` is called once they stand there, or never will, before that is recorded: a full disk may delay the record.
    Where they cannot be posted, the text above them stands all the same; where the platform is down, this returns,
    and they are tried again in the background.
    """
    # Those that wait have a task that tries them: both would post them.
    if services.pictures is None or thread.galleries is None or due.name in services.late_galleries.waiting:
        return
    try:
        await _post(services, thread, due, resumed=resumed)
    except _NOT_NOW as error:
        _log.warning("pictures not shown", owner=due.owner, reason=repr(error))
        services.late_galleries.begin(due.name, partial(_show_again, services, thread, due))
        return
    except Exception as error:  # noqa: BLE001  # the text stands, whatever hinders its pictures
        _log.warning("pictures not shown", owner=due.owner, reason=where(error))
    posted()
    await retry_write(lambda: services.store.galleries.note_shown(due))


async def _show_again(services: "Services", thread: Thread, due: DueGallery) -> bool:
    """Post pictures whose platform was down, unless an attempt did; False where it still is."""
    try:
        # Meanwhile their answer may have been withdrawn, or the record of an earlier attempt may have been written.
        if all(one.attempt != due.attempt for one in await services.store.galleries.due(due.owner)):
            return True
        await _post(services, thread, due, resumed=True)
    except (*_NOT_NOW, sqlite3.Error) as error:
        _log.info("pictures still not shown", owner=due.owner, reason=repr(error))
        return False
    except Exception as error:  # noqa: BLE001  # the text stands, whatever hinders its pictures
        _log.warning("pictures not shown", owner=due.owner, reason=where(error))
    await retry_write(lambda: services.store.galleries.note_shown(due))
    return True


async def _post(services: "Services", thread: Thread, due: DueGallery, *, resumed: bool) -> None:
    if services.pictures is None or thread.galleries is None:
        return
    found: Sequence[Referred] = [
        Referred(**{"name": "", "title": "", "description": "", "addresses": (), **one})
        for one in due.pictures
    ]
    # A plan's result was asked for by a press: there is no question that could be asked once more.
    buttons = () if due.of_plan else (
        Button(Action.ONLY_THESE, due.owner, strings.ONLY_THESE), Button(Action.CLOSER, due.owner, strings.CLOSER)
    )  # fmt: skip
    found = await _with_new_addresses(services, due, found) if resumed else found
    gallery = await services.pictures.gallery(due.owner, found, buttons, thread.galleries.picture_types)
    if not (resumed and await _is_posted(thread, due, gallery)):
        delivery = Delivery(due.name, due.person, resumed=resumed)
        await services.registry.sync(thread, OneMessage(gallery), delivery).run()


async def _with_new_addresses(
    services: "Services", due: DueGallery, found: Sequence[Referred]
) -> Sequence[Referred]:
    """Return pictures with what Aion says now of where they are: the addresses of before may have been signed for minutes."""
    turn = await services.store.turns.get(read_key(due.owner)[0])
    if turn is None or not turn.session_id:
        return found  # the result of a plan, whose message in the session has no name
    try:
        messages = await (await of_session(services, turn.session_id)).history.messages(turn.session_id)
    except AionvisionError as error:
        _log.info("picture addresses not renewed", owner=due.owner, code=error.code)
        return found
    stored = next((one for one in messages if one.id == turn.answer_id), None)
    entries = {} if stored is None else EntryIndex.of("img", answer_data(stored)).entries
    return [
        replace(one, addresses=tuple(dict.fromkeys((*_addresses(entries.get(one.id, {})), *one.addresses))))
        for one in found
    ]


async def _is_posted(thread: Thread, due: DueGallery, gallery: Gallery) -> bool:
    """Look for pictures in a thread: by their nonce, or where the platform forgets it by their buttons or their text."""
    text = _fingerprint(thread, gallery)
    return any(
        (own.nonce or "").startswith(f"{due.name}-")
        # Those of a plan's result have no buttons, and the plan's card may have some with the same key.
        or (not own.keys and own.fingerprint == text if due.of_plan else due.owner in own.keys)
        for own in await _own_messages(thread)
    )


async def is_posted_below(thread: Thread, name: str, text: Sequence[MessageRef], gallery: Gallery) -> bool:
    """Look for pictures without buttons below the messages of their `text`; `name` begins their nonce. Raises `PlatformDown`."""
    above, words = set(text), _fingerprint(thread, gallery)
    # The newest is the first.
    below = takewhile(lambda own: own.message not in above, await _own_messages(thread))
    return any(
        (own.nonce or "").startswith(f"{name}-") or (not own.keys and own.fingerprint == words)
        for own in below
    )


async def _own_messages(thread: Thread) -> Sequence[OwnMessage]:
    return await retry(
        thread.own_messages, backoff=_LOOK_AGAIN, on=lambda error: isinstance(error, PlatformDown)
    )


def _fingerprint(thread: Thread, gallery: Gallery) -> str | None:
    """Return the fingerprint of the text of a gallery; None where the platform keeps nonces."""
    return thread.fingerprints.fingerprint(gallery.in_words) if thread.fingerprints else None
