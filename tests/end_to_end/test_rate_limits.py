"""Whole conversations at the platforms' limits, sixty seconds of them in three."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from adapters.slack.rate_limits import LIMITS
from aion_bot.ports.rate_limits import Budget, Operation
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.rates import SlackLimits
from tests.end_to_end.bot import Bot

HASTE = 20.0
"""How much faster than in reality limits are renewed here."""

WORDS = "".join(f"w{number:03} " for number in range(60))
PARTS = (WORDS[:150], WORDS[150:])

pytestmark = pytest.mark.parametrize("place", ["slack"], indirect=True)


def hasty(budgets: Mapping[Operation, tuple[Budget, ...]]) -> dict[Operation, tuple[Budget, ...]]:
    return {
        call: tuple(replace(one, seconds=one.seconds / HASTE) for one in all_of)
        for call, all_of in budgets.items()
    }


@pytest.fixture
async def limited(idle: Bot, slack: SimulatedSlack) -> Bot:
    """A bot and a Slack with the documented limits, and words that take half a second."""
    slack.rates.limits = SlackLimits(window=60.0 / HASTE, posts_a_second=HASTE)
    idle.limits = {"edit_gap": 1.0 / HASTE, "budgets": hasty(LIMITS.budgets)}
    idle.aion.token_delay = 0.01
    await idle.start()
    return idle


async def crowd(bot: Bot, size: int) -> list[str]:
    """Ask questions at the same moment, and wait until every answer stands whole."""
    for _ in range(size):
        bot.aion.play(Scene((Speak(WORDS), *ENDING), Answer(WORDS)))
    threads = [await bot.place.ask(bot.ada, f"question {number}") for number in range(size)]
    for thread in threads:
        await bot.place.until(lambda thread=thread: "w059" in bot.text(thread), timeout=20.0)  # type: ignore[misc]
    return threads


def whole(bot: Bot, thread: str) -> bool:
    return bot.text(thread).split() == WORDS.split()


async def test_a_crowd_is_complete_and_never_refused(limited: Bot, slack: SimulatedSlack) -> None:
    """Thirty answers at once: all whole, each once, and Slack has refused nothing."""
    threads = await crowd(limited, 30)
    await limited.until(lambda: all(whole(limited, thread) for thread in threads))
    assert slack.rates.refusals == {}
    assert slack.api.calls["chat.startStream"] > 0
    assert slack.api.calls["chat.update"] > 0


async def test_limits_that_are_half_of_what_is_documented_are_learned(
    limited: Bot, slack: SimulatedSlack
) -> None:
    """With half the limits all is complete too, and no method is refused again and again."""
    assert slack.rates.limits is not None
    slack.rates.limits = slack.rates.limits.scaled(0.5)
    threads = await crowd(limited, 12)
    await limited.until(lambda: all(whole(limited, thread) for thread in threads))
    assert all(times <= 3 for times in slack.rates.refusals.values()), slack.rates.refusals


async def test_direct_messages_are_streams(limited: Bot, slack: SimulatedSlack) -> None:
    """In a direct message the words are appended to a native stream, and nothing is edited."""
    limited.aion.play(Scene((Speak(WORDS), *ENDING), Answer(WORDS)))
    thread = await slack.direct_message(limited.ada, "what now?")
    await limited.until(lambda: whole(limited, thread))
    await limited.until(lambda: slack.api.calls["chat.stopStream"] == 1)
    assert slack.api.calls["chat.startStream"] == 1
    assert slack.api.calls["chat.appendStream"] > 1
    assert slack.api.calls["chat.update"] == slack.api.calls["chat.postMessage"] == 0


async def test_a_channel_without_a_crowd_has_no_streams(limited: Bot, slack: SimulatedSlack) -> None:
    """In a channel everybody sees an answer grow: it is posted and edited."""
    threads = await crowd(limited, 3)
    await limited.until(lambda: all(whole(limited, thread) for thread in threads))
    assert slack.api.calls["chat.startStream"] == 0


async def test_a_workspace_without_streams_has_edits(limited: Bot, slack: SimulatedSlack) -> None:
    """Where Slack knows no streams they are asked for once, and the answer is posted and edited."""
    slack.streams.refused["im"] = "unknown_method"
    limited.aion.play(*[Scene((Speak(WORDS), *ENDING), Answer(WORDS))] * 2)
    for question in ("what now?", "and then?"):
        thread = await slack.direct_message(limited.ada, question)
        await limited.until(lambda thread=thread: whole(limited, thread))  # type: ignore[misc]
    assert slack.api.calls["chat.startStream"] == 1


async def test_a_stream_that_slack_ends_goes_on_by_edits(limited: Bot, slack: SimulatedSlack) -> None:
    """Slack ends a stream after its time: the rest is edited in, nothing is lost and nothing stands twice."""
    slack.streams.life = 0.3
    steps = (Speak(PARTS[0]), Hold("go"), Speak(PARTS[1]), *ENDING)
    limited.aion.play(Scene(steps, Answer(WORDS)))
    thread = await slack.direct_message(limited.ada, "what now?")
    await limited.shows(thread, "w029")
    await asyncio.sleep(slack.streams.life)
    limited.aion.release("go")
    await limited.until(lambda: whole(limited, thread))
    assert len(limited.bots(thread)) == 1


async def test_a_stream_cut_off_by_a_kill_is_completed_in_its_place(
    limited: Bot, slack: SimulatedSlack
) -> None:
    """Killed while a stream grows: the next start ends it and shows the stored answer there, once."""
    steps = (Speak(PARTS[0]), Hold("go"), Speak(PARTS[1]), *ENDING)
    limited.aion.play(Scene(steps, Answer(WORDS)))
    thread = await slack.direct_message(limited.ada, "what now?")
    await limited.shows(thread, "w029")
    await limited.kill()
    limited.aion.release("go")
    await limited.start()
    await limited.until(lambda: whole(limited, thread))
    assert len(limited.bots(thread)) == 1
