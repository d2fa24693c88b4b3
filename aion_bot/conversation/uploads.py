"""The files of a question: brought into Aion's library and into the session before the question is asked.

Each file is a row with a phase, and says in the line above the answer how far it has come. What one file's way raises
ends that file, never the question.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import cached_property

import structlog

from aion_bot.aion import AionvisionError
from aion_bot.conversation.file_upload import FileUpload
from aion_bot.conversation.library import Library
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.domain.file_types import FileKind
from aion_bot.domain.prompts import MESSAGE_LIMIT, attached_words, readable
from aion_bot.domain.rule_keys import Uploads
from aion_bot.domain.turn import EndReason, Outcome, Turn, suggestion_key
from aion_bot.domain.uploads import (
    MOST_OF_A_QUESTION,
    AttachedFile,
    FileEnd,
    FilePhase,
    FileReason,
    end_of,
)
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import Prompt
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.files import AttachedFiles, Attachment
from aion_bot.ports.messages import Action, Button
from aion_bot.ports.rounds import in_round
from aion_bot.rendering.answer import AnswerView
from aion_bot.storage import BRIEFLY, retry_write

_log = structlog.get_logger(__name__)

NOTICE = "files"
"""The name of the line in the view, by which it is replaced."""
_STEP = 10
"""Percents after which the line is shown anew."""


class QuestionFiles:
    """The files of one question, in `found` once they are known. `changed` is called after each change of the view."""

    def __init__(
        self,
        services: Services,
        thread: Thread,
        turn: Turn,
        view: AnswerView,
        changed: Callable[[bool], None],
    ) -> None:
        self.found: list[AttachedFile] = []
        self._services, self._store = services, services.store.files
        self._mode = services.access.rules.uploads(turn.place)
        self._thread, self._turn, self._view, self._changed = thread, turn, view, changed
        self._more, self._stopped = 0, False
        self._percent: dict[int, int] = {}
        self._log = _log.bind(turn=turn.key, platform=thread.platform)

    @cached_property
    def _workspace(self) -> str:
        return _library_of(self._services, self._thread, self._turn)

    @property
    def incomplete(self) -> bool:
        """Whether a file is missing that another attempt may bring."""
        return any(file.phase is FilePhase.FAILED for file in self.found)

    async def bring(self) -> Outcome | None:
        """Bring the files into the library; returns how the turn ends instead where somebody has to choose first.

        Raises `sqlite3.Error`: without a row a file could be stored twice.
        """
        await self._load()
        if not self.found:
            return None
        if (outcome := await self._settle()) is not None:
            return outcome
        try:
            for file in self.found:
                if file.phase in {FilePhase.WAITING, FilePhase.UPLOADING}:
                    await self._upload(file).bring()
        finally:
            # What is still on its way was stopped, and goes no further; `look_up` tells what of it had arrived.
            self._stopped = True
            self._show()
        # A suggestion is about the files alone: without any of them Aion would make something up.
        if self._turn.text not in strings.SUGGESTED or any(file.in_library for file in self.found):
            return None
        if self.incomplete:
            return Outcome(EndReason.FAILED, strings.NO_FILE_YET)
        self._view.notice(strings.NO_FILE_TO_USE)
        return Outcome(EndReason.REFUSED)

    async def show_again(self) -> Outcome | None:
        """Show what became of the files in an earlier process; returns how a turn ended that waits for a choice."""
        self.found = await retry_write(lambda: self._store.of(self._turn.key), BRIEFLY)
        self._show()
        return self._choice() if self._turn.reason is EndReason.HELD else None

    async def add_to(self, session: str, before: str = "") -> str:
        """Let a session use the files; returns what Aion is told behind the question: `before`, then those that it can use.

        Raises AionvisionError where the session is gone: another one gets the files.
        """
        library = Library(self._services.aion, self._services.uploads, self._services.polling)
        for kind, add in ((FileKind.IMAGE, self._add_images), (FileKind.DOCUMENT, self._add_documents)):
            if not (files := [file for file in self.found if file.in_library and file.kind is kind]):
                continue
            try:
                await add(library, session, files)
            except AionvisionError as error:
                if error_messages.session_gone(error):
                    raise
                self._log.warning("files not added", code=error.code)
                for file in files:
                    await self._end(self.found[file.number], end_of(error, stored=True))
        self._show()
        added = [file for file in self.found if file.phase is FilePhase.ADDED]
        named = [(file.kind or FileKind.DOCUMENT, file.attachment.name) for file in added]
        told = before + attached_words(named, MESSAGE_LIMIT - len(self._turn.text) - len(before))
        await self._store.note_attached(self._turn.key, told)
        return told

    async def _load(self) -> None:
        """Write a row for each file that has none, and read all of them."""
        origin, adapter, key = self._turn.origin, self._thread.adapter, self._turn.key
        if origin is None or not isinstance(adapter, AttachedFiles):
            return
        if self._services.keys is not None and self._services.keys.several:
            await self._leave_other_library()
        if self._turn.attempt:
            await self._store.retry(key)
            self.found = await self._store.of(key)
            if self.found:
                return
        found, adopted = list(origin.files), 0
        holds = self._mode is Uploads.ASK or not readable(self._turn.text)
        phase = FilePhase.HELD if holds and self._mode is not Uploads.OFF else FilePhase.WAITING
        # A thread that is not open yet has neither messages nor other questions.
        if origin.opening is None and self._mode is not Uploads.OFF and not origin.pictures:
            found += await self._recent(adapter, origin)
            if readable(self._turn.text):
                adopted = await self._store.adopt_held(
                    key, self._turn.thread, phase, direct=origin.place.alone
                )
        found = list({one.id: one for one in found}.values())
        self._more = max(0, len(found) - MOST_OF_A_QUESTION)
        if found or adopted or self._turn.starts:  # an earlier process may have adopted some
            await self._store.add(key, found[:MOST_OF_A_QUESTION], phase)
            self.found = await self._store.of(key)

    async def _leave_other_library(self) -> None:
        """Let files be sent that are in the library of another key alone: the place had that one at an earlier attempt."""
        for file in await self._store.of(self._turn.key):
            if file.in_library and file.library_id != await self._store.library_id(
                self._workspace, file.digest
            ):
                await self._store.end(file, FileEnd(FilePhase.FAILED, FileReason.LOST))
                await self._store.retry(self._turn.key)

    async def _recent(self, adapter: AttachedFiles, origin: Prompt) -> Sequence[Attachment]:
        """Return the files that were posted in the thread since the bot's last message, if the platform tells."""
        # In a direct message each file is a question of its own.
        if origin.place.alone:
            return ()
        try:
            # Without a permit, which would be taken for each question: the events have mostly told, and then nothing is
            # requested. What is requested is counted, and a refusal costs the files of the thread alone.
            return await adapter.recent_files(self._turn.thread, before=origin.source or origin.echo)
        except PlatformError as error:
            self._log.info("recent files not readable", reason=repr(error), ref=reference(self._turn.key))
            self._view.notice(with_reference(strings.FILES_NOT_LISTED, self._turn.key))
            return ()

    async def _settle(self) -> Outcome | None:
        """Decide what is not for the library; returns how the turn ends where somebody has to choose first."""
        if self._mode is Uploads.OFF:
            for file in self.found:
                if file.phase is FilePhase.WAITING:
                    await self._end(file, FileEnd(FilePhase.REFUSED, FileReason.OFF))
            return None
        for file in self.found:
            # Before anything is offered: what cannot be added is said at once.
            if file.phase is FilePhase.HELD and not file.digest and not self._turn.attempt:
                self._show()
                await self._upload(file).inspect()
        held = [file for file in self.found if file.phase is FilePhase.HELD]
        if not held:
            if readable(self._turn.text):
                return None
            self._show()
            self._view.notice(strings.NO_FILE_TO_USE)
            return Outcome(EndReason.REFUSED)
        # A press that asks nothing leaves the choice as it is.
        if not self._turn.attempt or not readable(self._turn.text):
            self._show()
            return self._choice()
        # Somebody pressed for an answer without them.
        for file in held:
            await self._end(file, FileEnd(FilePhase.REFUSED, FileReason.DECLINED))
        return None

    def _choice(self) -> Outcome:
        """Return how a turn ends that waits for a choice: what to do with the files, or whether to take them."""
        turn = self._turn
        if readable(self._turn.text):
            self._view.notice(strings.ASK_UPLOAD)
            key = turn.key_in_round
            take = Button(Action.UPLOAD, key, strings.UPLOAD)
            return Outcome(EndReason.HELD, buttons=(take, Button(Action.RETRY, key, strings.ANSWER_WITHOUT)))
        self._view.notice(strings.ASK_WHAT_AND_UPLOAD if self._mode is Uploads.ASK else strings.ASK_WHAT)
        suggested = (
            Button(Action.SUGGEST, in_round(suggestion_key(turn.key, number), turn.attempt), label)
            for number, label in enumerate(strings.SUGGESTIONS)
        )
        return Outcome(EndReason.HELD, buttons=tuple(suggested))

    async def look_up(self, show: Callable[[], Awaitable[None]] | None) -> None:
        """Record which files have arrived that a Stop cut off, so that nobody uploads them again.

        The view has ended: `show` shows it anew. None: its messages are gone.
        """
        cut_off = [file for file in self.found if file.phase is FilePhase.UPLOADING]
        for file in cut_off:
            await self._upload(file, None if show else lambda _: None).look_up()
        if cut_off and show is not None:
            try:
                await show()
            except PlatformError as error:
                self._log.info("outcome of a stopped upload not shown", reason=repr(error))

    def _upload(
        self, file: AttachedFile, changed: Callable[[AttachedFile], None] | None = None
    ) -> FileUpload:
        return FileUpload(
            self._services,
            self._thread,
            self._workspace,
            file,
            changed=changed or self._update,
            progress=self._progress,
        )

    async def _add_images(self, library: Library, session: str, files: Sequence[AttachedFile]) -> None:
        selected, sees_all = await library.selection(session)
        # A process may have been killed between the two requests that follow.
        sees_all = sees_all or any(one.all_images for one in await self._store.of_session(session))
        for file in files:
            await self._store.note_adding(file, session, all_images=sees_all)
        ids = [file.library_id for file in files]
        usable, restored = await library.select_images(session, selected, ids, all_images=sees_all)
        if not restored:
            self._view.notice(strings.MODE_LOST)
        await self._added(session, files, usable)

    async def _add_documents(self, library: Library, session: str, files: Sequence[AttachedFile]) -> None:
        for file in files:
            await self._store.note_adding(file, session, all_images=False)
        # The request replaces the selection, which no request reads.
        earlier = [
            one.library_id
            for one in await self._store.of_session(session)
            if one.kind is FileKind.DOCUMENT and one.in_library
        ]
        chosen = await self._services.store.choices.session_documents(session)
        usable = await library.select_documents(session, [*chosen, *earlier])
        await self._added(session, files, usable)

    async def _added(self, session: str, files: Sequence[AttachedFile], usable: set[str]) -> None:
        """Record which files the session can use, and forget what the library has lost."""
        for file in files:
            if file.library_id in usable:
                await self._store.note_added(file)
                self._update(replace(file, phase=FilePhase.ADDED, session_id=session))
            else:
                await self._store.forget(self._workspace, file.digest)
                await self._end(file, FileEnd(FilePhase.FAILED, FileReason.LOST))

    async def _end(self, file: AttachedFile, end: FileEnd) -> None:
        await self._store.end(file, end)
        self._update(replace(file, phase=end.phase, reason=end.reason, limit=end.limit))

    def _update(self, file: AttachedFile) -> None:
        self.found[file.number] = file
        self._show()

    def _progress(self, number: int, done: int, whole: int) -> None:
        percent = min(99, 100 * done // max(1, whole)) // _STEP * _STEP
        if self._percent.get(number) != percent:
            self._percent[number] = percent
            self._show()

    def _show(self) -> None:
        """Put the line with every file's outcome above the answer, in place of the one before."""
        if not self.found:
            return
        outcomes = [
            strings.file_outcome(file, self._percent.get(file.number), stopped=self._stopped)
            for file in self.found
        ]
        off = all(file.reason is FileReason.OFF for file in self.found)
        line = strings.NO_FILES_HERE if off else strings.files_line(outcomes, self._more)
        self._view.notice(line, name=NOTICE)
        self._changed(False)


def _library_of(services: Services, thread: Thread, turn: Turn) -> str:
    """Name a workspace and the key that is used there: what one key has put into a library is no other key's."""
    return f"{thread.platform}/{turn.place.home} {services.key}".rstrip()


async def look_up_again(services: Services, thread: Thread, turn: Turn, file: AttachedFile) -> None:
    """Look into the library for a file that a Stop cut off, where an earlier process ended before it had looked.

    The thread shows that its upload was stopped, which stays true.
    """
    upload = FileUpload(
        services,
        thread,
        _library_of(services, thread, turn),
        file,
        changed=lambda _: None,
        progress=lambda _, __, ___: None,
    )
    await upload.look_up()
