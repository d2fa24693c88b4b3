"""Where pictures stand, what they are called, and what a session sees after a question about some of them."""

import asyncio
from typing import Any

import pytest

from aion_bot.aion.pictures import PictureReader, PictureUnavailable
from aion_bot.domain import strings
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.aion import library
from aion_bot.simulators.aion.scene import ENDING, Answer, Emit, Hold, Scene, Speak, spoken
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_galleries import asked_about, gallery

pytestmark = pytest.mark.slow

ONLY = Scene((Hold("on", pings=True), Speak("Only these."), *ENDING), Answer("Only these."))


@pytest.fixture
def pictures() -> bool:
    """Default answers have pictures to fetch."""
    return True


async def test_pictures_stand_above_the_next_answer(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a question that is asked while pictures are fetched comes under them: they belong to the first one."""
    reading, go_on, read = asyncio.Event(), asyncio.Event(), PictureReader.read

    async def slow(reader: PictureReader, address: str, *, most: int) -> bytes:
        reading.set()
        await go_on.wait()
        return await read(reader, address, most=most)

    monkeypatch.setattr(PictureReader, "read", slow)
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    await reading.wait()
    await bot.workspace.reply(bot.ben, thread, "What can you do?")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    go_on.set()
    await bot.shows(thread, "Ask me what is damaged")
    shown = [bool(one.pictures) for one in bot.bots(thread)]
    assert shown[-2:] == [True, False]


async def test_the_pictures_of_an_answer_of_several_messages(bot: Bot) -> None:
    """They stand below the last message and the one list of sources, numbers hold on every page, and buttons outlive a restart."""
    page = "The hose is torn and has to be replaced soon. " * 120
    cites = f"{library.PUMP.reference} {library.SCAFFOLD.reference}"
    text = "\n\n".join(f"{page}Part {number} {cites}." for number in range(3))
    images = tuple(one.to_context() for one in (library.PUMP, library.SCAFFOLD))
    bot.aion.play(Scene((Speak(text), *ENDING), Answer(text, images=images)))
    thread = await bot.asked(bot.ada, "What is damaged?", "Part 2 [1] [2].")
    shown = await gallery(bot, thread)
    pages = [one.text for one in bot.bots(thread) if not one.pictures]
    assert len(pages) > 2
    assert bot.bots(thread)[-1].id == shown.id
    assert "".join(pages).count("[1] [2]") == 3
    assert [strings.SOURCES in one for one in pages] == [False] * (len(pages) - 1) + [True]
    await bot.stop()
    await bot.start()
    await bot.press(bot.ben, thread, strings.ONLY_THESE)
    await bot.shows(thread, strings.ABOUT_PICTURES)
    await bot.aion.until(lambda: bot.aion.count("send_stream") == 2)
    sent = bot.aion.bodies("send_stream")[1]
    assert sent["expected_image_ids"] == [library.PUMP.id, library.SCAFFOLD.id]


async def test_pictures_that_only_a_search_told_are_cited(bot: Bot) -> None:
    """What image_results have is known: its markers are citations, and the picture has the name that the answer gives it."""
    results = Emit(
        "image_results", {"images": [library.PUMP.to_result(), library.LIFT.to_result()], "count": 2}
    )
    text = f"The hose is torn {library.PUMP.reference}, this is not there [[img:ffffffff|gone.jpg]]."
    bot.aion.play(Scene((results, Speak(text), *ENDING), Answer(text)))
    thread = await bot.asked(bot.ada, "What is damaged?", "The hose is torn [1], this is not there gone.jpg.")
    shown = await gallery(bot, thread)
    assert [one.name for one in shown.pictures] == [
        library.PUMP.filename,
        f"{library.LIFT.description}.jpg",
    ]
    assert library.LIFT.description in shown.text


async def test_a_session_that_stayed_narrow_is_widened_by_the_next_question(bot: Bot) -> None:
    """Where Aion does not take the mode back after a question about some pictures, the next one there sets it first."""
    thread = await asked_about(bot)
    (session,) = bot.aion.sessions
    bot.aion.play(ONLY, spoken("All of them."), ONLY, spoken("All of them again."))
    await bot.press(bot.ada, thread, strings.ONLY_THESE)
    await bot.aion.until(lambda: bot.aion.count("send_stream") == 2)
    bot.aion.fail_next("update_mode", 503, times=4)
    bot.aion.release("on")
    await bot.shows(thread, "Only these.")
    await bot.aion.until(lambda: bot.aion.count("update_mode") == 5)
    assert not session.use_all_images
    await bot.workspace.reply(bot.ada, thread, "And all?")
    await bot.shows(thread, "All of them.")
    assert session.use_all_images


async def test_a_session_that_stayed_narrow_is_widened_after_a_restart(bot: Bot) -> None:
    """The same where the bot was killed before it could set the mode back."""
    thread = await asked_about(bot)
    (session,) = bot.aion.sessions
    bot.aion.play(ONLY, spoken("All of them."))
    await bot.press(bot.ada, thread, strings.ONLY_THESE)
    await bot.aion.until(lambda: bot.aion.count("send_stream") == 2)
    bot.aion.fail_next("update_mode", 503, times=4)
    bot.aion.release("on")
    await bot.shows(thread, "Only these.")
    await bot.aion.until(lambda: bot.aion.count("update_mode") == 5)
    await bot.kill()
    assert not session.use_all_images
    await bot.start()
    await bot.workspace.reply(bot.ada, thread, "And all?")
    await bot.shows(thread, "All of them.")
    assert session.use_all_images


async def test_each_press_that_asks_nothing_is_answered(bot: Bot) -> None:
    """A press that was refused for its person's allowance is no answer to the next person, nor to the next press."""
    await bot.stop()
    await bot.start(rules=Rules(defaults={"questions_per_person_hour": Rule(1, "test")}))
    thread = await asked_about(bot)
    for number in (1, 2):
        await bot.press(bot.ada, thread, strings.CLOSER)
        await bot.until(lambda number=number: len(bot.private_replies(thread, bot.ada)) == number)
    await bot.press(bot.ben, thread, strings.CLOSER)
    await bot.until(lambda: bot.text(thread).count("I found 3 pieces") == 2)


async def test_the_buttons_of_an_old_answer_work(bot: Bot) -> None:
    """A press under an answer with more than fifty messages behind it asks its question once more."""
    thread = await asked_about(bot)
    (session,) = bot.aion.sessions
    for number in range(60):
        bot.aion.sessions.store(session, ("user", "assistant")[number % 2], Answer(f"Message {number}"))
    await bot.press(bot.ada, thread, strings.CLOSER)
    await bot.until(lambda: bot.text(thread).count("I found 3 pieces") == 2)


async def test_addresses_that_were_signed_for_minutes(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that a kill kept from their answer are fetched from where Aion says they are at the next start."""
    read, signed, asked = PictureReader.read, "none", asyncio.Event()

    async def checked(reader: PictureReader, address: str, *, most: int) -> bytes:
        asked.set()
        if not address.endswith(f"?{signed}"):
            if signed == "none":
                await asyncio.Event().wait()
            raise PictureUnavailable("status 403")
        return await read(reader, address, most=most)

    def image(signature: str) -> dict[str, Any]:
        return library.PUMP.to_context() | dict.fromkeys(
            ("thumbnail_url", "stored_url"), f"/pictures/{library.PUMP.id}?{signature}"
        )

    monkeypatch.setattr(PictureReader, "read", checked)
    bot.aion.play(spoken("Here it is.", images=(image("old"),)))
    thread = await bot.asked(bot.ada, "Show me the pump", "Here it is.")
    await asked.wait()
    await bot.kill()
    signed, (session,) = "new", bot.aion.sessions
    session.messages[-1].answer = Answer("Here it is.", images=(image("new"),))
    await bot.start()
    assert [one.name for one in (await gallery(bot, thread)).pictures] == [library.PUMP.filename]


async def test_two_people_press_at_once(bot: Bot) -> None:
    """The question is asked once, for whoever was first; the other person is told that."""
    thread = await asked_about(bot)
    await asyncio.gather(*(bot.press(one, thread, strings.CLOSER) for one in (bot.ada, bot.ben)))
    await bot.until(lambda: bot.text(thread).count("I found 3 pieces") == 2)
    await bot.until(lambda: any(bot.private_replies(thread, one) for one in (bot.ada, bot.ben)))
    told = [text for one in (bot.ada, bot.ben) for text in bot.private_replies(thread, one)]
    assert told == [strings.ASKED_ALREADY]
    assert bot.aion.count("send_stream") == 2
