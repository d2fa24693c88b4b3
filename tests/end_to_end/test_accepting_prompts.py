"""Which prompts are accepted, and which get a sentence instead of an answer."""

from dataclasses import replace
from pathlib import Path

import pytest

from aion_bot.domain import strings
from aion_bot.domain.rule_keys import EARLIER
from aion_bot.domain.rules import Rule, Rules
from aion_bot.ports.failures import with_reference
from aion_bot.simulators.aion import SimulatedAion, script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import THREAD, Channel
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.payloads import event, said
from aion_bot.simulators.workspace import SimulatedFile
from tests.end_to_end.bot import Bot

ALONE = Rules(defaults={EARLIER: Rule(0, "")})
"""Questions are sent without what was said before."""


@pytest.mark.parametrize(
    ("variable", "somebody_else"),
    [
        ("AION_BOT_ALLOW_USERS", "U0ELSE"),
        ("AION_BOT_ALLOW_CHANNELS", "C0ELSE"),
        ("AION_BOT_ALLOW_WORKSPACES", "T0ELSE"),
    ],
)
async def test_who_is_not_listed_is_refused(idle: Bot, variable: str, somebody_else: str) -> None:
    """With an access list, everything that is not on it is refused privately, and Aion is not asked."""
    await idle.start(**{variable: somebody_else})
    thread = await idle.workspace.ask(idle.ada, "What is damaged on site 7?")
    await idle.replies_privately(thread, idle.ada, strings.NOT_HERE)
    assert idle.aion.requests == []


async def test_listed_people_are_answered(idle: Bot) -> None:
    """A person on the access list is answered, another one in the same thread is not."""
    await idle.start(AION_BOT_ALLOW_USERS=f"{idle.ada.id}, U1")
    await idle.asked(idle.ada, "What is damaged on site 7?", "I found 3 pieces")
    other = await idle.workspace.ask(idle.ben, "And what else?")
    await idle.replies_privately(other, idle.ben, strings.NOT_HERE)


async def test_people_without_access_may_not_decide(bot: Bot) -> None:
    """A press by a person without access is refused privately, whatever the approvers say."""
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    await bot.stop()
    await bot.start(AION_BOT_ALLOW_USERS=bot.ada.id, AION_BOT_APPROVERS="anyone")
    await bot.press(bot.ben, thread, "Approve")
    await bot.replies_privately(thread, bot.ben, strings.NOT_HERE)
    assert bot.aion.count("plan_action") == 0


async def test_a_shared_slack_channel_is_refused_unless_listed(on_slack: Bot, slack: SimulatedSlack) -> None:
    """A channel shared with another organisation is served only if AION_BOT_ALLOW_CHANNELS names it."""
    shared = slack.open_channel("partners", shared=True)
    await on_slack.start()
    message = slack.say(on_slack.ada, shared, "<@U0AION> What is damaged on site 7?")
    await on_slack.replies_privately(message.ts, on_slack.ada, strings.SHARED)
    await on_slack.stop()
    await on_slack.start(AION_BOT_ALLOW_CHANNELS=shared.id)
    again = slack.say(on_slack.ada, shared, "<@U0AION> What is damaged on site 7?")
    await on_slack.shows(again.ts, "I found 3 pieces")


async def test_a_mention_without_words_gets_a_hint(bot: Bot) -> None:
    """A mention without words gets one short hint, and Aion is not asked."""
    thread = await bot.workspace.mention(bot.ada, "")
    await bot.replies_privately(thread, bot.ada, strings.HINT)
    await bot.asked(bot.ben, "What is damaged on site 7?", "I found 3 pieces")
    assert sum(strings.HINT in one for one in bot.private_replies(thread, bot.ada)) == 1
    assert bot.aion.count("send_stream") == 1


async def test_attached_files_are_reported_as_not_read(on_slack: Bot, slack: SimulatedSlack) -> None:
    """The answer to a question with a file says that files are off; a file alone gets a sentence."""
    await on_slack.start(AION_BOT_UPLOADS="off")
    message = slack.say(
        on_slack.ada,
        slack.general,
        "<@U0AION> What is damaged on site 7?",
        files=(SimulatedFile("roof.png"),),
    )
    text = await on_slack.shows(message.ts, "I found 3 pieces", strings.NO_FILES_HERE)
    assert text.count(strings.NO_FILES_HERE) == 1
    alone = slack.say(on_slack.ada, slack.general, "<@U0AION>", files=(SimulatedFile("roof.png"),))
    await on_slack.replies_privately(alone.ts, on_slack.ada, strings.FILES_OFF)


async def test_a_question_that_is_too_long_is_refused(on_slack: Bot) -> None:
    """A question over Aion's 10,000 characters is refused with that number, and Aion is not asked."""
    await on_slack.start()
    thread = await on_slack.workspace.ask(on_slack.ada, "x" * 10_001)
    await on_slack.replies_privately(thread, on_slack.ada, strings.TOO_LONG)
    assert on_slack.aion.requests == []


async def test_a_message_can_be_asked_about(bot: Bot) -> None:
    """The shortcut on a message asks Aion with the words of that message."""
    said = bot.workspace.remark(bot.ben, "The crane on site 7 looks bent.")
    thread = await bot.workspace.ask_about(bot.ada, said)
    bot.aion.play(spoken("It is bent indeed."))
    await bot.shows(thread, "It is bent indeed.")
    assert "The crane on site 7 looks bent." in bot.aion.bodies("send_stream")[0]["message"]


@pytest.mark.parametrize("comment", ["Do we have photos of this?", ""])
async def test_a_forwarded_message_is_read(bot: Bot, comment: str) -> None:
    """A forwarded message is asked about with its words marked as quoted, and the person is told that it was read."""
    said = bot.workspace.remark(bot.ben, "The crane on site 7 looks bent.")
    bot.aion.play(spoken("It is bent indeed."))
    thread = await bot.workspace.forward(bot.ada, said, comment)
    await bot.shows(thread, "It is bent indeed.", "I also read the message you forwarded.")
    own, context = bot.aion.bodies("send_stream")[0]["message"].split(strings.QUOTED)
    assert own.strip() == (comment or strings.ASK_ABOUT)
    assert context.endswith(":\n> The crane on site 7 looks bent.")


async def test_direct_messages_are_answered(bot: Bot) -> None:
    """A direct message needs no mention, and a second one continues the conversation."""
    thread = await bot.workspace.direct_message(bot.ada, "What is damaged on site 7?")
    await bot.shows(thread, "I found 3 pieces")
    await bot.workspace.reply(bot.ada, thread, "Which is the worst?")
    await bot.shows(thread, "Of the three, the")
    assert bot.aion.count("create_session") == 1


async def test_a_mention_on_discord_opens_a_thread(on_discord: Bot, discord: SimulatedDiscord) -> None:
    """A mention in a channel is answered in a thread of that message, named after the question."""
    await on_discord.start()
    thread = await discord.mention(on_discord.ada, "What is damaged on site 7?")
    await on_discord.shows(thread, "I found 3 pieces")
    assert discord.title(thread) == "What is damaged on site 7?"


async def test_with_the_intent_replies_need_no_mention(aion: SimulatedAion, tmp_path: Path) -> None:
    """With AION_BOT_DISCORD_MESSAGE_CONTENT=true a reply in the bot's thread is answered, one in another thread is not."""
    discord = SimulatedDiscord(message_content=True)
    await discord.start()
    bot = Bot(aion, discord, tmp_path)
    await bot.start()
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    discord.say(bot.ben, "What is for lunch?")
    discord.say(bot.ben, "Which is the worst?", thread)
    await bot.shows(thread, "Of the three, the")
    assert [body["message"] for body in aion.bodies("send_stream")][1:] == ["Which is the worst?"]
    await bot.stop()
    await discord.stop()


async def test_threads_of_others_are_ignored(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Without a mention the bot answers only in threads it takes part in, and not messages to somebody else."""
    await on_slack.start(rules=ALONE)
    foreign = slack.say(on_slack.ben, slack.general, "Lunch?")
    slack.say(on_slack.cy, slack.general, "Yes!", thread=foreign.ts)
    own = await on_slack.asked(on_slack.ada, "What is damaged on site 7?", "I found 3 pieces")
    slack.say(on_slack.ben, slack.general, f"<@{on_slack.cy.id}> did you see that?", thread=own)
    await on_slack.workspace.reply(on_slack.cy, own, "Which is the worst?")
    await on_slack.shows(own, "Of the three, the")
    assert [body["message"] for body in on_slack.aion.bodies("send_stream")][1:] == ["Which is the worst?"]


async def test_one_message_is_answered_once(aion: SimulatedAion, tmp_path: Path) -> None:
    """Slack's two events for a mention, and their resends, are one question with one answer."""
    slack = SimulatedSlack(ack_timeout=0.0, resend_delays=(0.0, 0.0, 0.0))
    await slack.start()
    bot = Bot(aion, slack, tmp_path)
    aion.play(script.damaged_equipment())
    await bot.start()
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    await bot.asked(bot.ben, "What does the safety report say?", "Both are due this week")
    assert aion.count("send_stream") == 2
    assert len([one for one in bot.bots(thread) if not one.pictures]) == 1
    await bot.stop()
    await slack.stop()


async def test_a_resent_event_is_not_rejected_as_busy(on_slack: Bot, slack: SimulatedSlack) -> None:
    """With AION_BOT_BUSY=reject a message that Slack resends during its answer is not refused."""
    await on_slack.start(AION_BOT_BUSY="reject")
    held = Scene(
        (Speak("The first half, "), Hold("go"), Speak("the rest."), *ENDING),
        Answer("The first half, the rest."),
    )
    on_slack.aion.play(held)
    thread = await on_slack.asked(on_slack.ada, "What?", "The first half,")
    first = next(one for one in slack.sockets.deliveries if one.payload.get("event", {}).get("ts") == thread)
    again = slack.sockets.deliver("events_api", first.payload)
    await on_slack.until(lambda: again.acknowledged)
    on_slack.aion.release("go")
    await on_slack.shows(thread, "the rest.")
    assert on_slack.private_replies(thread, on_slack.ada) == []


async def test_a_press_with_an_unknown_key_gets_a_private_reply(bot: Bot) -> None:
    """A press with an unknown key gets a private reply, and no plan action is sent."""
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    card = await bot.card(thread)
    approve = card.buttons[0]
    key = approve.value or approve.id.rpartition(":")[2]
    forged = {name: getattr(approve, name).replace(key, "0123456789abcdef") for name in ("id", "value")}
    await bot.workspace.press_forged(bot.ada, thread, card.id, replace(approve, **forged))
    told = with_reference(strings.UNKNOWN_PLAN, "0123456789abcdef")
    await bot.replies_privately(thread, bot.ada, told)
    assert bot.aion.count("plan_action") == 0


async def test_what_was_written_before_the_first_question_is_not_asked(
    on_slack: Bot, slack: SimulatedSlack
) -> None:
    """A reply that Slack delivers late, or again, is not asked if it was written before the thread was the bot's."""
    root = slack.say(on_slack.ben, slack.general, "Lunch?")
    earlier = slack.say(on_slack.cy, slack.general, "Pizza at the north roof?", thread=root.ts)
    await on_slack.start(rules=ALONE)
    question = slack.say(on_slack.ada, slack.general, "<@U0AION> What is damaged on site 7?", thread=root.ts)
    await on_slack.shows(root.ts, "I found 3 pieces")
    late = slack.sockets.deliver("events_api", event(said(earlier, slack.general), slack.general))
    await on_slack.until(lambda: late.acknowledged)
    await on_slack.workspace.reply(on_slack.cy, root.ts, "Which is the worst?")
    await on_slack.shows(root.ts, "Of the three, the")
    assert question.ts > earlier.ts
    asked = [body["message"] for body in on_slack.aion.bodies("send_stream")]
    assert asked == ["What is damaged on site 7?", "Which is the worst?"]


async def test_talk_in_the_bots_thread_gets_no_remark(on_slack: Bot, slack: SimulatedSlack) -> None:
    """A picture posted for a colleague, and thanks with a word to somebody else, are met with silence."""
    await on_slack.start()
    own = await on_slack.asked(on_slack.ada, "What is damaged on site 7?", "I found 3 pieces")
    slack.say(on_slack.ben, slack.general, "", thread=own, files=(SimulatedFile("roof.png"),))
    slack.say(on_slack.ben, slack.general, f"thanks! <@{on_slack.cy.id}> can you check?", thread=own)
    slack.say(on_slack.cy, slack.general, "Which is the worst?", thread=own)
    await on_slack.shows(own, "Of the three, the")
    assert on_slack.aion.count("send_stream") == 2
    assert on_slack.private_replies(own, on_slack.ben) == []


async def test_without_the_intent_people_learn_how_to_go_on(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """The first answer in a thread says that replies need a mention; whoever leaves it out is told so once, also after a restart."""
    await on_discord.start()
    thread = await discord.mention(on_discord.ada, "What is damaged on site 7?")
    await on_discord.shows(thread, "I found 3 pieces", strings.GO_ON)
    discord.say(on_discord.ben, "Which is the worst?", thread)
    await on_discord.replies_privately(thread, on_discord.ben, strings.MENTION_ME)
    await on_discord.stop()
    await on_discord.start()
    discord.say(on_discord.ben, "Anybody?", thread)
    discord.say(on_discord.cy, "Which is the worst?", thread)
    await on_discord.replies_privately(thread, on_discord.cy, strings.MENTION_ME)
    await discord.reply(on_discord.ben, thread, "Which is the worst?")
    text = await on_discord.shows(thread, "Of the three, the")
    assert text.count(strings.GO_ON) == 1
    assert on_discord.private_replies(thread, on_discord.ben) == [strings.MENTION_ME]
    assert on_discord.aion.count("send_stream") == 2


async def test_other_threads_get_no_hint(on_discord: Bot, discord: SimulatedDiscord) -> None:
    """Nobody is told to mention the bot in a thread that is not the bot's, or where they may not use it."""
    await on_discord.start(AION_BOT_ALLOW_USERS=on_discord.ada.id)
    thread = await discord.mention(on_discord.ada, "What is damaged on site 7?")
    await on_discord.shows(thread, "I found 3 pieces")
    foreign = discord.world.add(
        Channel(
            discord.world.new_id(), THREAD, "lunch", discord.world.guild, discord.world.named("general").id
        )
    )
    discord.say(on_discord.ada, "Pizza?", foreign.id)
    discord.say(on_discord.ben, "Which is the worst?", thread)
    discord.say(on_discord.ada, "Which is the worst?", thread)
    await on_discord.replies_privately(thread, on_discord.ada, strings.MENTION_ME)
    assert len(on_discord.private_replies(thread, on_discord.ada)) == 1
    assert on_discord.private_replies(thread, on_discord.ben) == []


async def test_after_a_restart_people_still_learn_how_to_go_on(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """An answer that the next process finishes has the bot's own lines as well."""
    await on_discord.start()
    scene = Scene(
        (Speak("I found three of the"), Hold("end", pings=True), *ENDING),
        Answer("I found three of the pieces."),
    )
    on_discord.aion.play(scene)
    thread = await discord.mention(on_discord.ada, "What is damaged on site 7?")
    await on_discord.shows(thread, "I found three")
    await on_discord.kill()
    on_discord.aion.release("end")
    await on_discord.start()
    await on_discord.shows(thread, "of the pieces.", strings.GO_ON)
