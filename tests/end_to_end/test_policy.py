"""The keys of `aion-bot.toml` about who may use the bot, in the whole bot."""

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from aion_bot.config import read_rules
from aion_bot.domain import strings
from aion_bot.domain.rule_keys import ALLOW_ROLES, ENABLED, GUESTS, SHARED
from aion_bot.domain.rules import Rule, Rules, Section
from aion_bot.runtime.reloading import Reloading
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import TEXT, Channel
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot
from tests.support.loop_time import loop_seconds


def section(**said: object) -> Section:
    """One section of a file."""
    return {key: Rule(value, "test") for key, value in said.items()}


def asked(bot: Bot) -> list[Any]:
    """What Aion was asked."""
    return bot.asked_words


async def test_a_channel_that_is_switched_off_is_silent(on_slack: Bot, slack: SimulatedSlack) -> None:
    """A mention there gets no word, not even a private one; a command and a press get a private sentence."""
    await on_slack.start()
    thread = await on_slack.asked(on_slack.ada, "What is damaged on site 7?", "I found 3 pieces")
    await on_slack.stop()
    await on_slack.start(rules=Rules(channels={slack.general.id: section(**{ENABLED: False})}))
    before = len(slack.log)
    await slack.reply(on_slack.ada, thread, "and site 8?")
    await slack.ask(on_slack.ada, "and site 9?")
    await slack.command(on_slack.ada, "status")
    await on_slack.until(
        lambda: any(strings.DISABLED in one.text for one in slack.command_answers(on_slack.ada))
    )
    said = [one.name for one in slack.log[before:] if one.name.startswith("chat.")]
    assert said == []
    assert asked(on_slack) == ["What is damaged on site 7?"]


async def test_a_command_where_discord_is_switched_off(on_discord: Bot, discord: SimulatedDiscord) -> None:
    """The server's channels are off and one is on: there the answer comes, elsewhere a private sentence; a mention gets none."""
    site = discord.world.add(Channel(discord.world.new_id(), TEXT, "site", discord.world.guild))
    rules = Rules(
        workspaces={discord.world.guild: section(**{ENABLED: False})},
        channels={site.id: section(**{ENABLED: True})},
    )
    await on_discord.start(rules=rules)
    silent = await discord.mention(on_discord.ada, "What is damaged on site 7?")
    thread = await discord.ask(on_discord.ada, "What is damaged on site 7?", channel=site.id)
    await on_discord.shows(thread, "I found 3 pieces")
    general = discord.world.named("general").id
    await discord.ask(on_discord.ada, "What is damaged?", channel=general)
    await on_discord.until(lambda: any(strings.DISABLED in one.text for one in discord.thread(general)))
    assert [one.by_bot for one in discord.thread(silent)] == [False]
    assert len(asked(on_discord)) == 1


async def test_groups_of_slack(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Who is in the group asks, with one look-up for all; another is told. A look-up that fails refuses with its own sentence."""
    members = slack.conversations.members["S0CREW"] = {on_slack.ada.id}
    rules = Rules(section(**{ALLOW_ROLES: frozenset({"S0CREW"})}))
    await on_slack.start(rules=rules)
    on_slack.aion.play(spoken("One."), spoken("Two."))
    thread = await on_slack.asked(on_slack.ada, "first", "One.")
    refused = await slack.ask(on_slack.ben, "mine")
    await on_slack.replies_privately(refused, on_slack.ben, strings.NOT_HERE)
    assert len([one for one in slack.log if one.name == "usergroups.users.list"]) == 1
    await on_slack.stop()
    await on_slack.start(rules=rules)
    members.add(on_slack.ben.id)
    slack.fail_next("usergroups.users.list", error="missing_scope")
    failed = await slack.ask(on_slack.ada, "again")
    await on_slack.replies_privately(failed, on_slack.ada, f"{strings.UNKNOWN_STANDING} (ref ")
    await slack.reply(on_slack.ben, thread, "second")
    await on_slack.shows(thread, "Two.")
    assert asked(on_slack) == ["first", "second"]


async def test_guests_and_shared_channels_of_slack(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Guests of several channels and of one are told that guests may not; a shared channel that the file names is served without a list."""
    slack.conversations.guests.add(on_slack.ben.id)
    slack.conversations.single_channel_guests.add(on_slack.cy.id)
    site = slack.open_channel("site", shared=True)
    rules = Rules(section(**{GUESTS: False}), channels={site.id: section(**{SHARED: True})})
    await on_slack.start(rules=rules)
    for guest in (on_slack.ben, on_slack.cy):
        refused = await slack.ask(guest, "mine", channel=site)
        await on_slack.replies_privately(refused, guest, strings.GUEST)
    thread = await slack.ask(on_slack.ada, "What is damaged on site 7?", channel=site)
    await on_slack.shows(thread, "I found 3 pieces")


async def test_roles_of_discord(on_discord: Bot, discord: SimulatedDiscord) -> None:
    """A member with the role asks, in a channel and directly; one who lost it is refused at once where Discord sends the roles."""
    crew = discord.world.new_id()
    discord.world.roles[crew] = "Crew"
    holders = discord.world.holders[crew] = {on_discord.ada.id}
    await on_discord.start(rules=Rules(section(**{ALLOW_ROLES: frozenset({crew})})))
    thread = await discord.ask(on_discord.ada, "What is damaged on site 7?")
    await on_discord.shows(thread, "I found 3 pieces")
    direct = await discord.direct_message(on_discord.ada, "What is damaged on site 7?")
    await on_discord.shows(direct, "I found 3 pieces")
    refused = await discord.direct_message(on_discord.ben, "What is damaged on site 7?")
    await on_discord.until(lambda: any(strings.NOT_HERE in one.text for one in discord.thread(refused)))
    holders.clear()
    await discord.reply(on_discord.ada, thread, "and now?")
    await on_discord.replies_privately(thread, on_discord.ada, strings.NOT_HERE)
    assert len(asked(on_discord)) == 2


async def test_new_rules_hold_from_the_next_question_on(
    bot_that_reloads: Bot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGHUP switches a channel off under a running answer, which goes on; a bad file changes nothing; the audit has both policies."""
    bot, file = bot_that_reloads, tmp_path / "aion-bot.toml"
    bot.aion.play(
        Scene((Speak("One. "), Hold("go", pings=True), Speak("Two."), *ENDING), Answer("One. Two."))
    )
    bot.aion.play(spoken("Three."))
    output = ""

    async def reload(text: str, event: str) -> None:
        nonlocal output
        file.write_text(text)
        assert bot.reloading is not None
        output = capsys.readouterr().out and ""
        bot.reloading.asked.set()
        async with loop_seconds(2):
            while event not in output:
                await asyncio.sleep(0.005)  # there is no event for what was written to standard output
                output += capsys.readouterr().out

    thread = await bot.asked(bot.ada, "first", "One.")
    await reload("[defaults]\nenabled = false\n", "] rules  ")
    denied = "switched off here"
    await bot.workspace.reply(bot.ben, thread, "mine")
    async with asyncio.timeout(30):
        while denied not in output:
            await asyncio.sleep(0.005)  # as above
            output += capsys.readouterr().out
    await reload("[defaults]\nenabled = 1\n", "rules refused")
    bot.aion.release("go")
    await bot.shows(thread, "One. Two.")
    await reload("", "] rules  ")
    await bot.workspace.reply(bot.ben, thread, "now mine")
    await bot.shows(thread, "Three.")
    await bot.stop()
    assert asked(bot) == ["first", "now mine"]
    with sqlite3.connect(bot.database) as database:
        noted = [
            json.loads(one)["rules"]
            for (one,) in database.execute("SELECT record FROM audit ORDER BY number")
            if "rules" in one
        ]
    assert [one["file"]["defaults"].get("enabled") for one in noted] == [None, False, None]


@pytest.fixture
async def bot_that_reloads(idle: Bot, tmp_path: Path) -> Bot:
    """A bot that reads its file again when it is asked to."""
    idle.reloading = Reloading(idle.env(), lambda: read_rules(tmp_path / "aion-bot.toml", ()))
    await idle.start()
    return idle
