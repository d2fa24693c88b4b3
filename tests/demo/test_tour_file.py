"""The tour as one HTML file."""

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
    """Two finished threads, one with a private reply."""
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


async def test_the_file_loads_nothing(services: SimulatedServices) -> None:
    """The file has no script, picture or style from elsewhere, and a policy that forbids them."""
    drawn = tour_file(services, await ended(services))
    found = Parsed(drawn)
    assert found.wrong == []
    assert not {"script", "link", "form"} & set(found.elements)
    assert "default-src 'none'" in html.unescape(drawn)
    assert "url(" not in drawn
    assert "@import" not in drawn


async def test_a_step_shows_both_platforms_and_names_private_readers(services: SimulatedServices) -> None:
    """A step is described once, with both threads; a private reply names its reader."""
    found = Parsed(tour_file(services, await ended(services)))
    assert found.text.count("A question") == 1
    for words in ("On Slack?", "On Discord?", "Only visible to Ben"):
        assert words in found.text


@pytest.mark.parametrize("options", [["--html", "tour.html"], ["--tour", "--port", "8321"]])
def test_an_option_without_effect_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """A file without the tour, and a port with it, are refused before anything starts."""
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(program, ["demo", *options]).exit_code == 2
    assert not (tmp_path / "tour.html").exists()
