"""The bot recovers from every trouble of the menu."""

import asyncio

import pytest

from aion_bot.demo.bot_process import BotProcess
from aion_bot.demo.page.trouble import MENU, Troubles
from aion_bot.simulators.aion.photos import ROOF_LEAK
from aion_bot.simulators.aion.script import LEAK
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.workspace import Shown, Workspace

pytestmark = pytest.mark.slow

WHOLE = ("I found 3 pieces", "named the hoist")
QUESTION = "What is damaged on site 7?"


class MenuObserver:
    """The trouble menu, with a wait for its messages."""

    def __init__(self, services: SimulatedServices, bot: BotProcess) -> None:
        self.menu = Troubles(services, bot, self._changed, pause=0.2)
        self._said = asyncio.Event()

    def _changed(self) -> None:
        self._said.set()

    async def until(self, words: str) -> None:
        async with asyncio.timeout(60):
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
async def test_an_answer_is_complete_after_refused_edits(
    services: SimulatedServices, bot: BotProcess, number: int
) -> None:
    """Refused edits are in the log that the meter reads, and the answer is complete at the end."""
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
async def test_an_interrupted_answer_is_completed(
    services: SimulatedServices, bot: BotProcess, trouble: str, end: str
) -> None:
    """A broken stream, a kill and a restart all lead to the whole answer, asked once."""
    observer = MenuObserver(services, bot)
    observer.menu.make(trouble)
    await observer.until("Ask something")
    thread = await services.slack.ask(services.slack.people[0], QUESTION)
    await observer.until(end)
    await shows(services.slack, thread, *WHOLE)
    assert services.aion.count("send_stream") == 1


async def test_retry_answers_after_a_failure(services: SimulatedServices, bot: BotProcess) -> None:
    """The Retry button of a failure leads to the answer."""
    observer = MenuObserver(services, bot)
    observer.menu.make("down")
    await observer.until("Ask something")
    thread = await services.slack.ask(services.slack.people[0], QUESTION)
    await observer.until("Aion failed")
    await press_retry(services.slack, thread)
    await shows(services.slack, thread, *WHOLE)
    await observer.menu.stop()


async def test_every_trouble_can_be_started(services: SimulatedServices, idle: BotProcess) -> None:
    """Each trouble of the menu starts and says what it does or waits for."""
    for trouble in MENU:
        observer = MenuObserver(services, idle)
        observer.menu.make(trouble)
        await observer.until(" ")
        await observer.menu.stop()


async def test_a_killed_bot_leaves_half_an_answer_for_a_while(
    services: SimulatedServices, bot: BotProcess
) -> None:
    """Between the kill and the next start the thread shows what its reader would see, and no bot is there."""
    services.aion.token_delay = 0.02
    observer = MenuObserver(services, bot)
    observer.menu.make("kill")
    await observer.until("Ask something")
    thread = await services.slack.ask(services.slack.people[0], QUESTION)
    await observer.until("half an answer")
    assert "0.3 seconds" in observer.menu.message
    assert services.slack.sockets.open == 0
    assert "pieces" in text(services.slack, thread)
    assert "named the hoist" not in text(services.slack, thread)
    await observer.until("is back")
    await shows(services.slack, thread, *WHOLE)


@pytest.mark.slow  # the bot waits for seconds whether the file arrived nevertheless
async def test_a_file_that_failed_is_uploaded_by_retry(services: SimulatedServices, bot: BotProcess) -> None:
    """The line says that the file is missing, and Retry adds it; the answer is about it then."""
    place = services.workspaces[0]
    observer = MenuObserver(services, bot)
    observer.menu.make("upload")
    await observer.until("Send a file")
    thread = await place.mention(place.people[0], "What is wrong here?", files=[ROOF_LEAK])
    await observer.until("Aion failed on the file")
    await shows(place, thread, f"{ROOF_LEAK.name}`: not added")
    await press_retry(place, thread)
    await shows(place, thread, f"{ROOF_LEAK.name}`: added", LEAK)
