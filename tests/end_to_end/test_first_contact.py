"""First contact: what somebody is told who does not know yet what to ask."""

import pytest

from aion_bot.domain import strings
from aion_bot.domain.rule_keys import IMAGES
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.aion.library import IMAGES as NEWEST
from aion_bot.simulators.aion.library import PUMP
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow


async def test_a_hint_names_files_of_the_companys_own_library(bot: Bot) -> None:
    """A mention without words gets one private sentence with things to try, among them the three newest files."""
    thread = await bot.workspace.mention(bot.ada, "")
    await bot.replies_privately(thread, bot.ada, strings.HINT)
    (told,) = bot.private_replies(thread, bot.ada)
    assert [one.filename in told for one in NEWEST] == [True] * 3 + [False] * 3
    assert bot.aion.count("send_stream") == 0


async def test_a_hint_names_nothing_where_a_selection_holds_or_the_library_is_empty(idle: Bot) -> None:
    """Where `images` limits what questions are about, or Aion has too little to name, the hint names no file."""
    await idle.start(rules=Rules(defaults={IMAGES: Rule(frozenset({PUMP.id}), "")}))
    limited = await idle.workspace.mention(idle.ada, "")
    await idle.replies_privately(limited, idle.ada, strings.HINT)
    assert idle.private_replies(limited, idle.ada) == [strings.HINT]
    assert idle.aion.count("list_files") == 0
    await idle.stop()
    for one in [*idle.aion.files]:
        idle.aion.files.remove(one.id)
    await idle.start()
    empty = await idle.workspace.mention(idle.ben, "")
    await idle.replies_privately(empty, idle.ben, strings.HINT)
    assert idle.private_replies(empty, idle.ben) == [strings.HINT]
    assert idle.aion.count("list_files") == 1


async def test_a_channel_is_greeted_once_when_the_bot_is_invited(
    on_slack: Bot, slack: SimulatedSlack
) -> None:
    """On Slack the channel of an invitation gets one sentence that names files; a second invitation gets none."""
    await on_slack.start()
    channel = slack.open_channel("roofs")
    slack.invite_bot(on_slack.ada, channel)
    await on_slack.until(lambda: len(greetings(slack, channel.id)) == 1)
    assert PUMP.filename in greetings(slack, channel.id)[0]
    slack.invite_bot(on_slack.ben, channel)
    await on_slack.asked(on_slack.ben, "What is damaged on site 7?", "I found 3 pieces")
    assert len(greetings(slack, channel.id)) == 1
    await on_slack.stop()
    await on_slack.start(AION_BOT_ALLOW_USERS=on_slack.ada.id)
    refused, listed = slack.open_channel("refused"), slack.open_channel("listed")
    slack.invite_bot(on_slack.ben, refused)
    slack.invite_bot(on_slack.ada, listed)
    await on_slack.until(lambda: bool(greetings(slack, listed.id)))
    assert greetings(slack, refused.id) == []
    assert greetings(slack, listed.id) == [strings.greeting(strings.HINT)], (
        "others in the channel may not ask"
    )


async def test_the_first_direct_message_brings_things_to_try(bot: Bot) -> None:
    """The first answer that a person gets alone names files of the library, once for each person, after a restart as well."""
    first = await bot.workspace.direct_message(bot.ada, "What is damaged on site 7?")
    told = await bot.shows(first, "I found 3 pieces", "Try next: ask about")
    assert all(one.filename in told for one in NEWEST[:3])
    await bot.stop()
    await bot.start()
    second = await bot.workspace.direct_message(bot.ada, "What about the safety report?")
    await bot.shows(second, "safety report of March")
    assert "".join(bot.text(one) for one in {first, second}).count("Try next") == 1
    other = await bot.workspace.direct_message(bot.ben, "What is damaged on site 7?")
    await bot.shows(other, "I found 3 pieces", "Try next")


async def test_a_library_that_names_nothing_leaves_three_questions_to_try(idle: Bot) -> None:
    """Where a selection holds, the first direct answer suggests questions, and Aion is asked for no file; a channel gets none."""
    await idle.start(rules=Rules(defaults={IMAGES: Rule(frozenset({PUMP.id}), "")}))
    direct = await idle.workspace.direct_message(idle.ada, "What is damaged on site 7?")
    await idle.shows(direct, strings.TRY_NEXT)
    assert idle.aion.count("list_files") == 0
    thread = await idle.asked(idle.ben, "What is damaged on site 7?", "I found 3 pieces")
    assert "Try next" not in idle.text(thread)


async def test_a_server_is_greeted_once_when_the_bot_is_invited(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """On Discord the system channel of a new server gets one sentence that names files, and none after a restart."""
    discord.world.servers.clear()
    await on_discord.start()
    lobby = discord.invite("Southwind", "lobby")
    await on_discord.until(lambda: bool(written(discord, lobby)))
    (said,) = written(discord, lobby)
    assert PUMP.filename in said
    await on_discord.stop()
    await on_discord.start()
    thread = await discord.mention(on_discord.ada, "What is damaged on site 7?", lobby)
    await on_discord.shows(thread, "I found 3 pieces")
    assert written(discord, lobby) == [said]


async def test_servers_that_are_greeted_at_a_start(on_discord: Bot, discord: SimulatedDiscord) -> None:
    """A server that invited the bot within the last day is greeted at its start: not an older or unlisted one, nor where it may not write."""
    world = discord.world
    world.system_channels[world.guild] = old = world.named("general").id
    names = ("Silent", "Bare", "Unlisted", "Welcoming")
    silent, bare, unlisted, welcoming = (discord.invite(one, one.lower()) for one in names)
    world.read_only.add(silent)
    world.system_channels.pop(str(world.channel(bare).guild))
    listed = [world.guild, *(str(world.channel(one).guild) for one in (silent, bare, welcoming))]
    await on_discord.start(AION_BOT_ALLOW_WORKSPACES=",".join(listed))
    await on_discord.until(lambda: bool(written(discord, welcoming)))
    thread = await discord.mention(on_discord.ada, "What is damaged on site 7?")
    await on_discord.shows(thread, "I found 3 pieces")
    assert [len(written(discord, one)) for one in (old, silent, bare, unlisted, welcoming)] == [0, 0, 0, 0, 1]


def written(discord: SimulatedDiscord, channel: str) -> list[str]:
    """What the bot wrote in a channel of Discord itself."""
    return [one.content for one in discord.world.messages[channel] if discord.world.is_bot(one.author)]


def greetings(slack: SimulatedSlack, channel: str) -> list[str]:
    """What the bot wrote in a channel itself."""
    found = [one for one in slack.conversations.messages if one.channel == channel and one.by_bot]
    return [one.body["text"] for one in found if one.thread_ts is None]
