"""Questions are answered in their thread, on both platforms through the real clients."""

import asyncio

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion.long_report import LONG_REPORT
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from tests.end_to_end.bot import Bot

HELD = Scene(
    (Speak("The first half, "), Hold("go"), Speak("the second half."), *ENDING),
    Answer("The first half, the second half."),
)


async def test_an_answer_grows_in_place(bot: Bot) -> None:
    """The first message grows to the final text, with references in words."""
    bot.aion.token_delay, bot.aion.token_words = 0.012, 1
    thread = await bot.asked(
        bot.ada, "What is damaged on site 7?", "I found 3 pieces", "inspection_site7.pdf (p.5)"
    )
    answers = [one for one in bot.bots(thread) if "I found" in one.text]
    assert len(answers) == 1
    versions = answers[0].versions
    assert strings.THINKING in versions[0]
    assert len(versions) >= 3
    assert not any("[[" in version for version in versions)


async def test_citations_keep_their_numbers(bot: Bot) -> None:
    """What is shown as a citation while the answer grows has the same number at the end, above the list of sources."""
    bot.aion.token_delay = 0.012
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "inspection_site7.pdf (p.5)")
    (answer,) = (one for one in bot.bots(thread) if "I found" in one.text)
    growing = [one for one in answer.versions if "is torn" in one and "Sources" not in one]
    assert growing
    assert all("torn [1]" in one or one.rstrip("…").endswith("torn") for one in growing if "bent" in one)
    assert [at for at in range(1, 5) if f"[{at}] " in answer.text.partition("Sources")[2]] == [1, 2, 3, 4]
    assert "torn [1]" in answer.text
    assert "see [4]." in answer.text


async def test_the_first_message_does_not_wait_for_aion(bot: Bot) -> None:
    """The thread shows that the bot works before Aion has sent a word."""
    bot.aion.play(Scene((Hold("go"), Speak("Here."), *ENDING), Answer("Here.")))
    thread = await bot.asked(bot.ada, "Anybody there?", strings.THINKING)
    bot.aion.release("go")
    await bot.shows(thread, "Here.", without=[strings.THINKING])


async def test_a_thread_is_a_session(bot: Bot) -> None:
    """A reply continues the thread's session; another thread has a session of its own."""
    first = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    await bot.workspace.reply(bot.ben, first, "Which is the worst?")
    await bot.shows(first, "Of the three, the")
    await bot.asked(bot.ada, "What does the safety report say?", "Both are due this week")
    assert bot.aion.count("create_session") == 2
    sessions = [taken.path["session_id"] for taken in bot.aion.requests if taken.operation == "send_stream"]
    assert sessions[0] == sessions[1] != sessions[2]


async def test_questions_of_a_thread_are_answered_in_order(bot: Bot) -> None:
    """Questions that arrive during an answer are asked afterwards, in order; none is dropped."""
    bot.aion.play(HELD)
    thread = await bot.asked(bot.ada, "first", "The first half")
    bot.aion.play(spoken("Answer two."), spoken("Answer three."))
    await bot.workspace.reply(bot.ada, thread, "second")
    await bot.workspace.reply(bot.ben, thread, "third")
    assert bot.aion.count("send_stream") == 1
    bot.aion.release("go")
    await bot.shows(thread, "the second half.", "Answer two.", "Answer three.")
    assert [body["message"] for body in bot.aion.bodies("send_stream")] == ["first", "second", "third"]


@pytest.mark.slow
async def test_threads_do_not_wait_for_each_other(bot: Bot) -> None:
    """A second thread is answered while the first one still waits for Aion."""
    bot.aion.play(HELD, spoken("Quick answer."))
    slow = await bot.asked(bot.ada, "slow", "The first half")
    await bot.asked(bot.ben, "quick", "Quick answer.")
    bot.aion.release("go")
    await bot.shows(slow, "the second half.")


@pytest.mark.slow
async def test_a_long_answer_becomes_several_messages(bot: Bot) -> None:
    """A long answer is complete, no message breaks a code block, and no page is posted twice."""
    thread = await bot.asked(bot.ada, "a long report", "What to do first", "then the scaffolds.")
    messages = bot.bots(thread)
    text = "\n".join(one.text for one in messages)
    for line in LONG_REPORT.splitlines():
        if line.strip() and not line.startswith("```"):
            assert "".join(line.split()).strip("#") in "".join(text.split())
    assert len([one for one in messages if "site" in one.text]) >= 2
    assert text.count("## Site 5") == 1
    assert all(one.text.count("```") % 2 == 0 for one in messages)


async def test_an_answer_notifies_nobody(bot: Bot) -> None:
    """Mentions of channels, roles or people in an answer notify nobody, in code and while it grows too."""
    bot.aion.token_delay, bot.aion.token_words = 0.02, 1
    thread = await bot.asked(bot.ada, "What does the sign on the fence say?", "Nobody has to come.")
    assert [one.pings for one in bot.bots(thread) if one.pings] == []


async def test_a_busy_thread_may_reject_questions(idle: Bot) -> None:
    """With AION_BOT_BUSY=reject a question to a busy thread is refused privately and not asked."""
    await idle.start(AION_BOT_BUSY="reject")
    idle.aion.play(HELD)
    thread = await idle.asked(idle.ada, "first", "The first half")
    before = idle.aion.count("send_stream")
    await idle.workspace.reply(idle.ben, thread, "second")
    await idle.replies_privately(thread, idle.ben, strings.WAIT)
    idle.aion.release("go")
    await idle.shows(thread, "the second half.")
    assert idle.aion.count("send_stream") == before


async def test_a_newer_question_may_replace_the_running_one(idle: Bot) -> None:
    """With AION_BOT_BUSY=replace a newer question stops the person's running answer, which says so, and is answered."""
    await idle.start(AION_BOT_BUSY="replace")
    idle.aion.play(HELD, spoken("The newer answer."))
    thread = await idle.asked(idle.ada, "first", "The first half")
    await idle.workspace.reply(idle.ada, thread, "second")
    await idle.shows(thread, "The first half", strings.REPLACED, "The newer answer.")
    await idle.aion.until(lambda: idle.aion.streaming == 0)
    assert idle.aion.left == 1


@pytest.mark.slow
async def test_ten_threads_are_answered_at_once(bot: Bot) -> None:
    """Ten questions at once are answered, each in its own thread."""
    bot.aion.play(*(spoken(f"Answer number {number}, whole.") for number in range(10)))
    threads = await asyncio.gather(
        *(bot.workspace.ask(bot.ada, f"question {number}") for number in range(10))
    )
    for thread in threads:
        await bot.shows(thread, "Answer number", "whole.")
    assert len({bot.text(thread) for thread in threads}) == 10
