"""Every outcome of a file, by every way in which a question gets files.

A place where people attach files reaches the core as one of three: the prompt names the file (a mention, a direct message,
`/ask file:`, the message of a shortcut or a message command, one that is replied to or forwarded), the thread has it (a
follow-up, what was posted since the last answer, Slack's `app_mention`), or an earlier message without words waits for
words. `tests/contract/test_attached_files.py` and the adapters' own tests show which place is which.
"""

import errno
import io
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import pytest

from aion_bot.aion import AionVision
from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.services import Services
from aion_bot.conversation.session_history import Polling
from aion_bot.conversation.uploads import QuestionFiles
from aion_bot.delivery.registry import Registry
from aion_bot.domain import strings
from aion_bot.domain.rule_keys import UPLOADS, Uploads
from aion_bot.domain.rules import Rule, Rules
from aion_bot.domain.turn import EndReason, Outcome, Turn
from aion_bot.domain.uploads import FilePhase
from aion_bot.ports.errors import FileProblem, FileUnavailable, PlatformDown
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import MessageRef, Person, Reply, ThreadKey
from aion_bot.rendering.answer import AnswerView
from aion_bot.simulators.aion import API_KEY, SimulatedAion
from aion_bot.simulators.aion.pictures import gif, jpeg, pdf, png, webp
from aion_bot.storage import Store
from tests.support.databases import lay_database
from tests.support.plain_adapter import PlainAdapter

ADA, HERE = Person("U1", "Ada"), Place("W", "C")
LIMIT = 8 * 1024
Way = Literal["named", "in the thread", "waiting for words"]


@dataclass(frozen=True)
class Case:
    """What a file is called and holds, or what its platform says instead; what Aion says; and the words people see."""

    name: str
    content: bytes | Exception
    words: str
    phase: FilePhase
    refuses: Callable[[SimulatedAion], object] | None = None


def refused(status: int, code: str = "SERVER_ERROR") -> Callable[[SimulatedAion], None]:
    return lambda aion: aion.fail_next_upload(status, code=code)


ADDED, REFUSED, FAILED = FilePhase.ADDED, FilePhase.REFUSED, FilePhase.FAILED


def sized(size: int) -> bytes:
    """A picture of so many bytes."""
    return gif()[:-1] + bytes(size - len(gif())) + b";"


def word() -> bytes:
    """A document of Word's."""
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    return found.getvalue()


VIDEO = b"\x00\x00\x00\x18ftypisom" + bytes(99)
PLAN, DENIED, ABSENT = (
    "not added, the limit of your Aion plan",
    "not added, ask your admin to let me add files",
    "not added, Aion doesn't answer",
)
CASES = [
    Case("a.png", png("a"), "added", ADDED),
    Case("b.jpg", jpeg("b"), "added", ADDED),
    Case("c.webp", webp(), "added", ADDED),
    Case("d.gif", gif(), "added", ADDED),
    Case("e.pdf", pdf("e"), "added", ADDED),
    Case("f.txt", b"The hoist has no gate.", "added", ADDED),
    Case("g.md", b"# Hoist", "added", ADDED),
    Case("g16.txt", "Der Schacht hält, 竪坑 ⚠".encode("utf-16"), "added", ADDED),
    Case("g32.md", "# Höhe".encode("utf-32"), "added", ADDED),
    Case("f16 again.txt", "The hoist has no gate.".encode("utf-16"), "already there", ADDED),
    Case("a again.png", png("a"), "already there", ADDED),
    Case("e again.pdf", pdf("e"), "already there", ADDED),
    Case("h.gif", sized(10 * 1024), "too large (10 KB, the limit is 8 KB)", REFUSED),
    Case("h at the limit.gif", sized(LIMIT), "added", ADDED),
    Case("h above.gif", sized(LIMIT + 1), "too large (8,193 bytes, the limit is 8,192 bytes)", REFUSED),
    Case("h of a lowered limit.png", png("h1"), "too large", REFUSED, refused(413, "FILE_TOO_LARGE")),
    Case("h of a lowered limit.pdf", pdf("h2"), "too large", REFUSED, refused(413, "FILE_TOO_LARGE")),
    Case("i1.png", png("i1"), "wrong type", REFUSED, refused(415, "UNSUPPORTED_MEDIA_TYPE")),
    Case("i2.png", png("i2"), "damaged", REFUSED, refused(422, "IMAGE_PROCESSING_ERROR")),
    Case("i3.png", png("i3"), "Aion doesn't take it", REFUSED, refused(422, "")),
    Case("a picture.txt", png("text"), "added", ADDED),
    Case("a document.png", pdf("png"), "added", ADDED),
    Case("words without an ending", b"Words.", "added", ADDED),
    Case("report.docx", word(), "added", ADDED),
    Case("a table.docx", word().replace(b"word/document.xml", b"xl/workbook12.xml"), "wrong type", REFUSED),
    Case("a program.pdf", b"MZ" + bytes(99), "wrong type", REFUSED),
    Case("a page.html", b"<html>", "wrong type", REFUSED),
    Case("a drawing.svg", b"<svg/>", "wrong type", REFUSED),
    Case("a table.csv", b"a,b", "wrong type", REFUSED),
    Case("a scan.tiff", b"II*\x00" + bytes(99), "wrong type", REFUSED),
    Case("a bitmap.bmp", b"BM" + bytes(99), "wrong type", REFUSED),
    Case("an archive.zip", b"PK\x03\x04" + bytes(99), "wrong type", REFUSED),
    Case("a voice.ogg", b"OggS" + bytes(99), "wrong type", REFUSED),
    Case("a canvas", FileUnavailable("canvas", FileProblem.NO_FILE), "wrong type", REFUSED),
    Case("k1.webm", b"\x1aE\xdf\xa3" + bytes(99), "I can't add videos, upload it in Aion", REFUSED),
    Case("k2.jpg", VIDEO, "I can't add videos, upload it in Aion", REFUSED),
    Case("n1.png", b"", "empty", REFUSED),
    Case("n2.pdf", b"", "empty", REFUSED),
    Case("i.heic", b"\x00\x00\x00\x18ftypheic" + bytes(99), "wrong type", REFUSED),
    Case("j.png", b"MZ" + bytes(99), "wrong type", REFUSED),
    Case("j1.txt", "Der Schacht hält".encode("latin-1"), "not UTF-8 text, save it as UTF-8", REFUSED),
    Case("j2.txt", "Der Schacht".encode("utf-16") + b"x", "damaged", REFUSED),
    Case("j3.txt", bytes(99), "wrong type", REFUSED),
    Case("k.mp4", VIDEO, "I can't add videos, upload it in Aion", REFUSED),
    Case("l.png", png("l")[:-9], "damaged", REFUSED),
    Case("m.pdf", pdf("m")[:-7], "damaged", REFUSED),
    Case("n.txt", b"", "empty", REFUSED),
    Case("o.png", FileUnavailable("o", FileProblem.GONE), "gone", REFUSED),
    Case("p.png", FileUnavailable("p", FileProblem.WITHHELD), "I'm not allowed to read it", REFUSED),
    Case("q.png", FileUnavailable("q", FileProblem.ELSEWHERE), "kept elsewhere, attach the file itself", REFUSED),
    Case("r.png", FileUnavailable("r", FileProblem.INCOMPLETE), "couldn't be read", FAILED),
    Case("s.png", PlatformDown("s"), "couldn't be read", FAILED),
    Case("t.png", png("t"), PLAN, FAILED, refused(402, "USAGE_LIMIT_EXCEEDED")),
    Case("u.png", png("u"), DENIED, FAILED, refused(403, "PERMISSION_DENIED")),
    Case("v.png", png("v"), ABSENT, FAILED, refused(503)),
    Case("v1.png", png("v1"), ABSENT, FAILED, refused(429, "MEMORY_LIMIT_EXCEEDED")),
    Case("v2.pdf", pdf("v2"), ABSENT, FAILED, refused(503)),
    Case("v3.txt", b"Words v3", PLAN, FAILED, refused(402, "USAGE_LIMIT_EXCEEDED")),
    Case("w.png", OSError(errno.ENOSPC, "full"), "not added, ask your admin to make room on my disk", FAILED),
]  # fmt: skip


class Attaching(PlainAdapter):
    """A platform on which people attach files: `threads` are those of each thread, `contents` what each id holds, `read` those that were opened.

    `breaks`: after how many bytes the next reading of an id breaks off.
    """

    def __init__(self) -> None:
        super().__init__()
        self.threads: dict[ThreadKey, Sequence[Attachment]] = {}
        self.contents: dict[str, bytes | Exception] = {}
        self.breaks: dict[str, int] = {}
        self.read: list[str] = []

    @asynccontextmanager
    async def open_file(self, file: Attachment) -> AsyncGenerator[AsyncIterator[bytes]]:
        content = self.contents[file.id]
        self.read.append(file.id)
        if isinstance(content, Exception):
            raise content

        async def pieces() -> AsyncIterator[bytes]:
            if (at := self.breaks.pop(file.id, None)) is not None:
                yield content[:at]
                raise PlatformDown("the connection broke")
            if content:
                yield content

        yield pieces()

    async def recent_files(self, thread: ThreadKey, *, before: MessageRef | None) -> Sequence[Attachment]:  # noqa: ARG002  # the port's
        return self.threads.get(thread, ())


@dataclass
class Conversation:
    """Questions with files, each in a thread of its own; `sessions` are Aion's by the thread."""

    aion: SimulatedAion
    services: Services
    platform: Attaching = field(default_factory=Attaching)

    async def ask(self, key: str, way: Way, case: Case, text: str = "What?") -> "Asked":
        """Ask with the file of a case, and take it as far as the question's session."""
        thread, file = ThreadKey("plain", key), Attachment(key, case.name)
        self.platform.contents[key] = case.content
        if way == "in the thread":
            self.platform.threads[thread] = [file]
        if way == "waiting for words":
            before = await self._accept(f"{key} before", thread, "", (file,))
            await self.services.store.files.add(before.key, [file], FilePhase.HELD)
            await self.services.store.turns.end(before.key, EndReason.HELD)
        turn = await self._accept(key, thread, text, (file,) if way == "named" else ())
        if case.refuses:
            case.refuses(self.aion)
        return await self._run(turn)

    async def ask_with(self, key: str, contents: Mapping[str, bytes]) -> tuple[str, str]:
        """Ask with several files; returns what Aion is told, and the line."""
        files = tuple(Attachment(f"{key} {name}", name) for name in contents)
        self.platform.contents |= dict(zip((one.id for one in files), contents.values(), strict=True))
        turn, seen = await self._accept(key, ThreadKey("plain", key), "What?", files), list[str]()
        told, _, _ = await self._bring(turn, seen)
        return told, seen[-1]

    async def follow(self, key: str, before: str) -> "Asked":
        """Write words in the thread of an earlier question."""
        return await self._run(await self._accept(key, ThreadKey("plain", before), "What?", ()))

    async def press(self, key: str) -> "Asked":
        """Press Retry, or Add to library: a question is asked once more."""
        await self.services.store.turns.end(key, EndReason.INCOMPLETE)
        assert await self.services.store.turns.claim_retry(key)
        await self.services.store.files.allow(key)
        turn = await self.services.store.turns.get(key)
        assert turn is not None
        return await self._run(turn)

    async def _run(self, turn: Turn) -> "Asked":
        seen: list[str] = []
        told, outcome, files = await self._bring(turn, seen)
        (row,) = await self.services.store.files.of(turn.key)
        return Asked(outcome, told, row.phase, seen, incomplete=files.incomplete)

    async def _bring(self, turn: Turn, seen: list[str]) -> tuple[str, Outcome | None, QuestionFiles]:
        view = AnswerView(self.platform.page_format)

        def changed(_: bool) -> None:
            seen.append("\n".join(one.text for one in view.screen() if isinstance(one, Reply)))

        bound = self.services.registry.thread(self.platform, turn.thread)
        files = QuestionFiles(self.services, bound, turn, view, changed)
        outcome = await files.bring()
        told = await files.add_to(self.aion.sessions.create({}).id) if files.found and outcome is None else ""
        return told, outcome, files

    async def _accept(self, key: str, thread: ThreadKey, text: str, files: tuple[Attachment, ...]) -> Turn:
        prompt = Prompt(key, thread, HERE, ADA, text, files=files)
        turn = Turn(key, thread, ADA, text, origin=prompt)
        assert await self.services.store.turns.accept(turn, prompt)
        return turn


@dataclass(frozen=True)
class Asked:
    """What became of a question's file: how the turn ends instead, what Aion is told, and each state of the line."""

    outcome: Outcome | None
    told: str
    phase: FilePhase
    seen: Sequence[str]
    incomplete: bool


@asynccontextmanager
async def conversation(folder: Path, uploads: Uploads = Uploads.ON) -> AsyncGenerator[Conversation]:
    store = await Store.open(lay_database(folder / "bot.db"))
    try:
        async with (
            SimulatedAion() as aion,
            AionVision(API_KEY, base_url=aion.base_url, retry_delay=0.001, max_retries=1) as client,
        ):
            aion.files.limits.image = LIMIT
            access = AccessControl({}, Rules(defaults={UPLOADS: Rule(uploads.value, "the test")}))
            polling = Polling().scaled(0.001)
            yield Conversation(aion, Services(store, client, Registry(), access, polling))
    finally:
        await store.close()


@pytest.mark.parametrize("way", get_args(Way))
@pytest.mark.slow
async def test_each_outcome_is_said_by_each_way(tmp_path: Path, way: Way) -> None:
    """The line ends with the outcome, Aion is told of what was added alone, and Retry is offered where it may help."""
    async with conversation(tmp_path) as place:
        for number, case in enumerate(CASES):
            asked = await place.ask(f"t{number}", way, case)
            line = asked.seen[-1]
            assert (asked.outcome, asked.phase) == (None, case.phase), case.name
            assert f"`{case.name}`: {case.words}" in line, case.name
            assert (case.name in asked.told) == (case.phase is ADDED), case.name
            assert asked.incomplete == (case.phase is FAILED), case.name
            assert f"`{case.name}`: waiting" in asked.seen[0] or "uploading 0 %" in asked.seen[0], case.name
        contents = [one.content for one in place.aion.files.uploaded]
        assert len(contents) == len(set(contents)) == sum(case.words == "added" for case in CASES) == 14


@pytest.mark.slow
@pytest.mark.parametrize(("way", "text"), [*((way, "What?") for way in get_args(Way)), ("named", "")])
async def test_before_a_choice_each_outcome_is_said_and_nothing_leaves(
    tmp_path: Path, way: Way, text: str
) -> None:
    """Ask first, or a file without words: what cannot be added is said at once, what can be waits for a press."""
    async with conversation(tmp_path, Uploads.ASK) as place:
        for number, case in enumerate(CASES):
            asked = await place.ask(f"t{number}", way, replace(case, refuses=None), text)
            line = asked.seen[-1]
            if case.phase is REFUSED and case.refuses is None:
                refused = None if text else Outcome(EndReason.REFUSED)
                assert (asked.outcome, asked.phase) == (refused, REFUSED), case.name
                assert f"`{case.name}`: {case.words}" in line, case.name
            else:
                assert asked.outcome is not None
                assert (asked.outcome.reason, asked.phase) == (EndReason.HELD, FilePhase.HELD), case.name
                labels = [button.label for button in asked.outcome.buttons]
                offered = [strings.UPLOAD, strings.ANSWER_WITHOUT] if text else list(strings.SUGGESTIONS)
                assert labels == offered, case.name
        assert not place.aion.files.uploaded
        assert place.aion.count("upload_image") == place.aion.count("update_images") == 0


@pytest.mark.slow
async def test_where_files_are_off_none_is_read(tmp_path: Path) -> None:
    """One line says so, whatever the file is."""
    async with conversation(tmp_path, Uploads.OFF) as place:
        for number, case in enumerate(CASES):
            asked = await place.ask(f"t{number}", "named", replace(case, refuses=None))
            assert (asked.outcome, asked.phase, asked.told) == (None, REFUSED, ""), case.name
            assert strings.NO_FILES_HERE in asked.seen[-1], case.name
        assert place.platform.read == []


@pytest.mark.parametrize("way", get_args(Way))
async def test_a_held_file_is_read_once_before_the_choice_and_once_to_send_it(
    tmp_path: Path, way: Way
) -> None:
    """What was read before the choice is known: a content that the library has is not read again."""
    async with conversation(tmp_path, Uploads.ASK) as place:
        assert (await place.ask("first", way, CASES[0])).phase is FilePhase.HELD
        assert (await place.press("first")).phase is ADDED
        assert place.platform.read == ["first", "first"]
        assert (await place.ask("second", way, CASES[0])).phase is FilePhase.HELD
        asked = await place.press("second")
        assert (asked.phase, place.platform.read) == (ADDED, ["first", "first", "second"])
        assert f"`{CASES[0].name}`: already there" in asked.seen[-1]
        assert place.aion.count("upload_image") == 1


@pytest.mark.slow
async def test_words_about_a_file_that_was_looked_at_read_it_no_third_time(tmp_path: Path) -> None:
    """A question that takes over a held file takes over what was read of it, and asks for the choice without reading."""
    async with conversation(tmp_path, Uploads.ASK) as place:
        assert (await place.ask("alone", "named", CASES[0], "")).phase is FilePhase.HELD
        await place.services.store.turns.end("alone", EndReason.HELD)
        asked = await place.follow("words", "alone")
        assert (asked.phase, place.platform.read) == (FilePhase.HELD, ["alone"])
        assert (await place.press("words")).phase is ADDED
        assert place.platform.read == ["alone", "alone"]


@pytest.mark.parametrize("at", [0, 10, 50])
async def test_a_file_whose_reading_broke_is_read_from_its_start(tmp_path: Path, at: int) -> None:
    """Nothing of the broken half is kept: Retry reads the file once more, and the library has it byte for byte, once."""
    async with conversation(tmp_path) as place:
        place.platform.breaks["broken"] = at
        asked = await place.ask("broken", "named", CASES[0])
        assert (asked.phase, place.aion.count("upload_image")) == (FAILED, 0)
        assert f"`{CASES[0].name}`: couldn't be read" in asked.seen[-1]
        assert (await place.press("broken")).phase is ADDED
        assert place.platform.read == ["broken", "broken"]
        assert [one.content for one in place.aion.files.uploaded] == [CASES[0].content]


async def test_one_content_twice_in_a_question(tmp_path: Path) -> None:
    """It is uploaded once and named to the session once; each file has its outcome, and Aion is told both names."""
    async with conversation(tmp_path) as place:
        contents = {"a.png": png("a"), "b.png": png("a"), "c.pdf": pdf("c"), "d.pdf": pdf("c")}
        told, line = await place.ask_with("twice", contents)
        assert all(name in told for name in contents)
        assert "`a.png`: added · `b.png`: already there · `c.pdf`: added · `d.pdf`: already there" in line
        (picture, document) = place.aion.files.uploaded
        assert place.aion.bodies("update_images") == [{"image_ids": [picture.id]}]
        assert place.aion.bodies("update_documents") == [{"document_ids": [document.id]}]
