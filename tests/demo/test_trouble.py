"""What the trouble menu breaks, the bot mends while one watches."""

import asyncio

import pytest

from aion_bot.demo.bot_process import BotProcess
from aion_bot.demo.page.trouble import MENU, Troubles
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.workspace import Shown, Workspace

WHOLE = ("I found 3 pieces", "named the hoist")
QUESTION = "What is damaged on site 7?"


class MenuObserver:
    """What the menu says, as something to wait for."""

    def __init__(self, services: SimulatedServices, bot: BotProcess) -> None:
        self.menu = Troubles(services, bot, self._changed, pause=0.2)
        self._said = asyncio.Event()

    def _changed(self) -> None:
        self._said.set()

    async def until(self, words: str) -> None:
        async with asyncio.timeout(10):
            while words not in self.menu.message:
                self._said.clear()
                await self._said.wait()


def text(place: Workspace, thread: str) -> str:
    return "\n".join(one.text for one in place.thread(thread) if one.by_bot)


async def shows(place: Workspace, thread: str, *parts: str) -> None:
    await place.until(lambda: all(part in text(place, thread) for part in parts))


async def press_retry(place: Workspace, thread: str) -> None:
    def retriable() -> list[Shown]:
        return [one for one in place.thread(thread) if any(button.label == "Retry" for button in one.buttons)]

    await place.until(lambda: bool(retriable()))
    failed = retriable()[0]
    await place.press(place.people[0], thread, failed.id, failed.buttons[0].id)


@pytest.mark.parametrize("number", [0, 1])
async def test_refused_edits_are_caught_up(services: SimulatedServices, bot: BotProcess, number: int) -> None:
    """Refused edits show in the log that the meter reads, and the answer is complete in the end."""
    place = services.workspaces[number]
    observer = MenuObserver(services, bot)
    observer.menu.make("limit")
    await observer.until("refuses")
    thread = await place.ask(place.people[0], QUESTION)
    await shows(place, thread, *WHOLE)
    log = place.log
    assert sum(call.status == 429 for call in log) >= 1


@pytest.mark.parametrize(
    ("trouble", "end"), [("cut", "The stream broke"), ("kill", "is back"), ("restart", "is back")]
)
async def test_an_answer_that_was_cut_is_completed(
    services: SimulatedServices, bot: BotProcess, trouble: str, end: str
) -> None:
    """A broken stream, a killed bot and one that was restarted all end in the whole answer, asked once."""
    observer = MenuObserver(services, bot)
    observer.menu.make(trouble)
    await observer.until("Ask something")
    thread = await services.slack.ask(services.slack.people[0], QUESTION)
    await observer.until(end)
    await shows(services.slack, thread, *WHOLE)
    assert services.aion.count("send_stream") == 1


async def test_what_cannot_be_completed_has_a_retry(services: SimulatedServices, bot: BotProcess) -> None:
    """After a failure the button brings the answer."""
    observer = MenuObserver(services, bot)
    observer.menu.make("down")
    await observer.until("Ask something")
    thread = await services.slack.ask(services.slack.people[0], QUESTION)
    await observer.until("Aion failed")
    await press_retry(services.slack, thread)
    await shows(services.slack, thread, *WHOLE)
    await observer.menu.stop()


async def test_every_entry_of_the_menu_does_something(services: SimulatedServices, idle: BotProcess) -> None:
    """Each trouble on the menu can be made and says what it waits for or does."""
    for trouble in MENU:
        observer = MenuObserver(services, idle)
        observer.menu.make(trouble)
        await observer.until(" ")
        await observer.menu.stop()
