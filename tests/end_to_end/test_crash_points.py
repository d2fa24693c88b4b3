"""A crash at any step of a turn or a plan's decision loses nothing and repeats nothing, on both platforms."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from aion_bot.conversation.session_history import Polling
from aion_bot.domain import strings
from aion_bot.simulators.aion import script, sessions
from aion_bot.simulators.aion.pictures import png
from aion_bot.simulators.aion.scene import ENDING, Answer, PlanEnd, Scene, Speak, spoken
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import SimulatedFile
from tests.end_to_end.bot import Bot
from tests.end_to_end.crash_injection import Steps
from tests.schemas import slack as slack_contracts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # a killed process closes nothing
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # likewise
]


@pytest.fixture
async def slack() -> AsyncIterator[SimulatedSlack]:
    """A simulated Slack that resends unacknowledged events sooner than the real one."""
    simulated = SimulatedSlack(slack_contracts.inspect, ack_timeout=0.4, resend_delays=(0.4, 0.4, 10.0))
    await simulated.start()
    yield simulated
    await simulated.stop()
    assert simulated.violations == []


@pytest.fixture
def steps(idle: Bot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    """Count the steps of a bot. A kill runs the garbage collector, which need not scan objects older than the test."""
    made = Steps()
    made.watch_store(monkeypatch)
    idle.watch = made.watch_adapter
    idle.aion.plan_time = 0.005
    idle.polling = Polling().scaled(0.001)
    gc.collect()
    gc.freeze()
    yield made
    gc.unfreeze()


RESULT = "3 photos are in two folders"
SHORT_WAITS = {"AIONVISION_RETRY_DELAY": "0.001"}


def store_answers(bot: Bot, answer: str) -> None:
    """Let Aion store the answer to every question it was asked although the client left, as the real server does."""
    for session in bot.aion.sessions:
        asked, answered = list(session.texts("user")), list(session.texts("assistant"))
        if len(asked) > len(answered):
            bot.aion.sessions.store(session, "assistant", Answer(answer))


async def test_a_question_survives_every_crash_point(idle: Bot, steps: Steps) -> None:
    """After a crash at any step the thread shows the whole answer once, and Aion was asked once."""
    await known_conversation(idle)
    outcomes = await survive(idle, steps, ask)
    report(outcomes)
    assert len(outcomes) >= 12


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_a_stream_survives_every_crash_point(idle: Bot, steps: Steps) -> None:
    """After a crash at any step of a native stream the thread shows the whole answer once."""
    idle.limits["edit_gap"] = 0.0
    idle.aion.token_delay = 0.03  # each piece is shown before the next one comes
    outcomes = await survive(idle, steps, ask_directly, in_pieces)
    report(outcomes)
    assert {"start_stream", "append_stream", "stop_stream"} <= {
        one.split(":")[0].split()[-1] for one in outcomes
    }


@pytest.mark.parametrize("workspace", ["discord"], indirect=True)
async def test_a_question_with_files_survives_every_crash_point(
    idle: Bot, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash at any step each file is in the library once, the session can use both, and Aion was asked once."""
    monkeypatch.setattr(sessions, "MESSAGES", 1_000)  # all of the questions are asked in one
    await known_conversation(idle)
    outcomes = await survive(idle, steps, ask_with_files)
    report(outcomes)
    assert len(outcomes) >= 24
    assert all(session.use_all_images for session in idle.aion.sessions)
    digests = [one.digest for one in idle.aion.files.uploaded]
    # The last question was not killed.
    assert len(digests) == len(set(digests)) == 2 * (len(outcomes) + 1)
    asked = [
        str(body["message"]) for body in idle.aion.bodies("send_stream") if "number" in str(body["message"])
    ]
    assert [text.count("\n- ") for text in asked] == [2] * (len(outcomes) + 1)


def in_pieces(answer: str) -> Scene:
    """An answer that Aion sends in three pieces."""
    third = len(answer) // 3
    pieces = (answer[:third], answer[third : 2 * third], answer[2 * third :])
    return Scene((Speak(answer, pieces), *ENDING), Answer(answer))


async def survive(
    idle: Bot,
    steps: Steps,
    asking: Callable[[Bot, str], Awaitable[str]],
    answering: Callable[[str], Scene] = spoken,
) -> list[str]:
    """Kill the bot at each step of a question in turn; returns the outcomes."""
    outcomes: list[str] = []
    for fatal in range(1, 200):
        answer = f"Whole answer number {fatal}, to its last word."
        await idle.start(**SHORT_WAITS)
        idle.aion.play(answering(answer))
        asked_before = idle.aion.count("send_stream")
        steps.arm(fatal)
        thread = await asking(idle, f"What is number {fatal}?")
        if not await reaches(steps, steps.turn_cleared):
            steps.disarm()
            break
        where = steps.last
        steps.disarm()
        await idle.kill()
        store_answers(idle, answer)
        asked = idle.aion.count("send_stream") - asked_before
        await idle.start(**SHORT_WAITS)
        await idle.until(lambda thread=thread, answer=answer: has_ended(idle, thread, answer))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
        marked = idle.pressable(thread) == ["Retry"]
        if marked:
            assert not asked, where
            await idle.press(idle.ada, thread, "Retry")
            await idle.shows(thread, answer, without=[strings.INTERRUPTED])
        assert idle.text(thread).count(answer) == 1, where
        assert strings.THINKING not in idle.text(thread), where
        assert idle.aion.count("send_stream") - asked_before == 1, where
        idle.aion._scenes.clear()
        outcomes.append(f"{fatal}. {where}: {'marked, then ' if marked else ''}answered once")
        await idle.stop()
    return outcomes


@pytest.mark.parametrize("end", [PlanEnd.DONE, PlanEnd.ACCEPTED])
async def test_a_decision_survives_every_crash_point(idle: Bot, steps: Steps, end: PlanEnd) -> None:
    """After a crash at any step of a decision Aion has at most one plan action, and the card shows an end or can be pressed."""
    outcomes: list[str] = []
    for fatal in range(1, 200):
        await idle.start(**SHORT_WAITS)
        idle.aion.play(script.organize(end))
        thread = await idle.workspace.ask(idle.ada, "Organize the photos of site 7")
        await idle.card(thread)
        await steps.turn_cleared.wait()
        actions_before = idle.aion.count("plan_action")
        steps.arm(fatal)
        await idle.press(idle.ada, thread, "Approve")
        if not await reaches(steps, steps.plan_shown):
            steps.disarm()
            break
        where = steps.last
        steps.disarm()
        await idle.kill()
        await idle.start(**SHORT_WAITS)
        await idle.until(
            lambda thread=thread: decided(idle, thread) or idle.pressable(thread) == ["Approve", "Cancel"]
        )  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
        actions = idle.aion.count("plan_action") - actions_before
        assert actions <= 1, where
        await press_until_decided(idle, thread)
        assert idle.text(thread).count(strings.PLAN_TITLE) == 1, where
        if strings.SEE_BELOW in idle.text(thread):
            await idle.until(lambda thread=thread: idle.text(thread).count(RESULT) == 1)  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
        outcomes.append(f"{fatal}. {where}: {actions} actions")
        await idle.stop()
    report(outcomes)
    assert len(outcomes) >= 8


async def press_until_decided(bot: Bot, thread: str) -> None:
    """Press Approve, and again each time the bot says that it cannot decide the plan now: on its card, or privately."""

    def said() -> tuple[str, int]:
        return bot.text(thread), len(bot.private_replies(thread, bot.ada))

    while not decided(bot, thread):
        before = said()
        await bot.press(bot.ada, thread, "Approve")
        await bot.until(
            lambda before=before: (
                decided(bot, thread)  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
                or (said() != before and bot.pressable(thread) == ["Approve", "Cancel"])
            )
        )


def report(outcomes: list[str]) -> None:
    """Print the crash points and their outcomes, for `pytest -s`."""
    sys.stdout.write("\n".join([*outcomes, ""]))


def has_ended(bot: Bot, thread: str, answer: str) -> bool:
    """Whether the thread shows an end: the whole answer, or a Retry button."""
    return (answer in bot.text(thread) and not bot.pressable(thread)) or bot.pressable(thread) == ["Retry"]


def decided(bot: Bot, thread: str) -> bool:
    """Whether the card records how the plan ended."""
    ends = ("Done", strings.SEE_BELOW, strings.SETTLED, strings.EXPIRED)
    return "Approved by" in bot.text(thread) and any(end in bot.text(thread) for end in ends)


async def known_conversation(bot: Bot) -> None:
    """Have a first conversation on platforms where backfill covers only known conversations."""
    if not bot.workspace.repeats_events:
        await bot.start()
        await bot.shows(
            await bot.workspace.direct_message(bot.ada, "What can you do?"), "Ask me what is damaged"
        )
        await bot.stop()


async def ask(bot: Bot, question: str) -> str:
    """Ask and do not wait for the bot."""
    if not bot.workspace.repeats_events:
        return await bot.workspace.direct_message(bot.ada, question)
    return await bot.workspace.ask(bot.ada, question)


async def ask_with_files(bot: Bot, question: str) -> str:
    """Ask with a picture and a document that no other question has, and do not wait for the bot."""
    files = [
        SimulatedFile("a.png", png(question)),
        SimulatedFile("a.txt", question.encode(), "text/plain"),
    ]
    if not bot.workspace.repeats_events:
        return await bot.workspace.direct_message(bot.ada, question, files=files)
    return await bot.workspace.mention(bot.ada, question, files=files)


async def ask_directly(bot: Bot, question: str) -> str:
    """Ask in a direct message, where Slack has native streams."""
    return await bot.workspace.direct_message(bot.ada, question)


async def reaches(steps: Steps, end: asyncio.Event) -> bool:
    """Wait for the fatal step or for `end`; returns whether it was the fatal step."""
    waits = {asyncio.ensure_future(steps.reached.wait()), asyncio.ensure_future(end.wait())}
    _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for one in pending:
        one.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return steps.reached.is_set()
