"""The access rules hold on every road into the bot, and a refusal is nobody else's business."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion import SimulatedAion, script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot

HELD = Scene(
    (Speak("The first half, "), Hold("go", pings=True), Speak("the second half."), *ENDING),
    Answer("The first half, the second half."),
)


@pytest.fixture
async def on_slack(aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path) -> AsyncIterator[Bot]:
    made = Bot(aion, slack, tmp_path)
    yield made
    await made.stop()


@pytest.fixture
async def on_discord(aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path) -> AsyncIterator[Bot]:
    made = Bot(aion, discord, tmp_path)
    yield made
    await made.stop()


async def test_slacks_own_stop_asks_the_lists(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Slack shows its Stop to everybody; whoever may not use the bot stops nothing, although approvers are anyone."""
    await on_slack.start(AION_BOT_ALLOW_USERS=on_slack.ada.id, AION_BOT_APPROVERS="anyone")
    on_slack.aion.play(HELD)
    thread = await on_slack.asked(on_slack.ada, "What?", "The first half,")
    await on_slack.until(lambda: slack.status(thread) == "processing")
    await slack.stop_session(on_slack.ben, thread)
    await on_slack.told(thread, on_slack.ben, strings.NOT_HERE)
    on_slack.aion.release("go")
    await on_slack.shows(thread, "the second half.", without=["Stopped by"])


async def test_slacks_own_stop_leaves_a_plan_to_its_approvers(on_slack: Bot, slack: SimulatedSlack) -> None:
    """The asker ends the answer; the plan that only Ben may decide is not cancelled, and Ben can approve it."""
    await on_slack.start(AION_BOT_APPROVERS=on_slack.ben.id)
    on_slack.aion.play(script.organize(stays_open=True))
    thread = await on_slack.place.ask(on_slack.ada, "Organize the photos of site 7")
    await on_slack.card(thread)
    await on_slack.until(lambda: slack.status(thread) == "processing")
    await slack.stop_session(on_slack.ada, thread)
    await on_slack.told(thread, on_slack.ada, strings.STOPPING_BUT_PLAN)
    await on_slack.aion.until(lambda: on_slack.aion.streaming == 0)
    await on_slack.card(thread)
    assert on_slack.aion.count("plan_action") == 0
    await on_slack.press(on_slack.ben, thread, "Approve")
    await on_slack.shows(thread, "Approved by", "Done")


async def test_nobody_replaces_somebody_elses_answer(idle: Bot) -> None:
    """With AION_BOT_BUSY=replace Ben's thanks wait until Ada's answer has ended."""
    await idle.start(AION_BOT_BUSY="replace")
    idle.aion.play(HELD, spoken("You are welcome."))
    thread = await idle.asked(idle.ada, "first", "The first half,")
    await idle.place.reply(idle.ben, thread, "thanks")
    await idle.until(lambda: idle.queued_marks(thread) == 1)
    idle.aion.release("go")
    await idle.shows(thread, "the second half.", "You are welcome.", without=[strings.REPLACED])


@pytest.mark.parametrize("narrowed", ["AION_BOT_ALLOW_USERS", "AION_BOT_ALLOW_CHANNELS"])
async def test_recovery_asks_the_lists(bot: Bot, narrowed: str) -> None:
    """What was open when the bot was killed is neither asked nor shown where the lists no longer allow it."""
    bot.aion.play(HELD)
    thread = await bot.asked(bot.ada, "first", "The first half,")
    await bot.place.reply(bot.ada, thread, "second")
    await bot.until(lambda: bot.queued_marks(thread) == 1)
    await bot.kill()
    before, asked = [one.versions for one in bot.bots(thread)], len(bot.aion.requests)
    await bot.start(**{narrowed: f"{bot.ben.id if 'USERS' in narrowed else 'C0ELSE'}"})
    # The mark is taken away: nothing waits any more.
    await bot.until(lambda: bot.queued_marks(thread) == 0)
    await bot.stop()
    assert [one.versions for one in bot.bots(thread)] == before
    assert len(bot.aion.requests) == asked
    await bot.start()
    await bot.asked(bot.ben, "What is damaged on site 7?", "I found 3 pieces")
    assert [one.versions for one in bot.bots(thread)] == before


async def test_a_retry_is_asked_in_the_askers_name(idle: Bot) -> None:
    """An approver cannot have a question asked again whose asker may not use the bot any more."""
    await idle.start(AION_BOT_APPROVERS="anyone")
    idle.aion.fail_next("send_stream", 503, times=4)
    thread = await idle.place.ask(idle.ada, "What is damaged on site 7?")
    await idle.until(lambda: idle.pressable(thread) == ["Retry"])
    await idle.stop()
    await idle.start(AION_BOT_APPROVERS="anyone", AION_BOT_ALLOW_USERS=idle.ben.id)
    asked = len(idle.aion.requests)
    await idle.press(idle.ben, thread, "Retry")
    await idle.told(thread, idle.ben, strings.RETRY_LAPSED)
    assert len(idle.aion.requests) == asked


async def test_an_edit_asks_the_lists(on_slack: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A waiting question keeps its words where its writer may no longer use the bot."""
    await on_slack.start()
    thread = await on_slack.asked(on_slack.ada, "What is damaged on site 7?", "I found 3 pieces")
    await on_slack.stop()
    edited = asyncio.Event()

    async def noting(*_: object) -> bool:
        edited.set()
        return True

    monkeypatch.setattr(Turns, "edit_queued", noting)
    await on_slack.start(AION_BOT_ALLOW_USERS=on_slack.ben.id)
    on_slack.place.edit_message(on_slack.message_of(thread, "damaged"), "Something else")
    await on_slack.asked(on_slack.ben, "What does the safety report say?", "Both are due this week")
    assert not edited.is_set()


async def test_approvers_of_another_platform_are_not_shown(on_slack: Bot) -> None:
    """A card names the approvers who are here, and mentions no id of the other platform."""
    await on_slack.start(AION_BOT_APPROVERS=f"123456789012345678,{on_slack.ben.id}")
    thread = await on_slack.place.ask(on_slack.ada, "Organize the photos of site 7")
    card = await on_slack.card(thread)
    assert "@Ben may decide." in card.text
    assert "123456789012345678" not in str(card.payload)


async def test_without_an_approver_here_nobody_decides(on_slack: Bot) -> None:
    """A list that names nobody of this platform says so, and lets nobody decide."""
    await on_slack.start(AION_BOT_APPROVERS="123456789012345678")
    thread = await on_slack.place.ask(on_slack.ada, "Organize the photos of site 7")
    card = await on_slack.card(thread)
    assert strings.NOBODY_DECIDES in card.text
    await on_slack.press(on_slack.ada, thread, "Approve")
    await on_slack.told(thread, on_slack.ada, "This decision isn't yours.")
    assert on_slack.aion.count("plan_action") == 0


async def test_the_team_that_counts_is_the_persons(on_slack: Bot, slack: SimulatedSlack) -> None:
    """In a listed channel that two organisations share, AION_BOT_ALLOW_WORKSPACES lets only the people of its teams in."""
    shared = slack.open_channel("partners", shared=True, guests=[on_slack.ben.id])
    await on_slack.start(AION_BOT_ALLOW_CHANNELS=shared.id, AION_BOT_ALLOW_WORKSPACES="T0SITEOPS")
    theirs = slack.say(on_slack.ben, shared, "<@U0AION> What is damaged on site 7?")
    await on_slack.told(theirs.ts, on_slack.ben, strings.NOT_HERE)
    ours = slack.say(on_slack.ada, shared, "<@U0AION> Organize the photos of site 7")
    await on_slack.card(ours.ts)
    assert on_slack.aion.count("send_stream") == 1
    await on_slack.stop()
    lists = {"AION_BOT_ALLOW_CHANNELS": shared.id, "AION_BOT_ALLOW_WORKSPACES": "T0SITEOPS"}
    await on_slack.start(**lists, AION_BOT_APPROVERS="anyone")
    await on_slack.press(on_slack.ben, ours.ts, "Approve")
    await on_slack.told(ours.ts, on_slack.ben, strings.NOT_HERE)
    assert on_slack.aion.count("plan_action") == 0


@pytest.mark.parametrize("kind", ["channel", "group", "im", "mpim"])
async def test_a_shortcut_asks_only_where_the_answer_can_be_shown(
    on_slack: Bot, slack: SimulatedSlack, kind: str
) -> None:
    """Slack offers the shortcut everywhere; where the bot is not, the person is told and Aion is not asked."""
    await on_slack.start()
    elsewhere = slack.open_channel("elsewhere", kind=kind, member=False)
    said = slack.say(on_slack.ben, elsewhere, "The crane on site 7 looks bent.")
    await slack.shortcut(on_slack.ada, said.ts)
    direct = f"D{on_slack.ada.id[1:]}"
    await on_slack.until(lambda: bool(slack.channel(slack.conversations.channels[direct])))
    told = slack.channel(slack.conversations.channels[direct])
    assert [one.text for one in told] in ([strings.CANNOT_WRITE], [strings.SHARED])
    assert [one.text for one in slack.channel(elsewhere)] == ["The crane on site 7 looks bent."]
    assert on_slack.aion.requests == []
