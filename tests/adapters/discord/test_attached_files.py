"""Discord's traps around files that people attach: addresses that expire, files of commands, messages kept back."""

from collections.abc import Mapping
from time import time
from typing import Any

import pytest

from adapters.discord import commands, ids
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.file_addresses import FileAddresses, is_files_host
from aion_bot.ports.errors import FileProblem, FileUnavailable, PlatformDown
from aion_bot.ports.events import MOST_FILES
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import Reply
from aion_bot.ports.rate_limits import RequestStatus
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import VOICE, Channel
from aion_bot.simulators.discord.server import READ_FILE
from aion_bot.simulators.workspace import SimulatedFile
from tests.adapters.discord.conftest import Bot, build, opened_thread
from tests.adapters.discord.observer import RecordingObserver
from tests.support.recording_host import RecordingHost

ROOF = SimulatedFile("roof.png")
WALL = SimulatedFile("wall.pdf", b"%PDF-1.7", "application/pdf")
GET_MESSAGE = "GET /channels/{channel_id}/messages/{message_id}"
LIST = "GET /channels/{channel_id}/messages"


async def read(adapter: DiscordAdapter, file: Attachment) -> bytes:
    async with adapter.open_file(file) as pieces:
        return b"".join([piece async for piece in pieces])


async def problem(adapter: DiscordAdapter, file: Attachment) -> FileProblem:
    with pytest.raises(FileUnavailable) as raised:
        await read(adapter, file)
    return raised.value.problem


@pytest.fixture
async def file(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> Attachment:
    """A file of a mention, in a process that listens."""
    del bot
    await discord.mention(discord.people[0], "What is this?", files=[ROOF])
    (found,) = (await host.prompt()).files
    return found


async def test_the_file_of_a_command(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """`/ask` takes a file of the types that Aion knows; the process that got the command reads it, and no later one.

    The attachment of a command is in no message, so that nobody can ask for another address.
    """
    (ask,) = (one for one in discord.world.commands if one["name"] == "ask")
    (option,) = (one for one in ask["options"] if one["name"] == "file")
    assert (option["type"], option.get("required")) == (11, False)
    assert option["file_types"] == list(commands.FILE_TYPES)
    await discord.ask(discord.people[0], "What is this?", file=WALL)
    prompt = await host.prompt()
    (found,) = prompt.files
    assert (found.name, found.size, found.media_type) == ("wall.pdf", 8, "application/pdf")
    assert prompt.attachments == 1
    assert await read(bot.adapter, found) == WALL.content
    later = build(discord.env)
    assert await problem(later, found) is FileProblem.GONE
    await later.close()
    discord.expire_addresses()
    assert await problem(bot.adapter, found) is FileProblem.GONE


async def test_a_command_without_a_file_has_none(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """The option is optional."""
    del bot
    await discord.ask(discord.people[0], "What is this?")
    prompt = await host.prompt()
    assert (prompt.files, prompt.attachments) == ((), 0)


async def test_an_expired_address_is_asked_for_again(
    discord: SimulatedDiscord, bot: Bot, file: Attachment
) -> None:
    """The message is read for an address, which serves all of its files until Discord refuses it."""
    calls = discord.server.calls
    assert await read(bot.adapter, file) == ROOF.content
    assert await read(bot.adapter, file) == ROOF.content
    assert (calls[GET_MESSAGE], calls[READ_FILE]) == (1, 2)
    discord.expire_addresses()
    assert await read(bot.adapter, file) == ROOF.content
    assert (calls[GET_MESSAGE], calls[READ_FILE]) == (2, 4)


async def test_every_transfer_is_counted(discord: SimulatedDiscord, bot: Bot, file: Attachment) -> None:
    """The reading of the message and the transfer, without ids; one that is refused is reported as such."""
    observer = RecordingObserver()
    bot.adapter.observe_requests(observer)
    await read(bot.adapter, file)
    discord.expire_addresses()
    await read(bot.adapter, file)
    ok, refused = RequestStatus.OK, RequestStatus.REFUSED
    transfers = [status for method, status, _ in observer.answers if method == READ_FILE]
    assert transfers == [ok, refused, ok]
    assert observer.methods[GET_MESSAGE] == 2
    assert observer.open == []


FAULTS: list[tuple[Mapping[str, Any], FileProblem]] = [
    ({"page": True, "status": 200}, FileProblem.WITHHELD),
    ({"status": 403}, FileProblem.GONE),
    ({"status": 410}, FileProblem.GONE),
    ({"status": 302}, FileProblem.WITHHELD),
    ({"short": 5}, FileProblem.INCOMPLETE),
    ({"short": -5}, FileProblem.INCOMPLETE),
]


@pytest.mark.parametrize(("fault", "expected"), FAULTS)
async def test_what_is_not_the_file_is_refused(
    discord: SimulatedDiscord, bot: Bot, file: Attachment, fault: Mapping[str, Any], expected: FileProblem
) -> None:
    """A proxy's page with status 200, a redirect, and fewer or more bytes than Discord promised."""
    discord.fail_next(READ_FILE, **fault)
    assert await problem(bot.adapter, file) is expected
    assert await read(bot.adapter, file) == ROOF.content


async def test_a_connection_that_breaks_in_the_middle_may_be_tried_again(
    discord: SimulatedDiscord, bot: Bot, file: Attachment
) -> None:
    """That is the platform's failure, not the file's."""
    discord.fail_next(READ_FILE, cut_after=100)
    with pytest.raises(PlatformDown):
        await read(bot.adapter, file)


async def test_a_file_whose_message_is_gone(discord: SimulatedDiscord, bot: Bot, file: Attachment) -> None:
    """Deleted with its message, or the channel closed to the bot."""
    message = str(ids.file(file.id)[1])
    discord.world.removed = True
    assert await problem(bot.adapter, file) is FileProblem.WITHHELD
    discord.world.removed = False
    discord.withdraw(message)
    assert await problem(bot.adapter, file) is FileProblem.GONE


async def test_files_of_a_message_that_is_replied_to(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """The question's own come first, and each is read from the message that it is in."""
    ada = reading.people[0]
    said = reading.world.anywhere(reading.remark(ada, "the roof", files=[ROOF, ROOF]))
    reading.say(
        ada,
        f"<@{reading.world.bot.id}> like this one?",
        replied_to=said,
        attachments=(WALL.name,),
        contents=(WALL,),
    )
    files = (await host.prompt()).files
    assert [one.name for one in files] == ["wall.pdf", "roof.png", "roof.png"]
    assert [await read(reader.adapter, one) for one in files] == [WALL.content, ROOF.content, ROOF.content]


async def test_a_message_kept_back_is_withheld(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """A command on a message hands over its files, whatever the intents: by the command's own address alone."""
    said = discord.remark(discord.people[0], "the roof", files=[ROOF])
    await discord.ask_about(discord.people[1], said)
    (file,) = (await host.prompt()).files
    discord.world.removed = True
    assert await read(bot.adapter, file) == ROOF.content
    discord.world.removed = False
    assert discord.server.calls[GET_MESSAGE] == 0


async def test_a_thread_is_read_only_where_events_did_not_tell(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """A file that was posted since the bot's last message counts; a message that was deleted does not; nothing is asked."""
    ada, ben, _ = reading.people
    thread = await opened_thread(reading, reader, host)
    await reader.adapter.post(ids.thread_key(int(thread)), Reply("Two."), nonce="n-1")
    reading.drop(ben, thread, [ROOF])
    gone = reading.drop(ben, thread, [WALL])
    reading.withdraw(gone)
    await reading.reply(ada, thread, "and here?")
    question = await host.prompt(2)
    recent = await reader.adapter.recent_files(question.thread, before=question.source)
    assert [one.name for one in recent] == ["roof.png"]
    assert reading.server.calls[LIST] == 0
    later = build(reading.env)
    assert await later.recent_files(question.thread, before=question.source) == recent
    await later.close()


async def test_a_question_that_begins_a_thread_has_nothing_before_it(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """What others said in the channel before is no part of it, and nothing is asked."""
    discord.remark(discord.people[1], "look", files=[WALL])
    await discord.mention(discord.people[0], "What is this?", files=[ROOF])
    prompt = await host.prompt()
    assert await bot.adapter.recent_files(prompt.thread, before=prompt.source) == ()
    assert discord.server.calls[LIST] == 0


async def test_talk_in_a_channel_without_threads_is_no_part_of_a_question(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """Beside a voice channel people post what is nobody's business here; that it is one is asked once."""
    voice = reading.world.add(Channel(reading.world.new_id(), VOICE, "voice", reading.world.guild))
    reading.drop(reading.people[1], voice.id, [WALL])
    await reading.mention(reading.people[0], "What is this?", voice.id)
    prompt = await host.prompt()
    before = sum(reading.server.calls.values())
    for _ in range(2):
        assert await reader.adapter.recent_files(prompt.thread, before=prompt.source) == ()
    assert sum(reading.server.calls.values()) == before + 1


async def test_the_message_that_a_thread_was_opened_from(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """A person opens a thread from a picture and asks there: the picture is the first thing in it."""
    ada = reading.people[0]
    said = reading.world.anywhere(reading.remark(ada, "the roof", files=[ROOF]))
    reading.backend.open_thread(said, {"name": "roof"}, by=ada)
    await reading.mention(ada, "What is this?", said.id)
    question = await host.prompt()
    recent = await reader.adapter.recent_files(question.thread, before=question.source)
    assert [one.name for one in recent] == ["roof.png"]
    assert await read(reader.adapter, recent[0]) == ROOF.content


async def test_a_missed_session_is_not_a_complete_memory(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """After a session that could not be resumed the thread is read: a file may have been posted meanwhile."""
    ada = reading.people[0]
    thread = await opened_thread(reading, reader, host)
    await reader.adapter.post(ids.thread_key(int(thread)), Reply("Two."), nonce="n-1")
    sessions = reading.gateway.identified
    await reading.gateway.invalidate()
    reading.drop(ada, thread, [ROOF])
    await reading.until(lambda: reading.gateway.identified > sessions and bool(reading.gateway.listening))
    await reading.reply(ada, thread, "and here?")
    await host.until(lambda: any(one.text == "and here?" for one in host.prompts))
    question = next(one for one in host.prompts if one.text == "and here?")
    recent = await reader.adapter.recent_files(question.thread, before=question.source)
    assert [one.name for one in recent] == ["roof.png"]


async def test_the_number_of_files_is_bounded(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """Two hundred files in a message are all counted; their names are read as one visible line each."""
    del bot
    many = [SimulatedFile("a\n> b\u202e.png")] * 200
    await discord.mention(discord.people[0], "What are these?", files=many)
    prompt = await host.prompt()
    assert (len(prompt.files), prompt.attachments) == (MOST_FILES, 200)
    assert prompt.files[0].name == "a > b.png"


@pytest.mark.parametrize(
    ("address", "api", "allowed"),
    [
        ("https://cdn.discordapp.com/attachments/1/2/a.png?ex=1", "https://discord.com/api/v10", True),
        ("https://media.discordapp.net/attachments/1/2/a.png", "https://discord.com/api/v10", True),
        ("http://cdn.discordapp.com/a.png", "https://discord.com/api/v10", False),
        ("https://cdn.discordapp.com:444/a.png", "https://discord.com/api/v10", False),
        ("https://cdn.discordapp.com.example.org/a.png", "https://discord.com/api/v10", False),
        ("https://cdn.discordapp.com@example.org/a.png", "https://discord.com/api/v10", False),
        ("https://169.254.169.254/a.png", "https://discord.com/api/v10", False),
        ("https://cdn.discordapp.com/a.png", "http://127.0.0.1:9/api/v10", False),
        ("http://127.0.0.1:9/a.png", "http://127.0.0.1:9/api/v10", True),
        ("http://127.0.0.1:8/a.png", "http://127.0.0.1:9/api/v10", False),
        ("https://[cdn", "https://discord.com/api/v10", False),
    ],
)
def test_hosts_that_serve_files(address: str, api: str, allowed: bool) -> None:
    """Only Discord's file hosts, encrypted; for a simulator its own port."""
    assert is_files_host(address, api) is allowed


def test_addresses_are_used_until_they_expire() -> None:
    """By the moment in the address; one that names none, or nonsense, is tried."""
    addresses, now = FileAddresses(), int(time())
    for number, ends in enumerate(
        (f"ex={now + 3_600:x}", f"ex={now - 1:x}", f"ex={now + 30:x}", "", "ex=xyz")
    ):
        addresses.learn(number, f"https://cdn.discordapp.com/a.png?{ends}&is=1&hm=2&", 5)
    assert [addresses.find(number) is not None for number in range(6)] == [
        True,
        False,
        False,
        True,
        True,
        False,
    ]


def test_addresses_of_odd_payloads() -> None:
    """Whatever a message holds; the number of addresses is bounded."""
    addresses = FileAddresses()
    odd = [None, {"id": "x", "url": "u"}, {"id": "7", "url": 7}, {"id": "8", "url": "u", "size": "many"}]
    addresses.learn_from({"attachments": odd, "message_snapshots": [None, {"message": 1}, {}]})
    found = addresses.find(8)
    assert found is not None
    assert found.size is None
    assert addresses.find(7) is None
    for number in range(1_100):
        addresses.learn(100 + number, "u", 1)
    assert addresses.find(8) is None
