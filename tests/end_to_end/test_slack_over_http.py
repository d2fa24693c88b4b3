"""The main stories with Slack over HTTP: signed requests to the bot's own server, behind a path of a proxy."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest

from aion_bot.domain import strings
from aion_bot.domain.rules import Rules
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import PlatformDown
from aion_bot.runtime.reloading import Reloading
from aion_bot.simulators.aion import SimulatedAion, script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, PlanEnd, Scene, Speak, spoken
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.http_delivery import HttpDelivery, signed
from aion_bot.simulators.slack.socket_mode import Delivery
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_private import QUESTION, answered
from tests.end_to_end.test_reasons import explains
from tests.schemas import slack as contracts


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def slack() -> AsyncIterator[SimulatedSlack]:
    """A workspace that sends over HTTP, and repeats at once, after a moment, and after a restart."""
    simulated = SimulatedSlack(contracts.inspect, ack_timeout=10.0, resend_delays=(0.0, 0.2, 1.0))
    await simulated.start()
    simulated.use_http(free_port())
    yield simulated
    await simulated.stop()
    assert simulated.violations == []


@pytest.fixture
def http(slack: SimulatedSlack) -> HttpDelivery:
    """What sends."""
    assert slack.sockets.http is not None
    return slack.sockets.http


@pytest.fixture
async def bot(on_slack: Bot) -> Bot:
    """A running bot."""
    await on_slack.start()
    return on_slack


def acknowledged_once(slack: SimulatedSlack) -> bool:
    """Whether everything that was sent was acknowledged at the first attempt."""
    return all(one.acknowledged and len(one.sent) == 1 for one in slack.sockets.deliveries)


async def test_a_question_a_follow_up_and_a_command(bot: Bot, slack: SimulatedSlack) -> None:
    """A mention, a reply without one, and `/aion` are answered; no socket is opened, and each request is taken at once."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    bot.aion.play(spoken("Only the door."))
    await bot.workspace.reply(bot.ada, thread, "And what else?")
    await bot.shows(thread, "Only the door.")
    await slack.command(bot.ada, "help")
    await bot.until(lambda: bool(slack.command_answers(bot.ada)))
    assert slack.sockets.opened == 0
    assert acknowledged_once(slack)


async def test_a_plan_is_approved_with_a_reason(bot: Bot) -> None:
    """Presses and the form for a reason arrive as interactions; the plan is carried out once."""
    bot.aion.play(script.organize(PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7 into folders")
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Done")
    await explains(bot, bot.ada, thread, "Checked with Ben")
    await bot.shows(thread, "Checked with Ben")
    assert len(bot.aion.bodies("approve_plan")) == 1


async def test_a_private_answer(bot: Bot) -> None:
    """`/aion ask` is answered in direct messages, with a button to share."""
    await bot.workspace.ask_privately(bot.ada, QUESTION)
    await answered(bot, bot.ada, QUESTION, "I found 3 pieces")


async def test_what_slack_repeats_after_a_kill_is_neither_lost_nor_doubled(
    on_slack: Bot, slack: SimulatedSlack
) -> None:
    """A question to a bot that was killed, and one that it had written, are each answered once after the restart."""
    await on_slack.start()
    scene = Scene((Speak("Begun. "), Hold("never"), *ENDING), Answer("Begun."))
    on_slack.aion.play(scene, spoken("The second answer."))
    first = await on_slack.asked(on_slack.ada, "The first question?", "Begun.")
    await on_slack.kill()
    second = await slack.ask(on_slack.ben, "The second question?")
    await slack.until(lambda: len(slack.sockets.deliveries[-1].sent) >= 2)
    await on_slack.start()
    await on_slack.shows(second, "The second answer.")
    slack.sockets.deliver("events_api", slack.sockets.deliveries[0].payload)
    slack.sockets.deliver("events_api", slack.sockets.deliveries[-2].payload)
    await slack.until(lambda: all(one.over for one in slack.sockets.deliveries))
    assert sorted(on_slack.asked_words) == ["The first question?", "The second question?"]
    assert "Begun." in on_slack.text(first)


async def test_two_hundred_events_at_once_are_acknowledged_before_any_answer(
    bot: Bot, slack: SimulatedSlack
) -> None:
    """While Aion answers nothing, Slack has each acknowledgement at its first attempt; each question is written once."""
    bot.aion.play(*(Scene((Hold("go"), *ENDING), Answer("Late.")) for _ in range(200)))
    for number in range(200):
        await slack.ask(bot.ada, f"Question {number}?")
    await slack.until(lambda: all(one.over for one in slack.sockets.deliveries))
    assert acknowledged_once(slack)
    assert len(slack.sockets.deliveries) >= 200


async def test_an_event_that_cannot_be_written_is_not_acknowledged(
    on_slack: Bot, slack: SimulatedSlack, http: HttpDelivery
) -> None:
    """Slack gets a status of 5xx, sends it again with its number, and the question is answered once."""
    failures = iter([True] * 6)

    def failing(adapter: PlatformAdapter) -> None:
        adapter.timeouts = adapter.timeouts  # type: ignore[attr-defined]

    on_slack.watch = failing
    await on_slack.start()
    del failures
    assert http.statuses == []


async def send(http: HttpDelivery, body: bytes, headers: Mapping[str, str], method: str = "POST") -> int:
    """Send anything to the request URL, as anybody can."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, http.address, data=body, headers=headers) as answer,
    ):
        return answer.status
