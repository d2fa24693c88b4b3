"""The outcomes of files, crossed with the places where people attach them, on both platforms.

One message has a file of each outcome, so that one question a place shows all of them. What else a file may be, and by which
way it reaches the core, is in `tests/conversation/test_file_outcomes.py`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion.pictures import gif, jpeg, pdf, png
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.workspace import Failure, Operation, SimulatedFile
from tests.end_to_end.bot import Bot
from tests.support.cases import rest_slow

KNOWN = png("known")
WORDS = "What are these?"
LOOKED = "I looked at"


def files_of(place: str) -> list[tuple[SimulatedFile, str]]:
    """A file of each outcome, with the words that people see; the contents that are added are this place's own."""
    contents = {
        "a.png": (KNOWN[:-1], "couldn't be read"),
        "b.jpg": (jpeg(f"b of {place}"), "not added, the limit of your Aion plan"),
        "c.png": (png("known", padding=1 + sum(place.encode())), "added"),
        "d.pdf": (pdf(f"d of {place}"), "added"),
        "e.txt": (f"Words of {place}.".encode(), "added"),
        "f.png": (KNOWN, "already there"),
        "g.gif": (gif()[:-1] + bytes(9_000) + b";", "too large (8.8 KB, the limit is 8 KB)"),
        "h.heic": (b"\x00\x00\x00\x18ftypheic" + bytes(99), "wrong type"),
        "i.mp4": (b"\x00\x00\x00\x18ftypisom" + bytes(99), "I can't add videos"),
        "j.png": (KNOWN[:-9], "damaged"),
    }
    return [(SimulatedFile(name, content), words) for name, (content, words) in contents.items()]


Files = Sequence[SimulatedFile]
Asking = Callable[[Bot, Files], Awaitable[str]]
"""Attaches files in a place, and asks about them there; returns the thread."""


async def mention(bot: Bot, files: Files) -> str:
    return await bot.workspace.mention(bot.ada, WORDS, files=files)


async def direct_message(bot: Bot, files: Files) -> str:
    return await bot.workspace.direct_message(bot.ada, WORDS, files=files)


async def forwarded(bot: Bot, files: Files) -> str:
    said = bot.workspace.remark(bot.ben, "The site", files=files)
    return await bot.workspace.forward(bot.ben, said, WORDS)


async def shortcut(bot: Bot, files: Files) -> str:
    return await bot.workspace.ask_about(bot.ada, bot.workspace.remark(bot.cy, WORDS, files=files))


async def follow_up(bot: Bot, files: Files) -> str:
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "hoist")
    bot.uses.say(bot.ada, thread, WORDS, files)
    return thread


async def in_the_thread(bot: Bot, files: Files) -> str:
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "hoist")
    bot.workspace.drop(bot.ben, thread, files)
    await bot.workspace.reply(bot.ada, thread, WORDS)
    return thread


async def replied_to(bot: Bot, files: Files) -> str:
    """On Slack a reply stands in the thread of the message."""
    said = bot.workspace.remark(bot.ben, "The site", files=files)
    return bot.uses.reply_to(bot.ada, said, WORDS)


PLACES: Mapping[str, Sequence[Asking]] = {
    "on the question": (mention, direct_message, follow_up, in_the_thread),
    "on another message": (forwarded, shortcut, replied_to),
}


async def started(bot: Bot) -> None:
    """Start the bot, and let the library know a picture; Discord shows every message, files included."""
    bot.aion.files.limits.image = 8 * 1024
    bot.aion.files.put("known.png", KNOWN)
    await bot.start(**bot.uses.show_every_message())


@pytest.mark.parametrize("places", rest_slow(list(PLACES), quick=1))
@pytest.mark.slow
async def test_each_outcome_is_said_in_each_place(idle: Bot, places: str) -> None:
    """A line says of each file what became of it, the question is asked with those that arrived, and Retry is offered."""
    bot = idle
    await started(bot)
    for asking in PLACES[places]:
        files = files_of(asking.__name__)
        bot.workspace.refuse(Operation.READ_FILE, Failure.DOWN)
        bot.aion.fail_next_upload(402, code="USAGE_LIMIT_EXCEEDED")
        thread = await asking(bot, [file for file, _ in files])
        said = [f"`{file.name}`: {words}" for file, words in files]
        await bot.shows(thread, *said, LOOKED)
        await bot.until(lambda: bot.pressable(thread)[-1:] == [strings.RETRY])  # noqa: B023  # awaited here
        told = str(bot.aion.bodies("send_stream")[-1]["message"]).partition(strings.ATTACHED)[2]
        assert [file.name for file, _ in files if file.name in told] == ["c.png", "d.pdf", "e.txt", "f.png"]
    contents = [one.content for one in bot.aion.files.uploaded]
    assert len(contents) == len(set(contents)) == 1 + 3 * len(PLACES[places])


@pytest.mark.slow
async def test_each_outcome_is_said_of_the_file_of_a_command(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """`/ask file:` takes one file: what becomes of it stands above the answer all the same."""
    bot = on_discord
    await started(bot)
    asked = []
    for file, words in files_of("command"):
        if words.startswith("couldn't"):
            discord.refuse(Operation.READ_FILE, Failure.DOWN)
        if words.startswith("not added"):
            bot.aion.fail_next_upload(402, code="USAGE_LIMIT_EXCEEDED")
        asked.append((await discord.ask(bot.ada, WORDS, file=file), f"`{file.name}`: {words}"))
        if "not added" in words or "couldn't" in words:
            await bot.shows(*asked[-1])
    for thread, said in asked:
        await bot.shows(thread, said)
