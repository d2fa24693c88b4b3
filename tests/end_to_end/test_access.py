"""The access rules hold for every way into the bot, and a refusal is told to the person alone."""

import asyncio

import pytest

from adapters.discord import interactions, membership
from adapters.discord import strings as discord_strings
from aion_bot.domain import strings
from aion_bot.ports.errors import Hindrance
from aion_bot.ports.host import Presence
from aion_bot.runtime.supervisor import PlatformHost
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, PlanEnd, Scene, Speak, spoken
from aion_bot.simulators.discord import SimulatedDiscord, payloads
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot

HELD = Scene(
    (Speak("The first half, "), Hold("go", pings=True), Speak("the second half."), *ENDING),
    Answer("The first half, the second half."),
)


async def test_slacks_own_stop_asks_the_lists(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Slack shows its Stop to everybody; whoever may not use the bot stops nothing, although approvers are anyone."""
    await on_slack.start(AION_BOT_ALLOW_USERS=on_slack.ada.id, AION_BOT_APPROVERS="anyone")
    on_slack.aion.play(HELD)
    thread = await on_slack.asked(on_slack.ada, "What?", "The first half,")
    await on_slack.until(lambda: slack.status(thread) == "processing")
    await slack.stop_session(on_slack.ben, thread)
    await on_slack.replies_privately(thread, on_slack.ben, strings.NOT_HERE)
    on_slack.aion.release("go")
    await on_slack.shows(thread, "the second half.", without=["Stopped by"])


@pytest.mark.slow
async def test_slacks_own_stop_leaves_a_plan_to_its_approvers(on_slack: Bot, slack: SimulatedSlack) -> None:
    """The asker ends the answer; the plan that only Ben may decide is not cancelled, and Ben can approve it."""
    await on_slack.start(AION_BOT_APPROVERS=on_slack.ben.id)
    on_slack.aion.play(script.organize(stays_open=True))
    thread = await on_slack.workspace.ask(on_slack.ada, "Organize the photos of site 7")
    await on_slack.card(thread)
    await on_slack.until(lambda: slack.status(thread) == "processing")
    await slack.stop_session(on_slack.ada, thread)
    await on_slack.replies_privately(thread, on_slack.ada, strings.STOPPING_BUT_PLAN)
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
    await idle.workspace.reply(idle.ben, thread, "thanks")
    await idle.until(lambda: idle.queued_marker_count(thread) == 1)
    idle.aion.release("go")
    await idle.shows(thread, "the second half.", "You are welcome.", without=[strings.REPLACED])


@pytest.mark.parametrize("narrowed", ["AION_BOT_ALLOW_USERS", "AION_BOT_ALLOW_CHANNELS"])
async def test_recovery_asks_the_lists(bot: Bot, narrowed: str) -> None:
    """What was open when the bot was killed is neither asked nor shown where the lists no longer allow it."""
    bot.aion.play(HELD)
    thread = await bot.asked(bot.ada, "first", "The first half,")
    await bot.workspace.reply(bot.ada, thread, "second")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    await bot.kill()
    before, asked = [one.versions for one in bot.bots(thread)], len(bot.aion.requests)
    await bot.start(**{narrowed: f"{bot.ben.id if 'USERS' in narrowed else 'C0ELSE'}"})
    # The mark is taken away: nothing waits any more.
    await bot.until(lambda: bot.queued_marker_count(thread) == 0)
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
    thread = await idle.workspace.ask(idle.ada, "What is damaged on site 7?")
    await idle.until(lambda: idle.pressable(thread) == ["Retry"])
    await idle.stop()
    await idle.start(AION_BOT_APPROVERS="anyone", AION_BOT_ALLOW_USERS=idle.ben.id)
    asked = len(idle.aion.requests)
    await idle.press(idle.ben, thread, "Retry")
    await idle.replies_privately(thread, idle.ben, strings.RETRY_LAPSED)
    assert len(idle.aion.requests) == asked


@pytest.mark.slow
async def test_a_decision_on_a_plan_whose_asker_left_the_list_is_finished(idle: Bot) -> None:
    """Ben decided a plan of Ada, who may not use the bot any more after a kill: the card shows what became of it."""
    await idle.start(AION_BOT_APPROVERS="anyone")
    idle.aion.play(script.organize(PlanEnd.LOST_BEFORE_ACTING))
    thread = await idle.workspace.ask(idle.ada, "Organize the photos of site 7")
    await idle.card(thread)
    await idle.press(idle.ben, thread, "Approve")
    await idle.shows(thread, strings.UNKNOWN)
    await idle.kill()
    await idle.start(AION_BOT_APPROVERS="anyone", AION_BOT_ALLOW_USERS=idle.ben.id)
    await idle.shows(thread, "Approve pressed by", strings.STILL_UNKNOWN)


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
    on_slack.workspace.edit_message(on_slack.message_of(thread, "damaged"), "Something else")
    await on_slack.asked(on_slack.ben, "What does the safety report say?", "Both are due this week")
    assert not edited.is_set()


async def test_approvers_of_another_platform_are_not_shown(on_slack: Bot) -> None:
    """A card names the approvers who are here, and mentions no id of the other platform."""
    await on_slack.start(AION_BOT_APPROVERS=f"123456789012345678,{on_slack.ben.id}")
    thread = await on_slack.workspace.ask(on_slack.ada, "Organize the photos of site 7")
    card = await on_slack.card(thread)
    assert "Only @Ben can approve or cancel this." in card.text
    assert "123456789012345678" not in str(card.payload)


async def test_without_an_approver_here_nobody_decides(on_slack: Bot) -> None:
    """A list that names nobody of this platform says so, and lets nobody decide."""
    await on_slack.start(AION_BOT_APPROVERS="123456789012345678")
    thread = await on_slack.workspace.ask(on_slack.ada, "Organize the photos of site 7")
    card = await on_slack.card(thread)
    assert strings.NOBODY_DECIDES in card.text
    await on_slack.press(on_slack.ada, thread, "Approve")
    await on_slack.replies_privately(thread, on_slack.ada, strings.NOBODY_DECIDES)
    assert on_slack.aion.count("plan_action") == 0


async def test_the_team_that_counts_is_the_persons(on_slack: Bot, slack: SimulatedSlack) -> None:
    """In a listed channel that two organisations share, AION_BOT_ALLOW_WORKSPACES lets only the people of its teams in."""
    shared = slack.open_channel("partners", shared=True, guests=[on_slack.ben.id])
    await on_slack.start(AION_BOT_ALLOW_CHANNELS=shared.id, AION_BOT_ALLOW_WORKSPACES="T0SITEOPS")
    theirs = slack.say(on_slack.ben, shared, "<@U0AION> What is damaged on site 7?")
    await on_slack.replies_privately(theirs.ts, on_slack.ben, strings.NOT_HERE)
    ours = slack.say(on_slack.ada, shared, "<@U0AION> Organize the photos of site 7")
    await on_slack.card(ours.ts)
    assert on_slack.aion.count("send_stream") == 1
    await on_slack.stop()
    lists = {"AION_BOT_ALLOW_CHANNELS": shared.id, "AION_BOT_ALLOW_WORKSPACES": "T0SITEOPS"}
    await on_slack.start(**lists, AION_BOT_APPROVERS="anyone")
    await on_slack.press(on_slack.ben, ours.ts, "Approve")
    await on_slack.replies_privately(ours.ts, on_slack.ben, strings.NOT_HERE)
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
    assert len(told) == 1
    assert told[0].text == strings.SHARED or told[0].text.startswith(f"{strings.CANNOT_WRITE} (ref ")
    assert [one.text for one in slack.channel(elsewhere)] == ["The crane on site 7 looks bent."]
    assert on_slack.aion.requests == []


async def test_a_shortcut_in_an_archived_channel_asks_nothing(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Nobody can write there any more: the person is told, and Aion is not asked."""
    await on_slack.start()
    said = slack.say(on_slack.ben, slack.general, "The crane on site 7 looks bent.")
    slack.archive(slack.general)
    await slack.shortcut(on_slack.ada, said.ts)
    direct = f"D{on_slack.ada.id[1:]}"
    await on_slack.until(lambda: bool(slack.channel(slack.conversations.channels[direct])))
    (told,) = slack.channel(slack.conversations.channels[direct])
    assert told.text.startswith(f"{strings.CANNOT_WRITE} (ref ")
    assert on_slack.aion.requests == []


async def test_a_shortcut_asks_nothing_where_slack_does_not_say_whose_conversation_it_is(
    on_slack: Bot, slack: SimulatedSlack
) -> None:
    """The direct message may be one between two people, in which the bot can show nothing."""
    await on_slack.start()
    elsewhere = slack.open_channel("elsewhere", kind="im", member=False)
    said = slack.say(on_slack.ben, elsewhere, "The crane on site 7 looks bent.")
    slack.fail_next("conversations.replies", status=500)
    await slack.shortcut(on_slack.ada, said.ts)
    await on_slack.asked(on_slack.ada, "What is damaged on site 7?", "I found 3 pieces")
    assert on_slack.aion.count("send_stream") == 1


async def ask_privately(discord: SimulatedDiscord, bot: Bot, text: str, channel: str = "general") -> str:
    """Use `/ask` where it is refused; returns what the bot told Ada alone, and checks that nobody else saw anything."""
    where = discord.world.named(channel)
    before = len(discord.thread(where.id))
    known = discord.world.command("ask", 1)
    option = {"name": "prompt", "type": 3, "value": text}
    data = {"id": known["id"], "name": "ask", "type": 1, "options": [option]}
    discord.interact(2, bot.ada, where, data)
    await bot.until(lambda: len(discord.thread(where.id)) > before)
    (told,) = discord.thread(where.id)[before:]
    assert told.only_for == bot.ada.id
    return told.text


async def test_a_refused_command_is_not_repeated_in_public(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """`/ask` of somebody who may not ask is answered to them alone, and so is a question that cannot be asked."""
    await on_discord.start(AION_BOT_ALLOW_USERS=on_discord.ben.id)
    assert await ask_privately(discord, on_discord, "Fire everybody") == strings.NOT_HERE
    await on_discord.stop()
    await on_discord.start()
    await on_discord.asked(on_discord.ada, "What is damaged on site 7?", "I found 3 pieces")
    assert await ask_privately(discord, on_discord, "\u200b") == strings.HINT


@pytest.mark.parametrize(
    ("channel", "silenced"), [("general", "muted"), ("thread", "muted"), ("general", "timed_out")]
)
async def test_a_member_who_may_not_write_is_answered_privately(
    on_discord: Bot, discord: SimulatedDiscord, channel: str, silenced: str
) -> None:
    """Commands work for people who may not write: they are answered directly, and the bot says nothing for them here."""
    await on_discord.start()
    thread = await on_discord.asked(on_discord.ben, "What does the safety report say?", "Both are due")
    getattr(discord.world, silenced).add(on_discord.ada.id)
    where = thread if channel == "thread" else discord.world.named(channel).id
    before = len(discord.thread(where))
    told = await ask_privately(discord, on_discord, "What is damaged on site 7?", where)
    assert told == discord_strings.ANSWERED_DIRECTLY
    direct = discord.direct(on_discord.ada)
    text = await on_discord.shows(direct, "What is damaged on site 7?", "I found 3 pieces")
    assert "safety" not in text
    assert [one.only_for for one in discord.thread(where)[before:]] == [on_discord.ada.id]


async def test_a_plan_of_a_member_who_may_not_write_is_decided_privately(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """The card and its result come by direct messages as well, also after a restart."""
    await on_discord.start()
    discord.world.muted.add(on_discord.ada.id)
    general = discord.world.named("general").id
    await ask_privately(discord, on_discord, "Organize the photos of site 7", general)
    direct = discord.direct(on_discord.ada)
    await on_discord.card(direct)
    await on_discord.stop()
    await on_discord.start()
    await on_discord.press(on_discord.ada, direct, "Approve")
    await on_discord.shows(direct, "Approved by", "Done")
    assert all(one.only_for == on_discord.ada.id for one in discord.thread(general))


async def test_a_member_who_may_not_write_and_takes_no_direct_messages(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """Where nothing can be shown Aion is not asked, and the person is told how to change that."""
    await on_discord.start()
    discord.world.muted.add(on_discord.ada.id)
    discord.world.closed_to_bot.add(on_discord.ada.id)
    general = discord.world.named("general").id
    await ask_privately(discord, on_discord, "What is damaged on site 7?", general)
    await on_discord.until(lambda: len(discord.thread(general)) == 2)
    shown = discord.thread(general)
    assert [one.only_for for one in shown] == [on_discord.ada.id] * 2
    assert shown[1].text == discord_strings.DIRECT_CLOSED
    assert on_discord.aion.requests == []


async def test_a_retry_of_a_member_who_may_not_write(on_discord: Bot, discord: SimulatedDiscord) -> None:
    """A retry is a new answer for everybody: whoever may not write there does not get one."""
    await on_discord.start()
    on_discord.aion.fail_next("send_stream", 503, times=4)
    thread = await on_discord.workspace.ask(on_discord.ada, "What is damaged on site 7?")
    await on_discord.until(lambda: on_discord.pressable(thread) == ["Retry"])
    asked = len(on_discord.aion.requests)
    discord.world.muted.add(on_discord.ada.id)
    await on_discord.press(on_discord.ada, thread, "Retry")
    await on_discord.replies_privately(thread, on_discord.ada, strings.MUTED)
    assert len(on_discord.aion.requests) == asked


async def test_a_command_asks_only_where_the_answer_can_be_shown(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """Discord offers commands also where the bot may not write: the person is told, and Aion is not asked."""
    await on_discord.start()
    said = discord.remark(on_discord.ben, "The crane looks bent.")
    general = discord.world.named("general")
    discord.world.read_only.add(general.id)
    sentence = strings.cannot_write(Hindrance.PERMISSION, "Create Public Threads")
    told = await ask_privately(discord, on_discord, "What is damaged?")
    assert told.startswith(f"{sentence} (ref ")
    known = discord.world.command("Ask Aion", 3)
    resolved = {"messages": {said: {**payloads.message(discord.world.anywhere(said), discord.world)}}}
    data = {"id": known["id"], "name": "Ask Aion", "type": 3, "target_id": said, "resolved": resolved}
    discord.interact(2, on_discord.ada, general, data)
    await on_discord.until(lambda: len(discord.thread(general.id)) == 3)
    assert [one.only_for for one in discord.thread(general.id)] == [
        None,
        on_discord.ada.id,
        on_discord.ada.id,
    ]
    assert on_discord.aion.requests == []


async def test_a_refused_mention_is_answered_to_nobody_else(
    on_discord: Bot, discord: SimulatedDiscord, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody who takes no direct messages is not refused in public instead; the log says so."""
    discord.world.closed_to_bot.add(on_discord.ada.id)
    await on_discord.start(AION_BOT_ALLOW_USERS=on_discord.ben.id)
    thread = await discord.mention(on_discord.ada, "What is damaged on site 7?")
    await on_discord.asked(on_discord.ben, "What is damaged on site 7?", "I found 3 pieces")
    await on_discord.stop()
    assert [one.by_bot for one in discord.thread(thread)] == [False]
    log = capsys.readouterr().out
    assert "access denied" in log
    assert "private reply failed" in log
    assert "damaged" not in log


@pytest.mark.slow
async def test_a_server_that_joins_later_has_to_be_listed(
    on_discord: Bot, discord: SimulatedDiscord, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that invites the running bot is logged, and answered only once it is listed; a restart changes nothing."""
    await on_discord.start()
    await on_discord.asked(on_discord.ada, "What is damaged on site 7?", "I found 3 pieces")
    channel = discord.invite("Southwind", "lobby")
    server = str(discord.world.channel(channel).guild)
    assert await ask_privately(discord, on_discord, "And here?", channel) == strings.NEW_SERVER
    log = capsys.readouterr().out
    assert "workspace joined" in log
    assert "workspace not admitted" in log
    assert server in log
    await on_discord.stop()
    await on_discord.start()
    assert await ask_privately(discord, on_discord, "And here?", channel) == strings.NEW_SERVER
    assert "workspace not admitted" in capsys.readouterr().out
    thread = await discord.mention(on_discord.ada, "What is damaged on site 7?", channel)
    await on_discord.replies_privately(thread, on_discord.ada, strings.NEW_SERVER)
    await on_discord.stop()
    await on_discord.start(AION_BOT_ALLOW_WORKSPACES=f"{discord.world.guild},{server}")
    thread = await discord.ask(on_discord.ada, "What is damaged on site 7?", channel=channel)
    await on_discord.shows(thread, "I found 3 pieces")


async def test_the_first_server_of_all_is_answered(
    on_discord: Bot, discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot that starts in no server answers in the first one that invites it, after a restart too, and in no second one."""
    servers = dict(discord.world.servers)
    discord.world.servers.clear()
    ready, connected = asyncio.Event(), PlatformHost.connected

    async def noting(host: PlatformHost, presence: Presence) -> None:
        await connected(host, presence)
        ready.set()

    monkeypatch.setattr(PlatformHost, "connected", noting)
    await on_discord.start()
    await ready.wait()
    first, second = discord.invite("Southwind", "lobby"), discord.invite("Eastwind", "hall")
    thread = await discord.ask(on_discord.ada, "What is damaged on site 7?", channel=first)
    await on_discord.shows(thread, "I found 3 pieces")
    assert await ask_privately(discord, on_discord, "And here?", second) == strings.NEW_SERVER
    await on_discord.stop()
    discord.world.servers.update(servers)
    await on_discord.start()
    assert await ask_privately(discord, on_discord, "And here?", "general") == strings.NEW_SERVER
    thread = await discord.ask(on_discord.ada, "What is damaged on site 7?", channel=first)
    await on_discord.shows(thread, "I found 3 pieces")


async def test_a_stranger_does_not_come_in_by_a_direct_message(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """Whoever shares with the bot only a server that is not admitted is refused there directly, too; others are not."""
    await on_discord.start()
    await on_discord.asked(on_discord.ada, "What is damaged on site 7?", "I found 3 pieces")
    channel = discord.invite("Southwind", "lobby")
    assert await ask_privately(discord, on_discord, "And here?", channel) == strings.NEW_SERVER
    asked = len(on_discord.aion.requests)
    discord.world.absent.add((discord.world.guild, on_discord.ben.id))
    stranger = await discord.direct_message(on_discord.ben, "What is damaged on site 7?")
    await on_discord.until(lambda: any(strings.NEW_SERVER in one.text for one in discord.thread(stranger)))
    assert len(on_discord.aion.requests) == asked
    thread = await discord.direct_message(on_discord.cy, "What is damaged on site 7?")
    await on_discord.shows(thread, "I found 3 pieces")


async def test_who_left_the_only_server_does_not_ask_directly_any_more(
    on_discord: Bot, discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old direct message stays open to who has left; also where Discord does not say who is a member, nothing is asked."""
    monkeypatch.setattr(membership, "LIFETIME", 0.0)
    await on_discord.start()
    thread = await discord.direct_message(on_discord.ben, "What is damaged on site 7?")
    await on_discord.shows(thread, "I found 3 pieces")
    asked = len(on_discord.aion.requests)
    discord.world.absent.add((discord.world.guild, on_discord.ben.id))
    await discord.direct_message(on_discord.ben, "And then?")
    await on_discord.until(lambda: any(strings.NEW_SERVER in one.text for one in discord.thread(thread)))
    discord.world.absent.clear()
    monkeypatch.setattr(membership, "TIMEOUT", 0.05)
    discord.fail_next("GET /guilds/{guild_id}/members/{user_id}", status=503, times=9)
    await discord.direct_message(on_discord.ben, "And now?")
    await on_discord.until(lambda: any(strings.UNCHECKED in one.text for one in discord.thread(thread)))
    assert len(on_discord.aion.requests) == asked


@pytest.mark.parametrize(("times", "told"), [(1, ""), (9, discord_strings.NOT_TAKEN)])
async def test_direct_messages_that_discord_cannot_open_now(
    on_discord: Bot, discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch, times: int, told: str
) -> None:
    """Whoever was promised a direct message gets it after all, or reads that the question was not taken."""
    monkeypatch.setattr(interactions, "RETRY_DELAYS", (0.01, 0.01))
    await on_discord.start()
    discord.world.muted.add(on_discord.ada.id)
    discord.fail_next("POST /users/@me/channels", status=503, times=times)
    general = discord.world.named("general").id
    await ask_privately(discord, on_discord, "What is damaged on site 7?", general)
    if told:
        await on_discord.until(lambda: discord.thread(general)[-1].text.startswith(f"{told} (ref "))
    else:
        await on_discord.shows(discord.direct(on_discord.ada), "I found 3 pieces")
