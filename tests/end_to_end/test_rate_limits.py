"""Whole conversations at the platforms' rate limits, twenty times as fast as real time."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from adapters.slack.rate_limits import LIMITS
from aion_bot.domain import strings
from aion_bot.ports.rate_limits import Budget, Operation
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.rates import SlackLimits
from tests.end_to_end.bot import Bot

SPEED = 20.0
"""The factor by which limits renew faster than in reality."""

WORDS = "".join(f"w{number:03} " for number in range(60))
PARTS = (WORDS[:150], WORDS[150:])

pytestmark = pytest.mark.parametrize("workspace", ["slack"], indirect=True)


def shortened(budgets: Mapping[Operation, tuple[Budget, ...]]) -> dict[Operation, tuple[Budget, ...]]:
    """Budgets whose windows are divided by `SPEED`."""
    return {
        call: tuple(replace(one, seconds=one.seconds / SPEED) for one in all_of)
        for call, all_of in budgets.items()
    }


@pytest.fixture
async def limited(idle: Bot, slack: SimulatedSlack) -> Bot:
    """A bot and a Slack with the documented limits, and answers that take half a second."""
    slack.rates.limits = SlackLimits(window=60.0 / SPEED, posts_a_second=SPEED)
    idle.limits = {"edit_gap": 1.0 / SPEED, "budgets": shortened(LIMITS.budgets)}
    idle.aion.token_delay, idle.aion.token_words = 0.01, 1
    await idle.start()
    return idle


async def ask_at_once(bot: Bot, size: int) -> list[str]:
    """Ask questions at the same moment, and wait until every answer is complete."""
    for _ in range(size):
        bot.aion.play(Scene((Speak(WORDS), *ENDING), Answer(WORDS)))
    threads = [await bot.workspace.ask(bot.ada, f"question {number}") for number in range(size)]
    for thread in threads:
        await bot.workspace.until(lambda thread=thread: "w059" in bot.text(thread))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
    return threads


def whole(bot: Bot, thread: str) -> bool:
    """Whether the thread shows the words, and nothing else but what a first direct message is told."""
    answer, _, told = bot.text(thread).partition(strings.DIRECT_THREADS)
    # What a first direct message is told has none of the answer's words: nothing is repeated behind it.
    return answer.split() == WORDS.split() and set(told.split()).isdisjoint(WORDS.split())


@pytest.mark.slow
async def test_thirty_answers_at_once_are_complete_without_refusals(
    limited: Bot, slack: SimulatedSlack
) -> None:
    """Thirty answers at once are complete, each is shown once, and Slack refuses no request."""
    threads = await ask_at_once(limited, 30)
    await limited.until(lambda: all(whole(limited, thread) for thread in threads))
    assert slack.rates.refusals == {}
    assert slack.api.calls["chat.startStream"] > 0
    assert slack.api.calls["chat.update"] > 0


@pytest.mark.slow
async def test_limits_at_half_of_the_documented_ones_are_learned(limited: Bot, slack: SimulatedSlack) -> None:
    """With half the limits everything is complete too, and no method is refused again and again."""
    assert slack.rates.limits is not None
    slack.rates.limits = slack.rates.limits.scaled(0.5)
    threads = await ask_at_once(limited, 12)
    await limited.until(lambda: all(whole(limited, thread) for thread in threads))
    assert all(times <= 3 for times in slack.rates.refusals.values()), slack.rates.refusals


async def test_direct_messages_use_native_streams(limited: Bot, slack: SimulatedSlack) -> None:
    """In a direct message the text is appended to a native stream, and nothing is edited, also for the buttons that rate."""
    limited.aion.play(Scene((Speak(WORDS), *ENDING), Answer(WORDS)))
    thread = await slack.direct_message(limited.ada, "what now?")
    await limited.until(lambda: whole(limited, thread))
    await limited.until(lambda: slack.api.calls["chat.stopStream"] == 1)
    await limited.until(lambda: any(one.buttons for one in limited.bots(thread)))
    assert slack.api.calls["chat.startStream"] == 1
    assert slack.api.calls["chat.appendStream"] > 1
    assert slack.api.calls["chat.update"] == slack.api.calls["chat.postMessage"] == 0


@pytest.mark.slow
async def test_few_answers_in_a_channel_are_edited(limited: Bot, slack: SimulatedSlack) -> None:
    """In a channel with few answers an answer is posted and edited, not streamed."""
    threads = await ask_at_once(limited, 3)
    await limited.until(lambda: all(whole(limited, thread) for thread in threads))
    assert slack.api.calls["chat.startStream"] == 0


@pytest.mark.slow
async def test_a_workspace_without_native_streams_uses_edits(limited: Bot, slack: SimulatedSlack) -> None:
    """Where Slack refuses native streams the bot tries one once, then posts and edits the answer."""
    slack.streams.refused["im"] = "unknown_method"
    limited.aion.play(*[Scene((Speak(WORDS), *ENDING), Answer(WORDS))] * 2)
    for question in ("what now?", "and then?"):
        thread = await slack.direct_message(limited.ada, question)
        await limited.until(lambda thread=thread: whole(limited, thread))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
    assert slack.api.calls["chat.startStream"] == 1


async def test_a_stream_that_slack_ends_continues_by_edits(limited: Bot, slack: SimulatedSlack) -> None:
    """When Slack ends a stream the rest is edited in; nothing is lost or repeated."""
    steps = (Speak(PARTS[0]), Hold("go"), Speak(PARTS[1]), *ENDING)
    limited.aion.play(Scene(steps, Answer(WORDS)))
    thread = await slack.direct_message(limited.ada, "what now?")
    await limited.shows(thread, "w029")
    slack.streams.life = 0.0  # it ends by Slack's clock, and nothing is sent then
    limited.aion.release("go")
    await limited.until(lambda: whole(limited, thread))
    assert len(limited.bots(thread)) == 1


async def test_a_stream_cut_off_by_a_kill_is_completed_in_its_place(
    limited: Bot, slack: SimulatedSlack
) -> None:
    """A crash during a stream: the next start ends it and shows the stored answer there, once."""
    steps = (Speak(PARTS[0]), Hold("go"), Speak(PARTS[1]), *ENDING)
    limited.aion.play(Scene(steps, Answer(WORDS)))
    thread = await slack.direct_message(limited.ada, "what now?")
    await limited.shows(thread, "w029")
    await limited.kill()
    limited.aion.release("go")
    await limited.start()
    await limited.until(lambda: whole(limited, thread))
    assert len(limited.bots(thread)) == 1
