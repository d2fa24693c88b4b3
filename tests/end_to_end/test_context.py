"""What a thread is about: chosen by words or from answers, kept, and in step with a server that disagrees."""

import asyncio

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion import library
from aion_bot.simulators.workspace import Shown, SimulatedFile, SimulatedPerson
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_manage import pressed, private_messages, shown, told

DAMAGE = "What is damaged on site 7?"


async def begun(bot: Bot) -> str:
    """Let two people ask in a thread: on Slack a command is about a thread in which its person asked."""
    thread = await bot.asked(bot.ada, DAMAGE, "I found 3 pieces")
    await asked_again(bot, thread, person=bot.ben)
    return thread


async def asked_again(
    bot: Bot, thread: str, words: str = "And the safety report?", person: SimulatedPerson | None = None
) -> None:
    """Ask another question in a thread, and wait until its answer has ended."""
    before = bot.aion.count("send_stream")
    await bot.workspace.reply(person or bot.ada, thread, words)
    await bot.until(lambda: bot.aion.count("send_stream") > before and not bot.aion.streaming)


async def add(bot: Bot, person: SimulatedPerson, words: str, thread: str, shows: str) -> Shown:
    """Find something for the context and add the first of it."""
    found = await told(bot, person, words, thread=thread, shows=" for `")
    return await pressed(bot, person, found, strings.pick(1, chosen=False), shows)


@pytest.mark.slow
async def test_documents_and_videos_are_chosen_by_words(bot: Bot) -> None:
    """They are selected before each question, also after a restart, until the choice is cleared; then nothing more is asked."""
    thread = await begun(bot)
    await add(bot, bot.ada, "context documents hoist gate", thread, "all images, 1 document here")
    await add(bot, bot.ben, "context videos steel beams", thread, "all images, 1 document, 1 video here")
    await asked_again(bot, thread)
    await bot.shows(thread, strings.with_files(1, 1).split(".")[0])
    assert bot.aion.bodies("update_documents") == [{"document_ids": [library.INSPECTION.id]}]
    assert bot.aion.bodies("update_videos") == [{"video_ids": [library.DELIVERY.id]}]
    assert "expected_image_ids" not in bot.aion.bodies("send_stream")[-1]
    await bot.stop()
    await bot.start()
    await told(bot, bot.ben, "status", thread=thread, shows="1 document, 1 video")
    await asked_again(bot, thread)
    assert bot.aion.count("update_documents") == 2
    await told(bot, bot.ada, "context all", thread=thread, shows=strings.CONTEXT_CLEARED.split(".")[0])
    await asked_again(bot, thread)
    (session,) = bot.aion.sessions
    assert (session.documents, session.videos) == ([], [])
    await asked_again(bot, thread)
    assert bot.aion.count("update_documents") == 3


async def test_what_answers_referred_to_is_offered(bot: Bot) -> None:
    """Without words the context lists what is chosen and the documents that answers cited, each with a button."""
    thread = await begun(bot)
    listed = await told(bot, bot.ada, "context", thread=thread, shows=strings.REFERRED)
    assert library.INSPECTION.filename in listed.text
    assert library.MANUAL.filename not in listed.text  # Aion's data has it, no answer cites it
    added = await pressed(bot, bot.ada, listed, strings.pick(1, chosen=False), "1 document")
    cleared = await pressed(bot, bot.ada, added, strings.CLEAR_CHOICE, "all images here")
    assert cleared.buttons == ()


async def test_the_same_words_are_looked_for_among_other_kinds(bot: Bot) -> None:
    """Under what a search of the context found stand buttons for the other kinds, also where it found nothing."""
    thread = await begun(bot)
    images = await told(bot, bot.ada, "context pump", thread=thread, shows="image for `pump`")
    documents = await pressed(bot, bot.ada, images, "Documents", "1 document for `pump`:")
    assert library.MANUAL.filename in documents.text
    videos = await pressed(bot, bot.ada, documents, "Videos", "1 video for `pump`:")
    assert library.DRONE.filename in videos.text
    await pressed(bot, bot.ada, videos, "Images", "image for `pump`")
    none = await told(bot, bot.ada, "context documents xylophone", thread=thread, shows="No documents for")
    assert [one.label for one in none.buttons] == ["Images", "Videos"]


async def test_a_search_where_there_is_no_thread_is_what_the_next_one_is_about(bot: Bot) -> None:
    """Pressed before anything was asked, the button lets the next new thread be about the pictures, once, after a restart too."""
    await bot.workspace.command(bot.ada, "search pump")
    await bot.until(lambda: any(one.buttons for one in private_messages(bot, bot.ada)))
    found = next(one for one in private_messages(bot, bot.ada) if one.buttons)
    await pressed(bot, bot.ada, found, strings.THESE, "your next new thread here")
    await bot.stop()
    await bot.start()
    assert bot.aion.count("create_session") == 0
    await bot.asked(bot.ben, DAMAGE, "I found 3 pieces")
    assert "expected_image_ids" not in bot.aion.bodies("send_stream")[-1]  # it is Ada's
    thread = await bot.asked(bot.ada, DAMAGE, strings.CHOSEN.split(".")[0])
    assert bot.aion.bodies("send_stream")[-1]["expected_image_ids"] == [library.PUMP.id]
    await told(bot, bot.ada, "context", thread=thread, shows="1 chosen image")
    await bot.asked(bot.ada, DAMAGE, "I found 3 pieces")
    assert "expected_image_ids" not in bot.aion.bodies("send_stream")[-1]


@pytest.mark.parametrize("times", [1, 2])
async def test_a_server_that_disputes_the_selection(bot: Bot, times: int) -> None:
    """A 409 makes the bot select again and ask again, once; a second one is told, and Retry asks anew."""
    thread = await begun(bot)
    await add(bot, bot.ada, "context pump", thread, "1 chosen image")
    bot.aion.fail_next("send_stream", 409, times=times, code="CONTEXT_MISMATCH")
    selected = bot.aion.count("update_images")
    await bot.workspace.reply(bot.ada, thread, "What is damaged there?")
    await bot.until(lambda: bot.aion.count("send_stream") == 4)
    assert bot.aion.count("update_images") >= selected + 2
    if times == 2:
        await bot.until(lambda: strings.RETRY in bot.pressable(thread))
        await bot.press(bot.ada, thread, strings.RETRY)
    await bot.shows(thread, strings.CHOSEN.split(".")[0])
    await bot.until(lambda: bot.aion.count("send_stream") == 3 + times)
    assert len(list(next(iter(bot.aion.sessions)).texts("user"))) == 3


@pytest.mark.slow
async def test_a_server_that_loses_the_selection(bot: Bot) -> None:
    """What a session does not have is selected again; where it never has it, nothing is asked about other files."""
    thread = await begun(bot)
    await add(bot, bot.ada, "context documents hoist gate", thread, "1 document")
    bot.aion.files.lost_selections = 1
    await asked_again(bot, thread)
    assert bot.aion.count("update_documents") == 2
    (session,) = bot.aion.sessions
    assert session.documents == [library.INSPECTION.id]
    bot.aion.files.lost_selections = 9
    before = bot.aion.count("send_stream")
    await bot.workspace.reply(bot.ada, thread, "And now?")
    await bot.shows(thread, strings.FILES_NOT_TAKEN)
    assert bot.aion.count("send_stream") == before
    bot.aion.files.lost_selections = 0
    await bot.press(bot.ada, thread, strings.RETRY)
    await bot.until(lambda: bot.aion.count("send_stream") == before + 1)


async def test_files_that_are_gone_are_counted(bot: Bot) -> None:
    """A question is asked about what the library still has, and the answer says how much is missing."""
    thread = await begun(bot)
    await add(bot, bot.ada, "context documents hoist gate", thread, "1 document")
    await add(bot, bot.ada, "context documents trench", thread, "2 documents")
    bot.aion.files.remove(library.SAFETY.id)
    await asked_again(bot, thread)
    await bot.shows(thread, strings.files_gone(1), strings.with_files(1, 0).split(".")[0])


NOTES = SimulatedFile("notes.txt", b"The roof leaks.", "text/plain")


async def test_a_choice_replaces_no_file_of_a_question(bot: Bot) -> None:
    """A document that somebody attached stays selected beside those that are chosen."""
    thread = await bot.workspace.mention(bot.ada, "Read notes.txt", files=[NOTES])
    await bot.until(lambda: bot.aion.count("send_stream") == 1 and not bot.aion.streaming)
    await add(bot, bot.ada, "context documents hoist gate", thread, "1 document")
    await asked_again(bot, thread)
    (session,), (notes,) = bot.aion.sessions, bot.aion.files.uploaded
    assert set(session.documents) == {library.INSPECTION.id, notes.id}


async def test_a_file_of_a_question_replaces_no_choice(on_slack: Bot) -> None:
    """Chosen documents stay selected when somebody attaches one."""
    await on_slack.start()
    thread = await begun(on_slack)
    await add(on_slack, on_slack.ada, "context documents hoist gate", thread, "1 document")
    on_slack.workspace.drop(on_slack.ada, thread, [NOTES])
    await asked_again(on_slack, thread, "Read notes.txt")
    (session,), (notes,) = on_slack.aion.sessions, on_slack.aion.files.uploaded
    assert set(session.documents) == {library.INSPECTION.id, notes.id}


@pytest.mark.slow
async def test_two_people_who_add_at_once_are_both_heard(bot: Bot) -> None:
    """Neither loses what the other added, and each sees all of it; a button of an older list does what its label says."""
    thread = await begun(bot)
    lists = [
        await told(bot, one, "context site", thread=thread, shows="for `site`") for one in (bot.ada, bot.ben)
    ]
    await asyncio.gather(
        *(
            pressed(bot, person, seen, strings.pick(number, chosen=False), "chosen image")
            for number, person, seen in zip((1, 2), (bot.ada, bot.ben), lists, strict=True)
        )
    )
    await told(bot, bot.ada, "context", thread=thread, shows="2 chosen images")
    again = await pressed(bot, bot.ben, lists[1], strings.pick(1, chosen=False), "2 chosen images")
    assert [one.label for one in again.buttons][:2] == [
        strings.pick(1, chosen=True),
        strings.pick(2, chosen=True),
    ]
    other = await told(bot, bot.ben, "context documents hoist", thread=thread, shows="for `hoist`")
    assert "Also chosen: " in other.text


async def test_a_choice_belongs_to_its_thread(bot: Bot) -> None:
    """Another thread of the same person sees everything, and a new conversation in the thread keeps the choice."""
    thread = await begun(bot)
    await add(bot, bot.ada, "context documents hoist gate", thread, "1 document")
    await told(bot, bot.ada, "new", thread=thread, shows="begins a new conversation")
    await asked_again(bot, thread)
    await bot.asked(bot.ben, DAMAGE, "I found 3 pieces")
    held = [one.documents for one in bot.aion.sessions]
    assert held == [[], [library.INSPECTION.id], []]
    before = {one.id for one in private_messages(bot, bot.ben)}
    await bot.workspace.command(bot.ben, "context all", thread=thread)
    await shown(bot, bot.ben, before, "all images here")
