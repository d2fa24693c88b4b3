"""Asking privately: only whoever asks sees question and answer, wherever the bot stops, and may share them."""

import asyncio
import re

import pytest

from aion_bot.domain import strings
from aion_bot.domain.access import NOBODY
from aion_bot.domain.rule_keys import APPROVER_ROLES, APPROVERS, ENABLED, PRIVATE, REQUIRED
from aion_bot.domain.rules import Rule, Rules
from aion_bot.ports.errors import Hindrance
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import Failure, Operation, Shown, SimulatedPerson
from aion_bot.storage.erasure import Erasure, erase
from tests.end_to_end.bot import Bot

QUESTION = "What is damaged on site 7?"


def read_by(bot: Bot, person: SimulatedPerson) -> str:
    """All that the bot wrote to a person in their direct messages."""
    return "\n".join(one.text for one in bot.workspace.direct_messages(person))


async def answered(bot: Bot, person: SimulatedPerson, *parts: str) -> Shown:
    """Wait until a person's direct messages show every part, and the answer its button; returns its last message."""

    def found() -> list[Shown]:
        shown = [one for one in bot.workspace.direct_messages(person) if strings.SHARE in labels(one)]
        return shown if all(part in read_by(bot, person) for part in parts) else []

    await bot.until(lambda: bool(found()))
    return found()[-1]


def labels(message: Shown) -> list[str]:
    """What the buttons of a message say."""
    return [one.label for one in message.buttons]


async def test_only_the_asker_sees_question_and_answer(bot: Bot) -> None:
    """Both stand in the asker's direct messages, in a session of their own; others see nothing of either."""
    await bot.asked(bot.ben, "Show the damage on site 7", "I found 3 pieces")
    await bot.workspace.ask_privately(bot.ada, QUESTION)
    await answered(bot, bot.ada, QUESTION, strings.ASKED_PRIVATELY, "I found 3 pieces")
    assert QUESTION not in public(bot)
    assert public(bot).count("I found 3 pieces") == 1
    assert read_by(bot, bot.ben) == ""
    assert [len(list(one.texts("user"))) for one in bot.aion.sessions] == [1, 1]


async def test_the_asker_shares_an_answer_once(bot: Bot) -> None:
    """Question and answer stand where the question was asked, with who shared them, and ping nobody; a second press says so."""
    await bot.workspace.ask_privately(bot.ada, f"{QUESTION} @everyone <!channel>")
    shown = await answered(bot, bot.ada, "The sign on the fence")
    button = next(one for one in shown.buttons if one.label == strings.SHARE)
    await bot.workspace.press_private(bot.ada, shown.id, button.id)
    await bot.until(
        lambda: "The sign on the fence" in public(bot) and strings.NOW_SHARED in private(bot, bot.ada)
    )
    assert QUESTION in public(bot)
    assert f"@{bot.ada.name}{strings.SHARED_BY}" in public(bot)
    pinged = {who for one in bot.workspace.public_messages() if one.by_bot for who in one.pings}
    assert pinged <= {bot.ada.id}  # whoever shares it is named
    before = public(bot)
    await bot.workspace.press_private(bot.ada, shown.id, button.id)
    await bot.until(lambda: strings.SHARED_ALREADY in private(bot, bot.ada))
    assert public(bot) == before


def public(bot: Bot) -> str:
    """All that anybody can read outside of direct messages."""
    return "\n".join(one.text for one in bot.workspace.public_messages())


def private(bot: Bot, person: SimulatedPerson) -> str:
    """All that a person alone reads of the bot."""
    return "\n".join(one.text for one in all_private(bot, person))


async def asked_privately(bot: Bot, person: SimulatedPerson) -> Shown:
    """Ask privately and wait for the whole answer; returns its last message."""
    await bot.workspace.ask_privately(person, QUESTION)
    return await answered(bot, person, "I found 3 pieces")


async def press(bot: Bot, person: SimulatedPerson, message: Shown, label: str) -> None:
    """Press a button on a message that its person alone sees."""
    button = next(one for one in message.buttons if one.label == label)
    await bot.workspace.press_private(person, message.id, button.id)


async def test_a_private_question_survives_a_kill(idle: Bot) -> None:
    """It is answered after the next start where nobody else reads, and shared from there."""
    await idle.start()
    idle.aion.play(Scene((Speak("At work. "), Hold("never", pings=True), *ENDING), Answer("")))
    await idle.workspace.ask_privately(idle.ada, QUESTION)
    await idle.until(lambda: "At work." in private(idle, idle.ada))
    await idle.kill()
    await idle.start()
    await idle.until(lambda: any(labels(one) for one in idle.workspace.direct_messages(idle.ada)))
    assert public(idle) == ""


async def test_nobody_else_shares_it(bot: Bot) -> None:
    """A key that is forged, in another person's direct messages, finds nothing to share."""
    shown = await asked_privately(bot, bot.ada)
    button = next(one for one in shown.buttons if one.label == strings.SHARE)
    thread = await bot.workspace.direct_message(bot.ben, QUESTION)
    await bot.until(lambda: "I found 3 pieces" in read_by(bot, bot.ben))
    last = bot.workspace.direct_messages(bot.ben)[-1]
    await bot.workspace.press_forged(bot.ben, thread, last.id, button)
    await bot.until(lambda: strings.SHARE_GONE in private(bot, bot.ben))
    assert public(bot) == ""


async def test_the_asker_goes_on_privately(bot: Bot) -> None:
    """A reply in the direct messages is asked in the same conversation."""
    shown = await asked_privately(bot, bot.ada)
    thread = bot.workspace.thread_of(shown.id)
    await bot.workspace.reply(bot.ada, thread, "Which is worst?")
    await bot.until(lambda: bot.aion.count("send_stream") == 2)
    assert [len(list(one.texts("user"))) for one in bot.aion.sessions] == [2]
    assert public(bot) == ""


async def test_a_person_without_direct_messages_is_told(bot: Bot) -> None:
    """Nothing is asked of Aion, and nothing shows in public."""
    bot.workspace.close_direct_messages(bot.ada)
    await bot.workspace.ask_privately(bot.ada, QUESTION)
    await bot.until(lambda: CLOSED in private(bot, bot.ada))
    assert public(bot) == ""
    assert bot.aion.count("send_stream") == 0


CLOSED = strings.cannot_write(Hindrance.CLOSED)
PRIVATELY = Rules({PRIVATE: Rule(True, "bot.toml, line 2")})  # a value of the file


async def test_every_answer_of_a_private_channel_is_its_asker_s(idle: Bot) -> None:
    """A mention, and a command without the option, are answered in direct messages; the channel shows the question alone."""
    await idle.start(rules=PRIVATELY)
    await idle.workspace.mention(idle.ada, QUESTION)
    await answered(idle, idle.ada, "I found 3 pieces")
    assert [one.text for one in idle.workspace.public_messages() if one.by_bot] == []
    assert not any(idle.workspace.is_marked(one.id) for one in idle.workspace.public_messages())
    await idle.workspace.ask(idle.ben, QUESTION)
    await answered(idle, idle.ben, "I found 3 pieces")
    assert [one.text for one in idle.workspace.public_messages() if one.by_bot] == []


async def test_a_private_plan_is_shown_to_those_who_may_decide(idle: Bot) -> None:
    """Each approver has a copy in their direct messages, decides there, and sees the record; others see nothing."""
    approvers = {APPROVERS: Rule(frozenset({idle.ben.id}), "bot.toml, line 2")}
    await idle.start(rules=Rules(approvers))
    await idle.workspace.ask_privately(idle.ada, "Organize the photos of site 7")
    card = await copied(idle, idle.ben)
    assert idle.ada.name in read_by(idle, idle.ben)
    own = await copied(idle, idle.ada)
    await press(idle, idle.ada, own, strings.APPROVE)
    await idle.until(lambda: "can approve" in private(idle, idle.ada))
    await press(idle, idle.ben, card, strings.APPROVE)
    await idle.until(
        lambda: all(f"Approved by @{idle.ben.name}" in read_by(idle, one) for one in (idle.ada, idle.ben))
    )
    assert idle.aion.count("plan_action") == 1
    assert public(idle) == ""
    assert read_by(idle, idle.cy) == ""


async def copied(bot: Bot, person: SimulatedPerson) -> Shown:
    """Wait until a person has a card with both buttons."""

    def found() -> list[Shown]:
        shown = bot.workspace.direct_messages(person)
        return [one for one in shown if labels(one)[:2] == [strings.APPROVE, strings.CANCEL]]

    await bot.until(lambda: bool(found()))
    return found()[-1]


async def test_two_approvers_decide_a_private_plan(idle: Bot) -> None:
    """The first approval shows on both copies, the second one carries the plan out; a forged press of somebody else does not count."""
    both = frozenset({idle.ben.id, idle.cy.id})
    rules = {APPROVERS: Rule(both, "bot.toml, line 2"), REQUIRED: Rule(2, "bot.toml, line 3")}
    await idle.start(rules=Rules(rules))
    await idle.workspace.ask_privately(idle.ada, "Organize the photos of site 7")
    first, second = await copied(idle, idle.ben), await copied(idle, idle.cy)
    await press(idle, idle.ben, first, strings.APPROVE)
    await idle.until(lambda: idle.ben.name in read_by(idle, idle.cy))
    assert idle.aion.count("plan_action") == 0
    await idle.stop()
    await idle.start(rules=Rules(rules))
    await press(idle, idle.cy, second, strings.APPROVE)
    await idle.until(lambda: all("Done" in read_by(idle, one) for one in (idle.ada, idle.ben, idle.cy)))
    assert idle.aion.count("plan_action") == 1
    assert public(idle) == ""


async def test_nobody_decides_a_private_plan_by_a_forged_press(bot: Bot) -> None:
    """The key of a plan does nothing in the direct messages of somebody who has no copy of its card."""
    await bot.workspace.ask_privately(bot.ada, "Organize the photos of site 7")
    card = await copied(bot, bot.ada)
    thread = await bot.workspace.direct_message(bot.ben, QUESTION)
    await bot.until(lambda: "I found 3 pieces" in read_by(bot, bot.ben))
    last = bot.workspace.direct_messages(bot.ben)[-1]
    await bot.workspace.press_forged(bot.ben, thread, last.id, card.buttons[0])
    await bot.until(lambda: strings.UNKNOWN_PLAN in private(bot, bot.ben))
    assert bot.aion.count("plan_action") == 0


async def test_a_refused_share_may_be_repeated(bot: Bot) -> None:
    """Where the platform takes nothing the asker is told why, nothing is claimed, and a later press shares it."""
    shown = await asked_privately(bot, bot.ada)
    await bot.until(
        lambda: "I couldn't load" in read_by(bot, bot.ada)
    )  # its pictures, which are the last post
    bot.workspace.refuse(Operation.POST, Failure.FORBIDDEN)
    await press(bot, bot.ada, shown, strings.SHARE)
    await bot.until(lambda: "(ref " in private(bot, bot.ada))
    assert public(bot) == ""
    await press(bot, bot.ada, shown, strings.SHARE)
    await bot.until(lambda: "I found 3 pieces" in public(bot))


async def test_two_presses_at_once_share_once(bot: Bot) -> None:
    """One of them posts, the other one is told."""
    shown = await asked_privately(bot, bot.ada)
    await asyncio.gather(*(press(bot, bot.ada, shown, strings.SHARE) for _ in range(3)))
    told = (strings.SHARED_ALREADY, strings.SHARING)
    await bot.until(
        lambda: (
            strings.NOW_SHARED in private(bot, bot.ada) and any(one in private(bot, bot.ada) for one in told)
        )
    )
    assert public(bot).count("I found 3 pieces") == 1


async def test_a_private_conversation_stays_private(bot: Bot) -> None:
    """It is not in the export of the channel's thread, and cannot be opened there; its owner's list has it."""
    thread = await bot.asked(bot.ada, "Show the damage on site 7", "I found 3 pieces")
    await asked_privately(bot, bot.ada)
    await bot.workspace.command(bot.ada, "export text", thread=thread)
    await bot.until(lambda: any(one.files for one in bot.bots(thread)))
    exported = "".join(words for one in bot.bots(thread) for words in one.files.values())
    assert QUESTION not in exported
    await bot.workspace.command(bot.ada, "sessions", thread=thread)
    await bot.until(lambda: any(strings.open_here(1) in labels(one) for one in all_private(bot, bot.ada)))
    listed = next(one for one in all_private(bot, bot.ada) if strings.open_here(1) in labels(one))
    assert QUESTION in listed.text
    await press(bot, bot.ada, listed, strings.open_here(1))
    await bot.until(lambda: strings.STAYS_PRIVATE in private(bot, bot.ada))
    assert QUESTION not in public(bot)


async def test_whoever_may_not_use_the_bot_is_told_privately(idle: Bot) -> None:
    """Access is decided by the channel's rules; nothing is opened for a refusal."""
    await idle.start(rules=Rules({ENABLED: Rule(False, "bot.toml, line 2")}))
    await idle.workspace.ask_privately(idle.ada, QUESTION)
    await idle.until(lambda: strings.DISABLED in private(idle, idle.ada))
    assert read_by(idle, idle.ada) == ""
    assert idle.aion.count("send_stream") == 0


def all_private(bot: Bot, person: SimulatedPerson) -> list[Shown]:
    """All that a person alone sees of the bot."""
    return [*bot.workspace.command_answers(person), *bot.workspace.direct_messages(person)]


@pytest.mark.slow
async def test_a_long_answer_is_whole_for_its_asker_and_where_it_is_shared(bot: Bot) -> None:
    """All pages come in order, in the direct messages and in the channel."""
    words = "\n\n".join(f"Paragraph {number}: {'roof ' * 60}" for number in range(60))
    bot.aion.play(spoken(words))
    await bot.workspace.ask_privately(bot.ada, QUESTION)
    shown = await answered(bot, bot.ada, "Paragraph 0:", "Paragraph 59:")
    await press(bot, bot.ada, shown, strings.SHARE)
    await bot.until(lambda: strings.NOW_SHARED in private(bot, bot.ada))
    numbers = [int(one) for one in re.findall(r"Paragraph (\d+):", public(bot))]
    assert numbers == list(range(60))
    assert public(bot).startswith(QUESTION)


async def test_an_approver_gives_a_reason_on_a_copy(idle: Bot) -> None:
    """The button on the copy opens the form; the asker sees the reason below the card, and nobody else does."""
    approvers = {APPROVERS: Rule(frozenset({idle.ben.id}), "bot.toml, line 2")}
    await idle.start(rules=Rules(approvers))
    await idle.workspace.ask_privately(idle.ada, "Organize the photos of site 7")
    await press(idle, idle.ben, await copied(idle, idle.ben), strings.CANCEL)

    def decided() -> list[Shown]:
        return [one for one in idle.workspace.direct_messages(idle.ben) if strings.ADD_REASON in labels(one)]

    await idle.until(lambda: bool(decided()))
    await press(idle, idle.ben, decided()[-1], strings.ADD_REASON)
    await idle.until(lambda: idle.workspace.open_form(idle.ben) is not None)
    await idle.workspace.submit_form(idle.ben, "Those are the wrong photos")
    await idle.until(lambda: "Those are the wrong photos" in read_by(idle, idle.ada))
    assert public(idle) == ""


async def test_an_erased_question_is_not_shared(idle: Bot) -> None:
    """Whose it was is not known any more: the person is told to ask again, not to ask an admin for access."""
    await idle.start()
    shown = await asked_privately(idle, idle.ada)
    await idle.stop()
    erase(idle.database, Erasure(user=idle.ada.id), wait=0)
    await idle.start()
    await press(idle, idle.ada, shown, strings.SHARE)
    await idle.until(lambda: strings.SHARE_GONE in private(idle, idle.ada))
    assert public(idle) == ""


async def test_a_reply_counts_where_its_conversation_began(idle: Bot) -> None:
    """Also where direct messages are not allowed: the channel's rules hold, its approvers decide, and nobody else's direct messages count."""
    general = idle.uses.general
    approvers = {APPROVERS: Rule(frozenset({idle.ben.id}), "bot.toml, line 2")}
    await idle.start(rules=Rules(channels={general: approvers}), AION_BOT_ALLOW_CHANNELS=general)
    alone = idle.workspace.thread_of((await asked_privately(idle, idle.ada)).id)
    await idle.workspace.reply(idle.ada, alone, "Organize the photos of site 7")
    card = await copied(idle, idle.ben)
    await press(idle, idle.ada, await copied(idle, idle.ada), strings.APPROVE)
    await idle.until(lambda: "can approve" in private(idle, idle.ada))
    await press(idle, idle.ben, card, strings.CANCEL)
    await idle.until(lambda: strings.DROPPED in read_by(idle, idle.ada))
    assert [len(list(one.texts("user"))) for one in idle.aion.sessions] == [2]
    await idle.workspace.direct_message(idle.ben, QUESTION)
    await idle.until(lambda: strings.NOT_HERE in private(idle, idle.ben))
    assert (public(idle), idle.aion.count("send_stream")) == ("", 2)


async def test_who_may_not_write_in_a_channel_shares_nothing_there(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """They may ask privately, but the bot posts for nobody where they may not write themselves."""
    await on_discord.start()
    discord.world.muted.add(on_discord.ada.id)
    await on_discord.workspace.ask_privately(on_discord.ada, QUESTION)
    await on_discord.until(lambda: "I found 3 pieces" in read_by(on_discord, on_discord.ada))
    await on_discord.until(
        lambda: any(labels(one) for one in on_discord.workspace.direct_messages(on_discord.ada))
    )
    last = on_discord.workspace.direct_messages(on_discord.ada)
    assert strings.SHARE not in [label for one in last for label in labels(one)]


async def test_a_private_plan_is_shown_to_the_members_of_a_group(
    on_slack: Bot, slack: SimulatedSlack
) -> None:
    """Those of a Slack user group who may decide have a copy each and decide there; others see nothing."""
    bot = on_slack
    slack.conversations.groups["S0LEADS"] = "leads"
    slack.conversations.members["S0LEADS"] = {bot.ada.id, bot.ben.id}
    rules = {
        APPROVERS: Rule(NOBODY, "bot.toml, line 2"),
        APPROVER_ROLES: Rule(frozenset({"S0LEADS"}), "bot.toml, line 3"),
    }
    await bot.start(rules=Rules(rules))
    await bot.workspace.ask_privately(bot.ada, "Organize the photos of site 7")
    await press(bot, bot.ben, await copied(bot, bot.ben), strings.APPROVE)
    await bot.until(lambda: f"Approved by @{bot.ben.name}" in read_by(bot, bot.ada))
    assert read_by(bot, bot.cy) == ""
    await bot.until(lambda: bot.aion.count("plan_action") == 1)
