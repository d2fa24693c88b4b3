"""What was said before the bot was asked: Aion gets it as the quoted words of others, and each message once."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from aion_bot.domain import strings
from aion_bot.domain.rule_keys import EARLIER
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.workspace import SimulatedFile
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_manage import told
from tests.schemas import discord as discord_contracts
from tests.support.conversations import Talk

READS = {"conversations.replies", "conversations.history", "GET /channels/{channel_id}/messages"}
SEARCH = "assistant.search.context"


@pytest.fixture
async def discord() -> AsyncIterator[SimulatedDiscord]:
    """A simulated Discord that shows the bot what does not mention it."""
    simulated = SimulatedDiscord(discord_contracts.inspect, message_content=True)
    await simulated.start()
    yield simulated
    await simulated.stop()
    assert simulated.violations == []


def asked(bot: Bot) -> str:
    """What Aion was asked last."""
    return str(bot.aion.bodies("send_stream")[-1]["message"])


def quoted(bot: Bot) -> list[str]:
    """The lines of others in what Aion was asked last."""
    return [line.removeprefix("> ") for line in asked(bot).splitlines() if line.startswith("> ")]


def reads(bot: Bot) -> int:
    """How often the bot read a conversation."""
    return sum(
        count for name, count in Counter(one.name for one in bot.workspace.log).items() if name in READS
    )


async def is_asked(bot: Bot) -> None:
    """Wait until Aion is asked: what was read may be said before."""
    await bot.aion.until(lambda: bot.aion.bodies("send_stream") != [])


async def answered(bot: Bot, count: int) -> None:
    await bot.until(lambda: bot.aion.count("send_stream") == count)


async def test_a_mention_in_a_conversation_brings_what_was_said(bot: Bot) -> None:
    """The root and what followed, without deleted messages, other apps and the bot; files are counted; one request."""
    talk = Talk(bot.workspace, bot.ben, "Beam 4 has a crack.")
    gone = talk.say(bot.cy, "Forget it.")
    talk.say(bot.cy, "Beam 7 leaks.", files=[SimulatedFile("a.png"), SimulatedFile("b.png")])
    talk.say(bot.ada, "I see.")
    bot.workspace.delete_message(gone)
    await bot.until(lambda: all("Forget" not in one.text for one in bot.workspace.thread(talk.thread)))
    talk.ask(bot.ada, "Which of those is worse?")
    await bot.shows(talk.thread, strings.read_earlier(3))
    await is_asked(bot)
    assert asked(bot).startswith(f"Which of those is worse?\n\n{strings.EARLIER}\n\n")
    assert quoted(bot) == ["Beam 4 has a crack.", "Beam 7 leaks.", "I see."]
    assert "Cy wrote, with 2 files:" in asked(bot)
    assert reads(bot) == 1
    # The thread is the bot's now: only what was written since is new, and the question that follows at once needs nothing.
    await bot.workspace.reply(bot.ada, talk.thread, "And why?")
    await answered(bot, 2)
    assert asked(bot) == "And why?"
    assert reads(bot) == 1
    talk.say(bot.ben, f"<@{bot.cy.id}> it is beam 5, sorry")
    await bot.workspace.reply(bot.ada, talk.thread, "So?")
    await answered(bot, 3)
    assert len(quoted(bot)) == 1
    assert quoted(bot)[0].endswith("it is beam 5, sorry")
    await bot.shows(talk.thread, strings.read_earlier(1))
    assert reads(bot) == 2


async def test_names_of_forty_writers_cost_no_request(idle: Bot) -> None:
    """What strangers wrote before the bot began costs its first question one request that reads, and no other one that asks."""
    crowd = idle.uses.strangers(40)
    talk = Talk(idle.workspace, idle.ben, "Beam 4 has a crack.")
    for one in crowd:
        talk.say(one, "I saw it.")
    await idle.start()
    since = len(idle.workspace.log)
    talk.ask(idle.ada, "Who saw it?")
    await idle.shows(talk.thread, strings.read_earlier(20))
    await is_asked(idle)
    asks = ("GET ", "conversations.", "users.", "usergroups.", "team.", "assistant.search")
    made = [one.name for one in idle.workspace.log[since:] if one.name.startswith(asks)]
    assert len(made) == 1, made
    assert made[0] in READS
    assert asked(idle).count("I saw it.") == 19


async def test_a_mention_in_a_channel_brings_the_last_hour(bot: Bot) -> None:
    """Of the channel itself; questions that were asked there have threads of their own, and direct messages cost no request."""
    bot.workspace.remark(bot.ben, "Beam 4 has a crack.")
    thread = await bot.workspace.mention(bot.ada, "What is damaged on site 7?")
    await bot.shows(thread, strings.read_earlier(1))
    await bot.workspace.mention(bot.ada, "And on site 8?")
    await answered(bot, 2)
    assert quoted(bot) == ["Beam 4 has a crack."]
    assert reads(bot) == 2
    direct = await bot.workspace.direct_message(bot.ada, "And on site 9?")
    await answered(bot, 3)
    await bot.shows(direct, "I can")
    assert (asked(bot), reads(bot)) == ("And on site 9?", 2)


async def test_a_new_conversation_brings_nothing_of_the_old_one(bot: Bot) -> None:
    """After `/aion new` the next question of the thread is asked without what was said above, as the thread was told."""
    talk = Talk(bot.workspace, bot.ben, "Beam 4 has a crack.")
    talk.ask(bot.ada, "How long is it?")
    await bot.shows(talk.thread, strings.read_earlier(1))
    await told(bot, bot.ada, "new", thread=talk.thread, shows="begins a new conversation")
    await bot.workspace.reply(bot.ada, talk.thread, "And on site 8?")
    await answered(bot, 2)
    assert (asked(bot), len(list(bot.aion.sessions))) == ("And on site 8?", 2)


async def test_nothing_is_read_where_the_operator_says_so(idle: Bot) -> None:
    """`earlier_messages = 0` sends the question alone, and reads nothing."""
    await idle.start(rules=Rules(defaults={EARLIER: Rule(0, "")}))
    talk = Talk(idle.workspace, idle.ben, "Beam 4 has a crack.")
    talk.ask(idle.ada, "How long is it?")
    await answered(idle, 1)
    assert asked(idle) == "How long is it?"


async def test_the_question_that_was_written_down_is_asked_after_a_kill(idle: Bot) -> None:
    """Also where somebody deleted a message meanwhile."""
    await idle.start()
    talk = Talk(idle.workspace, idle.ben, "Beam 4 has a crack.")
    said = talk.say(idle.cy, "Beam 7 leaks.")
    idle.aion.fail_next("create_session", None, silent=True)
    talk.ask(idle.ada, "Which of those is worse?")
    await idle.until(lambda: idle.aion.count("create_session") > 0)
    await idle.kill()
    idle.workspace.delete_message(said)
    await idle.start()
    await answered(idle, 1)
    assert quoted(idle) == ["Beam 4 has a crack.", "Beam 7 leaks."]
    await idle.shows(talk.thread, strings.read_earlier(2))


async def test_a_conversation_that_cannot_be_read_is_said_once(bot: Bot) -> None:
    """The question is asked alone; the answer says so, with a reference, and asks for what matters."""
    refuse(bot)
    talk = Talk(bot.workspace, bot.ben, "Beam 4 has a crack.")
    talk.ask(bot.ada, "How long is it?")
    shown = await bot.shows(talk.thread, strings.EARLIER_NOT_READ.split(".")[0])
    await is_asked(bot)
    assert "ref " in shown
    assert asked(bot) == "How long is it?"


def refuse(bot: Bot) -> None:
    """Let the next requests that read a conversation fail."""
    for name in bot.uses.reads:
        bot.workspace.fail_next(name, times=3, status=503)  # type: ignore[attr-defined]  # this platform has it


async def test_where_slack_limits_reading_a_search_takes_its_place(on_slack: Bot) -> None:
    """The question is asked with what the search of its channel finds."""
    await on_slack.start()
    on_slack.workspace.remark(on_slack.ben, "Beam 4 has a crack.")
    on_slack.workspace.fail_next("conversations.history", retry_after=60.0)  # type: ignore[attr-defined]  # this platform has it
    thread = await on_slack.workspace.mention(on_slack.ada, "Which beam is it?")
    await on_slack.shows(thread, strings.read_earlier(1))
    await is_asked(on_slack)
    assert quoted(on_slack) == ["Beam 4 has a crack."]


async def test_discord_without_the_intent_says_that_it_knows_nothing(on_discord: Bot) -> None:
    """Once, in a thread that people began: the bot sees what mentions it alone, so it reads nothing."""
    await on_discord.start(AION_BOT_DISCORD_MESSAGE_CONTENT="false")
    talk = Talk(on_discord.workspace, on_discord.ben, "Beam 4 has a crack.")
    talk.ask(on_discord.ada, "How long is it?")
    await on_discord.shows(talk.thread, strings.EARLIER_WITHHELD.split(",")[0])
    await is_asked(on_discord)
    assert (asked(on_discord), reads(on_discord)) == ("How long is it?", 0)
    thread = await on_discord.workspace.mention(on_discord.ada, "And here?")
    await on_discord.shows(thread, "I can", without=[strings.EARLIER_WITHHELD.split(",")[0]])
