"""What a thread's questions are about: Aion's session is brought in step with the choice before each of them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog

from aion_bot.conversation.picture_questions import only_pictures
from aion_bot.conversation.services import Services
from aion_bot.domain import strings
from aion_bot.domain.file_types import FileKind
from aion_bot.domain.turn import EndReason, Outcome, Turn
from aion_bot.rendering.answer import AnswerView
from aion_bot.storage.choices import Binding

_log = structlog.get_logger(__name__)

MOST_FILES = 100
"""Documents, and videos, that a session can have selected (Aion's contract, `PUT sessions/{id}/documents` and `/videos`)."""

_TRIES = 2
"""How often Aion is asked to select them."""


@asynccontextmanager
async def about(
    services: Services, session: str, turn: Turn, bound: Binding, view: AnswerView
) -> AsyncIterator[list[str] | Outcome]:
    """Let a session see what a question is about for as long as this is open, and say so above the answer.

    Yields the pictures that it sees, none: all; or how the question ends where Aion does not take what was chosen. Raises
    what the client raises before it is open.
    """
    if (failed := await select_chosen(services, session, bound, view)) is not None:
        yield failed
        return
    chosen = bound.ids(FileKind.IMAGE)
    pictures = (turn.origin and turn.origin.pictures) or chosen
    if not pictures:
        yield []
        return
    async with only_pictures(services.aion, session, pictures, services.uploads.narrowed) as taken:
        if not taken:
            yield Outcome(EndReason.FAILED, strings.PICTURES_NOT_TAKEN)
            return
        if pictures is chosen:
            view.notice(strings.CHOSEN)
        if missing := len(pictures) - len(taken):
            view.notice(strings.pictures_gone(missing))
        yield taken


async def select_chosen(services: Services, session: str, bound: Binding, view: AnswerView) -> Outcome | None:
    """Let a session use the chosen documents and videos, and no others that were chosen before.

    Returns how the question ends where Aion takes none of them; where it takes some, the answer says how many are gone.
    Nothing is asked of Aion where nothing is chosen and nothing was. Raises what the client raises.
    """
    documents, videos = bound.ids(FileKind.DOCUMENT), bound.ids(FileKind.VIDEO)
    if not (documents or videos or bound.holds):
        return None
    choices, chats = services.store.choices, services.aion.chats
    attached = [
        one.library_id
        for one in await services.store.files.of_session(session)
        if one.kind is FileKind.DOCUMENT and one.in_library
    ]
    # Before Aion is told, so that the next start knows what the session may have.
    await choices.note_session_files(session, documents, videos)
    # A request replaces what is selected, which no request reads.
    # The chosen ones stand last: of too many files those that were attached first are left out.
    wanted = [*dict.fromkeys([*attached, *documents])][-MOST_FILES:]
    taken = await _taken("documents", wanted, lambda ids: chats.update_documents(session, ids))
    taken |= await _taken("videos", videos, lambda ids: chats.update_videos(session, ids))
    if not (documents or videos):
        await choices.forget_session_files(session)
        return None
    usable = len(taken & {*documents, *videos})
    if not usable:
        return Outcome(EndReason.FAILED, strings.FILES_NOT_TAKEN)
    view.notice(strings.with_files(len(taken & {*documents}), len(taken & {*videos})))
    if missing := len({*documents, *videos}) - usable:
        view.notice(strings.files_gone(missing))
    return None


async def _taken(
    kind: str, ids: Sequence[str], select: Callable[[Sequence[str]], Awaitable[Mapping[str, object]]]
) -> set[str]:
    """Return those of some files that Aion says a session has now; it is asked again where any is missing."""
    seen: set[str] = set()
    for _ in range(_TRIES):
        answer = (await select(ids)).get(f"selected_{kind[:-1]}_ids")
        seen = set(answer) if isinstance(answer, list) else set()
        if seen >= set(ids):
            break
    if not seen >= set(ids):
        _log.warning("chosen files not selected", kind=kind, selected=len(seen), of=len(ids))
    return seen & set(ids)
