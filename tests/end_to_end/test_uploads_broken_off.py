"""Uploads that are broken off, and what Aion and the platform refuse around them: the session stays whole, and all is said."""

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion.pictures import pdf, png
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.workspace import Failure, Operation, SimulatedFile
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow

PICTURE = SimulatedFile("roof.png", png("roof.png"))
NOTES = SimulatedFile("notes.txt", b"The hoist has no gate.", "text/plain")
LARGE = SimulatedFile("large.png", png("large", padding=2_000_000))
LOOKED = "I looked at"


async def ask(bot: Bot, *files: SimulatedFile, text: str = "What is this?") -> str:
    return await bot.workspace.mention(bot.ada, text, files=files)


def stored(bot: Bot) -> list[str]:
    return [one.filename for one in bot.aion.files.uploaded]


async def test_a_stop_between_two_requests_leaves_the_session_whole(bot: Bot) -> None:
    """Selecting a picture narrows the session: a Stop before that is set back sets it back nevertheless."""
    bot.aion.fail_next("update_mode", None, silent=True)
    thread = await ask(bot, PICTURE)
    await bot.aion.until(lambda: bot.aion.count("update_mode") == 1)
    await bot.until(lambda: bot.pressable(thread) == [strings.STOP])
    await bot.press(bot.ada, thread, strings.STOP)
    await bot.shows(thread, "Stopped by")
    (session,) = bot.aion.sessions
    assert session.use_all_images


@pytest.mark.parametrize("fails_again", [False, True])
async def test_a_session_that_stayed_narrowed_is_widened_by_the_next_question(
    idle: Bot, fails_again: bool
) -> None:
    """Aion does not set it back: people are told, the file is used, and each next question tries again."""
    bot = idle
    await bot.start()
    bot.aion.fail_next("update_mode", 500, times=10 if fails_again else 4)
    thread = await ask(bot, PICTURE)
    await bot.shows(thread, strings.MODE_LOST, "`roof.png`: added", LOOKED)
    await bot.until(lambda: bot.pressable(thread) == [])
    (session,) = bot.aion.sessions
    assert not session.use_all_images
    if fails_again:
        await bot.workspace.reply(bot.ada, thread, "What does the safety report say?")
        await bot.shows(thread, "safety report of March")
        assert not session.use_all_images
    await bot.workspace.reply(bot.ada, thread, "What is damaged on site 7?")
    await bot.shows(thread, "hoist")
    assert session.use_all_images


async def test_a_restart_between_two_requests_leaves_the_session_whole(idle: Bot) -> None:
    """The stop of the process sets back what it can, and the next question in the session has all pictures."""
    bot = idle
    await bot.start()
    bot.aion.fail_next("update_mode", None, silent=True)
    thread = await ask(bot, PICTURE)
    await bot.aion.until(lambda: bot.aion.count("update_mode") == 1)
    await bot.stop()
    (session,) = bot.aion.sessions
    session.use_all_images = False  # as where the process could not set it back any more
    await bot.start()
    await bot.workspace.reply(bot.ada, thread, "What is damaged on site 7?")
    await bot.shows(thread, "hoist")
    assert session.use_all_images


async def test_pictures_are_added_where_documents_cannot_be(on_slack: Bot) -> None:
    """What one kind's request raises says nothing about the other; a file that the library has is not said to be in doubt."""
    bot = on_slack
    await bot.start()
    bot.aion.fail_next("update_documents", 500, times=4)
    thread = await ask(bot, PICTURE, NOTES)
    await bot.shows(thread, "`roof.png`: added · `notes.txt`: not added, Aion doesn't answer", LOOKED)
    await bot.until(lambda: bot.pressable(thread) == [strings.RETRY])
    await bot.press(bot.ada, thread, strings.RETRY)
    await bot.shows(thread, "`notes.txt`: already there", LOOKED)
    assert sorted(stored(bot)) == [NOTES.name, PICTURE.name]


async def test_a_look_at_a_document_that_fails_does_not_keep_it_out(on_slack: Bot) -> None:
    """Aion has the document and does not say how far it is read: the question is asked with it."""
    bot = on_slack
    await bot.start()
    bot.aion.fail_next("document_status", 500, times=4)
    thread = await ask(bot, NOTES)
    await bot.shows(thread, "`notes.txt`: added", LOOKED)


async def test_a_damaged_document_is_damaged_each_time(on_slack: Bot) -> None:
    """The library keeps what it could not read, and says that it has the content already: that does not make it readable."""
    bot = on_slack
    await bot.start()
    damaged = SimulatedFile(
        "a.pdf", pdf("a") + bytes(9), "application/pdf"
    )  # it has its end: only Aion can tell
    await bot.shows(await ask(bot, damaged), "`a.pdf`: damaged")
    thread = await ask(bot, damaged)
    await bot.until(lambda: "📎" in bot.text(thread) and bot.pressable(thread) == [])
    assert "`a.pdf`: damaged" in bot.text(thread)


@pytest.mark.parametrize("arrived", [True, False])
async def test_what_arrived_before_a_stop_is_not_uploaded_again(bot: Bot, arrived: bool) -> None:
    """The library is looked at after the Stop: the line says what it has, and the next question uploads only what is not."""
    bot.aion.hold_uploads()
    thread = await ask(bot, LARGE)
    await bot.aion.until(lambda: bot.aion.bytes_arrived > 0)
    if arrived:
        bot.aion.files.put(LARGE.name, LARGE.content)
    await bot.until(lambda: bot.pressable(thread) == [strings.STOP])
    await bot.press(bot.ada, thread, strings.STOP)
    await bot.shows(thread, "Stopped by", "`large.png`: added" if arrived else "`large.png`: not added")
    assert bot.aion.count("list_files") == (1 if arrived else 4)
    bot.aion.cut_uploads()  # the buffers of a connection may hold all of the file by now
    bot.aion.release_uploads()
    begun = bot.aion.count("upload_image")
    again = await ask(bot, LARGE)
    await bot.shows(again, "`large.png`: already there" if arrived else "`large.png`: added", LOOKED)
    assert stored(bot) == [LARGE.name]
    assert bot.aion.count("upload_image") == begun + (not arrived)


async def test_a_kill_after_a_stop_leaves_nothing_twice(idle: Bot) -> None:
    """The look at the library was cut off: the next start looks, and the next question sends no byte again."""
    bot = idle
    await bot.start()
    bot.aion.hold_uploads()
    thread = await ask(bot, LARGE)
    await bot.aion.until(lambda: bot.aion.bytes_arrived > 0)
    bot.aion.files.put(LARGE.name, LARGE.content)
    bot.aion.fail_next("list_files", None, silent=True)
    await bot.until(lambda: bot.pressable(thread) == [strings.STOP])
    await bot.press(bot.ada, thread, strings.STOP)
    await bot.shows(thread, "Stopped by", "`large.png`: upload stopped")
    await bot.aion.until(lambda: bot.aion.count("list_files") == 1)
    await bot.kill()
    bot.aion.release_uploads()
    await bot.start()
    await bot.aion.until(lambda: bot.aion.count("list_files") == 2)
    begun = bot.aion.count("upload_image")
    await bot.shows(await ask(bot, LARGE), "`large.png`: already there", LOOKED)
    assert stored(bot) == [LARGE.name]
    assert bot.aion.count("upload_image") == begun


async def test_a_question_deleted_in_an_upload_goes_no_further(bot: Bot) -> None:
    """Whoever deletes the message takes the file back as well: its upload ends, and nothing is asked."""
    bot.aion.hold_uploads()
    thread = await ask(bot, LARGE)
    await bot.aion.until(lambda: bot.aion.bytes_arrived > 0)
    await bot.shows(thread, "uploading")
    bot.workspace.delete_message(bot.message_of(thread, "What is this?"))
    await bot.until(lambda: not bot.text(thread))
    bot.aion.release_uploads()
    assert (stored(bot), bot.aion.count("send_stream")) == ([], 0)


async def test_files_that_cannot_be_looked_for_are_said(idle: Bot) -> None:
    """The events told too little of a thread, and the platform does not list it: the answer says what it may lack."""
    bot = idle
    await bot.start(**bot.uses.show_every_message())
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "hoist")
    await bot.stop()
    bot.workspace.drop(bot.ben, thread, [PICTURE])
    await bot.start(**bot.uses.show_every_message())
    bot.workspace.refuse(Operation.LIST_MESSAGES, Failure.DOWN, times=5)
    await bot.workspace.reply(bot.ada, thread, "What does the safety report say?")
    await bot.shows(thread, strings.FILES_NOT_LISTED, "safety report of March")


async def test_files_before_words_are_all_used_also_after_a_kill(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """Two pictures without words, one after the other, then the words: a kill in between loses none of them."""
    bot = on_discord
    await bot.start()
    thread = await discord.direct_message(bot.ada, "", files=[PICTURE])
    await bot.until(lambda: len(bot.pressable(thread)) == 3)
    await discord.direct_message(bot.ada, "", files=[LARGE])
    await bot.until(lambda: len(bot.pressable(thread)) == 6)
    bot.aion.hold_uploads()
    await discord.direct_message(bot.ada, "Is it damaged?")
    await bot.aion.until(lambda: bot.aion.bytes_arrived > 0)
    await bot.kill()
    bot.aion.release_uploads()
    await bot.start()
    await bot.shows(thread, "`roof.png`: added · `large.png`: added", LOOKED)
    assert sorted(stored(bot)) == [LARGE.name, PICTURE.name]


async def test_one_content_in_two_workspaces_at_once(on_slack: Bot, discord: SimulatedDiscord) -> None:
    """Each workspace uploads it for itself, both questions are answered with it, and the library has it once."""
    bot = on_slack
    await bot.start(**discord.env)
    await discord.connected()
    bot.aion.hold_uploads()
    here = await ask(bot, PICTURE)
    there = await discord.mention(discord.people[0], "What is this?", files=[PICTURE])
    await bot.aion.until(lambda: bot.aion.count("upload_image") == 2)
    bot.aion.release_uploads()
    await bot.shows(here, LOOKED)
    await discord.until(lambda: any(LOOKED in one.text for one in discord.thread(there)))
    await discord.until(lambda: any(one.pictures for one in discord.thread(there)))
    assert stored(bot) == [PICTURE.name]
