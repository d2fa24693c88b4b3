"""A private answer is like any other: pictures, files, Stop and growing in place; shared, it brings its sources and pictures."""

import pytest

from aion_bot.conversation.gallery import Pictures
from aion_bot.delivery.executor import Executor
from aion_bot.domain import strings
from aion_bot.simulators.aion import library
from aion_bot.simulators.aion.photos import photo
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.workspace import Shown, SimulatedFile
from aion_bot.storage.shares import Shares
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_private import (
    QUESTION,
    all_private,
    answered,
    asked_privately,
    labels,
    press,
    private,
    public,
    read_by,
)
from tests.support.cases import rest_slow
from tests.support.crashes import hang_after

WANTED = (library.PUMP, library.SCAFFOLD, library.LIFT)
NOTES = SimulatedFile("notes.txt", b"The hoist has no gate.", "text/plain")


@pytest.fixture
def pictures() -> bool:
    """Default answers have pictures to fetch."""
    return True


def own_galleries(bot: Bot) -> list[Shown]:
    """The messages with pictures in the asker's direct messages."""
    return [one for one in bot.workspace.direct_messages(bot.ada) if one.pictures]


def shared_galleries(bot: Bot) -> list[Shown]:
    """The messages with pictures that anybody sees."""
    return [one for one in bot.workspace.public_messages() if one.by_bot and one.pictures]


async def with_pictures(bot: Bot) -> Shown:
    """Ask privately and wait for the answer's pictures; returns its message with Share."""
    shown = await asked_privately(bot, bot.ada)
    await bot.until(lambda: bool(own_galleries(bot)))
    return shown


@pytest.mark.slow
async def test_a_private_answer_has_its_pictures(bot: Bot) -> None:
    """They stand under it in the asker's direct messages, once, also after a restart; nobody else sees them."""
    await with_pictures(bot)
    for _ in range(2):
        (gallery,) = own_galleries(bot)
        assert [one.content for one in gallery.pictures] == [photo(one.filename) for one in WANTED]
        assert shared_galleries(bot) == []
        await bot.stop()
        await bot.start()
        await bot.asked(bot.ben, "What can you do?", "Ask me what is damaged")


@pytest.mark.parametrize("restarted", rest_slow([True, False], quick=1))
async def test_sharing_brings_sources_and_pictures(bot: Bot, restarted: bool) -> None:
    """The citations, the list of sources and the pictures with their alternative texts stand where the question was asked."""
    shown = await with_pictures(bot)
    if restarted:
        await bot.stop()
        await bot.start()
    await press(bot, bot.ada, shown, strings.SHARE)
    await bot.until(lambda: strings.NOW_SHARED in private(bot, bot.ada))
    (gallery,) = shared_galleries(bot)
    assert [one.name for one in gallery.pictures] == [one.filename for one in WANTED]
    assert [one.description for one in gallery.pictures] == [one.description for one in WANTED]
    assert [one.content for one in gallery.pictures] == [photo(one.filename) for one in WANTED]
    assert labels(gallery) == []  # they ask once more in the private session
    assert all(part in public(bot) for part in (strings.SOURCES, "[1]", "[3]"))
    assert [one.id for one in bot.workspace.public_messages() if one.by_bot][-1] == gallery.id
    await press(bot, bot.ada, shown, strings.SHARE)
    await bot.until(lambda: strings.SHARED_ALREADY in private(bot, bot.ada))
    assert len(shared_galleries(bot)) == 1


@pytest.mark.parametrize("crash", rest_slow(["posted", "fetched", "recorded"], quick=1))
async def test_a_kill_between_what_is_shared_and_its_pictures(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, crash: str
) -> None:
    """Killed at any step behind the text, the bot shares the pictures once at its next start.

    Those of the same answer, which were shared in this place before, are not taken for them.
    """
    before = await with_pictures(bot)
    await press(bot, bot.ada, before, strings.SHARE)
    await bot.until(lambda: strings.NOW_SHARED in private(bot, bot.ada))
    await bot.workspace.ask_privately(bot.ada, QUESTION)
    await bot.until(lambda: len(own_galleries(bot)) == 2)
    shown = [one for one in bot.workspace.direct_messages(bot.ada) if strings.SHARE in labels(one)][-1]
    assert shown.id != before.id
    owner, name = {
        "posted": (Executor, "_post_gallery"),
        "fetched": (Pictures, "gallery"),
        "recorded": (Shares, "end"),
    }[crash]
    with monkeypatch.context() as patch:
        reached = hang_after(patch, owner, name)
        await press(bot, bot.ada, shown, strings.SHARE)
        await reached.wait()
        await bot.kill()
    for _ in range(2):
        await bot.start()
        await bot.until(lambda: len(shared_galleries(bot)) >= 2)
        await bot.asked(bot.ben, "What can you do?", "Ask me what is damaged")
        await bot.stop()
    assert len(shared_galleries(bot)) == 2
    assert public(bot).count("I found 3 pieces") == 2


async def test_a_shared_text_stands_without_pictures_that_fail(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever hinders the pictures, the answer is shared and its asker is told so."""
    shown = await with_pictures(bot)

    async def failing(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Pictures, "gallery", failing)
    await press(bot, bot.ada, shown, strings.SHARE)
    await bot.until(lambda: strings.NOW_SHARED in private(bot, bot.ada))
    assert "I found 3 pieces" in public(bot)
    assert shared_galleries(bot) == []


@pytest.mark.parametrize("killed", rest_slow([True, False], quick=1))
async def test_a_private_answer_grows_and_is_stopped(idle: Bot, killed: bool) -> None:
    """It grows in one message; its asker's Stop ends it there, also after a kill; what came stays, and nothing is public."""
    await idle.start()
    idle.aion.play(
        Scene(
            (
                Speak("First words. "),
                Hold("more", pings=True),
                Speak("Second words. "),
                Hold("never", pings=True),
                *ENDING,
            ),
            Answer(""),
        )
    )
    await idle.workspace.ask_privately(idle.ada, QUESTION)
    (first,) = await showing(idle, "First words.")
    idle.aion.release("more")
    (grown,) = await showing(idle, "Second words.")
    assert grown.id == first.id
    assert "First words." in grown.text
    if killed:
        await idle.kill()
        await idle.start()
    await stop(idle)
    await idle.until(lambda: "Stopped by" in read_by(idle, idle.ada))
    await idle.until(lambda: not stoppable(idle))
    # After a kill Aion keeps no words of an answer that was stopped: those that people had read stay.
    assert "First words. Second words." in read_by(idle, idle.ada)
    assert idle.aion.count("send_stream") == 1
    assert public(idle) == ""


def stoppable(bot: Bot) -> list[Shown]:
    """The messages in the asker's direct messages with the bot's own Stop."""
    return [one for one in bot.workspace.direct_messages(bot.ada) if strings.STOP in labels(one)]


async def stop(bot: Bot) -> None:
    """Stop the answer in the asker's direct messages: with the bot's button, or with Slack's own one, which a stream has."""
    workspace = bot.workspace

    def thread() -> str:
        return workspace.thread_of(workspace.direct_messages(bot.ada)[-1].id)

    def at_work() -> bool:
        return bool(workspace.direct_messages(bot.ada)) and workspace.shows_lasting_activity(thread())

    # After a kill neither is there until the bot goes on.
    await bot.until(lambda: bool(stoppable(bot)) or at_work())
    if stoppable(bot):
        await press(bot, bot.ada, stoppable(bot)[-1], strings.STOP)
    else:
        await bot.uses.stop_session(bot.ada, thread())


async def showing(bot: Bot, words: str) -> list[Shown]:
    """Wait until the asker's direct messages show the words; returns the messages that do."""

    def found() -> list[Shown]:
        return [one for one in bot.workspace.direct_messages(bot.ada) if words in one.text]

    await bot.until(lambda: bool(found()))
    return found()


@pytest.mark.parametrize("restarted", rest_slow([True, False], quick=1))
async def test_a_file_in_a_private_conversation(bot: Bot, restarted: bool) -> None:
    """A file in a reply is read and cited in the direct messages, also after a restart; the channel shows nothing of it."""
    thread = bot.workspace.thread_of((await with_pictures(bot)).id)
    if restarted:
        await bot.stop()
        await bot.start()
    bot.uses.say(bot.ada, thread, "What does this say?", [NOTES])
    await bot.until(lambda: "I looked at 1 of your files" in read_by(bot, bot.ada))
    await bot.until(lambda: NOTES.name in read_by(bot, bot.ada))
    assert public(bot) == ""


async def test_a_file_with_a_private_command(on_discord: Bot, discord: SimulatedDiscord) -> None:
    """The file of `/ask` with `private` is read for its asker alone, and the answer is shared with its source."""
    bot = on_discord
    await bot.start()
    await discord.ask_privately(bot.ada, "What does this say?", file=NOTES)
    shown = await answered(bot, bot.ada, "I looked at 1 of your files", NOTES.name)
    assert public(bot) == ""
    assert NOTES.name not in "".join(one.text for one in all_private(bot, bot.ben))
    await press(bot, bot.ada, shown, strings.SHARE)
    await bot.until(lambda: strings.NOW_SHARED in private(bot, bot.ada))
    assert "I looked at 1 of your files" in public(bot)
    assert strings.SOURCES in public(bot)
