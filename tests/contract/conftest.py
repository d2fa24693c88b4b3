"""Each platform in turn: its simulator, its adapter as the command line builds it, and a recording host."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

import adapters
from aion_bot.environment.addresses import read_listen_address
from aion_bot.monitoring.monitor import Monitor
from aion_bot.monitoring.server import MonitoringServer
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.events import Prompt
from aion_bot.ports.http_requests import receivers
from aion_bot.simulators.workspace import SimulatedPerson, Workspace
from tests.contract.harness import Harness
from tests.support.recording_host import RecordingHost

TESTS = Path(__file__).parents[1]


def found_harnesses() -> Mapping[str, Harness]:
    """The harness of every platform, by the name of the test folder that has its `platform_harness.py`."""
    paths = sorted(TESTS.rglob("platform_harness.py"))
    names = {
        path.parent.name: ".".join(path.with_suffix("").relative_to(TESTS.parent).parts) for path in paths
    }
    return {name: importlib.import_module(module).HARNESS for name, module in names.items()}


HARNESSES = found_harnesses()


_DELIVERY = {"test_events.py", "test_whole_bot.py"}
"""What another way to reach a platform is tried with; the rest are requests, which are the same."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the cases of a harness that is another way of delivery to `make slow`, those about delivery alone."""
    ways = [name for name, harness in HARNESSES.items() if harness.delivery_alone]
    ours = [one for one in items if one.path.is_relative_to(Path(__file__).parent)]
    found = [one for one in ours if any(name in one.nodeid for name in ways)]
    for item in found:
        item.add_marker("slow")
    left_out = [one for one in found if one.path.name not in _DELIVERY]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [one for one in items if one not in left_out]


@asynccontextmanager
async def served(workspace: Workspace, adapter: PlatformAdapter) -> AsyncIterator[None]:
    """Let the bot's server take what a workspace sends over HTTP, if it does."""
    address, found = workspace.env.get("AION_BOT_HTTP_ADDRESS"), receivers([adapter])
    if address is None or not found:
        yield
        return
    monitor = Monitor([adapter.platform], None, asyncio.Event())
    server = MonitoringServer(read_listen_address(address), monitor, found)
    await server.start()
    try:
        yield
    finally:
        await server.stop()


@dataclass(slots=True)
class Connection:
    """An adapter that listens to a workspace."""

    workspace: Workspace
    adapter: PlatformAdapter
    host: RecordingHost

    @property
    def ada(self) -> SimulatedPerson:
        """The person who asks."""
        return self.workspace.people[0]

    async def asked(self, text: str = "What is damaged on site 7?") -> tuple[str, Prompt]:
        """Ask as Ada and open the thread; returns the workspace's thread id, and the prompt."""
        known = len(self.host.distinct(Prompt))
        thread = await self.workspace.ask(self.ada, text)
        prompt = await self.host.newest(Prompt, known + 1)
        await self.adapter.open_thread(prompt)
        return thread, prompt

    def said(self, thread: str) -> list[str]:
        """The texts of the bot's messages in a thread that everybody sees, oldest first."""
        return [
            one.text
            for one in self.workspace.thread(thread)
            if one.by_bot and one.only_for is None and one.text
        ]


@pytest.fixture(autouse=True)
def _search_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find platforms of the tests in folders named `adapters`, as those of other distributions are found."""
    more = [str(path) for path in sorted(TESTS.glob("*/adapters")) if path.is_dir()]
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, *more])


@pytest.fixture(params=sorted(HARNESSES))
def harness(request: pytest.FixtureRequest) -> Harness:
    """Each platform in turn."""
    return HARNESSES[request.param]


@pytest.fixture
async def workspace(harness: Harness) -> AsyncIterator[Workspace]:
    """A simulator that validates requests against the platform's contract, where there is one."""
    simulator = harness.simulator()
    await simulator.start()
    yield simulator
    await simulator.stop()
    assert getattr(simulator, "violations", []) == []


def built(workspace: Workspace) -> PlatformAdapter:
    """Build the adapter from the settings of a simulator."""
    found, problems = adapters.discover(workspace.env)
    assert problems == []
    (adapter,) = found
    return adapter


@pytest.fixture
async def adapter(workspace: Workspace) -> AsyncIterator[PlatformAdapter]:
    """An adapter that does not listen."""
    made = built(workspace)
    async with served(workspace, made):
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
    with suppress(
        asyncio.CancelledError, PlatformDown
    ):  # the adapter raises this where the test stopped the platform
        await listening
