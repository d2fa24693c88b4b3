"""A file that is larger than Aion takes is refused by what its platform says of its size, before it is read."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aion_bot.domain.uploads import FilePhase
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import ThreadKey
from aion_bot.simulators.aion.pictures import gif, pdf
from aion_bot.simulators.aion.scene import Shape
from tests.conversation.test_file_outcomes import Asked, Attaching, Conversation, conversation

PIECE, BEGINNING = 16 * 1024, 64 * 1024
IMAGES, DOCUMENTS = 200 * 1024, 400 * 1024


class Counting(Attaching):
    """A platform that counts the bytes that are taken of its files."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0

    @asynccontextmanager
    async def open_file(self, file: Attachment) -> AsyncGenerator[AsyncIterator[bytes]]:
        content = self.contents[file.id]
        assert isinstance(content, bytes)

        async def pieces() -> AsyncIterator[bytes]:
            for at in range(0, len(content), PIECE):
                self.taken += PIECE
                yield content[at : at + PIECE]

        yield pieces()


def filled(content: bytes, size: int) -> bytes:
    """A file of so many bytes that begins and ends like another."""
    return content[:-9] + bytes(size - len(content)) + content[-9:]


async def ask(place: Conversation, name: str, content: bytes, size: int | None = None) -> Asked:
    """Ask with a file of which the platform tells the size."""
    file = Attachment(name, name, size=len(content) if size is None else size)
    place.platform.contents[file.id] = content
    return await place._run(await place._accept(name, ThreadKey("plain", name), "What?", (file,)))


@pytest.mark.parametrize(
    ("name", "content", "most", "said"),
    [
        ("a.gif", filled(gif(), 500 * 1024), 0, "the limit is 400 KB"),
        ("a.pdf", filled(pdf("a"), 500 * 1024), 0, "the limit is 400 KB"),
        ("b.gif", filled(gif(), 300 * 1024), BEGINNING, "the limit is 200 KB"),
        ("b.pdf", filled(gif(), 300 * 1024), BEGINNING, "the limit is 200 KB"),
        ("c.txt", b"word " * 100 * 1024, BEGINNING, "the limit is 400 KB"),
        ("d", filled(gif(), 500 * 1024), BEGINNING, "the limit is 200 KB"),
    ],
)
async def test_a_file_above_a_known_limit_is_not_read(
    tmp_path: Path, name: str, content: bytes, most: int, said: str
) -> None:
    """Not a byte of what exceeds every limit; of another the beginning, which alone tells the kind whose limit counts."""
    async with conversation(tmp_path) as place:
        place.platform = counting = Counting()
        place.aion.files.limits.image, place.aion.files.limits.document = IMAGES, DOCUMENTS
        asked = await ask(place, name, content)
        assert asked.phase is FilePhase.REFUSED
        assert "too large" in asked.seen[-1]
        assert said in asked.seen[-1]
        assert counting.taken == most
        assert place.aion.count("upload_image") == place.aion.count("upload_document") == 0


@pytest.mark.parametrize(
    ("name", "content", "size"),
    [
        ("a.gif", filled(pdf("a"), 300 * 1024), None),
        ("a.txt", ("word " * 60 * 1024).encode("utf-16"), None),
        ("b.gif", filled(gif(), 150 * 1024), 0),
    ],
    ids=["a document by another name", "text that is smaller in UTF-8", "a size that nobody tells"],
)
async def test_what_may_be_small_enough_is_read(
    tmp_path: Path, name: str, content: bytes, size: int | None
) -> None:
    """A size is held against the limit of the kind that the content has, not its name, and of what Aion would be sent."""
    async with conversation(tmp_path) as place:
        place.platform = Counting()
        place.aion.files.limits.image, place.aion.files.limits.document = IMAGES, DOCUMENTS
        asked = await ask(place, name, content, size)
        assert asked.phase is FilePhase.ADDED


@pytest.mark.slow
async def test_a_limit_that_a_refusal_told_is_known(tmp_path: Path) -> None:
    """Where the key may not read the limits; a smaller file is still sent, and after some minutes any is."""
    async with conversation(tmp_path) as place:
        place.platform = counting = Counting()
        place.aion.files.hides_limits, place.aion.files.limits.image = True, 1024 * 1024
        details = {"max_size_bytes": IMAGES}
        place.aion.fail_next_upload(413, code="FILE_TOO_LARGE", shape=Shape.GATEWAY, details=details)
        assert "the limit is 200 KB" in (await ask(place, "a.gif", filled(gif(), 300 * 1024))).seen[-1]
        counting.taken = 0
        assert "the limit is 200 KB" in (await ask(place, "b.gif", filled(gif(), 310 * 1024))).seen[-1]
        assert counting.taken == BEGINNING
        assert (await ask(place, "c.gif", filled(gif(), 100 * 1024))).phase is FilePhase.ADDED
        refused = place.services.uploads.refused
        place.services.uploads.refused = {kind: (limit, at - 601) for kind, (limit, at) in refused.items()}
        assert (await ask(place, "d.gif", filled(gif(), 320 * 1024))).phase is FilePhase.ADDED
