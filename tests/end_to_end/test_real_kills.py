"""`kill -9` of a real process at ten requests, and recovery by the next process."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Answer, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import FullWorkspace, Operation
from tests.end_to_end.bot import Bot
from tests.end_to_end.program import Program
from tests.schemas import aion as aion_contracts
from tests.schemas import discord as discord_contracts
from tests.schemas import slack as slack_contracts

pytestmark = pytest.mark.slow  # each starts whole programs

ANSWER = "The whole answer, from its first word to its last."


class KillingInspector:
    """An inspector that kills the program when a request of this name arrives, before it is carried out."""

    def __init__(self) -> None:
        self.name = ""
        self.word = ""
        self.program: Program | None = None
        self.killed = False

    def inspect_text(self, body: Mapping[str, Any]) -> None:
        """Kill the program if a request holds the word, whenever it does."""
        if self.word and self.word in str(body) and self.program is not None:
            self.program.kill_now()

    def inspect_request(self, name: str) -> None:
        """Kill the program if this is the chosen request."""
        if name == self.name and not self.killed and self.program is not None:
            self.killed = True
            self.program.kill_now()


@pytest.fixture
def deadly() -> KillingInspector:
    return KillingInspector()


@pytest.fixture
async def aion(deadly: KillingInspector) -> AsyncIterator[SimulatedAion]:
    def inspect(operation: str, body: Mapping[str, Any]) -> None:
        aion_contracts.inspect(operation, body)
        deadly.inspect_request(operation)

    async with SimulatedAion(inspector=inspect) as simulated:
        yield simulated


@pytest.fixture(params=["slack", "discord"])
async def workspace(request: pytest.FixtureRequest, deadly: KillingInspector) -> AsyncIterator[FullWorkspace]:
    def inspect_slack(method: str, body: Mapping[str, Any]) -> None:
        slack_contracts.inspect(method, body)
        deadly.inspect_text(body)
        deadly.inspect_request(method)

    def inspect_discord(route: str, body: Mapping[str, Any]) -> None:
        discord_contracts.inspect(route, body)
        deadly.inspect_text(body)
        deadly.inspect_request(route)

    made: SimulatedSlack | SimulatedDiscord
    made = SimulatedSlack(inspect_slack) if request.param == "slack" else SimulatedDiscord(inspect_discord)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def program(tmp_path: Path, deadly: KillingInspector) -> AsyncIterator[Program]:
    made = Program(tmp_path)
    deadly.program = made
    yield made
    await made.kill()


@pytest.mark.parametrize("point", ["create_session", "send_stream", Operation.POST, Operation.EDIT])
async def test_a_question_survives_a_kill(
    idle: Bot, program: Program, deadly: KillingInspector, point: str | Operation
) -> None:
    """After a kill as it opens a session, asks, posts or edits: one answer, or a Retry that leads to it."""
    deadly.name = idle.workspace.requests[point][0] if isinstance(point, Operation) else point
    idle.aion.play(spoken(ANSWER), spoken(ANSWER))
    # Long enough that it grows by edits: what is whole in a second is one post.
    idle.aion.token_delay = 0.3
    await program.start(idle.env())
    await idle.workspace.connected()
    thread = await idle.workspace.ask(idle.ada, "What?")
    await program.end()
    assert deadly.killed
    for session in idle.aion.sessions:
        if len(list(session.texts("user"))) > len(list(session.texts("assistant"))):
            idle.aion.sessions.store(session, "assistant", Answer(ANSWER))
    await program.start(idle.env())
    await idle.until(lambda: ANSWER in idle.text(thread) or idle.pressable(thread) == ["Retry"])
    if idle.pressable(thread) == ["Retry"]:
        await idle.press(idle.ada, thread, "Retry")
        await idle.shows(thread, ANSWER)
    await idle.until(lambda: idle.pressable(thread) == [])
    assert idle.text(thread).count(ANSWER) == 1


async def test_a_decision_survives_a_kill(idle: Bot, program: Program, deadly: KillingInspector) -> None:
    """After a kill at the plan action the card says what is known, and only a person repeats the action."""
    await program.start(idle.env())
    await idle.workspace.connected()
    thread = await idle.workspace.ask(idle.ada, "Organize the photos of site 7")
    await idle.card(thread)
    deadly.name = "plan_action"
    await idle.press(idle.ada, thread, "Approve")
    await program.end()
    assert deadly.killed
    await program.start(idle.env())
    await idle.shows(thread, strings.STILL_UNKNOWN)
    await idle.card(thread)
    assert idle.aion.count("plan_action") == 1
    await idle.press(idle.ada, thread, "Approve")
    await idle.until(lambda: "Approved by" in idle.text(thread) and idle.pressable(thread) == [])


async def test_an_answer_that_kills_is_given_up(
    idle: Bot, program: Program, deadly: KillingInspector
) -> None:
    """Two processes die as they show it; the third ends it as failed, with Retry, and goes on with other questions."""
    deadly.word = "poison"
    idle.aion.play(spoken("It is poison."))
    await program.start(idle.env())
    await idle.workspace.connected()
    thread = await idle.workspace.ask(idle.ada, "What?")
    await program.end()
    await program.start(idle.env())
    await program.end()
    await program.start(idle.env())
    await idle.shows(thread, strings.GIVEN_UP)
    await idle.until(lambda: idle.pressable(thread) == ["Retry"])
    assert idle.aion.count("send_stream") == 1
    idle.aion.play(spoken(ANSWER))
    await idle.workspace.connected()
    await idle.press(idle.ada, thread, "Retry")
    await idle.shows(thread, ANSWER, without=[strings.GIVEN_UP])
