"""The tour as one file."""

import html
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.demo.page.tour_file import tour_file
from aion_bot.demo.tour import Stop
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.slack.state import BOT, Message
from tests.demo.html_checker import Parsed


async def ended(services: SimulatedServices) -> list[Stop]:
    """Two ended threads, one with a private message."""
    slack, discord = services.slack, services.discord
    thread = await slack.ask(slack.people[0], "On Slack?")
    for only_for in (None, slack.people[1].id):
        said = [{"text": f"[words](https://aion.example) *Yes*, {only_for}"}]
        slack.add(
            Message(
                slack.conversations.clock.ts(),
                slack.general.id,
                BOT,
                list(said),
                thread_ts=thread,
                only_for=only_for,
            )
        )
    root = discord.say(discord.people[0], "On Discord?")
    return [Stop("A question", slack, thread), Stop("A question", discord, root.id)]


async def test_it_is_one_file_that_asks_for_nothing(services: SimulatedServices) -> None:
    """No script, no picture, no sheet from elsewhere, and a policy that forbids them all the same."""
    drawn = tour_file(services, await ended(services))
    found = Parsed(drawn)
    assert found.wrong == []
    assert not {"script", "link", "form"} & set(found.elements)
    assert "default-src 'none'" in html.unescape(drawn)
    assert "url(" not in drawn
    assert "@import" not in drawn


async def test_it_shows_both_platforms_of_a_step_and_whose_a_whisper_is(services: SimulatedServices) -> None:
    """A step is told once, with both threads; a private message names its reader."""
    found = Parsed(tour_file(services, await ended(services)))
    assert found.text.count("A question") == 1
    for words in ("On Slack?", "On Discord?", "Only visible to Ben"):
        assert words in found.text


@pytest.mark.parametrize("options", [["--html", "tour.html"], ["--tour", "--port", "8321"]])
def test_an_option_without_effect_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """A file without the tour and a port with it are mistakes that are told before anything starts."""
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(program, ["demo", *options]).exit_code == 2
    assert not (tmp_path / "tour.html").exists()
