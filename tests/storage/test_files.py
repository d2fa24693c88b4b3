"""The files of questions as rows: phases along the table, names erased with the words, contents known by workspace."""

import time
from dataclasses import replace

import pytest

from aion_bot.domain.file_types import FileKind
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.domain.uploads import (
    FILE_TRANSITIONS,
    FOLLOWS_WITHIN,
    AttachedFile,
    FileEnd,
    FilePhase,
    FileReason,
)
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage import Store

THREAD, ADA = ThreadKey("slack", "t"), Person("U1", "Ada")
A, B = Attachment("f1", "a.jpg", 10, "image/jpeg"), Attachment("f2", "b.pdf", 20)
C = Attachment("f3", "c.png")


async def ask(
    store: Store,
    key: str,
    text: str = "What?",
    thread: ThreadKey = THREAD,
    asker: str = ADA.id,
    channel: str = "C",
) -> None:
    person = Person(asker, "Ada")
    prompt = Prompt(f"prompt {key}", thread, Place("W", channel), person, text)
    assert await store.turns.accept(Turn(key, thread, person, text), prompt)


async def row(store: Store, number: int = 0, turn: str = "t1") -> AttachedFile:
    return (await store.files.of(turn))[number]


async def test_files_are_kept_in_order_and_once(store: Store) -> None:
    """A second look at the same message adds nothing; what is new comes behind."""
    await store.files.add("t1", [A], FilePhase.WAITING)
    await store.files.add("t1", [A, B], FilePhase.HELD)
    found = await store.files.of("t1")
    assert [one.attachment for one in found] == [A, B]
    assert [one.phase for one in found] == [FilePhase.WAITING, FilePhase.HELD]


async def test_everything_that_is_known_is_read_back(store: Store) -> None:
    """What a file is, where it is, and since when."""
    await store.files.add("t1", [A], FilePhase.WAITING)
    file = replace(await row(store), kind=FileKind.IMAGE, size=11, digest="d" * 64, sent_at=5)
    await store.files.note_read(file)
    await store.files.start_upload(file)
    file = replace(file, library_id="image 1", known=True)
    await store.files.store(file, "slack/W")
    await store.files.note_adding(file, "s1", all_images=True)
    await store.files.note_added(file)
    assert await row(store) == replace(
        file,
        attachment=replace(A, size=11),
        phase=FilePhase.ADDED,
        session_id="s1",
        all_images=True,
    )
    assert [one.library_id for one in await store.files.of_session("s1")] == ["image 1"]


@pytest.mark.parametrize("phase", FilePhase)
async def test_a_phase_moves_along_the_table_only(store: Store, phase: FilePhase) -> None:
    """Each write from each phase: it counts where the table has it, and changes nothing elsewhere."""
    end = FileEnd(FilePhase.REFUSED, FileReason.DAMAGED)
    failed = FileEnd(FilePhase.FAILED, FileReason.LIMIT)
    writes = {
        FilePhase.UPLOADING: store.files.start_upload,
        FilePhase.STORED: lambda file: store.files.store(file, "w"),
        FilePhase.ADDED: store.files.note_added,
        FilePhase.WAITING: store.files.restart,
        FilePhase.REFUSED: lambda file: store.files.end(file, end),
        FilePhase.FAILED: lambda file: store.files.end(file, failed),
    }
    for target, write in writes.items():
        await store.files.add(target, [A], phase)
        await write(await row(store, turn=target))
        after = (await row(store, turn=target)).phase
        assert after == (target if target in FILE_TRANSITIONS[phase] else phase), target


async def test_a_retry_looks_first_for_what_may_have_arrived(store: Store) -> None:
    """A failed file waits again; one that is in doubt is one whose upload began."""
    await store.files.add("t1", [A, B], FilePhase.WAITING)
    await store.files.end(await row(store), FileEnd(FilePhase.FAILED, FileReason.UNKNOWN))
    await store.files.end(await row(store, 1), FileEnd(FilePhase.FAILED, FileReason.LIMIT))
    await store.files.retry("t1")
    assert [one.phase for one in await store.files.of("t1")] == [FilePhase.UPLOADING, FilePhase.WAITING]
    assert {one.reason for one in await store.files.of("t1")} == {FileReason.NONE}


async def test_a_content_is_known_in_its_workspace(store: Store) -> None:
    """By digest, until the library has lost it; another workspace has a library of its own."""
    await store.files.add("t1", [A], FilePhase.WAITING)
    await store.files.store(replace(await row(store), digest="d", library_id="i"), "slack/W")
    assert await store.files.library_id("slack/W", "d") == "i"
    assert await store.files.library_id("slack/X", "d") is None
    await store.files.forget("slack/W", "d")
    assert await store.files.library_id("slack/W", "d") is None


async def test_the_ids_of_other_contents_are_told(store: Store) -> None:
    """What is known to be another content is not taken for a file whose upload is in doubt."""
    await store.files.add("t1", [A, B], FilePhase.WAITING)
    await store.files.store(replace(await row(store), digest="d1", library_id="i1"), "slack/W")
    await store.files.store(replace(await row(store, 1), digest="d2", library_id="i2"), "discord/X")
    assert await store.files.others("d1", time.time() - 60) == {"i2"}
    assert await store.files.others("d1", time.time() + 60) == set()


@pytest.mark.parametrize("reason", [EndReason.HELD, EndReason.ANSWERED])
async def test_the_files_of_a_question_that_waits_for_words_are_the_next_ones(
    store: Store, reason: EndReason
) -> None:
    """Only of the question just before it, and only while that waits."""
    await ask(store, "t1", "")
    await store.files.add("t1", [A], FilePhase.HELD)
    await store.turns.end("t1", reason)
    await ask(store, "t2")
    adopted = await store.files.adopt_held("t2", THREAD, FilePhase.WAITING)
    assert adopted == (reason is EndReason.HELD)
    await ask(store, "t3")
    assert await store.files.adopt_held("t3", THREAD, FilePhase.WAITING) == 0


async def test_all_files_that_wait_for_the_same_words_are_adopted(store: Store) -> None:
    """Several messages with files and without words, one after the other; what stood before an answer stays there."""
    for key, files, reason in (
        ("t1", [C], EndReason.HELD),
        ("t2", [], EndReason.ANSWERED),
        ("t3", [A], EndReason.HELD),
        ("t4", [B], EndReason.HELD),
    ):
        await ask(store, key, "")
        await store.files.add(key, files, FilePhase.HELD)
        await store.turns.end(key, reason)
    await ask(store, "t5")
    assert await store.files.adopt_held("t5", THREAD, FilePhase.WAITING) == 2
    found = await store.files.of("t5")
    assert [(one.number, one.attachment, one.phase) for one in found] == [
        (0, A, FilePhase.WAITING),
        (1, B, FilePhase.WAITING),
    ]
    assert await store.files.adopt_held("t5", THREAD, FilePhase.WAITING) == 0


@pytest.mark.parametrize(
    ("age", "asker", "channel", "between", "adopted"),
    [
        (0, "U1", "C", None, 1),
        (FOLLOWS_WITHIN - 60, "U1", "C", None, 1),  # a minute is left: the database has its own clock
        (FOLLOWS_WITHIN + 2, "U1", "C", None, 0),
        (0, "U2", "C", None, 0),
        (0, "U1", "D", None, 0),
        (0, "U1", "C", "And this?", 0),
        (0, "U1", "C", "", 1),
    ],
)
@pytest.mark.parametrize("held", [True, False])
async def test_words_in_a_direct_message_follow_files_of_another_thread(
    store: Store, age: int, asker: str, channel: str, between: str | None, adopted: int, held: bool
) -> None:
    """Those of the same person, in the same place and shortly before, unless they asked something in between."""
    await ask(store, "t1", "", ThreadKey("slack", "earlier"), asker, channel)
    await store.files.add("t1", [A], FilePhase.HELD)
    if held:
        await store.turns.end("t1", EndReason.HELD)
    await store.turns._do("UPDATE turn SET asked_at = asked_at - ?", age)  # no other way to be late
    if between is not None:
        await ask(store, "t2", between, ThreadKey("slack", "between"))
    await ask(store, "t3")
    assert await store.files.adopt_held("t3", THREAD, FilePhase.WAITING) == 0
    assert await store.files.adopt_held("t3", THREAD, FilePhase.WAITING, direct=True) == adopted
    await ask(store, "t4")
    assert await store.files.adopt_held("t4", THREAD, FilePhase.WAITING, direct=True) == 0


async def test_sessions_whose_files_were_not_added_may_be_narrowed(store: Store) -> None:
    """The next process widens those that could see all images before, and no others."""
    for key, all_images, added in (("t1", True, False), ("t2", False, False), ("t3", True, True)):
        await store.files.add(key, [A], FilePhase.WAITING)
        file = replace(await row(store, turn=key), library_id="image 1")
        await store.files.store(file, "slack/W")
        await store.files.note_adding(file, f"session of {key}", all_images=all_images)
        if added:
            await store.files.note_added(file)
    assert await store.files.narrowed() == {"session of t1"}


@pytest.mark.parametrize(
    "reason", [EndReason.ANSWERED, EndReason.STOPPED, EndReason.HELD, EndReason.INCOMPLETE]
)
async def test_names_go_with_the_words(store: Store, reason: EndReason) -> None:
    """The trigger erases the name of each file, and what Aion was told of it, in the write that erases the words."""
    await ask(store, "t1")
    await store.files.add("t1", [A], FilePhase.WAITING)
    await store.files.note_attached("t1", "\n\na.jpg")
    await store.turns.end("t1", reason)
    turn = await store.turns.get("t1")
    assert turn is not None
    kept = reason in {EndReason.HELD, EndReason.INCOMPLETE}
    assert ((await row(store)).attachment.name, turn.attached) == (
        ("a.jpg", "\n\na.jpg") if kept else ("", "")
    )
    assert turn.retryable is kept


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_name_stays_until_the_library_was_asked(store: Store, arrived: bool) -> None:
    """A Stop cut an upload off: its name is what the library is asked by, and goes in the write that says what is there."""
    await ask(store, "t1")
    await store.files.add("t1", [A, B], FilePhase.WAITING)
    await store.files.start_upload(replace(await row(store), sent_at=1))
    await store.turns.end("t1", EndReason.STOPPED)
    (cut_off,) = await store.files.cut_off()
    assert [one.attachment.name for one in await store.files.of("t1")] == ["a.jpg", ""]
    store.erased.clear()
    if arrived:
        await store.files.store(replace(cut_off, library_id="image 1", digest="d"), "slack/W")
    else:
        await store.files.restart(cut_off)
    assert store.erased.is_set()
    assert (await row(store)).attachment.name == ""
    assert await store.files.cut_off() == []
