"""Faults that the chaos benchmark found, one test each."""

import asyncio
import itertools
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aion_bot.aion import ChatMessage
from aion_bot.conversation.session_history import SessionHistory
from aion_bot.delivery.diff import Post, PostFile, StartStream
from aion_bot.delivery.executor import Executor
from aion_bot.delivery.steps import Edit, Step, StopStream
from aion_bot.delivery.sync import MessageSync
from aion_bot.domain import strings
from aion_bot.domain.plan import Plan
from aion_bot.domain.turn import Turn
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.messages import Content, MessageRef, PlanCard, ThreadKey
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Emit, Hold, PlanEnd, Scene, Speak, proposed, spoken
from aion_bot.simulators.aion.scene import Operation as Work
from aion_bot.simulators.aion.scene import Plan as ScenePlan
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.workspace import Failure, Operation
from aion_bot.storage.plans import Plans
from aion_bot.storage.postgres.errors import PostgresError
from aion_bot.storage.statements import Statements
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow


def lose_the_next_post(bot: Bot) -> None:
    """Let the platform create the next message and lose its response."""
    bot.workspace.refuse(Operation.POST, Failure.LOST)


def is_still_marked(bot: Bot, thread: str, question: str) -> bool:
    """Whether the person's message still carries the queued marker."""
    return bot.workspace.is_marked(bot.message_of(thread, question))


async def test_a_post_with_unknown_outcome_is_found_and_updated(bot: Bot) -> None:
    """A post whose response was lost is found again, and shows the newest text."""
    thread = await bot.asked(bot.ada, "What can you do?", "Ask me what is damaged")
    lose_the_next_post(bot)
    bot.aion.play(spoken("The whole answer."))
    await bot.workspace.reply(bot.ada, thread, "And what do you see?")
    await bot.shows(thread, "The whole answer.", without=[strings.THINKING])
    await bot.until(lambda: bot.pressable(thread) == [])


async def test_a_full_disk_right_after_asking_loses_no_answer(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer whose id cannot be written is shown, and nobody is told that Aion was not asked."""
    written = Statements._do

    async def writing(table: Statements, sql: str, *values: object) -> int:
        if sql.startswith("UPDATE turn SET answer_id"):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL  # the storage recognises a full disk by this code
            raise error
        return await written(table, sql, *values)

    monkeypatch.setattr(Statements, "_do", writing)
    bot.aion.play(spoken("The whole answer."))
    thread = await bot.asked(bot.ada, "What do you see?", "The whole answer.")
    await bot.until(lambda: bot.pressable(thread) == [])
    assert strings.NO_RECORD not in bot.text(thread)


async def test_a_plan_recorded_before_a_stop_gets_its_card(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that was written when the bot stopped gets its card at the next start."""
    added, reached = Plans.add, asyncio.Event()

    async def adding(store: Plans, plan: Plan) -> None:
        await added(store, plan)
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(Plans, "add", adding)
        await idle.start()
        thread = await idle.workspace.ask(idle.ada, "Organize the photos of site 7")
        await reached.wait()
        await idle.stop()
    await idle.start()
    await idle.card(thread)


def block_after_posting(adapter: PlatformAdapter) -> None:
    """Let the platform post, and never return the response to the bot."""
    post = adapter.post

    async def posting(thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        await post(thread, content, nonce=nonce)
        return await asyncio.Future[MessageRef]()

    setattr(adapter, "post", posting)  # noqa: B010  # mypy refuses an assignment to a method


async def test_an_unrecorded_post_is_searched_for_until_the_platform_answers(idle: Bot) -> None:
    """A crash right after a post, and a platform that fails at the next start, lead to no second message."""
    idle.watch = block_after_posting
    await idle.start()
    idle.aion.play(spoken("The whole answer."))
    thread = await idle.workspace.ask(idle.ada, "What do you see?")
    await idle.until(lambda: any("What do" not in one.text for one in idle.bots(thread)))
    await idle.aion.until(lambda: idle.aion.count("send_stream") == 1 and not idle.aion.streaming)
    await idle.kill()
    idle.workspace.refuse(Operation.LIST_MESSAGES, Failure.DOWN)
    idle.watch = lambda _: None
    await idle.start()
    await idle.shows(thread, "The whole answer.", without=[strings.THINKING])
    assert idle.text(thread).count("The whole answer.") == 1


@pytest.mark.parametrize("posts", [True, False])
async def test_a_thread_that_a_process_opened_on_a_full_disk_is_its_own(
    idle: Bot, monkeypatch: pytest.MonkeyPatch, *, posts: bool
) -> None:
    """Where a full disk kept the start of a turn from its row and a kill followed, the next process answers in its thread."""
    written, reached = Statements._do, asyncio.Event()

    async def writing(table: Statements, sql: str, *values: object) -> int:
        if sql.startswith("UPDATE turn SET starts"):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL  # the storage recognises a full disk by this code
            raise error
        return await written(table, sql, *values)

    async def blocked(*_: object) -> None:
        await asyncio.Event().wait()

    async def held(*_: object) -> None:
        reached.set()
        await blocked()

    idle.aion.play(spoken("The whole answer."))
    with monkeypatch.context() as patch:
        patch.setattr(Statements, "_do", writing)
        patch.setattr(Turns, "start_asking", held if posts else blocked)
        if not posts:
            patch.setattr(MessageSync, "run", held)
        await idle.start()
        thread = await idle.workspace.ask(idle.ada, "What do you see?")
        await reached.wait()
        if posts:
            await idle.shows(thread, strings.THINKING)
        await idle.kill()
    await idle.start()
    await idle.shows(thread, "The whole answer.", without=[strings.THINKING])
    assert idle.aion.count("send_stream") == 1


@pytest.mark.parametrize("end", [PlanEnd.LOST_BEFORE_ACTING, PlanEnd.LOST_AFTER_ACTING])
async def test_an_answer_is_not_taken_for_a_plans_result(bot: Bot, end: PlanEnd) -> None:
    """An answer stored while the outcome of a decision is looked up is not shown as the plan's result."""
    bot.aion.plan_time = 0.6
    bot.aion.play(script.organize(end, PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.UNKNOWN)
    bot.aion.play(spoken("Something else altogether."))
    await bot.workspace.reply(bot.ada, thread, "What else do you see?")
    await bot.shows(thread, "Something else altogether.")
    found = strings.STILL_UNKNOWN if end is PlanEnd.LOST_BEFORE_ACTING else strings.SEE_BELOW
    await bot.shows(thread, found)
    assert bot.text(thread).count("Something else altogether.") == 1


async def test_a_new_session_that_disappears_is_reported_with_retry(bot: Bot) -> None:
    """A session that disappears right after it was opened is reported as Aion's failure, with a Retry button."""
    bot.aion.play(Scene((Emit("auth_error", {"error": "Session not found"}),)))
    thread = await bot.asked(bot.ada, "What?", "down or overloaded")
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "I can look at", without=["down or overloaded"])


@pytest.mark.parametrize("way", ["stop", "kill"])
async def test_a_queued_marker_is_removed_after_a_restart(bot: Bot, way: str) -> None:
    """A question that waits when the bot ends loses its queued marker when the next process answers it."""
    first = Scene((Speak("The first. "), Hold("never"), *ENDING), Answer("The first."))
    bot.aion.play(first, spoken("The second."))
    thread = await bot.asked(bot.ada, "What is first?", "The first.")
    await bot.workspace.reply(bot.ada, thread, "What is second?")
    await bot.until(lambda: is_still_marked(bot, thread, "What is second?"))
    await (bot.stop() if way == "stop" else bot.kill())
    await bot.start()
    await bot.shows(thread, "The second.")
    await bot.until(lambda: not is_still_marked(bot, thread, "What is second?"))


async def test_removing_a_queued_marker_is_retried(bot: Bot) -> None:
    """A queued marker that the platform fails to remove is removed by a later attempt."""
    first = Scene((Speak("The first. "), Hold("go"), *ENDING), Answer("The first."))
    bot.aion.play(first, spoken("The second."))
    thread = await bot.asked(bot.ada, "What is first?", "The first.")
    await bot.workspace.reply(bot.ada, thread, "What is second?")
    await bot.until(lambda: is_still_marked(bot, thread, "What is second?"))
    bot.workspace.refuse(Operation.UNMARK_QUEUED, Failure.DOWN)
    bot.aion.release("go")
    await bot.shows(thread, "The second.")
    await bot.until(lambda: not is_still_marked(bot, thread, "What is second?"))


@pytest.mark.parametrize("workspace", ["discord"], indirect=True)
async def test_a_global_rate_limit_loses_no_question(bot: Bot, discord: SimulatedDiscord) -> None:
    """A question that arrives while Discord's global rate limit holds gets its thread afterwards."""
    (opening,) = discord.requests[Operation.OPEN_THREAD]
    discord.fail_next(opening, status=429, retry_after=0.2, all_routes=True)
    bot.aion.play(spoken("The whole answer."))
    thread = await bot.workspace.mention(bot.ada, "What do you see?")
    await bot.shows(thread, "The whole answer.")


def withdraw(bot: Bot, thread: str, question: str) -> None:
    """Delete a question as its author."""
    bot.workspace.delete_message(bot.message_of(thread, question))


@pytest.mark.parametrize("doubt", [False, True])
async def test_a_question_withdrawn_as_it_begins_is_not_asked(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, doubt: bool
) -> None:
    """A question deleted before its turn is recorded as asked is not asked, and leaves no message.

    This holds even where the outcome of the first post is unknown.
    """
    thread = await bot.asked(bot.ada, "What can you do?", "Ask me what is damaged")
    noted, posted, withdrawn = Turns.start_asking, Turns.note_posted, Turns.withdraw
    reached, gone = asyncio.Event(), asyncio.Event()

    async def noting(store: Turns, *words: str) -> tuple[str, str] | None:
        reached.set()
        await gone.wait()
        return await noted(store, *words)

    async def posting(
        store: Turns, key: str, attempt: int, messages: Iterable[MessageRef], *rest: object
    ) -> bool:
        await gone.wait()
        return await posted(store, key, attempt, messages, *rest)  # type: ignore[arg-type]  # as it was called

    async def withdrawing(store: Turns, prompt: str) -> bool:
        done = await withdrawn(store, prompt)
        gone.set()
        return done

    monkeypatch.setattr(Turns, "start_asking", noting)
    monkeypatch.setattr(Turns, "note_posted", posting)
    monkeypatch.setattr(Turns, "withdraw", withdrawing)
    if doubt:
        lose_the_next_post(bot)
    await bot.workspace.reply(bot.ada, thread, "And this?")
    if doubt:
        await bot.until(lambda: strings.THINKING in bot.text(thread))
    await reached.wait()
    withdraw(bot, thread, "And this?")
    await gone.wait()
    await bot.workspace.reply(bot.ada, thread, "What is damaged on site 7?")
    await bot.shows(thread, "I found 3 pieces", without=[strings.THINKING])
    assert bot.text(thread).count("Ask me what is damaged") == 1
    assert bot.aion.count("send_stream") == 2


@pytest.mark.parametrize("workspace", ["discord"], indirect=True)
async def test_a_crash_right_after_a_withdrawal_leaves_no_message(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first message of a withdrawn question is removed at the next start after a crash."""
    thread = await bot.asked(bot.ada, "What can you do?", "Ask me what is damaged")
    withdrawn, gone = Turns.withdraw, asyncio.Event()

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    async def withdrawing(store: Turns, prompt: str) -> bool:
        done = await withdrawn(store, prompt)
        gone.set()
        return done

    with monkeypatch.context() as patch:
        patch.setattr(Turns, "start_asking", never)
        patch.setattr(Turns, "note_posted", never)
        patch.setattr(Turns, "withdraw", withdrawing)
        await bot.workspace.reply(bot.ada, thread, "And this?")
        await bot.shows(thread, strings.THINKING)
        withdraw(bot, thread, "And this?")
        await gone.wait()
        await bot.kill()
    await bot.start()
    await bot.until(lambda: strings.THINKING not in bot.text(thread))
    assert bot.aion.count("send_stream") == 1


async def test_the_text_above_a_card_stays_after_a_restart(idle: Bot, tmp_path: Path) -> None:
    """Where Aion has stored no answer yet, the text that the process before showed above the card is left as it is."""
    await idle.start()
    thread = await idle.workspace.ask(idle.ada, "Organize the photos of site 7")
    card = await idle.card(thread)
    before = [(one.id, one.text) for one in idle.bots(thread)]
    await idle.kill()
    idle.aion.fail_next("get_session", 503, times=100)
    await idle.start()
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection:
        async with asyncio.timeout(60):
            while connection.execute("SELECT phase FROM turn").fetchone()[0] not in {"shown", "cleared"}:  # noqa: ASYNC110  # no event
                await asyncio.sleep(0.01)
    assert [(one.id, one.text) for one in idle.bots(thread)] == before
    await idle.workspace.press(idle.ada, thread, card.id, card.buttons[0].id)
    await idle.shows(thread, "Approved by")


async def test_a_plan_without_a_card_is_given_up_with_its_answer(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where two processes stopped before a card was posted, nothing says that a plan waits: the question gets Retry."""
    perform, reached = Executor._post, asyncio.Event()

    async def post_no_card(self: Executor, step: Post | PostFile | StartStream) -> MessageRef:
        if isinstance(step.content, PlanCard):
            reached.set()
            await asyncio.Event().wait()
        return await perform(self, step)

    thread = ""
    with monkeypatch.context() as patch:
        patch.setattr(Executor, "_post", post_no_card)
        for _ in range(2):
            await idle.start()
            thread = thread or await idle.workspace.ask(idle.ada, "Organize the photos of site 7")
            await reached.wait()
            await idle.kill()
            reached.clear()
    await idle.start()
    await idle.shows(thread, strings.GIVEN_UP, without=[strings.PLAN_LEAD])
    await idle.until(lambda: idle.pressable(thread) == ["Retry"])
    await idle.press(idle.ada, thread, "Retry")
    await idle.card(thread)


@pytest.mark.parametrize(("kills", "stored"), [(1, False), (2, True), (2, False)])
async def test_the_text_above_a_card_stops_growing_after_kills(
    idle: Bot, monkeypatch: pytest.MonkeyPatch, kills: int, *, stored: bool
) -> None:
    """A kill before the text lost its Stop, and one right after the card, leave whole text above a card that can be pressed."""
    perform, reached = Executor.perform, asyncio.Event()

    async def performing(executor: Executor, step: Step) -> MessageRef | None:
        if isinstance(step, Edit | StopStream) and not step.content.buttons:
            reached.set()
            await asyncio.Event().wait()
        return await perform(executor, step)

    async def hanging(executor: Executor, step: Step) -> MessageRef | None:
        done = await perform(executor, step)
        if isinstance(getattr(step, "content", None), PlanCard):
            reached.set()
            await asyncio.Event().wait()
        return done

    plan = ScenePlan("Tidy up", (Work("FolderOrganizationAgent", "Make a folder"),), "Done.")
    first, *rest = proposed(plan, "First I look.", stays_open=True).steps
    idle.aion.play(Scene((first, Hold("plan"), *rest), Answer("First I look.")))
    thread = ""
    for blocked in (performing, hanging)[:kills]:
        with monkeypatch.context() as patch:
            patch.setattr(Executor, "perform", blocked)
            await idle.start()
            if not thread:
                thread = await idle.asked(idle.ada, "Organize the photos of site 7", "First I look.")
                idle.aion.release("plan")
            async with asyncio.timeout(60):
                await reached.wait()
            await idle.kill()
            reached.clear()
        if not stored:
            idle.aion.fail_next("get_session", 503, times=100)
    await idle.start()
    await idle.card(thread)
    await idle.shows(thread, "First I look.", without=[strings.THINKING])
    words, card = [one for one in idle.bots(thread) if "First I look." in one.text or one.buttons]
    assert "First I look." in words.text
    assert not words.buttons
    assert [one.label for one in card.buttons] == ["Approve", "Cancel"]


@pytest.mark.parametrize(("read", "times"), [("get", 1), ("crowded", 1), ("is_first", 2)])
async def test_a_question_whose_row_cannot_be_read_for_a_moment_is_answered(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, read: str, times: int
) -> None:
    """The database's server is away when its turn comes: it does not wait for the next start."""
    real, reads = getattr(Turns, read), itertools.count(1)

    async def failing(turns: Turns, *given: object) -> object:
        if next(reads) <= times:
            raise PostgresError("the server does not answer", transient=True)
        return await real(turns, *given)

    monkeypatch.setattr(Turns, read, failing)
    bot.aion.play(spoken("The whole answer."))
    thread = await bot.workspace.ask(bot.ada, "What do you see?")
    await bot.shows(thread, "The whole answer.")


async def test_a_retry_whose_row_cannot_be_read_for_a_moment_is_answered(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same of a question that is asked again."""
    bot.aion.fail_next("send_stream", 500)
    thread = await bot.workspace.ask(bot.ada, "What do you see?")
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])
    started, get = Turns.note_start, Turns.get
    fails = False

    async def starting(turns: Turns, key: str) -> None:
        nonlocal fails
        await started(turns, key)
        fails = True

    async def failing(turns: Turns, key: str) -> Turn | None:
        nonlocal fails
        if fails:
            fails = False
            raise PostgresError("the server does not answer", transient=True)
        return await get(turns, key)

    monkeypatch.setattr(Turns, "note_start", starting)
    monkeypatch.setattr(Turns, "get", failing)
    bot.aion.play(spoken("The whole answer."))
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "The whole answer.")


@pytest.mark.parametrize("fails", [1, 2])
async def test_a_turn_that_cannot_be_read_for_a_moment_is_resumed(
    idle: Bot, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    """The same of one that an earlier process left."""
    await idle.start()
    idle.aion.play(Scene((Speak("Half an ans"), Hold("never"), *ENDING), Answer("")))
    thread = await idle.asked(idle.ada, "What do you see?", "Half an ans")
    await idle.kill()
    real, reads = Plans.of_turn, itertools.count(1)

    async def failing(plans: Plans, key: str) -> list[Plan]:
        if next(reads) == fails:
            raise PostgresError("the server does not answer", transient=True)
        return await real(plans, key)

    monkeypatch.setattr(Plans, "of_turn", failing)
    await idle.start()
    await idle.shows(thread, strings.INTERRUPTED)
    assert next(reads) > fails


async def test_an_unrecorded_page_without_buttons_is_found_after_a_kill(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full page that was posted right before a kill, and not recorded, does not stay beside the answer to a Retry."""
    page, posted = Executor._post, asyncio.Event()

    async def posting(executor: Executor, step: Post | PostFile | StartStream) -> MessageRef:
        message = await page(executor, step)
        if "word 600." in getattr(step.content, "text", ""):
            posted.set()
            await asyncio.Event().wait()
        return message

    text = " ".join(f"This is word {number}." for number in range(1_200))
    with monkeypatch.context() as patch:
        patch.setattr(Executor, "_post", posting)
        await idle.start()
        # All at once: a page that grows has a button.
        idle.aion.play(Scene((Speak(pieces=(text,)), Hold("more"))))
        thread = await idle.workspace.ask(idle.ada, "What do you see?")
        async with asyncio.timeout(60):
            await posted.wait()
        await idle.kill()
    await idle.start()
    await idle.until(lambda: strings.RETRY in idle.pressable(thread))
    idle.aion.play(spoken("The whole answer."))
    await idle.press(idle.ada, thread, strings.RETRY)
    await idle.shows(thread, "The whole answer.", without=["word 600.", strings.THINKING])


async def test_an_answer_of_an_earlier_process_says_that_it_is_looked_for(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill cuts it off and Aion has not stored it: its words stay, and a line says that it is looked for, until that is given up."""
    await idle.start()
    idle.aion.play(Scene((Speak("Half an ans"), Hold("never"), *ENDING), Answer("")))
    thread = await idle.asked(idle.ada, "What do you see?", "Half an ans")
    messages = len(idle.bots(thread))
    await idle.kill()
    looked, wait = asyncio.Event(), SessionHistory.wait

    async def waiting(
        history: SessionHistory, session: str, take: Any, *given: Any, **more: Any
    ) -> ChatMessage | None:
        async def held(messages: Any) -> ChatMessage | None:
            found: ChatMessage | None = await take(messages)
            await looked.wait()
            return found

        return await wait(history, session, held, *given, **more)

    monkeypatch.setattr(SessionHistory, "wait", waiting)
    await idle.start()
    await idle.shows(thread, "Half an ans", strings.FETCHING_AFTER_RESTART)
    looked.set()
    await idle.shows(thread, "Half an ans", strings.INTERRUPTED, without=[strings.FETCHING_AFTER_RESTART])
    assert len(idle.bots(thread)) == messages


@pytest.mark.parametrize("again", [False, True])
async def test_words_above_a_card_that_nobody_has_seen_come_after_the_decision(
    idle: Bot, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """The bot ends after a plan's row and before its words are shown, and Aion stores these once somebody has decided.

    `again`: so it is, too, where the process that posted the card is killed before that.
    """
    added, reached, whole, shown = Plans.add, asyncio.Event(), asyncio.Event(), Turns.note_shown
    looks = {name: getattr(SessionHistory, name) for name in ("look", "wait")}

    async def adding(store: Plans, plan: Plan) -> None:
        await added(store, plan)
        reached.set()
        await asyncio.Event().wait()

    async def nothing(*asked: Any) -> None:
        del asked

    async def noting(*about: Any, **more: Any) -> None:
        await shown(*about, **more)
        whole.set()

    plan = ScenePlan("Sort", (Work("Folder organization", "Make a folder"),), "Sorted them.", (PlanEnd.DONE,))
    idle.aion.play(proposed(plan, "These are nine photos."))
    with monkeypatch.context() as patch:
        patch.setattr(Plans, "add", adding)
        await idle.start()
        thread = await idle.workspace.ask(idle.ada, "Sort the photos")
        await reached.wait()
        await idle.kill()
    for name in looks:
        monkeypatch.setattr(SessionHistory, name, nothing)
    monkeypatch.setattr(Turns, "note_shown", noting)
    await idle.start()
    await idle.card(thread)
    if again:
        await whole.wait()
        await idle.kill()
        await idle.start()
    assert "nine photos" not in idle.text(thread)
    for name, look in looks.items():
        monkeypatch.setattr(SessionHistory, name, look)
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "These are nine photos.", "Approved by")
    assert idle.aion.count("send_stream") == 1
