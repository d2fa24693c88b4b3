"""Editing a message as a way to ask: new words are a new question, once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aion_bot.domain import strings
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.storage import Store
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot

LONG = "x" * 10_001


@pytest.fixture
async def on_slack(aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot that runs on Slack."""
    made = Bot(aion, slack, tmp_path)
    await made.start()
    yield made
    await made.stop()


async def test_a_hint_can_be_followed_by_an_edit(bot: Bot) -> None:
    """A mention without words that is edited into a question is asked once, however often it is edited later."""
    for one in [*bot.aion.files]:  # the hint then names no file
        bot.aion.files.remove(one.id)
    thread = await bot.workspace.mention(bot.ada, "")
    await bot.replies_privately(thread, bot.ada, strings.HINT)
    bot.aion.play(spoken("Three lamps."))
    bot.workspace.edit_into_question(thread, "What is damaged?")
    await bot.shows(thread, "Three lamps.")
    bot.workspace.edit_into_question(thread, "What is broken?")
    bot.workspace.edit_into_question(thread, LONG)
    await bot.asked(bot.ben, "What does the safety report say?", "Both are due this week")
    asked = bot.asked_words
    assert asked == ["What is damaged?", "What does the safety report say?"]
    assert bot.private_replies(thread, bot.ada) == [strings.HINT]


async def test_too_long_a_question_can_be_shortened_by_an_edit(on_slack: Bot, slack: SimulatedSlack) -> None:
    """What was too long is told once for each wording, and asked when it is short enough; also a reply without mention."""
    thread = await on_slack.asked(on_slack.ada, "What is damaged on site 7?", "I found 3 pieces")
    reply = slack.say(on_slack.ben, slack.general, LONG, thread=thread)
    await on_slack.replies_privately(thread, on_slack.ben, strings.TOO_LONG)
    slack.edit(reply.ts, f"{LONG}x")
    await on_slack.until(lambda: len(on_slack.private_replies(thread, on_slack.ben)) == 2)
    slack.edit(reply.ts, "Which is the worst?")
    await on_slack.shows(thread, "Of the three, the")
    assert on_slack.aion.count("send_stream") == 2


async def test_a_mention_can_be_added_by_an_edit(bot: Bot) -> None:
    """A message that was for the others is asked once an edit mentions the bot."""
    said = bot.workspace.remark(bot.ada, "What is damaged on site 7?")
    bot.workspace.edit_into_question(said, "What is damaged on site 7?")
    await bot.shows(said, "I found 3 pieces")
    assert bot.aion.count("send_stream") == 1


async def test_corrections_among_people_are_no_questions(on_slack: Bot, slack: SimulatedSlack) -> None:
    """In the bot's thread, an edit of what was for somebody else or came before the bot asks nothing."""
    root = slack.say(on_slack.ben, slack.general, "Lunch?")
    earlier = slack.say(on_slack.cy, slack.general, "Piza?", thread=root.ts)
    slack.say(on_slack.ada, slack.general, "<@U0AION> What is damaged on site 7?", thread=root.ts)
    await on_slack.shows(root.ts, "I found 3 pieces")
    theirs = slack.say(on_slack.ben, slack.general, f"<@{on_slack.cy.id}> yes", thread=root.ts)
    slack.edit(earlier.ts, "Pizza?")
    slack.edit(theirs.ts, "yes!")
    slack.say(on_slack.ada, slack.general, "Which is the worst?", thread=root.ts)
    await on_slack.shows(root.ts, "Of the three, the")
    await on_slack.until(lambda: all(one.acknowledged for one in slack.sockets.deliveries))
    asked = on_slack.asked_words
    assert asked == ["What is damaged on site 7?", "Which is the worst?"]


async def test_new_words_after_a_withdrawal_are_a_new_question(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that was emptied while it waited and is edited into words again is asked once, with these words."""
    emptied, withdraw = asyncio.Event(), Turns.withdraw

    async def noting(store: Turns, prompt: str) -> bool:
        done = await withdraw(store, prompt)
        emptied.set()
        return done

    monkeypatch.setattr(Turns, "withdraw", noting)
    bot.aion.play(spoken("The first.", Hold("go", pings=True)), spoken("The second."))
    thread = await bot.workspace.mention(bot.ada, "first")
    await bot.until(lambda: bool(bot.bots(thread)))
    await bot.workspace.reply(bot.ben, thread, "secnd")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    reply = bot.message_of(thread, "secnd")
    bot.workspace.edit_into_question(reply, "")
    await emptied.wait()
    bot.workspace.edit_into_question(reply, "second")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    bot.aion.release("go")
    await bot.shows(thread, "The second.")
    bot.workspace.edit_into_question(reply, "third")
    await bot.asked(bot.cy, "What does the safety report say?", "Both are due this week")
    asked = bot.asked_words
    assert asked == ["first", "second", "What does the safety report say?"]


async def test_a_deleted_question_is_not_asked_by_an_edit_that_comes_late(tmp_path: Path) -> None:
    """Slack delivers in no certain order: an edit that arrives behind the deletion of its message asks nothing."""
    store, thread = await Store.open(tmp_path / "bot.db"), ThreadKey("slack", "T1/C1/1.0")
    for key in ("emptied", "deleted"):
        prompt = Prompt(key, thread, Place("T1", "C1"), Person("U1"), "What?")
        await store.turns.accept(Turn(key, thread, prompt.person, "What?", origin=prompt), prompt)
        assert await store.turns.withdraw(key)
    await store.turns.note_deleted("deleted")
    assert await store.turns.withdrawn("emptied")
    assert not await store.turns.withdrawn("deleted")
    await store.close()


@pytest.mark.parametrize("words", ["<@U0CY> which is the worst?", "<!here> which is the worst?"])
async def test_a_waiting_question_that_speaks_to_others_now_is_withdrawn(
    on_slack: Bot, slack: SimulatedSlack, words: str
) -> None:
    """A waiting question that an edit turns to somebody else is not asked, and waits no more."""
    on_slack.aion.play(spoken("The first.", Hold("go", pings=True)), spoken("The second."))
    thread = await slack.mention(on_slack.ada, "first")
    await on_slack.until(lambda: bool(on_slack.bots(thread)))
    reply = slack.say(on_slack.ben, slack.general, "<@U0AION> which is the worst?", thread=thread)
    await on_slack.until(lambda: on_slack.queued_marker_count(thread) == 1)
    slack.edit(reply.ts, words)
    await on_slack.until(lambda: on_slack.queued_marker_count(thread) == 0)
    slack.say(on_slack.cy, slack.general, "Which is the best?", thread=thread)
    await on_slack.until(lambda: on_slack.queued_marker_count(thread) == 1)
    on_slack.aion.release("go")
    await on_slack.shows(thread, "The second.")
    asked = on_slack.asked_words
    assert asked == ["first", "Which is the best?"]
