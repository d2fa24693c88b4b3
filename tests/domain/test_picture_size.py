"""What is shown of files that are pictures: none that claims too many pixels or no size, and nothing behind its end."""

import struct
from pathlib import Path

import pytest

from aion_bot.domain.file_types import GIF, JPEG, PNG, WEBP, FileType
from aion_bot.domain.picture_size import MOST_PIXELS, drawable
from aion_bot.simulators.aion import photos
from aion_bot.simulators.aion.pictures import gif, jpeg, png, webp

SIDE = 10_000
assert SIDE * SIDE == MOST_PIXELS


def png_of(width: int, height: int) -> bytes:
    return png("a")[:16] + struct.pack(">II", width, height) + png("a")[24:]


def jpeg_of(width: int, height: int, mark: int = 0xC0, before: bytes = b"") -> bytes:
    frame = struct.pack(">BBHBHHB", 0xFF, mark, 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + before + frame + b"\xff\xd9"


def gif_of(
    width: int, height: int, frame: tuple[int, int, int, int] = (0, 0, 1, 1), end: bytes = b";"
) -> bytes:
    part = b"," + struct.pack("<HHHHB", *frame, 0x80) + bytes(6) + b"\x02\x02D\x01\x00"
    extension = b"!\xf9\x04\x00\x00\x00\x00\x00"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x81, 0, 0) + bytes(12) + extension + part + end


def webp_of(kind: bytes, body: bytes) -> bytes:
    part = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(part) + 4) + b"WEBP" + part


def vp8x(width: int, height: int) -> bytes:
    return webp_of(b"VP8X", bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"))


def vp8l(width: int, height: int) -> bytes:
    return webp_of(b"VP8L", b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little"))


def vp8(width: int, height: int) -> bytes:
    return webp_of(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", width | 0x4000, height | 0x8000))


PHOTOS = sorted(Path(photos.__path__[0]).glob("*.jpg"))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        *[(JPEG, one.read_bytes()) for one in PHOTOS],
        (PNG, png("a")),
        (JPEG, jpeg("a")),
        (GIF, gif()),
        (WEBP, webp()),
        (PNG, png_of(SIDE, SIDE)),
        (JPEG, jpeg_of(SIDE, SIDE)),
        (JPEG, jpeg_of(SIDE, SIDE, 0xC2, b"\xff\xff\xff\xc4\x00\x03\x00")),
        (GIF, gif_of(SIDE, SIDE)),
        (WEBP, vp8x(SIDE, SIDE)),
        (WEBP, vp8l(SIDE, SIDE)),
        (WEBP, vp8(SIDE, SIDE)),
    ],
)
def test_a_picture_of_a_size_that_can_be_drawn(kind: FileType, data: bytes) -> None:
    """Each type says its size in its own way, and the largest that is shown is shown."""
    assert drawable(kind, data) == data


@pytest.mark.parametrize(
    ("kind", "data"),
    [(PNG, png("a")), (GIF, gif()), (JPEG, PHOTOS[0].read_bytes()), (WEBP, vp8l(10, 10))],
    ids=["png", "gif", "jpeg", "webp"],
)
@pytest.mark.parametrize("behind", [b"<script>alert(1)</script>", b"PK\x05\x06" + bytes(18), b"MZ"])
def test_what_stands_behind_a_picture_is_left_out(kind: FileType, data: bytes, behind: bytes) -> None:
    """A file that is a page, an archive or a program as well is shown as the picture alone."""
    assert drawable(kind, data + behind) == data


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (PNG, png_of(SIDE, SIDE + 1)),
        (PNG, png_of(2**31 - 1, 2**31 - 1)),
        (PNG, png_of(0, 100)),
        (PNG, png("a")[:8]),
        (PNG, png("a")[:-12]),
        (PNG, png("a")[:33] + bytes.fromhex("00000000") * 60_000),
        (PNG, png("a")[:12] + b"tEXt" + png("a")[16:]),
        (JPEG, jpeg_of(SIDE, SIDE + 1)),
        (JPEG, jpeg_of(65_535, 65_535, 0xC2)),
        (JPEG, jpeg_of(100, 0)),
        (JPEG, b"\xff\xd8\xff\xe0<script>alert(1)</script>"),
        (JPEG, b"\xff\xd8" + b"\xff" * 5_000),
        (GIF, gif_of(65_535, 65_535)),
        (GIF, gif_of(10, 10, (65_000, 0, 500, 65_535))),
        (GIF, gif_of(10, 10, end=b"")[:-1]),
        (GIF, gif_of(10, 10, end=b"!\xfe" + b"\x01a" * 30_000 + b"\x00;")),
        (GIF, gif_of(10, 10, end=b"!\xfe\x00" * 30_000 + b";")),
        (GIF, b"GIF89a"),
        (WEBP, vp8x(2**24, 2**24)),
        (WEBP, vp8l(2**14, 2**14)),
        (WEBP, vp8(2**14 - 1, 2**14 - 1)),
        (WEBP, webp_of(b"ICCP", bytes(40))),
    ],
)
def test_a_picture_that_is_not_drawn(kind: FileType, data: bytes) -> None:
    """A header that claims more than can be drawn, one without a size, and parts that never end."""
    assert drawable(kind, data) is None
