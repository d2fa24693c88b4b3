"""What people see of a press: its effect in the message or card, and no private remark that would stay for ever."""

import asyncio

import pytest

from aion_bot.aion import PlanActionResponse
from aion_bot.aion._async.chats import ChatResource
from aion_bot.domain import strings
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, PlanEnd, Scene, Speak, spoken
from aion_bot.simulators.workspace import Failure, Operation
from tests.end_to_end.bot import Bot

HELD = Scene(
    (Speak("The first half, "), Hold("go", pings=True), Speak("the second half."), *ENDING),
    Answer("The first half, the second half."),
)


async def test_a_decision_shows_on_its_card_alone(bot: Bot) -> None:
    """The card itself says that Aion is told, then how it ended; the person who pressed gets no private reply."""
    bot.aion.play(script.organize(PlanEnd.ACCEPTED))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    card = await bot.card(thread)
    await bot.press(bot.ada, thread, strings.APPROVE)
    await bot.shows(thread, "Approved by", strings.SEE_BELOW)
    (shown,) = [one for one in bot.bots(thread) if one.id == card.id]
    assert any(strings.ASKING_AION in one or strings.RUNNING in one for one in shown.versions)
    await bot.stop()
    assert bot.private_replies(thread, bot.ada) == []


async def test_a_stop_shows_in_the_answer_alone(bot: Bot) -> None:
    """The answer names who stopped it; nobody gets a private reply."""
    bot.aion.play(HELD)
    thread = await bot.asked(bot.ada, "What?", "The first half,")
    await bot.press(bot.ada, thread, strings.STOP)
    await bot.shows(thread, "The first half,", "Stopped by")
    await bot.stop()
    assert bot.private_replies(thread, bot.ada) == []


async def test_a_retry_shows_in_its_message_alone(bot: Bot) -> None:
    """The message of the failure becomes the answer; nobody gets a private reply."""
    bot.aion.play(Scene(ENDING, Answer("")), spoken("The answer."))
    thread = await bot.asked(bot.ada, "What?", strings.NO_ANSWER)
    await bot.until(lambda: bot.pressable(thread) == [strings.RETRY])
    await bot.press(bot.ada, thread, strings.RETRY)
    await bot.shows(thread, "The answer.", without=[strings.NO_ANSWER])
    await bot.stop()
    assert bot.private_replies(thread, bot.ada) == []


async def test_a_retry_that_waits_says_so_in_its_message(bot: Bot) -> None:
    """While another question is answered the failed message shows that it waits, and its button is gone."""
    bot.aion.play(Scene(ENDING, Answer("")), HELD, spoken("The other answer."))
    thread = await bot.asked(bot.ada, "What?", strings.NO_ANSWER)
    await bot.until(lambda: bot.pressable(thread) == [strings.RETRY])
    await bot.workspace.reply(bot.ada, thread, "And what else?")
    await bot.shows(thread, "The first half,")
    await bot.press(bot.ada, thread, strings.RETRY)
    await bot.shows(thread, strings.RETRY_WAITS, without=[strings.NO_ANSWER])
    assert strings.RETRY not in bot.pressable(thread)
    bot.aion.release("go")
    await bot.shows(thread, "The other answer.", "the second half.", without=[strings.RETRY_WAITS])
    await bot.stop()
    assert bot.private_replies(thread, bot.ada) == []


async def test_a_slow_aion_is_told_on_the_card(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Aion has not answered the decision the card names who decided, says what is going on, and has no button."""
    told = asyncio.Event()
    approve = ChatResource.approve_plan

    async def slowly(resource: ChatResource, session_id: str, plan_id: str) -> PlanActionResponse:
        await told.wait()
        return await approve(resource, session_id, plan_id)

    monkeypatch.setattr(ChatResource, "approve_plan", slowly)
    bot.aion.play(script.organize(PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    await bot.press(bot.ada, thread, strings.APPROVE)
    await bot.shows(thread, "Approved by", strings.ASKING_AION)
    assert bot.pressable(thread) == []
    told.set()
    await bot.shows(thread, strings.DONE, without=[strings.ASKING_AION])
    assert bot.private_replies(thread, bot.ada) == []


async def test_a_decision_that_its_card_cannot_show_is_told_privately(bot: Bot) -> None:
    """The person who pressed learns what was decided, and is not sent to ask for it again."""
    bot.aion.play(script.organize(PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    bot.workspace.refuse(Operation.EDIT, Failure.FORBIDDEN, times=100)
    await bot.press(bot.ada, thread, strings.APPROVE)
    await bot.replies_privately(thread, bot.ada, "Approved by")
    (reply,) = bot.private_replies(thread, bot.ada)
    assert strings.DONE in reply
    assert "ask again" not in reply.lower()
