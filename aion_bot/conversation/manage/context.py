"""What the questions of a thread are about: all images or some, and the documents and videos that they use."""

from collections.abc import Callable, Mapping, Sequence

import structlog

from aion_bot.aion import AionvisionError, ChatMessage, MessageRole, parse_references
from aion_bot.conversation.context import MOST_FILES
from aion_bot.conversation.gallery import MOST_SELECTED
from aion_bot.conversation.manage.found import drawn, keep, lines_of, look_for, picked
from aion_bot.conversation.manage.use import Answer, DeclinedError, Use
from aion_bot.conversation.session_history import answer_data
from aion_bot.domain import strings
from aion_bot.domain.file_types import FileKind
from aion_bot.ports.messages import MOST_PICTURES, Action, Button, PrivateAnswer, Reply
from aion_bot.rendering.markers import markers_in
from aion_bot.storage.choices import Picked
from aion_bot.storage.conversations import Search

_log = structlog.get_logger(__name__)

_ALL = frozenset({"all", "clear", "everything"})

_KINDS: Mapping[str, FileKind] = {
    "image": FileKind.IMAGE, "images": FileKind.IMAGE, "picture": FileKind.IMAGE, "pictures": FileKind.IMAGE,
    "document": FileKind.DOCUMENT, "documents": FileKind.DOCUMENT, "video": FileKind.VIDEO, "videos": FileKind.VIDEO,
}  # fmt: skip
"""The first word of a search that says what is looked for."""

_CLEAR = "all"
_ADD, _REMOVE = "a", "r"
"""What a button does with what it names by its place in the list, whatever others have done since the list was shown."""

_MOST = {FileKind.IMAGE: MOST_SELECTED, FileKind.DOCUMENT: MOST_FILES, FileKind.VIDEO: MOST_FILES}

_ANSWERS = 20
"""Messages of a session whose answers are looked at for documents and videos."""

_TRIES = 5
"""How often a choice is changed anew where somebody else changed it at the same moment."""

Change = Callable[[Sequence[Picked]], Sequence[Picked]]


async def context(use: Use) -> Answer:
    """Show what the thread's questions are about, or what can be chosen; `all` undoes the choice."""
    where = use.where()
    if use.words.lower() in _ALL:
        await replace_choice(use, ())
        return strings.CONTEXT_CLEARED
    if use.words:
        first, _, rest = use.words.partition(" ")
        kind = _KINDS.get(first.lower()) if rest.strip() else None
        return await _search(use, rest.strip() if kind else use.words, kind or FileKind.IMAGE)
    chosen = await use.services.store.conversations.chosen(where.key, use.services.key)
    known = {one.id for one in chosen}
    referred = [one for one in await _referred(use) if one.id not in known][:MOST_PICTURES]
    if not chosen and not referred:
        return strings.CONTEXT_ALL
    listed = chosen[:MOST_PICTURES]
    return _choice(await keep(use, [*listed, *referred]), chosen, strings.REFERRED if referred else "")


async def pick(use: Use, kept: Search, what: str) -> Answer:
    """Do what a button of a list says: add or remove one of it, undo the choice, or look for another kind."""
    where = use.where()
    if what == _CLEAR:
        await replace_choice(use, ())
        return strings.CONTEXT_CLEARED
    if kept.words and what in {kind.value for kind in FileKind}:
        return await _search(use, kept.words, FileKind(what))
    how, number = what[:1], what[1:]
    if how.isdigit():  # the button of an earlier version, which says what it does by its label alone
        before = await use.services.store.conversations.chosen(where.key, use.services.key)
        number = what
        how = _REMOVE if number.isdigit() and _at(kept, number) in before else _ADD
    one = _at(kept, number)
    if one is None or how not in {_ADD, _REMOVE}:
        return strings.LIST_OLD
    after = await _change(use, lambda before: _with(before, one) if how == _ADD else _without(before, one))
    return _choice(kept, after)


async def replace_choice(use: Use, after: Sequence[Picked]) -> None:
    """Let the thread's questions be about nothing else. Raises `DeclinedError` where somebody else was quicker: their choice stays."""
    conversations, where = use.services.store.conversations, use.where().key
    before = await conversations.chosen(where, use.services.key)
    if not await conversations.choose(where, before, after, use.services.key):
        now = what_is_chosen(await conversations.chosen(where, use.services.key))
        raise DeclinedError(f"{strings.CHANGED_MEANWHILE} {now}")


def what_is_chosen(chosen: Sequence[Picked]) -> str:
    """Say what the questions of a thread are about."""
    counts = [sum(one.kind == kind for one in chosen) for kind in FileKind]
    return strings.chosen(*counts) if chosen else strings.CONTEXT_ALL


async def _search(use: Use, words: str, kind: FileKind) -> Answer:
    found = await look_for(use, words, kind)
    kept = await keep(use, found.picked, words)
    chosen = await use.services.store.conversations.chosen(use.where().key, use.services.key)
    heading = strings.found_of(kind, len(found.picked), words)
    content = _choice(kept, chosen, heading, kind)
    return PrivateAnswer(content, pictures=await drawn(use, kept, found.images))


async def _change(use: Use, change: Change) -> Sequence[Picked]:
    """Change the choice as it is at this moment; returns it. Raises `DeclinedError` where others keep changing it."""
    conversations, where = use.services.store.conversations, use.where().key
    for _ in range(_TRIES):
        before = await conversations.chosen(where, use.services.key)
        after = change(before)
        if await conversations.choose(where, before, after, use.services.key):
            return after
    raise DeclinedError(strings.CHANGED_MEANWHILE)


def _with(chosen: Sequence[Picked], one: Picked) -> Sequence[Picked]:
    if any(other.id == one.id for other in chosen):
        return chosen
    if sum(other.kind == one.kind for other in chosen) >= _MOST[FileKind(one.kind)]:
        raise DeclinedError(strings.context_full(FileKind(one.kind), _MOST[FileKind(one.kind)]))
    return [*chosen, one]


def _without(chosen: Sequence[Picked], one: Picked) -> Sequence[Picked]:
    return [other for other in chosen if other.id != one.id]


def _at(kept: Search, number: str) -> Picked | None:
    place = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else len(kept.found)
    return kept.found[place] if place < len(kept.found) else None


def _choice(
    kept: Search, chosen: Sequence[Picked], heading: str = "", looked_for: FileKind | None = None
) -> Reply:
    """Show what is chosen, and what can be added or removed, or `looked_for` among the other kinds."""
    ids, shown = {one.id for one in chosen}, {one.id for one in kept.found}
    others = [one.title for one in chosen if one.id not in shown]
    lines = [what_is_chosen(chosen), "", *filter(None, (heading,)), *lines_of(kept)]
    if others:
        lines += ["", strings.also_chosen(others)]
    buttons = [
        Button(
            Action.PICK,
            f"{kept.key}-{_REMOVE if one.id in ids else _ADD}{place}",
            strings.pick(place + 1, chosen=one.id in ids),
        )
        for place, one in enumerate(kept.found)
    ]
    if kept.words:
        kind_shown = looked_for or kept.found[0].kind
        buttons += [
            Button(Action.PICK, f"{kept.key}-{kind.value}", label)
            for kind, label in strings.LOOK_FOR.items()
            if kind != kind_shown
        ]
    if chosen:
        buttons.append(Button(Action.PICK, f"{kept.key}-{_CLEAR}", strings.CLEAR_CHOICE))
    return Reply("\n".join(lines), buttons=tuple(buttons))


async def _referred(use: Use) -> list[Picked]:
    """Return the documents and videos that the newest answers of the session referred to; none where Aion does not tell."""
    if (session := await use.session()) is None:
        return []
    try:
        messages = await use.services.aion.chats.get_messages(session, limit=_ANSWERS)
    except AionvisionError as error:  # what is chosen is shown all the same
        _log.info("stored answers not read", code=error.code)
        return []
    return referred_files(messages)


def referred_files(messages: Sequence[ChatMessage]) -> list[Picked]:
    """Return the documents that answers cite, and the videos that they count, the newest first."""
    documents, videos = dict[str, str](), dict[str, str]()
    for one in reversed(messages):
        if one.role is not MessageRole.ASSISTANT:
            continue
        shown = "\n".join(one.content[marker.start : marker.end] for marker in markers_in(one.content))
        references = parse_references(shown, answer_data(one))
        documents |= {
            each.full_id: each.filename
            for each in references.documents
            if each.full_id and each.full_id not in documents
        }
        for each in references.counts.values():
            if each.id_type == "video":
                videos |= {video: each.label for video in each.ids if video not in videos}
    return [*picked(documents, FileKind.DOCUMENT), *picked(videos, FileKind.VIDEO)]
