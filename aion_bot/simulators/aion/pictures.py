"""Small pictures and documents, made from a name, for people who attach some."""

import struct
import zlib
from functools import lru_cache
from hashlib import sha256

WIDTH, HEIGHT = 96, 64


def png(name: str, *, padding: int = 0) -> bytes:
    """Return a PNG with a slope of two colours that `name` chooses; `padding` bytes make it larger.

    The padding is a private chunk that readers skip (PNG specification, *Chunk naming conventions*).
    """
    header, pixels = _picture(name)
    chunks = [(b"IHDR", header), (b"IDAT", pixels)]
    if padding:
        chunks.append((b"paDd", bytes(padding)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*one) for one in [*chunks, (b"IEND", b"")])


@lru_cache(256)  # every simulated library has the same pictures
def _picture(name: str) -> tuple[bytes, bytes]:
    """Return the header and the compressed pixels of a picture."""
    digest = sha256(name.encode()).digest()
    top, bottom = digest[0:3], digest[3:6]
    shares = [step / (WIDTH + HEIGHT) for step in range(WIDTH + HEIGHT)]
    slope = bytes(round(a + (b - a) * share) for share in shares for a, b in zip(top, bottom, strict=True))
    # Each row begins one step further down the slope, behind a byte that names no filter.
    rows = b"".join(b"\0" + slope[3 * y : 3 * (y + WIDTH)] for y in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return header, zlib.compress(rows)


def gif() -> bytes:
    """Return the smallest GIF."""
    return bytes.fromhex("47494638396101000100800000ff0000ffffff2c00000000010001000002024401003b")


def jpeg(name: str, *, padding: int = 0) -> bytes:
    """Return the frame of a JPEG: its markers are real, and it has no picture. `padding` bytes make it larger."""
    comment = name.encode()[:1000]
    body = (
        b"\xff\xc0\x00\x0b\x08"
        + struct.pack(">HH", HEIGHT, WIDTH)
        + b"\x01\x01\x11\x00\xff\xfe"
        + struct.pack(">H", len(comment) + 2)
        + comment
    )
    while padding > 0:
        length = min(padding, 65_000)
        body += b"\xff\xfe" + struct.pack(">H", length + 2) + bytes(length)
        padding -= length
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + body + b"\xff\xd9"


def webp() -> bytes:
    """Return the frame of a WebP file with an empty picture."""
    body = b"WEBPVP8L" + struct.pack("<I", 6) + b"\x2f\x00\x00\x00\x00\x00"
    return b"RIFF" + struct.pack("<I", len(body)) + body


def pdf(name: str) -> bytes:
    """Return a PDF without pages."""
    return f"%PDF-1.4\n% {name}\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".encode(
        "ascii", "replace"
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
