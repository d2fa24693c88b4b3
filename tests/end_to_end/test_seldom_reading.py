"""Where Slack lets the app read one page of a thread a minute, the bot's own records are enough after a restart."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

import pytest

from aion_bot.delivery.executor import Executor
from aion_bot.domain import strings
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.rates import SlackLimits
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_chaos_regressions import block_after_posting

REPLIES = "conversations.replies"
ONCE = SlackLimits(calls={REPLIES: 1}, posts_a_second=1000.0)

pytestmark = pytest.mark.parametrize("workspace", ["slack"], indirect=True)


def seldom(adapter: PlatformAdapter) -> None:
    """Let an adapter be that of an app which others install."""
    adapter.reads_seldom = True  # type: ignore[attr-defined]  # Slack's


@pytest.mark.parametrize("threads", [3, pytest.param(20, marks=pytest.mark.slow)])
async def test_running_answers_go_on_without_reading_their_threads(
    idle: Bot, slack: SimulatedSlack, threads: int
) -> None:
    """After a kill amid answers in many threads, each goes on where its record says, and Slack is asked for none of them."""
    idle.watch = seldom
    slack.rates.limits = ONCE
    await idle.start()
    whole = "The first half of it, and the second half of it."
    asked = []
    for number in range(threads):
        idle.aion.play(
            Scene((Speak(pieces=(whole[:22],)), Hold("rest"), Speak(pieces=(whole[22:],)), *ENDING))
        )
        person = slack.people[number % len(slack.people)]
        channel = slack.open_channel(f"site{number}")
        asked.append(await slack.ask(person, "What do you see?", channel=channel))
    for thread in asked:
        await idle.shows(thread, whole[:20])
    await idle.kill()
    for session in idle.aion.sessions:
        idle.aion.sessions.store(session, "assistant", Answer(whole))
    read = slack.api.calls[REPLIES]
    await idle.start()
    for thread in asked:
        await idle.shows(thread, whole, without=[strings.THINKING])
        assert idle.text(thread).count("The first half") == 1
    assert slack.api.calls[REPLIES] - read == 0


async def test_a_native_stream_goes_on_without_reading_its_thread(idle: Bot, slack: SimulatedSlack) -> None:
    """After a kill amid a stream in a direct message, what it shows is not known; it is ended and shows the whole answer."""
    idle.watch = seldom
    slack.rates.limits = ONCE
    await idle.start()
    whole = "The first half of it, and the second half of it."
    idle.aion.play(Scene((Speak(pieces=(whole[:22],)), Hold("rest"), Speak(pieces=(whole[22:],)), *ENDING)))
    thread = await slack.direct_message(idle.ada, "What do you see?")
    await idle.until(lambda: any(one.stream is not None for one in slack.conversations.messages))
    await idle.shows(thread, whole[:20])
    await idle.kill()
    for session in idle.aion.sessions:
        idle.aion.sessions.store(session, "assistant", Answer(whole))
    read = slack.api.calls[REPLIES]
    await idle.start()
    await idle.shows(thread, whole, without=[strings.THINKING])
    assert idle.text(thread).count("The first half") == 1
    assert slack.api.calls[REPLIES] - read == 0


async def test_a_thread_that_may_have_more_is_read_once(idle: Bot, slack: SimulatedSlack) -> None:
    """A post of which the process never heard the answer is found by one request, and does not come a second time."""
    slack.rates.limits = ONCE

    def both(adapter: PlatformAdapter) -> None:
        seldom(adapter)
        block_after_posting(adapter)

    idle.watch = both
    await idle.start()
    idle.aion.play(spoken("The whole answer."))
    thread = await slack.ask(idle.ada, "What do you see?")
    await idle.until(lambda: bool(idle.bots(thread)))
    await idle.aion.until(lambda: idle.aion.count("send_stream") == 1 and not idle.aion.streaming)
    await idle.kill()
    idle.watch = seldom
    read = slack.api.calls[REPLIES]
    await idle.start()
    await idle.shows(thread, "The whole answer.", without=[strings.THINKING])
    await idle.until(lambda: not idle.pressable(thread))
    assert len(idle.bots(thread)) == 1
    assert slack.api.calls[REPLIES] - read == 1


async def test_a_card_that_waits_needs_no_reading(idle: Bot, slack: SimulatedSlack) -> None:
    """Its own row names it, so that its thread is in no doubt; it is decided after the restart."""
    idle.watch = seldom
    slack.rates.limits = ONCE
    await idle.start()
    thread = await slack.ask(idle.ada, "Organize the photos of site 7")
    card = await idle.card(thread)
    await idle.kill()
    read = slack.api.calls[REPLIES]
    await idle.start()
    assert (await idle.card(thread)).id == card.id
    assert slack.api.calls[REPLIES] - read == 0


async def test_what_cannot_be_noted_is_not_posted_before_it_can(
    idle: Bot, slack: SimulatedSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database takes nothing no message comes of which no row would tell; then it comes, once."""
    idle.watch = seldom
    note, failures = Turns.note_posting, 2

    async def failing(turns: Turns, key: str, name: str) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise sqlite3.OperationalError("disk I/O error")
        await note(turns, key, name)

    post: Callable[..., Awaitable[object]] = Executor._post
    posted: list[int] = []

    async def posting(executor: Executor, step: object) -> object:
        posted.append(failures)
        return await post(executor, step)

    monkeypatch.setattr(Turns, "note_posting", failing)
    monkeypatch.setattr(Executor, "_post", posting)
    await idle.start()
    idle.aion.play(spoken("The whole answer."))
    thread = await slack.ask(idle.ada, "What do you see?")
    async with asyncio.timeout(60):
        await idle.shows(thread, "The whole answer.")
    assert set(posted) == {0}
    await idle.until(lambda: idle.text(thread).count("The whole answer.") == 1)
