"""The end of `aion-bot init`: a first question through the bot, against the simulators."""

import asyncio
import os
from pathlib import Path

import pytest

from aion_bot.cli import compose
from aion_bot.commands import first_question
from aion_bot.domain.rules import Rules
from aion_bot.storage import Store
from tests.commands.test_guided_setup import SECRETS, in_terminal, init, setup
from tests.diagnosis.setup import Setup

__all__ = ["setup"]  # the fixture


@pytest.mark.slow
async def test_the_bot_answers_the_first_question(setup: Setup) -> None:
    """After doctor the bot runs, a person's question and the end of its answer are said with the seconds, and it ends."""
    key, bot, app, _ = (setup.env[name] for name in SECRETS)
    setup.services.aion.token_delay = 0.001
    running = asyncio.create_task(init(setup, f"n\ny\n{key}\n{bot}\n{app}\nn\ny\n"))
    await setup.slack.connected()
    await setup.slack.ask(setup.slack.people[0], "What is damaged on site 7?")
    status, said = await running
    assert status == 0, said
    order = ["Slack is connected.", "A question came over Slack.", "Answered in ", "start aion-bot run"]
    assert [said.index(one) for one in order] == sorted(said.index(one) for one in order)
    assert "damaged" not in said.partition("Slack is connected.")[2], "no words of the question"
    assert "Asked Aion itself" not in said


async def ask(setup: Setup, wait: float = 5.0, *, asks: bool = True) -> list[str]:
    """Run the end of the set-up alone, for Slack; with `asks` a person writes as soon as it is connected."""
    said: list[str] = []
    setup.env = {name: value for name, value in setup.env.items() if not name.startswith("DISCORD")}
    settings, platforms, problems = compose(setup.env)
    assert settings is not None
    assert not problems
    running = asyncio.create_task(
        first_question.ask_through_bot(
            settings, platforms, Rules(), lambda line: said.append(str(line)), wait=wait
        )
    )
    if asks:
        await setup.slack.connected()
        await setup.slack.ask(setup.slack.people[0], "What is damaged on site 7?")
    await running
    return said


async def test_a_failed_answer_is_said_with_its_reference(setup: Setup) -> None:
    """A question that Aion refuses is said as not answered, with the reference that `explain` takes."""
    setup.aion.fail_next("send_stream", 402)
    said = await ask(setup)
    assert "aion-bot explain" in said[-1], said


async def test_nobody_writes(setup: Setup) -> None:
    """Without a question the wait ends and says what to do; the bot has posted nothing."""
    assert (await ask(setup, 0.05, asks=False))[
        -1
    ] == "No question came. Start aion-bot run, then write to the bot."
    assert not [one for one in setup.slack.log if one.name == "chat.postMessage"]


async def test_a_bot_that_runs_already_is_said(setup: Setup) -> None:
    """The lock of the database keeps a second bot out: one line says so."""
    store = await Store.open(setup.database)
    said = await ask(setup, asks=False)
    await store.close()
    assert said[-1].startswith("The bot did not start: ")
    assert len(said) == 1


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:.*forkpty:DeprecationWarning"
)  # the child becomes another program at once
async def test_ctrl_c_skips_the_question(setup: Setup) -> None:
    """The bot stops, the rest of the set-up counts as done, and no trace is printed."""
    answers = [(b"aion-bot.toml", "n"), (b"first question?", "y"), (b"is connected", "\x03")]
    env = {**os.environ, **setup.env, "PYTHONPATH": str(Path(__file__).parents[2])}
    status, shown = await asyncio.to_thread(in_terminal, env, answers)
    assert status == 0, shown.decode()
    assert b"Skipped. Start aion-bot run" in shown
    assert b"Traceback" not in shown
