"""What a file is, by its content: a picture or document that Aion takes, a video, or something else. No I/O.

Nobody believes a file's name or what a platform says of it. A name counts for text alone, whose kinds look alike.
"""

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

HEAD = 65_536
"""Bytes of a file's beginning that are looked at; as many of its end."""


class FileKind(StrEnum):
    """What of Aion's library a file belongs to."""

    IMAGE = "image"
    DOCUMENT = "document"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class FileType:
    """A type of file; `extensions` are those that its name may have, the first one is added where it has another."""

    kind: FileKind
    media_type: str
    extensions: tuple[str, ...]

    def name(self, name: str) -> str:
        """Return a name that goes with the content, as Aion may look at the name alone."""
        return name if _extension(name) in self.extensions else f"{name or 'file'}.{self.extensions[0]}"


JPEG = FileType(FileKind.IMAGE, "image/jpeg", ("jpg", "jpeg", "jpe", "jfif"))
PNG = FileType(FileKind.IMAGE, "image/png", ("png",))
GIF = FileType(FileKind.IMAGE, "image/gif", ("gif",))
WEBP = FileType(FileKind.IMAGE, "image/webp", ("webp",))
PICTURES = (JPEG, PNG, GIF, WEBP)
PDF = FileType(FileKind.DOCUMENT, "application/pdf", ("pdf",))
DOCX = FileType(
    FileKind.DOCUMENT,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ("docx",),
)
TXT = FileType(FileKind.DOCUMENT, "text/plain", ("txt", "text", "log"))
MARKDOWN = FileType(FileKind.DOCUMENT, "text/markdown", ("md", "markdown"))
VIDEO = FileType(FileKind.VIDEO, "video/mp4", ("mp4",))

_MAGIC: Sequence[tuple[int, bytes, FileType]] = (
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"GIF87a", GIF),
    (0, b"GIF89a", GIF),
    (0, b"FLV\x01", VIDEO),
    (0, b"\x00\x00\x01\xba", VIDEO),  # MPEG-1 and MPEG-2
    (0, b"\x00\x00\x01\xb3", VIDEO),
)
"""Where a file has which bytes (the specifications of the formats)."""

# ISO base media files name their brand behind `ftyp`; still pictures (HEIC, AVIF, CR3) and sound are no videos.
_NO_VIDEO = (
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"mif1",
    b"msf1",
    b"avif",
    b"avis",
    b"crx ",
    b"M4A ",
    b"M4B ",
)
_MATROSKA, _SOUNDS = b"\x1aE\xdf\xa3", (b"A_OPUS", b"A_VORBIS", b"A_AAC", b"A_FLAC", b"A_PCM", b"A_MPEG")
_FILMS = (b"V_VP8", b"V_VP9", b"V_AV1", b"V_MPEG", b"V_MS", b"V_THEORA")
"""Names of codecs in Matroska and WebM, which say whether a file has a picture or sound alone."""
_WINDOWS_MEDIA, _WINDOWS_FILM = (
    bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
    bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b"),
)
"""The marks of an ASF file, and of a film in it (Advanced Systems Format, 10.1 and 10.4)."""
# PDF readers look for the mark in the first 1,024 bytes (PDF 32000-1, Annex H).
_PDF_WITHIN = 1024
_ZIP = b"PK\x03\x04"
_WORD = b"word/document.xml"
_ENDS = {
    JPEG.media_type: b"\xff\xd9",
    PNG.media_type: b"IEND",
    GIF.media_type: b"\x3b",
    PDF.media_type: b"%%EOF",
    DOCX.media_type: b"PK\x05\x06",
}
"""What stands at the end of a whole file (the specifications of the formats)."""
_SCAN, _MOST_PARTS = 0xDA, 1_000
"""The mark of a JPEG's part behind which its picture stands, and parts that are read before it; photos have about ten."""
_TEXT_CONTROLS = frozenset(b"\t\n\r\x0b\x0c\x1b")
# The Unicode Standard, 23.8. UTF-32 comes first: its mark begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MARK = 4
"""Bytes of the longest byte order mark."""
_CUT = 3
"""Bytes of a character in UTF-8 that may be missing where the head ends."""


def recognise(head: bytes, tail: bytes, name: str) -> FileType | None:  # noqa: PLR0911  # a table
    """Return what a file is; None for what Aion does not take.

    `head` are its first `HEAD` bytes, `tail` its last ones: the same where it has no more.
    """
    for at, magic, found in _MAGIC:
        if head.startswith(magic, at):
            return found
    if head.startswith(b"RIFF"):
        return {b"WEBP": WEBP, b"AVI ": VIDEO}.get(head[8:12])
    if head.startswith((_MATROSKA, _WINDOWS_MEDIA)) or head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide"}:
        return None if _is_no_video(head, tail) else VIDEO
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return PDF
    if head.startswith(_ZIP):
        # A zip archive lists its files at its end.
        return DOCX if _WORD in tail or _WORD in head else None
    extension = _extension(name)
    for text in (MARKDOWN, TXT):
        if extension in text.extensions and _is_text(head):
            return text
    return TXT if not extension and head and _is_text(head) else None


def _is_no_video(head: bytes, tail: bytes) -> bool:
    """Tell whether a file of a video's container has a still picture or sound alone, such as a voice message."""
    if head.startswith(_WINDOWS_MEDIA):
        return _WINDOWS_FILM not in head
    if head.startswith(_MATROSKA):
        return any(one in head for one in _SOUNDS) and not any(one in head for one in _FILMS)
    # The list of a file's tracks, each with the kind of its handler, stands at the beginning or at the end.
    sound = any(b"hdlr" in part and b"soun" in part for part in (head, tail))
    return head[8:12] in _NO_VIDEO or (sound and not any(b"vide" in part for part in (head, tail)))


def is_other_text(head: bytes, name: str) -> bool:
    """Tell whether a file that is not recognised is text all the same, in an encoding that nothing in it names, as Latin-1.

    Taken for UTF-8 it would be stored with wrong letters.
    """
    return _extension(name) in {*TXT.extensions, *MARKDOWN.extensions} and not _has_controls(head)


def is_named_text(name: str) -> bool:
    """Tell whether a file may be text by its name: it is in UTF-8 then, or becomes so, and perhaps smaller."""
    return _extension(name) in {"", *TXT.extensions, *MARKDOWN.extensions}


def marked_encoding(head: bytes, name: str) -> str | None:
    """Return Python's name of the encoding in which a text file says that it is written; None for UTF-8 and other files.

    `head` are its first `MARK` bytes.
    """
    if not is_named_text(name):
        return None
    return next((encoding for mark, encoding in _BYTE_ORDER_MARKS if head.startswith(mark)), None)


def is_cut_off(kind: FileType, head: bytes, tail: bytes, size: int) -> bool:
    """Tell whether a file surely lacks its end. What follows a whole file is no fault: readers pass it over.

    `head` and `tail` as of `recognise`, `size` in bytes. False also where its end cannot be told: of text, and of videos.
    """
    if kind is WEBP:
        return int.from_bytes(head[4:8], "little") + 8 > size
    ends = _ENDS.get(kind.media_type)
    return ends is not None and ends not in tail


def jpeg_has_end(read: Callable[[int, int], bytes]) -> bool:
    """Tell whether a JPEG has the end of its picture, which is far before that of the file where a video stands behind it.

    `read` returns so many bytes from a place on, fewer at the end. The mark of the end also stands in the thumbnail of a
    photo, so it is looked for behind the parts that have a length (ITU-T T.81, Annex B). True where there are too many parts.
    """
    at = 2
    for _ in range(_MOST_PARTS):
        part = read(at, 4)
        if len(part) < 4 or part[0] != 0xFF:  # a part's mark and length
            return False
        at += 2 + int.from_bytes(part[2:], "big")
        if part[1] == _SCAN:
            break
    else:
        return True
    while block := read(at, HEAD):
        if _ENDS[JPEG.media_type] in block:
            return True
        # The mark may stand over the edge of two blocks.
        at += max(1, len(block) - 1)
    return False


def _has_controls(head: bytes) -> bool:
    """Tell whether bytes are no text, in whatever encoding has ASCII in it."""
    return any(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in head)


def _is_text(head: bytes) -> bool:
    """Tell whether bytes are text in UTF-8, the last character perhaps cut."""
    if _has_controls(head):
        return False
    for cut in range(_CUT + 1 if len(head) >= HEAD else 1):
        try:
            head[: len(head) - cut].decode()
        except UnicodeDecodeError:
            continue
        return True
    return False


def _extension(name: str) -> str:
    """Return the end of a name behind its last dot in small letters; "" where there is none."""
    before, dot, extension = name.rpartition(".")
    return extension.lower() if dot and before else ""
