"""Each platform in turn: its simulator, its adapter built as the command line builds it, and a recording core."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

import adapters
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.events import Prompt
from aion_bot.simulators.workspace import SimulatedPerson, Workspace
from tests.contract.harness import Harness
from tests.support.recording_host import RecordingHost

TESTS = Path(__file__).parents[1]


def found_harnesses() -> Mapping[str, Harness]:
    """Every platform with a `platform_harness.py` in a folder of the tests, by the folder's name."""
    paths = sorted(TESTS.rglob("platform_harness.py"))
    names = {
        path.parent.name: ".".join(path.with_suffix("").relative_to(TESTS.parent).parts) for path in paths
    }
    return {name: importlib.import_module(module).HARNESS for name, module in names.items()}


HARNESSES = found_harnesses()


@dataclass(slots=True)
class Connection:
    """An adapter that listens to a workspace."""

    workspace: Workspace
    adapter: PlatformAdapter
    host: RecordingHost

    @property
    def ada(self) -> SimulatedPerson:
        """Who asks."""
        return self.workspace.people[0]

    async def asked(self, text: str = "What is damaged on site 7?") -> tuple[str, Prompt]:
        """Let Ada ask, and open the thread; returns the workspace's name of it, and the question."""
        known = len(self.host.of_kind(Prompt))
        thread = await self.workspace.ask(self.ada, text)
        prompt = await self.host.newest(Prompt, known + 1)
        await self.adapter.open_thread(prompt)
        return thread, prompt

    def said(self, thread: str) -> list[str]:
        """What the bot's messages in a thread show to everybody now, oldest first."""
        return [
            one.text
            for one in self.workspace.thread(thread)
            if one.by_bot and one.only_for is None and one.text
        ]


@pytest.fixture(autouse=True)
def _search_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Platforms of the tests are found in folders named `adapters`, as those of other distributions are."""
    more = [str(path) for path in sorted(TESTS.glob("*/adapters")) if path.is_dir()]
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, *more])


@pytest.fixture(params=sorted(HARNESSES))
def harness(request: pytest.FixtureRequest) -> Harness:
    """Each platform in turn."""
    return HARNESSES[request.param]


@pytest.fixture
async def workspace(harness: Harness) -> AsyncIterator[Workspace]:
    """A simulator that objects to what the platform's contracts do not allow, where it can."""
    simulator = harness.simulator()
    await simulator.start()
    yield simulator
    await simulator.stop()
    assert getattr(simulator, "violations", []) == []


def built(workspace: Workspace) -> PlatformAdapter:
    """Build the adapter from the settings that lead to a simulator."""
    found, problems = adapters.discover(workspace.env)
    assert problems == []
    (adapter,) = found
    return adapter


@pytest.fixture
async def adapter(workspace: Workspace) -> AsyncIterator[PlatformAdapter]:
    """An adapter that does not listen."""
    made = built(workspace)
    yield made
    await made.close()


@pytest.fixture
async def connection(workspace: Workspace, adapter: PlatformAdapter) -> AsyncIterator[Connection]:
    """An adapter that listens."""
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await workspace.connected()
    await host.until(lambda: bool(host.presences))
    yield Connection(workspace, adapter, host)
    listening.cancel()
    with suppress(asyncio.CancelledError, PlatformDown):  # down where the test stopped the platform
        await listening
