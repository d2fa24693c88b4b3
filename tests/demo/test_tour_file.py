"""The tour as one HTML file."""

import html
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.demo.page.tour_file import tour_file
from aion_bot.demo.tour import Stop
from aion_bot.ports import private_files
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


@pytest.mark.parametrize("name", ["missing/tour.html", ".", "file/tour.html", "x" * 300])
def test_a_file_that_cannot_be_written_is_refused_before_the_tour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A missing folder, a folder, and a name that the system refuses end the command at once, with status 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    ended = CliRunner().invoke(program, ["demo", "--tour", "--html", name])
    assert ended.exit_code == 2
    assert "--html: " in ended.stderr
    assert "cannot be written" in ended.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_file_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    """The check before the tour creates nothing and changes nothing."""
    (tmp_path / "old.html").write_text("old")
    for name in ("old.html", "new.html"):
        private_files.check_writable(tmp_path / name)
    assert (tmp_path / "old.html").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["old.html"]
