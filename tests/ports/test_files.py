"""What people attach, as values: hostile names, promised sizes, and what threads were seen to hold."""

from collections.abc import AsyncIterator

import pytest

from aion_bot.ports.errors import FileProblem, FileUnavailable, PlatformDown, PlatformError
from aion_bot.ports.files import NAME_LENGTH, Attachment, attachment, sent_once, whole
from aion_bot.ports.messages import ThreadKey
from aion_bot.ports.thread_files import LOOK_BACK, ThreadFiles

THREAD, OTHER = ThreadKey("anywhere", "1"), ThreadKey("anywhere", "2")
ROOF, WALL = Attachment("1", "roof.jpg"), Attachment("2", "wall.pdf")


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("roof.jpg", "roof.jpg"),
        ("a\nb\r\nc\u2028d.png", "a b cd.png"),
        ("cod\u202egnp.exe", "codgnp.exe"),
        ("half\ud83d.png", "half?.png"),
        ("  \u200b ", ""),
        (None, ""),
        (["roof.jpg"], ""),
        ("@everyone <!channel>.md", "@everyone <!channel>.md"),
    ],
)
def test_a_name_is_one_visible_line(name: object, read: str) -> None:
    """Line ends, hidden characters and half characters go; what only looks dangerous is the matter of whoever shows it."""
    assert attachment("1", name).name == read


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("../../etc/passwd", "passwd"),
        ("/srv/roof.jpg", "roof.jpg"),
        ("C:\\x\\roof.jpg", "roof.jpg"),
        ("C:roof.jpg", "roof.jpg"),
        ("\\\\host\\share\\roof.jpg", "roof.jpg"),
        (".\0./.\0./roof\0.jpg", "roof.jpg"),
        (".\u200b./roof.jpg", "roof.jpg"),
        ("..", ""),
        ("../..", ""),
        ("folder/", ""),
        (".htaccess", "htaccess"),
        ("...roof.jpg", "roof.jpg"),
        ("roof.jpg. .", "roof.jpg"),
        ("NUL", "_NUL"),
        ("con.txt", "_con.txt"),
        ("Com1 .tar.gz", "_Com1 .tar.gz"),
        ("lpt\u00b9.md", "_lpt\u00b9.md"),
        ("console.txt", "console.txt"),
        ("12:30 roof.jpg", "12:30 roof.jpg"),
    ],
)
def test_a_name_names_no_folder_and_no_device(name: str, read: str) -> None:
    """Whoever stores a file by its name, Aion or a person, gets it where they put it."""
    assert attachment("1", name).name == read


def test_a_long_name_keeps_its_ending() -> None:
    """A name of 5,000 characters is bounded, its extension stays, and no character is cut in two."""
    name = attachment("1", "x" * 5_000 + ".docx").name
    assert len(name) == NAME_LENGTH
    assert name.endswith("x.docx")
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert attachment("1", f"xx{family * 100}.docx").name.partition("…")[0] == f"xx{family * 43}"


@pytest.mark.parametrize(
    ("size", "kind", "read"),
    [
        (5, "image/png", (5, "image/png")),
        (0, "", (0, "")),
        (-1, "x" * 101, (0, "")),
        (True, "image/\n", (0, "")),
        ("5", None, (0, "")),
        (None, "imäge", (0, "")),
    ],
)
def test_sizes_and_types_are_read_whatever_they_hold(
    size: object, kind: object, read: tuple[int, str]
) -> None:
    """A payload may hold anything where a size or a type is expected."""
    found = attachment("1", "a", size, kind)
    assert (found.size, found.media_type) == read


async def _pieces(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size


def _down(error: Exception) -> PlatformError:
    return PlatformDown(str(error))


async def _read(size: int | None, *sizes: int) -> int:
    return sum([len(piece) async for piece in whole(_pieces(*sizes), size, (OSError,), _down)])


async def test_a_file_that_comes_whole_is_passed_on() -> None:
    """Also an empty one, and one whose size the platform does not say."""
    assert await _read(7, 3, 4) == 7
    assert await _read(0) == 0
    assert await _read(None, 3) == 3


@pytest.mark.parametrize("sizes", [(3,), (), (3, 5), (8,)])
async def test_a_file_of_another_size_is_not_the_file(sizes: tuple[int, ...]) -> None:
    """Whether fewer or more bytes come than were promised."""
    with pytest.raises(FileUnavailable) as raised:
        await _read(7, *sizes)
    assert raised.value.problem is FileProblem.INCOMPLETE


async def test_a_failure_of_reading_is_in_the_ports_words() -> None:
    """What the platform's library raises between two pieces reaches nobody; what it does not is a fault, and does."""

    async def broken(error: Exception) -> AsyncIterator[bytes]:
        yield b"x"
        raise error

    with pytest.raises(PlatformDown, match="reset"):
        [piece async for piece in whole(broken(OSError("reset")), 7, (OSError,), _down)]
    with pytest.raises(KeyError):
        [piece async for piece in whole(broken(KeyError("fault")), 7, (OSError,), _down)]


async def test_a_request_that_fails_is_not_sent_again() -> None:
    """The middleware hands it over once, and what a lost connection raises is none of the errors that aiohttp repeats it for."""
    sent: list[str] = []

    async def handler(request: str) -> str:
        sent.append(request)
        if request == "good":
            return "answer"
        raise OSError("reset") if request == "lost" else KeyError("fault")

    once = sent_once((OSError,), _down)
    assert await once("good", handler) == "answer"
    with pytest.raises(PlatformDown, match="reset"):
        await once("lost", handler)
    with pytest.raises(KeyError):
        await once("broken", handler)
    assert sent == ["good", "lost", "broken"]


def test_files_since_the_bots_last_message_belong_to_a_question() -> None:
    """Those before it do not, nor those that came after the question; the question's own do."""
    files = ThreadFiles()
    files.note(THREAD, 1, [WALL], own=False, first=True)
    files.note(THREAD, 2, [], own=True)
    files.note(THREAD, 3, [ROOF], own=False)
    files.note(THREAD, 4, [WALL], own=False)
    files.note(THREAD, 5, [Attachment("3", "late.png")], own=False)
    assert files.recent(THREAD, 4) == (ROOF, WALL)
    assert files.recent(THREAD, 3) == (ROOF,)
    assert files.recent(THREAD, 1) == (WALL,)


def test_what_was_not_seen_to_its_beginning_is_not_known() -> None:
    """Neither a question that no event told of, nor a thread whose earlier messages nobody saw."""
    files = ThreadFiles()
    assert files.recent(THREAD, 4) is None
    files.note(THREAD, 3, [ROOF], own=False)
    files.note(THREAD, 4, [], own=False)
    assert files.recent(THREAD, 4) is None
    assert files.recent(THREAD, 5) is None
    assert files.recent(OTHER, 4) is None
    files.note(THREAD, 2, [], own=True)
    assert files.recent(THREAD, 4) == (ROOF,)
    assert files.recent(THREAD, None) == (ROOF,)
    files.forget()
    assert files.recent(THREAD, 4) is None


def test_ten_messages_back_and_no_further() -> None:
    """The file of the eleventh message before the question is no part of it."""
    files = ThreadFiles()
    for number in range(1, LOOK_BACK + 5):
        files.note(THREAD, number, [Attachment(str(number), "")], own=False)
    last = LOOK_BACK + 4
    found = files.recent(THREAD, last)
    assert found is not None
    assert [file.id for file in found] == [str(number) for number in range(4, last + 1)]


def test_edits_and_deletions_count() -> None:
    """A message that was edited has the files it has now, and a deleted one none; a file that stands twice counts once."""
    files = ThreadFiles()
    files.note(THREAD, 1, [ROOF, WALL], own=False, first=True)
    files.note(THREAD, 2, [ROOF], own=False)
    assert files.recent(THREAD, 2) == (ROOF, WALL)
    files.note(THREAD, 1, [WALL], own=False, first=True)
    assert files.recent(THREAD, 2) == (WALL, ROOF)
    files.discard(THREAD, 1)
    files.discard(OTHER, 1)
    assert files.recent(THREAD, 2) == (ROOF,)
    assert (files.of_message(THREAD, 2), files.of_message(THREAD, 3)) == ((ROOF,), None)


def test_the_quietest_thread_is_forgotten_first() -> None:
    """The number of threads is bounded."""
    files = ThreadFiles(capacity=2)
    for name in "abac":
        files.note(ThreadKey("anywhere", name), 1, [ROOF], own=False, first=True)
    known = [name for name in "abc" if files.recent(ThreadKey("anywhere", name), 1) is not None]
    assert known == ["a", "c"]
