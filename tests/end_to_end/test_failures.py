"""Failures are reported in the thread, with what happened and what to do."""

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion.scene import ENDING, Answer, Cut, Emit, Hold, Raw, Scene, Speak, refused, spoken
from tests.end_to_end.bot import Bot
from tests.support.cases import rest_slow

KINDS = (b"token", b"status", b"plan_pending_approval", b"complete", b"hologram")
DEEP = tuple(opened * 100_000 for opened in (b"[", b'{"a":'))


@pytest.mark.parametrize(
    ("status", "code", "sentence", "retry"),
    rest_slow(
        [
            (401, "INVALID_API_KEY", "not set up correctly", False),
            (503, "SERVICE_UNAVAILABLE", "down or overloaded", True),
            (402, "SUBSCRIPTION_REQUIRED", "subscription", False),
            (403, "FORBIDDEN", "not allowed to do this in Aion", False),
            (429, "USAGE_LIMIT_EXCEEDED", "This month's Aion limit", False),
            (422, "VALIDATION_ERROR", "didn't accept this question", False),
            (429, "RATE_LIMIT_ERROR", "takes no more questions", True),
            (500, "INTERNAL", "down or overloaded", True),
        ]
    ),
)
async def test_a_refusal_is_reported(bot: Bot, status: int, code: str, sentence: str, retry: bool) -> None:
    """Every refusal of Aion leads to a sentence, with Retry where asking again can help."""
    bot.aion.fail_next("send_stream", status, code=code, times=8)
    thread = await bot.asked(bot.ada, "What is damaged?", sentence)
    await bot.until(lambda: (bot.pressable(thread) == ["Retry"]) is retry)
    assert strings.THINKING not in bot.text(thread)


@pytest.mark.parametrize(("status", "times"), [(429, 2), (503, 3)])
async def test_a_refused_request_is_retried(bot: Bot, status: int, times: int) -> None:
    """A refusal that ends before the last retry is not visible."""
    bot.aion.fail_next("send_stream", status, code="RATE_LIMIT_ERROR", retry_after=0.01, times=times)
    await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    assert bot.aion.count("send_stream") == times + 1


async def test_an_unreachable_aion_is_reported_with_retry(bot: Bot) -> None:
    """While Aion refuses connections the thread says so; Retry asks once and disappears."""
    await bot.aion.stop()
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "can't reach Aion")
    await bot.aion.start()
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "I found 3 pieces", without=["can't reach Aion"])
    await bot.until(lambda: bot.pressable(thread) == [])
    assert bot.aion.count("send_stream") == 1


async def test_retry_asks_once(bot: Bot) -> None:
    """Any number of presses of Retry asks once more, in the message of the failure."""
    bot.aion.fail_next("send_stream", 500)
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "down or overloaded")
    failed = next(one for one in bot.bots(thread) if one.buttons)
    for _ in range(2):
        await bot.workspace.press(bot.ada, thread, failed.id, failed.buttons[0].id)
    await bot.shows(thread, "I found 3 pieces", without=["down or overloaded"])
    await bot.until(lambda: len(bot.private_replies(thread, bot.ada)) == 1)
    assert bot.aion.count("send_stream") == 2


async def test_retry_is_for_the_person_who_asked(bot: Bot) -> None:
    """Somebody else's press of Retry is refused privately."""
    bot.aion.fail_next("send_stream", 500)
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "down or overloaded")
    await bot.press(bot.ben, thread, "Retry")
    await bot.replies_privately(thread, bot.ben, strings.RETRY_NOT_YOURS)
    assert bot.aion.count("send_stream") == 1


async def test_retry_works_after_a_restart(bot: Bot) -> None:
    """The Retry button of a failed answer works in the next process."""
    bot.aion.fail_next("send_stream", 500)
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "down or overloaded")
    await bot.stop()
    await bot.start()
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "I found 3 pieces")


async def test_a_broken_stream_is_completed_from_the_stored_answer(bot: Bot) -> None:
    """When the stream breaks the stored answer is fetched, and the question is not sent again."""
    answer = "The whole answer, with its end."
    bot.aion.play(Scene((Speak("The whole "), Cut(stored=True)), Answer(answer)))
    thread = await bot.asked(bot.ada, "What?", answer)
    assert bot.aion.count("send_stream") == 1
    await bot.until(lambda: bot.pressable(thread) == [])


async def test_a_broken_stream_without_a_stored_answer_is_reported(bot: Bot) -> None:
    """Without a stored answer the partial text stays, with a sentence and Retry."""
    bot.aion.play(Scene((Speak("Half an ans"), Cut(stored=False)), Answer("")))
    thread = await bot.asked(bot.ada, "What?", "Half an ans", strings.CUT)
    assert bot.pressable(thread) == ["Retry"]
    assert bot.aion.count("send_stream") == 1


async def test_a_silent_stream_times_out(idle: Bot) -> None:
    """A stream without events for AIONVISION_TIMEOUT seconds is closed, looked up, and reported."""
    await idle.start(AIONVISION_TIMEOUT="1.5")
    idle.aion.play(Scene((Speak("Half an ans"), Hold("never"), *ENDING), Answer("")))
    thread = await idle.asked(idle.ada, "What?", "Half an ans", strings.CUT)
    assert idle.pressable(thread) == ["Retry"]


async def test_pings_keep_a_stream_open(idle: Bot) -> None:
    """A stream that only pings is read beyond the timeout."""
    await idle.start(AIONVISION_TIMEOUT="1.5")
    idle.aion.play(
        Scene((Speak("Half. "), Hold("later", pings=True), Speak("Whole."), *ENDING), Answer("Half. Whole."))
    )
    thread = await idle.asked(idle.ada, "What?", "Half.")
    await idle.aion.until(lambda: idle.aion.pings >= 10)
    idle.aion.release("later")
    await idle.shows(thread, "Whole.")


@pytest.mark.parametrize("way", ["404", "event"])
async def test_a_session_that_is_gone_is_replaced(bot: Bot, way: str) -> None:
    """A closed session is replaced by a new one, the thread says so, and the question is answered there."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    if way == "404":
        bot.aion.fail_next("send_stream", 404, code="NOT_FOUND", message="Session not found")
    else:
        bot.aion.play(Scene((Emit("auth_error", {"error": "Session not found"}),)), spoken("A fresh answer."))
    await bot.workspace.reply(bot.ada, thread, "And what does the safety report say?")
    text = await bot.shows(thread, strings.NEW_SESSION)
    await bot.shows(thread, "A fresh answer." if way == "event" else "Both are due this week")
    assert text.count(strings.NEW_SESSION) == 1
    assert bot.aion.count("create_session") == 2


async def test_an_error_event_is_reported(bot: Bot) -> None:
    """An error event in mid-answer is reported under the text so far."""
    bot.aion.play(
        Scene((Speak("So far. "), Emit("error", {"message": "The model is tired", "code": "AI_ERROR"})))
    )
    thread = await bot.asked(bot.ada, "What?", "So far.", strings.trouble("REPORTED"))
    assert "tired" not in bot.text(thread)
    assert bot.pressable(thread) == ["Retry"]


async def test_the_monthly_limit_is_reported(bot: Bot) -> None:
    """The monthly limit, reported in the stream, has its own sentence and no Retry."""
    thread = await bot.asked(bot.ada, "Have we reached the limit?", "This month's Aion limit")
    await bot.until(lambda: bot.pressable(thread) == [])


async def test_an_empty_answer_is_reported(bot: Bot) -> None:
    """An answer without words is reported in the thread."""
    bot.aion.play(Scene(ENDING, Answer("")))
    await bot.asked(bot.ada, "What?", strings.NO_ANSWER)


async def test_unknown_events_are_ignored(bot: Bot) -> None:
    """Unknown types, missing fields, invalid JSON and JSON of any depth do not end an answer."""
    strange = (
        Emit("hologram", {"depth": 3}),
        Raw(b"event: token\ndata: {broken\n\n"),
        Raw(b": a comment\n\n"),
        *(Raw(b"event: %b\ndata: %b\n\n" % (kind, b'{"type": ' + deep)) for kind in KINDS for deep in DEEP),
    )
    bot.aion.play(Scene((Speak("One. "), *strange, Speak("Two."), *ENDING), Answer("One. Two.")))
    await bot.asked(bot.ada, "What?", "One. Two.")


async def test_an_answer_cut_by_a_crash_is_finished_at_the_next_start(bot: Bot) -> None:
    """After a crash in mid-answer the message is completed from the stored answer."""
    bot.aion.play(
        Scene(
            (Speak("The first part. "), Hold("go"), Speak("The end."), *ENDING),
            Answer("The first part. The end."),
        )
    )
    thread = await bot.asked(bot.ada, "What?", "The first part.")
    messages = len(bot.bots(thread))
    await bot.kill()
    (session,) = bot.aion.sessions
    bot.aion.sessions.store(session, "assistant", Answer("The first part. The end."))
    await bot.start()
    await bot.shows(thread, "The first part. The end.")
    assert len(bot.bots(thread)) == messages
    assert bot.aion.count("send_stream") == 1


async def test_a_stop_interrupts_running_answers(bot: Bot) -> None:
    """A stop in mid-answer keeps the text so far, says what happened, and leaves a Retry that the next start serves."""
    bot.aion.play(
        Scene((Speak("The first part. "), Hold("never"), *ENDING), Answer("")), spoken("The whole answer.")
    )
    thread = await bot.asked(bot.ada, "What?", "The first part.")
    await bot.stop()
    assert strings.INTERRUPTED in bot.text(thread)
    await bot.start()
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "The whole answer.", without=[strings.INTERRUPTED])


async def test_max_retries_of_zero_retries_nothing(idle: Bot) -> None:
    """With AIONVISION_MAX_RETRIES=0 a refusal is reported at once."""
    await idle.start(AIONVISION_MAX_RETRIES="0")
    idle.aion.play(refused(503))
    await idle.asked(idle.ada, "What?", "down or overloaded")
    assert idle.aion.count("send_stream") == 1
