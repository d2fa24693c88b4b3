"""A file on its way: on the disk without a name, never whole in memory."""

import gc
import os
import stat
import tracemalloc
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from aion_bot.aion import UploadError
from aion_bot.aion.errors import UploadProblem
from aion_bot.conversation.file_spool import FileSpool, in_utf8
from aion_bot.domain.file_types import HEAD

PIECE = 65_536


async def pieces(*, times: int, piece: bytes = bytes(PIECE)) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield bytes(bytearray(piece))


async def test_what_comes_out_is_what_went_in(tmp_path: Path) -> None:
    """The bytes, their digest, their size, their beginning and their end; and how far both ways are."""
    content = os.urandom(3_000_000)
    seen: list[int] = []

    async def parts() -> AsyncIterator[bytes]:
        for at in range(0, len(content), PIECE):
            yield content[at : at + PIECE]

    with FileSpool(tmp_path) as spool:
        await spool.fill(parts(), len(content), seen.append)
        assert (spool.size, spool.digest) == (len(content), sha256(content).hexdigest())
        assert (spool.head, spool.tail) == (content[:HEAD], content[-HEAD:])
        for _ in range(2):  # each attempt begins anew
            assert b"".join([part async for part in spool.pieces(seen.append)]) == content
    assert seen[-1] == len(content)
    assert sorted(seen[: len(seen) // 2]) == seen[: len(seen) // 2]


async def test_a_small_file_is_its_own_head_and_tail(tmp_path: Path) -> None:
    """Also one without a byte."""
    with FileSpool(tmp_path) as spool:
        await spool.fill(pieces(times=0), 10, lambda _: None)
        assert (spool.size, spool.head, spool.tail) == (0, b"", b"")


async def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Reading ends with the first byte too many, and the error names the limit."""
    with FileSpool(tmp_path) as spool:
        with pytest.raises(UploadError) as raised:
            await spool.fill(pieces(times=1_000_000), 3 * PIECE, lambda _: None)
        assert raised.value.limit == 3 * PIECE
        assert spool.size == 4 * PIECE


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="only Linux has files without a name")
async def test_nobody_finds_it(tmp_path: Path) -> None:
    """It has no name in its folder, and no mode for others."""
    with FileSpool(tmp_path) as spool:
        await spool.fill(pieces(times=20), 10**9, lambda _: None)
        assert not any(os.scandir(tmp_path))
        assert stat.S_IMODE(os.fstat(spool._file.fileno()).st_mode) == 0o600


async def most_memory(folder: Path, megabytes: int) -> int:
    """The most bytes that are in memory while a file passes through."""
    gc.collect()
    tracemalloc.start()
    try:
        with FileSpool(folder) as spool:
            await spool.fill(pieces(times=16 * megabytes), 10**9, lambda _: None)
            async for _ in spool.pieces(lambda _: None):
                pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """32 MB take at most 5 MB more than 2 MB do, whatever else a run under coverage keeps."""
    small = await most_memory(tmp_path, 2)
    assert await most_memory(tmp_path, 32) < small + 5_000_000


async def test_a_photo_with_a_video_behind_it_has_its_end(tmp_path: Path) -> None:
    """The end of its picture is found on the disk; afterwards the file is read from its beginning as before."""
    photo = b"\xff\xd8\xff\xda\x00\x02scan\xff\xd9"
    for content, whole in ((photo + bytes(2 * HEAD), True), (photo[:-1] + bytes(2 * HEAD), False)):
        with FileSpool(tmp_path) as spool:
            await spool.fill(pieces(times=1, piece=content), len(content), lambda _: None)
            assert await spool.has_jpeg_end() is whole
            assert b"".join([piece async for piece in spool.pieces(lambda _: None)]) == content


TEXT = "# Höhe 竪坑 🏗️\n"


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        *(("a.txt", mark + TEXT.encode(encoding), TEXT.encode())
          for encoding, mark in (
              ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"),
              ("utf-32-le", b"\xff\xfe\x00\x00"), ("utf-32-be", b"\x00\x00\xfe\xff"),
          )),
        ("NOTES", "x".encode("utf-16"), b"x"),
        ("a.md", "x" .encode("utf-16"), b"x"),
        ("a.txt", b"\xff\xfe", b""),
        ("a.txt", b"\xef\xbb\xbfx", b"\xef\xbb\xbfx"),
        ("a.txt", b"x", b"x"),
        ("a.txt", b"", b""),
        ("a.mp3", b"\xff\xfe\x90\x00", b"\xff\xfe\x90\x00"),
        ("a.txt", b"\xff\xfea\x00\x00", UploadProblem.DAMAGED),
        ("a.txt", b"\xff\xfe\x00\xd8a\x00", UploadProblem.DAMAGED),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 3, 100])
async def test_text_that_names_its_encoding_becomes_utf8(
    name: str, content: bytes, wanted: bytes | UploadProblem, size: int
) -> None:
    """However it is cut into pieces; what is no text, names no encoding or is UTF-8 stays as it is, half a letter is damage."""

    async def cut() -> AsyncIterator[bytes]:
        for at in range(0, len(content), size):
            yield content[at : at + size]

    try:
        found: object = b"".join([one async for one in in_utf8(cut(), name)])
    except UploadError as error:
        found = error.problem
    assert found == wanted
