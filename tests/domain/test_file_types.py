"""What a file is, by its content alone."""

import pytest

from aion_bot.aion.library_requests import MAX_FILENAME_LENGTH
from aion_bot.domain.file_types import (
    DOCX,
    GIF,
    HEAD,
    JPEG,
    MARKDOWN,
    PDF,
    PNG,
    TXT,
    VIDEO,
    WEBP,
    FileType,
    is_cut_off,
    jpeg_has_end,
    recognise,
)
from aion_bot.ports.files import attachment
from aion_bot.simulators.aion.pictures import gif, jpeg, pdf, png, webp
from tests.support.cases import each

WORD = b"PK\x03\x04" + bytes(200) + b"word/document.xml" + bytes(40)
SHEET = b"PK\x03\x04" + bytes(200) + b"xl/workbook.xml" + bytes(40)


@each(
    ("content", "name", "found"),
    [
        (jpeg("a"), "a.png", JPEG),
        (png("a"), "a.txt", PNG),
        (gif(), "", GIF),
        (b"GIF87a" + bytes(20), "a.gif", GIF),
        (webp(), "a.jpg", WEBP),
        (pdf("a"), "a", PDF),
        (b"\n\n  junk before\n%PDF-1.7", "a.pdf", PDF),
        (WORD, "a.zip", DOCX),
        (SHEET, "a.docx", None),
        (b"PK\x03\x04" + bytes(90), "a.docx", None),
        (b"words", "a.txt", TXT),
        (b"words", "a.TXT", TXT),
        (b"# Words", "a.md", MARKDOWN),
        (b"words", "readme", TXT),
        ("Bäume 🌳".encode(), "a.txt", TXT),
        ("Bäume".encode("latin-1"), "a.txt", None),
        (b"a\x00b", "a.txt", None),
        (b"a,b", "a.csv", None),
        (b"<svg/>", "a.svg", None),
        (b"<html>", "a.html", None),
        (b"\x00\x00\x00\x18ftypisom", "a.txt", VIDEO),
        (b"\x00\x00\x00\x14ftypqt  ", "a.mov", VIDEO),
        (b"\x1aE\xdf\xa3" + bytes(20), "a.webm", VIDEO),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "a.avi", VIDEO),
        (b"\x1aE\xdf\xa3" + bytes(20) + b"V_VP9" + bytes(20) + b"A_OPUS", "a.webm", VIDEO),
        (
            b"\x00\x00\x00\x18ftypisom" + bytes(20) + b"hdlr" + bytes(8) + b"vide hdlr" + bytes(8) + b"soun",
            "a.mp4",
            VIDEO,
        ),
        (b"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat", "a.mov", VIDEO),
        (b"FLV\x01\x05", "a.flv", VIDEO),
        (b"\x00\x00\x01\xba\x44", "a.mpg", VIDEO),
        (
            bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
            + bytes(9)
            + bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b"),
            "a.wmv",
            VIDEO,
        ),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "a.webp", None),
        (b"\x00\x00\x00\x18ftypheic", "a.jpg", None),
        (b"\x00\x00\x00\x18ftypavif", "a.jpg", None),
        (b"MZ\x90\x00", "a.png", None),
        (b"\x7fELF", "a.pdf", None),
        (b"%PD", "a.pdf", None),
        (b"", "a.png", None),
        (b"", "", None),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, name: str, found: FileType | None) -> None:
    """Pictures, documents and videos are told by their first bytes; a name counts for text alone."""
    assert recognise(content, content, name) is found


@pytest.mark.parametrize("cut", range(4))
def test_a_character_that_the_head_cuts_is_no_fault(cut: int) -> None:
    """Text whose head ends within a character is text all the same."""
    head = (b"a" * (HEAD - cut) + "🌳".encode())[:HEAD]
    assert recognise(head, b"", "a.txt") is TXT


def test_the_list_of_a_large_archive_is_at_its_end() -> None:
    """A Word file is recognised by the end of the archive, where its files are listed."""
    assert recognise(b"PK\x03\x04" + bytes(HEAD - 4), WORD[-60:], "a.docx") is DOCX


@pytest.mark.parametrize(
    ("kind", "name", "sent"),
    [
        (JPEG, "a.jpg", "a.jpg"),
        (JPEG, "a.JPEG", "a.JPEG"),
        (JPEG, "a.png", "a.png.jpg"),
        (PNG, "", "file.png"),
        (PNG, ".png", ".png.png"),
        (TXT, "readme", "readme.txt"),
    ],
)
def test_the_name_goes_with_the_content(kind: FileType, name: str, sent: str) -> None:
    """Aion may look at the end of a name: it is added where the content says another one."""
    assert kind.name(name) == sent


@pytest.mark.parametrize("kind", [DOCX, GIF, JPEG, MARKDOWN, PDF, PNG, TXT, WEBP])
def test_the_longest_name_is_one_that_aion_takes(kind: FileType) -> None:
    """An attachment's name is bounded so that an ending can be added to it."""
    assert len(kind.name(attachment("1", "x" * 5_000).name)) <= MAX_FILENAME_LENGTH


WHOLE = {
    "jpeg": jpeg("a"),
    "png": png("a"),
    "gif": gif(),
    "webp": webp(),
    "pdf": pdf("a"),
    "docx": b"PK\x03\x04word/document.xml" + bytes(99) + b"PK\x05\x06" + bytes(18),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_lacks_its_end_is_known(name: str) -> None:
    """A transfer that was broken off leaves a file that nobody can read; what follows its end harms nothing."""

    def cut_off(content: bytes) -> bool:
        head, tail = content[:HEAD], content[-HEAD:]
        kind = recognise(head, tail, f"a.{name}")
        assert kind is not None
        return is_cut_off(kind, head, tail, len(content))

    assert not cut_off(WHOLE[name])
    assert not cut_off(WHOLE[name] + bytes(200))
    assert cut_off(WHOLE[name][: -1 if name == "gif" else -22 if name == "docx" else -8])


def test_a_photo_with_a_video_behind_it_is_whole() -> None:
    """Phones put a video of some megabytes behind a photo; the end of its picture stands before that, and may be missing."""
    thumbnail = b"\xff\xe1\x00\x08Exif\xff\xd9"
    photo = b"\xff\xd8" + thumbnail + b"\xff\xda\x00\x02scan\xff\x00more"
    video = b"\x00\x00\x00\x18ftypmp42" + bytes(200_000)

    def has_end(content: bytes) -> bool:
        return jpeg_has_end(lambda at, size: content[at : at + size])

    assert has_end(photo + b"\xff\xd9" + video)
    assert has_end(photo + bytes(65_536 - len(photo) - 1) + b"\xff\xd9")  # over the edge of a block
    assert not has_end(photo + video)
    assert not has_end(photo)
    assert not has_end(b"\xff\xd8" + thumbnail)
    assert has_end(b"\xff\xd8" + b"\xff\xe1\x00\x02" * 5_000)  # nobody reads so many parts


def test_sound_is_no_video() -> None:
    """A voice message in the same container as a video is of a wrong type."""
    assert recognise(b"\x00\x00\x00\x18ftypM4A " + bytes(99), b"", "voice.m4a") is None
    assert recognise(b"\x1aE\xdf\xa3" + bytes(20) + b"A_OPUS" + bytes(9), b"", "audio_message.webm") is None
    assert (
        recognise(b"\x00\x00\x00\x18ftypmp42", b"moovhdlr" + bytes(8) + b"soun", "audio_message.mp4") is None
    )
    assert recognise(bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(99), b"", "voice.wma") is None
    assert recognise(b"OggS" + bytes(99), b"", "voice-message.ogg") is None
    assert recognise(b"\x00\x00\x00\x18ftypcrx " + bytes(99), b"", "raw.cr3") is None


def test_text_and_videos_have_no_end_that_could_be_missed() -> None:
    """Nothing is known of them, so nothing is refused."""
    assert not is_cut_off(TXT, b"a", b"a", 1)
    assert not is_cut_off(VIDEO, b"", b"", 0)
