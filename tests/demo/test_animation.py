"""The animated picture of the README: its container."""

import struct

import pytest

from aion_bot.simulators.aion.pictures import webp
from tests.demo.animation import animated, durations


def lossy(width: int, height: int, data: bytes) -> bytes:
    """The frame of a lossy WebP file: a header with its size, and odd data."""
    body = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + data
    chunk = b"VP8 " + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


@pytest.mark.parametrize("data", [b"odd", b"even"])
def test_an_animation_has_every_frame_with_its_time(data: bytes) -> None:
    """Frames are in order with their times; the file says its own length and the size of its frames."""
    made = animated([(lossy(640, 400, data), 400), (lossy(640, 400, data + data), 70_000)])
    assert durations(made) == [400, 70_000]
    assert int.from_bytes(made[4:8], "little") == len(made) - 8
    assert made[12:16] == b"VP8X"
    assert (int.from_bytes(made[24:27], "little"), int.from_bytes(made[27:30], "little")) == (639, 399)
    assert made.index(data) < made.index(data + data)


def test_a_lossless_frame_has_a_size_too() -> None:
    """The smallest lossless file is one pixel."""
    made = animated([(webp(), 10)])
    assert made[24:30] == bytes(6)
    assert durations(made) == [10]
