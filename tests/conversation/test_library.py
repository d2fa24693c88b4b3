"""Whether a file arrived whose upload has no answer, and what a session can use afterwards."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aion_bot.aion import AionVision, AionvisionError, RateLimitError, ServerError, UploadError, UploadProblem
from aion_bot.aion.library_types import parse_limits
from aion_bot.conversation.file_spool import FileSpool
from aion_bot.conversation.library import Library, SharedUploads
from aion_bot.conversation.session_history import Polling
from aion_bot.domain.file_types import PNG, FileKind
from aion_bot.domain.uploads import MOST_BYTES, AttachedFile, largest
from aion_bot.ports.files import Attachment
from aion_bot.simulators.aion import API_KEY, SimulatedAion, library
from tests.schemas import aion as contract

CONTENT = b"\x89PNG\r\n\x1a\nIEND\xaeB`\x82"


@pytest.fixture
async def aion() -> AsyncIterator[SimulatedAion]:
    async with SimulatedAion(inspector=contract.inspect) as server:
        yield server
    assert server.violations == []


@pytest.fixture
async def found(aion: SimulatedAion) -> AsyncIterator[Library]:
    """Aion's library, seen by the bot."""
    async with AionVision(API_KEY, base_url=aion.base_url, retry_delay=0.001, max_retries=1) as client:
        yield Library(client, SharedUploads(), Polling().scaled(0.001))


async def pieces() -> AsyncIterator[bytes]:
    yield CONTENT


def file(name: str = "a.png", size: int = len(CONTENT), ago: float = 0.0) -> AttachedFile:
    return AttachedFile("t", 0, Attachment("f", name), size=size, sent_at=int(time.time() - ago))


@pytest.mark.parametrize(
    ("stored", "looked_for", "arrived"),
    [
        ("a.png", file(), True),
        ("a.png", file("b.png"), False),
        ("a.png", file("a"), True),
        ("file.png", file(""), True),
        ("a.png", file(size=7), False),
        ("a.png", file(ago=-3600.0), False),
        ("a.png", file(ago=3600.0), True),
    ],
)
async def test_a_file_is_found_by_its_name_its_size_and_its_time(
    aion: SimulatedAion, found: Library, stored: str, looked_for: AttachedFile, arrived: bool
) -> None:
    """Also where it was sent with another end of its name; one that was there long before is another one."""
    there = aion.files.put(stored, CONTENT)
    assert await found.find(looked_for, ()) == (there.id if arrived else None)
    assert await found.find(looked_for, {there.id}) is None


async def test_the_newest_of_several_is_taken(aion: SimulatedAion, found: Library) -> None:
    """A camera gives the same name twice, and what has another content is known."""
    older, newer = aion.files.put("a.png", CONTENT), aion.files.put("a.png", CONTENT[::-1])
    assert await found.find(file(), ()) == newer.id
    assert await found.find(file(), {newer.id}) == older.id


async def test_it_is_found_behind_many_others(aion: SimulatedAion, found: Library) -> None:
    """A busy library has several pages."""
    there = aion.files.put("a.png", CONTENT)
    for number in range(150):
        aion.files.put(f"{number}.png", bytes(number + 1))
    assert await found.find(file(), ()) == there.id


async def test_it_is_looked_for_again_as_it_may_be_on_its_way(aion: SimulatedAion, found: Library) -> None:
    """Several looks, with pauses; then it did not arrive."""
    assert await found.find(file(), ()) is None
    assert aion.count("list_files") == 4


async def test_limits_are_asked_for_once_an_hour(aion: SimulatedAion, found: Library) -> None:
    """What Aion says counts; a key that may not know costs one request."""
    aion.files.limits.image = 5
    assert [await found.limit(FileKind.IMAGE, 1) for _ in range(3)] == [5, 5, 5]
    assert await found.limit(FileKind.DOCUMENT, 1) == 50 * 1024 * 1024
    assert aion.count("tenant_limits") == 1


async def test_where_the_key_may_not_know_the_refusal_says_it(aion: SimulatedAion, found: Library) -> None:
    """Then only what no plan allows is refused here."""
    aion.files.hides_limits = True
    assert [await found.limit(FileKind.IMAGE, 1) for _ in range(2)] == [MOST_BYTES] * 2
    assert aion.count("tenant_limits") == 1


async def test_a_limit_that_was_raised_counts_soon(aion: SimulatedAion) -> None:
    """A file that exceeds what was believed makes the bot look again, once a minute at most; another file does not."""
    async with AionVision(API_KEY, base_url=aion.base_url, retry_delay=0.001, max_retries=1) as client:
        shared = SharedUploads()
        seen = Library(client, shared, Polling())
        aion.files.limits.image = 5
        assert await seen.limit(FileKind.IMAGE, 9) == 5
        aion.files.limits.image = 50
        assert await seen.limit(FileKind.IMAGE, 9) == 5
        shared.limits_read_at -= 61
        assert await seen.limit(FileKind.IMAGE, 1) == 5
        assert await seen.limit(FileKind.IMAGE, 9) == 50
        assert aion.count("tenant_limits") == 2
        # The key may not look any more: what it knew is not held against a file.
        aion.files.hides_limits = True
        shared.limits_read_at -= 3601
        assert await seen.limit(FileKind.IMAGE, 9) == MOST_BYTES


async def test_a_limit_that_was_lowered_counts_after_the_first_refusal(
    aion: SimulatedAion, tmp_path: Path
) -> None:
    """Aion refuses what it said it would take: the next file is held against what it says now, before a byte leaves."""
    async with AionVision(API_KEY, base_url=aion.base_url, retry_delay=0.001, max_retries=1) as client:
        seen = Library(client, SharedUploads(), Polling())
        aion.files.limits.image = 50
        assert await seen.limit(FileKind.IMAGE, len(CONTENT)) == 50
        aion.files.limits.image = 5
        with FileSpool(tmp_path) as spool:
            await spool.fill(pieces(), 100, lambda _: None)
            with pytest.raises(UploadError) as refused:
                await seen.put(file(), PNG, spool, lambda _: None)
        assert (refused.value.problem, refused.value.limit) == (UploadProblem.TOO_LARGE, 5)
        assert await seen.limit(FileKind.IMAGE, len(CONTENT)) == 5


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("25", {"max_image_size_mb": 25}),
        (25.0, {"max_image_size_mb": 25}),
        (0, {"max_image_size_mb": 0}),
        (None, {}),
        ("many", {}),
        ("9" * 5_000, {}),
        ("²", {}),
        (True, {}),
        ([25], {}),
    ],
)
def test_limits_of_any_form_are_read(sent: object, found: dict[str, int]) -> None:
    """Numbers as words count; what is no number names no limit. Zero is kept, and `largest` does not believe it."""
    limits = parse_limits({"limits": {"max_image_size_mb": sent}}).limits
    assert limits == found
    assert largest(limits, FileKind.IMAGE) == (25 * 1024**2 if found.get("max_image_size_mb") else None)


@pytest.mark.parametrize("all_images", [True, False])
async def test_pictures_are_added_to_the_selection(
    aion: SimulatedAion, found: Library, all_images: bool
) -> None:
    """What was selected stays, what the library lost is missing in the result, and the mode is set back where it has to be."""
    session = aion.sessions.create({"use_all_images": all_images, "initial_image_ids": [library.PUMP.id]})
    selected, sees_all = await found.selection(session.id)
    assert (selected, sees_all) == ([library.PUMP.id], all_images)
    usable, restored = await found.select_images(
        session.id, selected, [library.CRANE.id, "gone"], all_images=sees_all
    )
    assert (usable, restored) == ({library.CRANE.id}, True)
    assert session.images == [library.PUMP.id, library.CRANE.id]
    assert session.use_all_images is all_images
    assert aion.count("update_mode") == all_images


@pytest.mark.parametrize(("status", "times"), [(500, 2), (403, 1)])
async def test_a_mode_that_cannot_be_set_back_is_known(
    aion: SimulatedAion, found: Library, status: int, times: int
) -> None:
    """The pictures can be used, and the caller can say what else changed."""
    session = aion.sessions.create({})
    aion.fail_next("update_mode", status, times=times)
    ids = [library.CRANE.id]
    assert await found.select_images(session.id, [], ids, all_images=True) == (set(ids), False)
    assert (await found.select_images(session.id, [], ids, all_images=True))[1] is True
    assert session.use_all_images


@pytest.mark.parametrize(
    ("status", "acts"), [(None, True), (None, False), (500, True), (403, False), (422, False)]
)
async def test_a_selection_that_fails_leaves_all_pictures(
    aion: SimulatedAion, found: Library, status: int | None, acts: bool
) -> None:
    """Aion may have narrowed the session although it refused or its answer was lost: it is set back, the error is the caller's."""
    session = aion.sessions.create({})
    aion.fail_next("update_images", status, times=9, acts=acts)
    with pytest.raises(AionvisionError):
        await found.select_images(session.id, [], [library.CRANE.id], all_images=True)
    assert session.use_all_images
    assert aion.count("update_mode") == 1


async def test_what_is_selected_already_is_not_set_again(aion: SimulatedAion, found: Library) -> None:
    """No request narrows a session for nothing."""
    session = aion.sessions.create({"use_all_images": False, "initial_image_ids": [library.PUMP.id]})
    usable, _ = await found.select_images(session.id, [library.PUMP.id], [library.PUMP.id], all_images=False)
    assert usable == {library.PUMP.id}
    assert aion.count("update_images") == 0


async def test_the_selection_is_bounded(aion: SimulatedAion, found: Library) -> None:
    """A thousand pictures and a hundred documents, the newest ones."""
    session = aion.sessions.create({})
    new = aion.files.put("a.png", CONTENT)
    many = [f"00000000-0000-0000-0000-{number:012}" for number in range(1000)]
    await found.select_images(session.id, many, [new.id], all_images=False)
    assert len(aion.bodies("update_images")[0]["image_ids"]) == 1000
    assert aion.bodies("update_images")[0]["image_ids"][-1] == new.id
    await found.select_documents(session.id, [*many[:150], library.SAFETY.id])
    assert aion.bodies("update_documents")[0]["document_ids"][-1] == library.SAFETY.id
    assert len(aion.bodies("update_documents")[0]["document_ids"]) == 100


@pytest.mark.parametrize(
    ("retry_after", "times", "sent"), [(None, 2, 3), (0.001, 1, 2), (61.0, 1, 1), (0.001, 9, 3)]
)
async def test_a_picture_too_many_is_sent_again(
    aion: SimulatedAion, found: Library, tmp_path: Path, retry_after: float | None, times: int, sent: int
) -> None:
    """Aion has not looked at an upload that was one request too many: it is sent again after the pause, not for ever."""
    aion.fail_next("upload_image", 429, times=times, retry_after=retry_after)
    file = AttachedFile("t", 0, Attachment("1", "a.png", len(CONTENT)))
    with FileSpool(tmp_path) as spool:
        await spool.fill(pieces(), len(CONTENT), lambda _: None)
        if sent > times:
            await found.put(file, PNG, spool, lambda _: None)
        else:
            with pytest.raises(RateLimitError):
                await found.put(file, PNG, spool, lambda _: None)
    assert aion.count("upload_image") == sent
    assert [one.content for one in aion.files.uploaded] == [CONTENT] * (sent > times)


@pytest.mark.parametrize("operation", ["update_images", "update_documents"])
async def test_an_answer_without_a_selection_loses_nothing(
    aion: SimulatedAion, found: Library, operation: str
) -> None:
    """Where Aion does not say what is selected, as behind a gateway, no file counts as gone from the library."""
    session = aion.sessions.create({})
    aion.fail_next(operation, 200)
    selected = (
        found.select_images(session.id, [], [library.CRANE.id], all_images=True)
        if operation == "update_images"
        else found.select_documents(session.id, [library.MANUAL.id])
    )
    with pytest.raises(ServerError):
        await selected
    assert session.use_all_images
