"""The tour of the demo."""

import asyncio
import io
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from aion_bot import app
from aion_bot.cli import compose
from aion_bot.demo.terminal import Terminal
from aion_bot.demo.tour import Tour
from aion_bot.simulators.aion.scene import spoken
from aion_bot.simulators.services import SimulatedServices

pytestmark = pytest.mark.slow  # each plays a whole tour


async def serving(services: SimulatedServices, folder: Path, stop: asyncio.Event) -> "asyncio.Task[bool]":
    """A bot for both workspaces of the demo."""
    settings, adapters, problems = compose(
        {
            **services.env,
            "AION_BOT_DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
            "AIONVISION_RETRY_DELAY": "0.01",
            "AION_BOT_SHUTDOWN_GRACE": "0.1",
        }
    )
    assert settings is not None, problems
    for adapter in adapters:
        adapter.limits = replace(adapter.limits, edit_gap=0.05, budgets={})
    return asyncio.create_task(app.serve(settings, adapters, stop))


async def test_the_tour_succeeds(tmp_path: Path) -> None:
    """Every step succeeds on both platforms, and the transcript shows questions, edits, cards and records.

    What a thread shows in the end is its end: nothing in it can be stopped, and its sources are whole.
    """
    lines: list[str] = []
    stop = asyncio.Event()
    async with SimulatedServices(token_delay=0.001) as services:
        bot = await serving(services, tmp_path, stop)
        assert await Tour(services, lines.append).play(), "\n".join(lines)
        stop.set()
        assert await bot
    transcript = "\n".join(lines)
    for part in (
        "Slack:",
        "Discord:",
        "[ Approve ]",
        "privately",
        "Approved by",
        "Cancelled by",
        "[ Retry ]",
        "edit",
    ):
        assert part in transcript
    assert "✗" not in transcript
    ends = [line for line in lines if "│" in line]
    assert not any("[ Stop ]" in line for line in ends)
    assert sum("pump_manual.pdf (pp.3-7)" in line for line in ends) == 2


async def test_a_failed_tour_is_reported(tmp_path: Path) -> None:
    """A tour in which Aion answers wrongly reports failure."""
    lines: list[str] = []
    stop = asyncio.Event()
    async with SimulatedServices(token_delay=0.0) as services:
        bot = await serving(services, tmp_path, stop)
        services.aion.play(*(spoken("Something else.") for _ in range(30)))
        assert not await Tour(services, lines.append, patience=0.1).play()
        stop.set()
        assert await bot
    assert any("✗" in line for line in lines)


class Screen(io.StringIO):
    """A terminal's output, with a wait for text."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def write(self, text: str) -> int:
        with self._changed:
            written = super().write(text)
            self._changed.notify_all()
        return written

    def wait_for(self, text: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.getvalue(), timeout=60), text


class Keyboard(io.StringIO):
    """A terminal's input that types the next line once the screen shows the text it waits for."""

    def __init__(self, screen: Screen, script: list[tuple[str, str]]) -> None:
        super().__init__()
        self._screen = screen
        self._script = script

    def readline(self, *_: object) -> str:
        if not self._script:
            return ""
        wanted, line = self._script.pop(0)
        self._screen.wait_for(wanted)
        return line + "\n"


async def test_a_person_can_use_the_terminal(tmp_path: Path) -> None:
    """Typed questions are asked, answers are printed, and a plan is approved by its label."""
    screen = Screen()
    script = [
        ("Slack, Ada>", "What is damaged on site 7?"),
        ("inspection_site7.pdf (p.5)", "/discord"),
        ("Discord, Ada>", "Organize the photos of site 7"),
        ("[ Approve ]", "/press approve"),
        ("Approved by", "/quit"),
    ]
    stop = asyncio.Event()
    async with SimulatedServices(token_delay=0.0) as services:
        bot = await serving(services, tmp_path, stop)
        assert await Terminal(services, Keyboard(screen, script), screen).converse()
        stop.set()
        assert await bot
    for part in ("I found", "3 pieces"):  # an edit prints what it added: the number may come in a later one
        assert part in screen.getvalue()
