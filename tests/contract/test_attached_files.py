"""What people attach: named in the question, read in pieces, and refused as what it is."""

import asyncio
import tracemalloc
from dataclasses import dataclass

import pytest

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited
from aion_bot.ports.events import Prompt
from aion_bot.ports.files import PIECE, AttachedFiles, Attachment
from aion_bot.ports.messages import Reply
from aion_bot.ports.rate_limits import RequestStatus
from aion_bot.simulators.workspace import Failure, FullWorkspace, Operation, SimulatedFile
from tests.contract.conftest import Connection, built
from tests.contract.test_capabilities import only_with
from tests.contract.test_requests import RecordingObserver

pytestmark = only_with(AttachedFiles)

ROOF = SimulatedFile("roof of site 7.png", b"\x89PNG" + bytes(range(256)) * 600)
PLAN = SimulatedFile("plan.pdf", b"%PDF-1.7", "application/pdf")
EMPTY = SimulatedFile("empty.txt", b"", "text/plain")


@dataclass
class Place:
    """A listening adapter that reads files, and its workspace."""

    workspace: FullWorkspace
    files: AttachedFiles
    adapter: PlatformAdapter
    connection: Connection

    async def prompt(self, number: int = 1) -> Prompt:
        """The newest of so many questions."""
        return await self.connection.host.newest(Prompt, number)

    async def read(self, file: Attachment) -> bytes:
        """Read a file; no piece is larger than promised."""
        found = b""
        async with self.files.open_file(file) as pieces:
            async for piece in pieces:
                assert 0 < len(piece) <= PIECE
                found += piece
        return found


@pytest.fixture
async def place(connection: Connection) -> Place:
    workspace, adapter = connection.workspace, connection.adapter
    assert isinstance(adapter, AttachedFiles)
    return Place(workspace, adapter, adapter, connection)  # type: ignore[arg-type]  # those platforms have all of it


@pytest.fixture
async def asked(place: Place) -> Attachment:
    """A file of a question."""
    await place.workspace.mention(place.connection.ada, "What is this?", files=[ROOF])
    (file,) = (await place.prompt()).files
    return file


async def test_a_questions_files_are_named_and_read(place: Place) -> None:
    """A mention and a direct message name their files in order, with size and type, and each is read whole."""
    ada = place.connection.ada
    await place.workspace.mention(ada, "What are these?", files=[ROOF, PLAN, EMPTY])
    prompt = await place.prompt()
    assert [(one.size, one.media_type) for one in prompt.files] == [
        (len(ROOF.content), "image/png"),
        (8, "application/pdf"),
        (0, "text/plain"),
    ]
    assert [one.name for one in prompt.files] == [ROOF.name, PLAN.name, EMPTY.name]
    assert prompt.attachments == 3
    assert len({one.id for one in prompt.files}) == 3
    assert [await place.read(one) for one in prompt.files] == [ROOF.content, PLAN.content, b""]
    await place.workspace.direct_message(ada, "And this?", files=[PLAN])
    (direct,) = (await place.prompt(2)).files
    assert await place.read(direct) == PLAN.content


async def test_files_of_other_messages_belong_to_a_question(place: Place) -> None:
    """Those of a message that is asked about, and those of a forwarded one."""
    workspace, ada = place.workspace, place.connection.ada
    said = workspace.remark(ada, "The roof of site 7", files=[ROOF])
    await workspace.ask_about(ada, said)
    about = await place.prompt()
    await workspace.forward(ada, said, "and this?")
    forwarded = await place.prompt(2)
    for prompt in (about, forwarded):
        assert [one.name for one in prompt.files] == [ROOF.name]
        assert await place.read(prompt.files[0]) == ROOF.content


async def test_a_file_in_the_thread_counts_for_the_next_question(place: Place) -> None:
    """What was posted since the bot's last message, without a word to it, and nothing from before that."""
    workspace, ada = place.workspace, place.connection.ada
    thread = await workspace.direct_message(ada, "What is damaged?", files=[PLAN])
    first = await place.prompt()
    await place.adapter.post(first.thread, Reply("Nothing."), nonce="n-1")
    workspace.drop(ada, thread, [ROOF])
    await workspace.reply(ada, thread, "And on this one?")
    await place.connection.host.until(
        lambda: any(one.text == "And on this one?" for one in place.connection.host.prompts)
    )
    second = next(one for one in place.connection.host.prompts if one.text == "And on this one?")
    assert second.thread == first.thread
    recent = await place.files.recent_files(second.thread, before=second.source)
    assert [one.name for one in recent] == [ROOF.name]
    assert await place.read(recent[0]) == ROOF.content


async def test_recent_files_are_found_without_events(place: Place, adapter: PlatformAdapter) -> None:
    """A process that heard nothing of a thread reads it, and comes to the same."""
    workspace, ada = place.workspace, place.connection.ada
    thread = await workspace.direct_message(ada, "Look at these.", files=[PLAN])
    workspace.drop(ada, thread, [ROOF])
    await workspace.reply(ada, thread, "Well?")
    await place.connection.host.until(
        lambda: any(one.text == "Well?" for one in place.connection.host.prompts)
    )
    prompt = next(one for one in place.connection.host.prompts if one.text == "Well?")
    known = await place.files.recent_files(prompt.thread, before=prompt.source)
    assert [one.name for one in known] == [PLAN.name, ROOF.name]
    await adapter.close()

    later = built(workspace)
    assert isinstance(later, AttachedFiles)
    try:
        assert await later.recent_files(prompt.thread, before=prompt.source) == known
        async with later.open_file(known[1]) as pieces:
            assert b"".join([piece async for piece in pieces]) == ROOF.content
    finally:
        await later.close()


@pytest.mark.parametrize(
    ("failure", "error", "status"),
    [
        (Failure.DOWN, PlatformDown, RequestStatus.ERROR),
        (Failure.LOST, PlatformDown, RequestStatus.ERROR),
        (Failure.RATE_LIMITED, RateLimited, RequestStatus.RATE_LIMITED),
    ],
)
async def test_a_failed_transfer_is_told_and_counted(
    place: Place, asked: Attachment, failure: Failure, error: type[PlatformError], status: RequestStatus
) -> None:
    """The platform's failures are the port's; each request is reported with what came of it, and the next one succeeds."""
    observer = RecordingObserver()
    place.adapter.observe_requests(observer)
    place.workspace.refuse(Operation.READ_FILE, failure)
    with pytest.raises(error):
        await place.read(asked)
    assert observer.ended[-1][1] is status
    assert await place.read(asked) == ROOF.content
    transfers = place.workspace.requests[Operation.READ_FILE]
    reported = [one.method for one in observer.began if one.method in transfers]
    assert len(reported) == 2
    assert len(observer.began) == len(observer.ended)


async def test_a_large_file_costs_no_memory(place: Place) -> None:
    """Of 24 MB never more than 2 MB are held at once, also while whoever reads is slow."""
    large = SimulatedFile("film.mp4", bytes(24_000_000), "video/mp4")
    await place.workspace.mention(place.connection.ada, "What is this?", files=[large])
    (file,) = (await place.prompt()).files
    tracemalloc.start()
    try:
        length = 0
        async with place.files.open_file(file) as pieces:
            async for piece in pieces:
                # The platform has time to send on: what it sends waits in the connection.
                for _ in range(20 if length < 4_000_000 else 0):
                    await asyncio.sleep(0)
                length += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length == len(large.content)
    assert peak < 2_000_000


async def test_a_reader_may_leave(place: Place, asked: Attachment) -> None:
    """Whoever has read enough closes the connection, and another one reads the whole file."""
    async with place.files.open_file(asked) as pieces:
        first = await anext(aiter(pieces))
    assert first == ROOF.content[: len(first)]
    assert await place.read(asked) == ROOF.content
