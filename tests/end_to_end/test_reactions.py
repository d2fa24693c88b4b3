"""Reactions on answers are shortcuts where `reactions` is on: 🔁 asks again, 🛑 stops, 🔖 exports to the person."""

import pytest

from aion_bot.domain import strings
from aion_bot.domain.rule_keys import ALLOW_USERS, REACTIONS
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.aion.scene import Emit, Hold, Scene, Speak, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot

ON = Rules({REACTIONS: Rule(True, "bot.toml, line 2")})  # a value of the file
RETRY, STOP, EXPORT = "🔁", "🛑", "🔖"
FAILS = Scene((Speak("At work. "), Emit("error", {"message": "Tired", "code": "SERVER_ERROR"})))


async def started(bot: Bot, rules: Rules = ON) -> None:
    """Start the bot with reactions."""
    bot.uses.allow_reactions()
    await bot.start(rules=rules)


def answer(bot: Bot, thread: str) -> str:
    """The id of the answer's message: what acknowledges a command of Discord is none of it."""
    return bot.bots(thread)[-1].id


async def failed(bot: Bot) -> str:
    """Ask a question whose answer fails."""
    bot.aion.play(FAILS)
    thread = await bot.workspace.mention(bot.ada, "What is damaged?")
    await bot.until(lambda: strings.RETRY in bot.pressable(thread))
    return thread


async def test_a_reaction_asks_again_once(idle: Bot) -> None:
    """🔁 on a failed answer does what Retry does; a second one does nothing more."""
    await started(idle)
    thread = await failed(idle)
    idle.aion.play(spoken("The answer."))
    idle.workspace.react(idle.ada, answer(idle, thread), RETRY)
    idle.workspace.react(idle.ada, answer(idle, thread), RETRY)
    await idle.shows(thread, "The answer.", without=["At work."])
    idle.workspace.react(idle.ada, answer(idle, thread), RETRY)
    await idle.replies_privately(thread, idle.ada, strings.RETRY_GONE)
    assert len(idle.asked_words) == 2


async def test_a_reaction_stops_an_answer(idle: Bot) -> None:
    """🛑 does what Stop does, for whoever may; somebody else is told that they may not."""
    await started(idle)
    idle.aion.play(Scene((Speak("The first half, "), Hold("go", pings=True), Speak("the second."))))
    thread = await idle.asked(idle.ada, "first", "The first half")
    idle.workspace.react(idle.ben, answer(idle, thread), STOP)
    await idle.replies_privately(thread, idle.ben, strings.STOP_NOT_YOURS)
    idle.workspace.react(idle.ada, answer(idle, thread), STOP)
    await idle.shows(thread, "Stopped by")


async def test_a_reaction_exports_to_its_person_alone(idle: Bot) -> None:
    """🔖 sends the conversation as a file in a direct message, once, and nobody else sees anything of it."""
    await started(idle)
    idle.aion.play(spoken("The answer."))
    thread = await idle.asked(idle.ada, "What is damaged?", "The answer.")
    before = len(idle.bots(thread))
    idle.workspace.react(idle.ben, answer(idle, thread), EXPORT)
    idle.workspace.react(idle.ben, answer(idle, thread), EXPORT)
    await idle.until(lambda: any(one.files for one in idle.workspace.direct_messages(idle.ben)))
    idle.workspace.react(idle.ada, answer(idle, thread), EXPORT)
    await idle.until(lambda: any(one.files for one in idle.workspace.direct_messages(idle.ada)))
    assert sum(len(one.files) for one in idle.workspace.direct_messages(idle.ben)) == 1
    assert len(idle.bots(thread)) == before


async def test_other_reactions_mean_nothing(idle: Bot) -> None:
    """Another emoji, a reaction on a person's message, and what the bot itself puts there."""
    await started(idle)
    thread = await failed(idle)
    idle.workspace.react(idle.ada, answer(idle, thread), "👍")
    idle.workspace.react(idle.ada, idle.message_of(thread, "What is damaged?"), RETRY)
    idle.uses.react_as_bot(answer(idle, thread), RETRY)
    idle.workspace.react(
        idle.ben, answer(idle, thread), STOP
    )  # the last one is heard: those before were, too
    await idle.replies_privately(thread, idle.ben, strings.STOP_GONE)
    assert len(idle.asked_words) == 1


async def test_reactions_are_off_by_default(idle: Bot) -> None:
    """Nothing happens, no session of Discord asks for them, and `/aion help` names them only where they are on."""
    idle.uses.allow_reactions()
    await idle.start()
    thread = await failed(idle)
    idle.workspace.react(idle.ada, answer(idle, thread), RETRY)
    assert not idle.uses.hears_reactions()
    await idle.workspace.command(idle.ada, "help", thread=thread)
    await idle.until(lambda: any("/aion" in one.text for one in idle.workspace.command_answers(idle.ada)))
    assert not any(EXPORT in one.text for one in idle.workspace.command_answers(idle.ada))
    assert len(idle.asked_words) == 1
    await idle.stop()
    await idle.start(rules=ON)
    await idle.workspace.command(idle.ada, "help", thread=thread)
    await idle.until(lambda: any(EXPORT in one.text for one in idle.workspace.command_answers(idle.ada)))


async def test_who_may_not_use_the_bot_has_no_shortcuts(idle: Bot) -> None:
    """The same access function as for the buttons decides."""
    await started(idle)
    thread = await failed(idle)
    await idle.stop()
    await idle.start(
        rules=Rules({**ON.defaults, ALLOW_USERS: Rule(frozenset({idle.ben.id}), "bot.toml, line 3")})
    )
    idle.workspace.react(idle.ada, answer(idle, thread), EXPORT)
    await idle.until(lambda: any(strings.NOT_HERE in one for one in idle.private_replies(thread, idle.ada)))
    assert not any(one.files for one in idle.workspace.direct_messages(idle.ada))


@pytest.mark.slow
async def test_another_app_has_no_shortcuts_on_slack(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Slack says of a user whether it is an app's; one of whom it does not tell is taken for one."""
    slack.subscribe("reaction_added", "reactions:read")
    slack.conversations.bots.add(on_slack.cy.id)
    await on_slack.start(rules=ON)
    thread = await failed(on_slack)
    slack.react(on_slack.cy, answer(on_slack, thread), EXPORT)
    await on_slack.until(lambda: any(one.name == "users.info" for one in slack.log))
    slack.fail_next("users.info", error="missing_scope")
    slack.react(on_slack.ben, answer(on_slack, thread), STOP)
    await on_slack.until(lambda: sum(one.name == "users.info" for one in slack.log) == 2)
    slack.react(on_slack.ada, answer(on_slack, thread), STOP)
    await on_slack.replies_privately(thread, on_slack.ada, strings.STOP_GONE)
    assert (
        on_slack.private_replies(thread, on_slack.ben) == on_slack.private_replies(thread, on_slack.cy) == []
    )


@pytest.mark.slow
async def test_another_app_has_no_shortcuts_on_discord(on_discord: Bot, discord: SimulatedDiscord) -> None:
    """Discord says it with the reaction."""
    await on_discord.start(rules=ON)
    thread = await failed(on_discord)
    discord.react(on_discord.cy, answer(on_discord, thread), RETRY, by_bot=True)
    discord.react(on_discord.ada, answer(on_discord, thread), STOP)
    await on_discord.replies_privately(thread, on_discord.ada, strings.STOP_GONE)
    assert len(on_discord.asked_words) == 1


async def begun_privately(bot: Bot, scene: Scene, shows: str) -> str:
    """Ask privately; returns the private thread, once it shows something."""
    bot.aion.play(scene)
    await bot.workspace.ask_privately(bot.ada, "What is damaged?")
    await bot.until(lambda: any(shows in one.text for one in bot.workspace.direct_messages(bot.ada)))
    return bot.workspace.thread_of(bot.workspace.direct_messages(bot.ada)[0].id)


async def test_reactions_count_on_private_answers(idle: Bot) -> None:
    """In the direct messages where they stand: each does for the asker what it does elsewhere, by the rules of where it was asked."""
    await started(idle)
    thread = await begun_privately(idle, FAILS, "At work.")
    await idle.until(lambda: strings.RETRY in idle.pressable(thread))
    idle.aion.play(Scene((Speak("The first half, "), Hold("go", pings=True), Speak("the second."))))
    idle.workspace.react(idle.ada, answer(idle, thread), RETRY)
    await idle.shows(thread, "The first half")
    idle.workspace.react(idle.ada, answer(idle, thread), STOP)
    await idle.shows(thread, "Stopped by")
    idle.workspace.react(idle.ada, answer(idle, thread), EXPORT)
    await idle.until(lambda: any(one.files for one in idle.workspace.direct_messages(idle.ada)))
    assert len(idle.asked_words) == 2
    assert not any(one.files for one in idle.workspace.public_messages())


@pytest.mark.slow
async def test_reactions_on_private_answers_are_off_where_they_were_asked(idle: Bot) -> None:
    """Where the channel's rules say nothing of them, nothing happens, whatever holds in direct messages elsewhere."""
    idle.uses.allow_reactions()
    off = Rule(False, "bot.toml, line 5")
    await idle.start(rules=Rules(ON.defaults, channels={idle.uses.general: {REACTIONS: off}}))
    thread = await begun_privately(idle, FAILS, "At work.")
    await idle.until(lambda: strings.RETRY in idle.pressable(thread))
    idle.workspace.react(idle.ada, answer(idle, thread), STOP)
    idle.aion.play(spoken("The answer."))
    await idle.press(idle.ada, thread, strings.RETRY)
    await idle.shows(thread, "The answer.")
    await idle.aion.until(lambda: idle.aion.streaming == 0)
    assert strings.STOP_GONE not in "\n".join(idle.private_replies(thread, idle.ada))
