"""Questions that wait show how many are ahead of them, and whoever asked can take them back."""

import asyncio

import pytest

from aion_bot.domain import strings
from aion_bot.runtime import active_turns, waiting
from aion_bot.simulators.aion.scene import Emit, Hold, Scene, Speak, spoken
from aion_bot.simulators.workspace import Failure, Operation, Shown
from aion_bot.storage.waiting_signs import WaitingSigns
from tests.end_to_end.bot import Bot


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are shown, and edited, after hundredths of a second."""
    monkeypatch.setattr(waiting, "AFTER", 0.02)
    monkeypatch.setattr(waiting, "EVERY", 0.02)


def places(bot: Bot, thread: str) -> list[str]:
    """What the signs in a thread say, in the order of the messages."""
    return [
        one.text.strip()
        for one in bot.bots(thread)
        if [each.label for each in one.buttons] == [strings.WITHDRAW]
    ]


def sign(bot: Bot, thread: str, ahead: int) -> Shown:
    """The sign with a number."""
    words = strings.ahead(ahead, 5)
    return next(one for one in bot.bots(thread) if words in one.text and one.buttons)


async def shows(bot: Bot, thread: str, *ahead: int) -> None:
    """Wait until the signs of a thread say these numbers, in order."""
    expected = [strings.ahead(one, 5) for one in ahead]
    await bot.until(lambda: [one for one in places(bot, thread) if one] == expected)


async def withdraw(bot: Bot, thread: str, ahead: int, *, by: int = 0) -> None:
    """Press the button of the sign with a number."""
    shown = sign(bot, thread, ahead)
    await bot.workspace.press(bot.workspace.people[by], thread, shown.id, shown.buttons[0].id)


async def held(bot: Bot, *more: str) -> str:
    """Ask a question whose answer waits for "go", then more of them in the same thread, each of the next person."""
    bot.aion.play(spoken("Answer 0.", Hold("go", pings=True)))
    thread = await bot.workspace.mention(bot.ada, "first")
    await bot.aion.until(lambda: bot.aion.streaming == 1)
    for number, words in enumerate(more):
        await bot.workspace.reply(bot.workspace.people[number % 3], thread, words)
        await bot.until(lambda: len(places(bot, thread)) > number)  # noqa: B023  # awaited in the round
    return thread


async def test_the_place_moves_with_the_queue(bot: Bot) -> None:
    """Each waiting question says how many are ahead; when its turn comes the sign goes, and the others move up."""
    thread = await held(bot, "second", "third", "fourth")
    await shows(bot, thread, 1, 2, 3)
    bot.aion.play(spoken("Answer 1.", Hold("on", pings=True)), spoken("Answer 2."), spoken("Answer 3."))
    bot.aion.release("go")
    await shows(bot, thread, 1, 2)
    bot.aion.release("on")
    await bot.shows(thread, "Answer 1.", "Answer 2.", "Answer 3.")
    await bot.until(lambda: places(bot, thread) == [])
    assert bot.asked_words == ["first", "second", "third", "fourth"]


async def test_a_withdrawn_question_is_not_asked(bot: Bot) -> None:
    """Its asker alone withdraws it; the sign and the mark go at once, others move up, and Aion is never asked, also once edited."""
    thread = await held(bot, "second", "third")
    await withdraw(bot, thread, 1, by=1)
    await bot.replies_privately(thread, bot.ben, strings.WITHDRAW_NOT_YOURS)
    await withdraw(bot, thread, 1)
    await bot.replies_privately(thread, bot.ada, strings.WITHDRAWN)
    await shows(bot, thread, 1)
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    bot.workspace.edit_message(bot.message_of(thread, "second"), "second, in other words")
    bot.aion.play(spoken("Answer 2."))
    bot.aion.release("go")
    await bot.shows(thread, "Answer 2.")
    assert bot.asked_words == ["first", "third"]


@pytest.mark.slow
async def test_places_show_again_after_a_restart(bot: Bot) -> None:
    """After a kill the same messages show the places, of which none is left behind; a withdrawn question stays withdrawn."""
    thread = await held(bot, "second", "third", "fourth", "fifth")
    await shows(bot, thread, 1, 2, 3, 4)
    await withdraw(bot, thread, 1)
    await shows(bot, thread, 1, 2, 3)
    before = [one.id for one in bot.bots(thread) if one.text.strip().startswith("⏳")]
    await bot.kill()
    # The first answer ended with the bot: the next question is asked.
    bot.aion.play(spoken("Answer 2.", Hold("on", pings=True)), spoken("Answer 3."), spoken("Answer 4."))
    await bot.start()
    await shows(bot, thread, 1, 2)
    assert [one.id for one in bot.bots(thread) if one.text.strip().startswith("⏳")] == before[1:]
    bot.aion.release("on")
    await bot.shows(thread, "Answer 2.", "Answer 3.", "Answer 4.")
    await bot.until(lambda: places(bot, thread) == [])
    assert bot.asked_words == ["first", "third", "fourth", "fifth"]


async def test_a_newer_question_replaces_the_persons_waiting_one(idle: Bot) -> None:
    """`AION_BOT_BUSY=replace` takes back what the same person has waiting; what somebody else asked stays in the queue."""
    await idle.start(AION_BOT_BUSY="replace")
    thread = await held(idle)
    for person, words in ((idle.ben, "of Ben"), (idle.cy, "of Cy"), (idle.ben, "of Ben, newer")):
        await idle.workspace.reply(person, thread, words)
        await idle.until(lambda: idle.workspace.is_marked(idle.message_of(thread, words)))  # noqa: B023  # awaited here
    await idle.replies_privately(thread, idle.ben, strings.REPLACED_WAITING)
    await shows(idle, thread, 1, 2)
    idle.aion.play(spoken("Answer 1."), spoken("Answer 2."))
    idle.aion.release("go")
    await idle.shows(thread, "Answer 1.", "Answer 2.")
    assert idle.asked_words == ["first", "of Cy", "of Ben, newer"]


async def test_a_full_queue_takes_another_question_after_a_withdrawal(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was withdrawn takes no place in the queue, although its turn has not come."""
    monkeypatch.setattr("aion_bot.runtime.dispatcher.MOST_WAITING", 2)
    thread = await held(bot, "second", "third")
    await bot.workspace.reply(bot.cy, thread, "too many")
    await bot.replies_privately(thread, bot.cy, strings.FULL)
    await withdraw(bot, thread, 1)
    await shows(bot, thread, 1)
    await bot.workspace.reply(bot.cy, thread, "fourth")
    await shows(bot, thread, 1, 2)
    bot.aion.release("go")


async def test_a_retry_that_waits_can_be_withdrawn(bot: Bot) -> None:
    """Its failed answer says so, and offers no Retry any more."""
    error = Emit("error", {"message": "Tired", "code": "SERVER_ERROR"})
    bot.aion.play(Scene((Speak("At work. "), error)))
    thread = await bot.workspace.mention(bot.ada, "fails")
    await bot.until(lambda: strings.RETRY in bot.pressable(thread))
    bot.aion.play(spoken("Answer 0.", Hold("go", pings=True)))
    await bot.workspace.reply(bot.ben, thread, "first")
    await bot.aion.until(lambda: bot.aion.streaming == 1)
    await bot.press(bot.ada, thread, strings.RETRY)
    await shows(bot, thread, 1)
    await withdraw(bot, thread, 1)
    await bot.shows(thread, strings.RETRY_WITHDRAWN)
    bot.aion.release("go")
    await bot.shows(thread, "Answer 0.")
    await bot.until(lambda: strings.RETRY not in bot.pressable(thread))
    assert bot.asked_words == ["fails", "first"]


async def test_a_press_that_comes_too_late_is_told(bot: Bot) -> None:
    """Once the question is asked the button says that Stop ends the answer, and of a question that is gone that it does not wait."""
    thread = await held(bot, "second")
    shown = sign(bot, thread, 1)
    bot.aion.play(spoken("Answer 1.", Hold("on", pings=True)))
    bot.aion.release("go")
    await bot.aion.until(lambda: len(bot.asked_words) == 2)
    await bot.until(lambda: places(bot, thread) == [])
    message = bot.bots(thread)[0].id
    await bot.workspace.press_forged(bot.ada, thread, message, shown.buttons[0])
    await bot.replies_privately(thread, bot.ada, strings.WITHDRAW_TOO_LATE)
    bot.aion.release("on")
    await bot.shows(thread, "Answer 1.")
    await bot.aion.until(lambda: bot.aion.streaming == 0)
    await bot.workspace.press_forged(bot.ada, thread, message, shown.buttons[0])
    await bot.replies_privately(thread, bot.ada, strings.WITHDRAW_GONE)


@pytest.mark.slow
async def test_a_sign_that_was_not_recorded_is_found_after_a_kill(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that ends between the post and its record leaves one sign, which the next one takes over: there is no second."""

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as cut:
        cut.setattr(WaitingSigns, "note_standing", never)
        thread = await held(bot, "second", "third")
        await bot.kill()
    bot.aion.play(spoken("Answer 1.", Hold("on", pings=True)), spoken("Answer 2."))
    await bot.start()
    await shows(bot, thread, 1)
    bot.aion.release("on")
    await bot.shows(thread, "Answer 2.")
    await bot.until(lambda: places(bot, thread) == [])
    assert bot.asked_words == ["first", "second", "third"]


async def test_without_room_the_mark_stands_alone(on_slack: Bot) -> None:
    """A platform that takes no post shows no place; the question has its mark, and is asked all the same."""
    await on_slack.start()
    thread = await held(on_slack)
    await on_slack.shows(thread, strings.THINKING)
    on_slack.workspace.refuse(Operation.POST, Failure.FORBIDDEN)

    def posts() -> int:
        return sum(one.name == "chat.postMessage" for one in on_slack.workspace.log)

    before = posts()
    await on_slack.workspace.reply(on_slack.ben, thread, "second")
    await on_slack.until(lambda: on_slack.queued_marker_count(thread) == 1 and posts() > before)
    on_slack.aion.play(spoken("Answer 1."))
    on_slack.aion.release("go")
    await on_slack.shows(thread, "Answer 1.")
    assert places(on_slack, thread) == []


async def test_a_long_queue_counts_five(bot: Bot) -> None:
    """From the sixth on a sign says that there are more, so that a move edits few of them."""
    thread = await held(bot, *(f"question {number}" for number in range(7)))
    await shows(bot, thread, 1, 2, 3, 4, 5, 6, 6)
    bot.aion.release("go")


async def test_a_full_process_is_no_busy_thread(idle: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `AION_BOT_BUSY=reject` a question in an idle thread waits for a slot, and is not refused."""
    monkeypatch.setattr(active_turns, "MOST_ACTIVE", 1)
    await idle.start(AION_BOT_BUSY="reject")
    await held(idle)
    idle.aion.play(spoken("Answer 1."))
    thread = await idle.workspace.mention(idle.ben, "elsewhere")
    await idle.until(lambda: idle.workspace.is_marked(idle.message_of(thread, "elsewhere")))
    idle.aion.release("go")
    await idle.shows(thread, "Answer 1.")
    assert strings.WAIT not in idle.private_replies(thread, idle.ben)


async def held_privately(bot: Bot, *replies: str) -> str:
    """Ask privately, with an answer that waits for "go", then reply to it; returns the private thread."""
    bot.aion.play(spoken("Answer 0.", Hold("go", pings=True)))
    await bot.workspace.ask_privately(bot.ada, "first")
    await bot.aion.until(lambda: bot.aion.streaming == 1)
    thread = bot.workspace.thread_of(bot.workspace.direct_messages(bot.ada)[0].id)
    for number, words in enumerate(replies):
        await bot.workspace.reply(bot.ada, thread, words)
        await bot.until(lambda: len(places(bot, thread)) > number)  # noqa: B023  # awaited in the round
    return thread


def seen_by_others(bot: Bot) -> list[str]:
    """What the bot shows to anybody but Ada."""
    public = [one.text for one in bot.workspace.public_messages() if one.by_bot]
    return public + [one.text for who in (bot.ben, bot.cy) for one in bot.workspace.direct_messages(who)]


@pytest.mark.slow
async def test_private_replies_show_their_places_to_their_person(bot: Bot) -> None:
    """In the private thread alone: a withdrawn one is not asked, and the sign of another goes when its turn comes."""
    thread = await held_privately(bot, "second", "third")
    await shows(bot, thread, 1, 2)
    await withdraw(bot, thread, 1)
    await shows(bot, thread, 1)
    assert seen_by_others(bot) == []
    bot.aion.play(spoken("Answer 2."))
    bot.aion.release("go")
    await bot.shows(thread, "Answer 0.", "Answer 2.")
    await bot.until(lambda: places(bot, thread) == [])
    assert bot.asked_words == ["first", "third"]
    assert seen_by_others(bot) == []


@pytest.mark.slow
async def test_private_places_show_again_after_a_restart(bot: Bot) -> None:
    """After a kill the same messages show them; none is left behind, and a withdrawn question stays withdrawn."""
    thread = await held_privately(bot, "second", "third", "fourth")
    await withdraw(bot, thread, 1)
    await shows(bot, thread, 1, 2)
    last = sign(bot, thread, 2).id
    await bot.kill()
    bot.aion.play(spoken("Answer 2.", Hold("on", pings=True)), spoken("Answer 3."))
    await bot.start()
    await shows(bot, thread, 1)
    assert sign(bot, thread, 1).id == last
    bot.aion.release("on")
    await bot.shows(thread, "Answer 2.", "Answer 3.")
    await bot.until(lambda: places(bot, thread) == [])
    assert bot.asked_words == ["first", "third", "fourth"]
    assert seen_by_others(bot) == []


@pytest.mark.slow
async def test_private_commands_wait_in_the_same_direct_messages_on_discord(on_discord: Bot) -> None:
    """A further private `/ask` shows its place there, also after a restart, and is withdrawn there."""
    bot = on_discord
    await bot.start()
    thread = await held_privately(bot)
    for number, words in enumerate(("second", "third", "fourth")):
        await bot.workspace.ask_privately(bot.ada, words)
        await bot.until(lambda: len(places(bot, thread)) > number)  # noqa: B023  # awaited in the round
    await shows(bot, thread, 1, 2, 3)
    await withdraw(bot, thread, 1)
    await shows(bot, thread, 1, 2)
    await bot.kill()
    bot.aion.play(spoken("Answer 2.", Hold("on", pings=True)), spoken("Answer 3."))
    await bot.start()
    await shows(bot, thread, 1)
    bot.aion.release("on")
    await bot.shows(thread, "Answer 2.", "Answer 3.")
    await bot.until(lambda: places(bot, thread) == [])
    assert bot.asked_words == ["first", "third", "fourth"]
    assert seen_by_others(bot) == []
