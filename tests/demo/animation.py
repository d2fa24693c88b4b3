"""Animated WebP from still ones, without decoding them.

The container: https://developers.google.com/speed/webp/docs/riff_container
"""

import struct
from collections.abc import Iterator, Sequence

_ANIMATED, _ALPHA = 0x02, 0x10
_REPLACE = 0x02
"""A frame's flag: its pixels replace those below them."""


def animated(frames: Sequence[tuple[bytes, int]]) -> bytes:
    """Return an animation that repeats for ever; `frames` are WebP files of one size, with their milliseconds."""
    width, height = _size(frames[0][0])
    body = _chunk(b"VP8X", bytes([_ANIMATED | _ALPHA, 0, 0, 0]) + _three(width - 1) + _three(height - 1))
    body += _chunk(b"ANIM", struct.pack("<IH", 0xFFFFFFFF, 0))
    for frame, milliseconds in frames:
        place = _three(0) + _three(0) + _three(width - 1) + _three(height - 1)
        data = b"".join(_chunk(*one) for one in _chunks(frame) if one[0] in {b"ALPH", b"VP8 ", b"VP8L"})
        body += _chunk(b"ANMF", place + _three(milliseconds) + bytes([_REPLACE]) + data)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def durations(animation: bytes) -> list[int]:
    """The milliseconds of each frame of an animation."""
    found = (data for kind, data in _chunks(animation) if kind == b"ANMF")
    return [int.from_bytes(data[12:15], "little") for data in found]


def _size(frame: bytes) -> tuple[int, int]:
    kind, data = next(one for one in _chunks(frame) if one[0] in {b"VP8X", b"VP8 ", b"VP8L"})
    if kind == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    across, down = struct.unpack("<HH", data[6:10])
    return across & 0x3FFF, down & 0x3FFF


def _chunks(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(file):
        size = int.from_bytes(file[at + 4 : at + 8], "little")
        yield file[at : at + 4], file[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")
