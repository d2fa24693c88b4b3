"""What of a file is a picture that can be drawn: few bytes may claim more pixels than a reader has memory for. No I/O."""

from aion_bot.domain.file_types import GIF, JPEG, PNG, FileType

MOST_PIXELS = 100_000_000
"""Pixels of a picture that is shown: 400 MB where it is drawn. The largest cameras of phones make as many."""

_MOST_BLOCKS = 20_000
"""Blocks of a GIF, or parts of a PNG, that are looked at; a GIF of 2 MiB has some 8,000 of full length."""
_MOST_PARTS = 1_000
"""Parts of a JPEG in front of its size; photos have about ten."""
_NO_FRAMES = frozenset({0xC4, 0xC8, 0xCC})
"""Marks of parts between those of frames that are no frames (ITU-T T.81, table B.1)."""
_SCAN, _END = 0xDA, 0xD9
"""The marks behind which the picture stands, and of its end; inside of the picture the second one cannot stand."""


def drawable(kind: FileType, data: bytes) -> bytes | None:
    """Return the bytes of a picture of this type up to its end; None where it says no size, or is too large to be drawn.

    What stands behind its end is no picture: a file may be a program or a page as well.
    """
    try:
        width, height, end = _READERS.get(kind.media_type, _webp)(data)
    except (IndexError, ValueError):
        return None
    return data[:end] if 0 < width * height <= MOST_PIXELS else None


_Read = tuple[int, int, int]
"""Width and height in pixels, and where the picture ends."""


def _png(data: bytes) -> _Read:
    if data[12:16] != b"IHDR":
        raise ValueError
    at = 8
    for _ in range(_MOST_BLOCKS):
        name = data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        if name == b"IEND":
            return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"), at
    raise ValueError


def _gif(data: bytes) -> _Read:
    """Return what all frames need: a reader enlarges the picture for one that reaches over its edge."""
    width, height = _two(data, 6)
    at = 13 + _colours(data[10])
    left = _MOST_BLOCKS
    while data[at : at + 1] in {b"!", b","}:
        if data[at] == ord(","):
            (x, y), (wide, high) = _two(data, at + 1), _two(data, at + 5)
            width, height = max(width, x + wide), max(height, y + high)
            at += 11 + _colours(data[at + 9])
        else:
            at += 2
        while length := data[at]:
            at, left = at + 1 + length, left - 1
            if not left:
                raise ValueError
        at, left = at + 1, left - 1
        if left <= 0:
            raise ValueError
    return width, height, at + 1


def _colours(flags: int) -> int:
    """Return how many bytes of colours follow, as the flags in front of them say."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _two(data: bytes, at: int) -> tuple[int, int]:
    return int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 4], "little")


def _jpeg(data: bytes) -> _Read:
    at, size = 2, (0, 0)
    for _ in range(_MOST_PARTS):
        mark = data[at + 1]
        if data[at] != 0xFF or mark in {_END, _SCAN}:
            break
        if mark & 0xF0 == 0xC0 and mark not in _NO_FRAMES:
            size = int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        # One more 0xFF only fills.
        at += 1 if mark == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    end = data.find(bytes((0xFF, _END)), at)
    return *size, len(data) if end < 0 else end + 2


def _webp(data: bytes) -> _Read:
    """Read a size as the formats of WebP have it (RFC 9649, section 2; RFC 6386, section 9.1)."""
    end = int.from_bytes(data[4:8], "little") + 8
    match data[12:16]:
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1, end
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, end
        case b"VP8 ":
            width, height = _two(data, 26)
            return width & 0x3FFF, height & 0x3FFF, end
    raise ValueError


_READERS = {PNG.media_type: _png, GIF.media_type: _gif, JPEG.media_type: _jpeg}
