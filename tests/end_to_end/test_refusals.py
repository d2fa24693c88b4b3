"""Refusals of a platform that say nothing about permission: what people see in the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.discord.strings import UNTITLED
from aion_bot.domain import strings
from aion_bot.ports.errors import Hindrance
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Plan, Propose, Scene, Speak, spoken
from aion_bot.simulators.aion.scene import Operation as SimulatedOperation
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import PRIVATE_THREAD, VOICE, Channel
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import Failure, FullWorkspace, Operation
from tests.end_to_end.bot import Bot
from tests.support.cases import rest_slow

pytestmark = pytest.mark.slow

CREATE_THREAD = "POST /channels/{channel_id}/messages/{message_id}/threads"


@asynccontextmanager
async def running(aion: SimulatedAion, workspace: FullWorkspace, folder: Path) -> AsyncIterator[Bot]:
    """A bot on one platform, for what only that platform refuses."""
    bot = Bot(aion, workspace, folder)
    await bot.start()
    yield bot
    await bot.stop()


async def answered_while_refused(bot: Bot, operation: Operation, failure: Failure, times: int) -> str:
    """Let the platform refuse an operation from the first message on; returns the thread."""
    bot.aion.play(spoken("The **whole** answer.", Hold("go", pings=True)))
    thread = await bot.workspace.ask(bot.ada, "What?")
    await bot.until(lambda: bool(bot.bots(thread)))
    bot.workspace.refuse(operation, failure, times=times)
    bot.aion.release("go")
    return thread


async def test_an_answer_that_cannot_be_edited_is_posted_anew(bot: Bot) -> None:
    """Where a message cannot be edited, the whole answer is a new message, and the old one goes with its Stop."""
    thread = await answered_while_refused(bot, Operation.EDIT, Failure.UNEDITABLE, 50)
    await bot.until(lambda: "whole" in bot.text(thread) and bot.pressable(thread) == [])
    assert strings.THINKING not in bot.text(thread)
    assert bot.private_replies(thread, bot.ada) == []


async def test_an_old_message_that_cannot_be_deleted_stays_beside_the_answer(bot: Bot) -> None:
    """A platform that lets the old message be neither edited nor deleted still shows the answer, once."""
    bot.workspace.refuse(Operation.DELETE, Failure.FORBIDDEN, times=50)
    thread = await answered_while_refused(bot, Operation.EDIT, Failure.UNEDITABLE, 50)
    await bot.until(lambda: sum("whole" in one.text for one in bot.bots(thread)) == 1)


async def test_a_card_that_cannot_be_edited_is_replaced(bot: Bot) -> None:
    """An approved plan whose card cannot be edited gets a new card and its result; no Approve stays."""
    thread = await bot.asked(bot.ada, "Sort the photos of site 7")
    await bot.card(thread)
    bot.workspace.refuse(Operation.EDIT, Failure.UNEDITABLE, times=50)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.DONE)
    await bot.until(lambda: "Approve" not in bot.pressable(thread))
    await bot.until(lambda: sum("Approved by" in one.text for one in bot.bots(thread)) == 1)


async def test_a_decision_that_no_card_can_show_is_told(bot: Bot) -> None:
    """Where the card can be neither edited nor posted anew, whoever pressed learns what became of it."""
    thread = await bot.asked(bot.ada, "Sort the photos of site 7")
    await bot.card(thread)
    bot.workspace.refuse(Operation.EDIT, Failure.UNEDITABLE, times=50)
    bot.workspace.refuse(Operation.POST, Failure.FORBIDDEN, times=50)
    await bot.press(bot.ada, thread, "Approve")
    await bot.replies_privately(thread, bot.ada, "Approved by")


async def test_a_decision_on_the_last_message_of_a_thread_is_told(bot: Bot) -> None:
    """Whoever pressed learns what became of it also where the card was all that its thread still had."""
    plan = Plan("Sort the photos", (SimulatedOperation("Folder organization", "Make a folder"),), "Sorted.")
    steps = (Speak("My plan."), Propose(plan), Hold("go", pings=True), Speak("More."), *ENDING)
    bot.aion.play(Scene(steps, Answer("")))
    thread = await bot.workspace.ask(bot.ada, "Sort the photos of site 7")
    await bot.card(thread)
    bot.workspace.refuse(Operation.EDIT, Failure.UNEDITABLE, times=50)
    bot.workspace.refuse(Operation.POST, Failure.FORBIDDEN, times=50)
    bot.aion.release("go")
    await bot.until(lambda: "My plan." not in bot.text(thread))
    await bot.press(bot.ada, thread, "Approve")
    await bot.replies_privately(thread, bot.ada, "Approved by")
    await bot.until(lambda: bot.pressable(thread) == [])


@pytest.mark.parametrize("operation", [Operation.POST, Operation.EDIT])
@pytest.mark.parametrize("times", [1, 2])
async def test_what_cannot_be_drawn_is_plain_text(bot: Bot, operation: Operation, times: int) -> None:
    """A drawing that the platform refuses becomes plain text, and no button is left behind."""
    if operation is Operation.POST:
        bot.workspace.refuse(operation, Failure.UNDRAWABLE, times=times)
        bot.aion.play(spoken("The whole answer."))
        thread = await bot.workspace.ask(bot.ada, "What?")
    else:
        thread = await answered_while_refused(bot, operation, Failure.UNDRAWABLE, times)
    await bot.shows(thread, "whole")
    await bot.until(lambda: bot.pressable(thread) == [])
    assert bot.private_replies(thread, bot.ada) == []


async def test_a_card_that_cannot_be_drawn_is_plain_and_can_be_pressed(bot: Bot) -> None:
    """A plan's card of which the drawing is refused is shown as plain text with both buttons."""
    bot.aion.play()
    bot.workspace.refuse(Operation.EDIT, Failure.UNDRAWABLE, times=1)
    thread = await bot.workspace.ask(bot.ada, "Sort the photos of site 7")
    await bot.card(thread)
    bot.workspace.refuse(Operation.EDIT, Failure.UNDRAWABLE, times=1)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", strings.DONE)


async def test_an_answer_that_nothing_can_draw_says_so(bot: Bot) -> None:
    """Where not even plain text is taken, and none in a new message, the person is told, and no Stop stays."""
    thread = await answered_while_refused(bot, Operation.EDIT, Failure.UNDRAWABLE, 50)
    bot.workspace.refuse(Operation.POST, Failure.UNDRAWABLE, times=50)
    await bot.replies_privately(thread, bot.ada, strings.CANNOT_DRAW)
    await bot.until(lambda: bot.pressable(thread) == [])


async def test_an_answer_that_no_edit_can_draw_is_posted_anew(bot: Bot) -> None:
    """Where not even plain text is taken as an edit, the answer is a new message of plain text, and the old one goes."""
    thread = await answered_while_refused(bot, Operation.EDIT, Failure.UNDRAWABLE, 50)
    await bot.shows(thread, "whole", without=(strings.THINKING,))
    await bot.until(lambda: bot.pressable(thread) == [])
    assert sum("whole" in one.text for one in bot.bots(thread)) == 1
    assert bot.private_replies(thread, bot.ada) == []


SLACK_CAUSES = [
    ("is_archived", strings.cannot_write(Hindrance.ARCHIVED)),
    ("not_in_channel", strings.cannot_write(Hindrance.NOT_A_MEMBER)),
    ("restricted_action_thread_locked", strings.cannot_write(Hindrance.LOCKED)),
    ("restricted_action", strings.CANNOT_WRITE),
    ("an_error_of_tomorrow", strings.REFUSED_HERE),
    ("cannot_reply_to_message", strings.PLACE_GONE),
    ("channel_not_found", strings.PLACE_GONE),
]


@pytest.mark.parametrize(("code", "sentence"), rest_slow(SLACK_CAUSES, quick=1))
async def test_each_cause_on_slack_has_its_sentence(
    aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path, code: str, sentence: str
) -> None:
    """Whoever asked on Slack reads why there is no answer, in words for that cause."""
    async with running(aion, slack, tmp_path) as bot:
        slack.fail_next("chat.postMessage", error=code)
        thread = await slack.ask(bot.ada, "What?")
        await bot.replies_privately(thread, bot.ada, sentence)


DISCORD_CAUSES = [
    (403, 50013, strings.cannot_write(Hindrance.PERMISSION, "Send Messages in Threads")),
    (403, 50001, strings.cannot_write(Hindrance.PERMISSION, "View Channel")),
    (400, 160005, strings.cannot_write(Hindrance.LOCKED)),
    (400, 200000, strings.cannot_write(Hindrance.BLOCKED)),
    (400, 240000, strings.cannot_write(Hindrance.BLOCKED)),
    (404, 10003, strings.PLACE_GONE),
]


@pytest.mark.parametrize(("status", "code", "sentence"), rest_slow(DISCORD_CAUSES, quick=1))
async def test_each_cause_on_discord_has_its_sentence(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path, status: int, code: int, sentence: str
) -> None:
    """Whoever asked on Discord reads why there is no answer: a missing permission is named."""
    async with running(aion, discord, tmp_path) as bot:
        discord.fail_next("POST /channels/{channel_id}/messages", status=status, code=code)
        thread = await discord.ask(bot.ada, "What?")
        await bot.replies_privately(thread, bot.ada, sentence)


async def test_a_private_thread_names_its_own_remedy(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path
) -> None:
    """Whoever uses `/ask` in a private thread without the bot reads how it gets there, and no public echo stays."""
    general = discord.world.named("general").id
    private = Channel(discord.world.new_id(), PRIVATE_THREAD, "quiet", discord.world.guild, parent=general)
    async with running(aion, discord, tmp_path) as bot:
        discord.world.add(private)
        await discord.ask(bot.ada, "What?", channel=private.id)
        await bot.replies_privately(private.id, bot.ada, strings.cannot_write(Hindrance.NOT_INVITED))
        await bot.until(lambda: bot.bots(private.id) == [])


@pytest.mark.parametrize("code", [50035, 200001])
async def test_a_title_that_is_refused_is_tried_without_the_words(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path, code: int
) -> None:
    """A question whose words a server does not take as a title is answered in a thread with a title of ours."""
    async with running(aion, discord, tmp_path) as bot:
        aion.play(spoken("The answer."))
        discord.fail_next(CREATE_THREAD, status=400, code=code)
        thread = await discord.mention(bot.ada, "What are these words?")
        await bot.shows(thread, "The answer.")
        assert discord.title(thread) == UNTITLED


async def test_a_question_that_was_deleted_before_its_thread_is_silence(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path
) -> None:
    """Nobody is told anything about a question that they deleted before its thread could be opened."""
    async with running(aion, discord, tmp_path) as bot:
        discord.fail_next(CREATE_THREAD, status=404, code=10008)
        thread = await discord.mention(bot.ada, "What?")
        await bot.until(lambda: discord.server.calls[CREATE_THREAD] == 1)
        aion.play(spoken("The second."))
        other = await discord.mention(bot.ada, "And what else?")
        await bot.shows(other, "The second.")
        assert bot.private_replies(thread, bot.ada) == []


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
@pytest.mark.parametrize(
    "code", rest_slow(["invalid_blocks", "edit_window_closed", "message_not_owned_by_app"], quick=1)
)
async def test_a_refused_stream_still_ends_with_the_whole_answer(
    aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path, method: str, code: str
) -> None:
    """Whatever Slack refuses of a stream in a direct message, the whole answer stands there once."""
    async with running(aion, slack, tmp_path) as bot:
        slack.fail_next(method, error=code)
        aion.play(
            Scene((Speak("The first part. "), Hold("go", pings=True), Speak("The end."), *ENDING), Answer(""))
        )
        thread = await slack.direct_message(bot.ada, "What?")
        await bot.until(lambda: bool(bot.bots(thread)))
        aion.release("go")
        await bot.shows(thread, "The first part. The end.")
        await bot.until(lambda: len(bot.bots(thread)) == 1)
        await bot.until(lambda: bot.pressable(thread) == [])


async def test_an_old_message_that_cannot_be_deleted_is_no_failure_of_the_answer(bot: Bot) -> None:
    """Where only the deletion of an old message is refused, nobody reads that the answer could not be posted."""
    bot.workspace.refuse(Operation.DELETE, Failure.FORBIDDEN, times=1)
    thread = await answered_while_refused(bot, Operation.EDIT, Failure.UNEDITABLE, 1)
    await bot.shows(thread, "whole")
    bot.aion.play(spoken("The second."))
    await bot.workspace.reply(bot.ada, thread, "And now?")
    await bot.shows(thread, "The second.", without=("⚠️",))
    assert bot.private_replies(thread, bot.ada) == []


async def test_the_permission_of_a_channel_is_not_that_of_a_thread(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path
) -> None:
    """Beside a voice channel, where no threads are, a refused answer names the permission that is missing there."""
    voice = discord.world.add(Channel(discord.world.new_id(), VOICE, "stand-up", discord.world.guild))
    async with running(aion, discord, tmp_path) as bot:
        discord.fail_next("POST /channels/{channel_id}/messages", status=403, code=50013)
        await discord.mention(bot.ada, "What?", voice.id)
        sentence = strings.cannot_write(Hindrance.PERMISSION, "Send Messages")
        await bot.replies_privately(voice.id, bot.ada, sentence)


async def test_a_card_that_no_edit_can_draw_is_replaced(bot: Bot) -> None:
    """Where not even plain text is taken as an edit of a decided card, a new card takes its place; no Approve stays."""
    thread = await bot.asked(bot.ada, "Sort the photos of site 7")
    await bot.card(thread)
    bot.workspace.refuse(Operation.EDIT, Failure.UNDRAWABLE, times=50)
    await bot.press(bot.ada, thread, "Approve")
    await bot.until(lambda: sum("Approved by" in one.text for one in bot.bots(thread)) == 1)
    await bot.until(lambda: "Approve" not in bot.pressable(thread))


async def test_a_decided_card_that_nothing_can_update_goes(bot: Bot) -> None:
    """Where a card can neither be edited nor posted anew it is deleted, as its buttons do nothing any more."""
    thread = await bot.asked(bot.ada, "Sort the photos of site 7")
    await bot.card(thread)
    bot.workspace.refuse(Operation.EDIT, Failure.FORBIDDEN, times=50)
    await bot.press(bot.ada, thread, "Approve")
    await bot.replies_privately(thread, bot.ada, "Approved by")
    await bot.until(lambda: "Approve" not in bot.pressable(thread))


@pytest.mark.parametrize("times", [1, 50])
async def test_an_answer_that_is_too_long_for_every_edit_is_posted_anew(
    aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path, times: int
) -> None:
    """Where Slack takes an answer in no edit, however small, it is a new message, and the old one goes with its Stop."""
    async with running(aion, slack, tmp_path) as bot:
        aion.play(spoken("The **whole** answer.", Hold("go", pings=True)))
        thread = await slack.ask(bot.ada, "What?")
        await bot.until(lambda: bool(bot.bots(thread)))
        slack.fail_next("chat.update", error="msg_too_long", times=times)
        aion.release("go")
        await bot.until(lambda: "whole" in bot.text(thread) and bot.pressable(thread) == [])
        assert sum("whole" in one.text for one in bot.bots(thread)) == len(bot.bots(thread)) == 1
        assert bot.private_replies(thread, bot.ada) == []
