"""One bot for each test, on each platform in turn."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from zlib import crc32

import pytest

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Emit, Scene
from aion_bot.simulators.aion.script import DAMAGE
from aion_bot.simulators.aion.sessions import Session
from aion_bot.simulators.discord import SimulatedDiscord, limits
from aion_bot.simulators.discord.errors import missing_permissions
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.http_delivery import free_port
from aion_bot.simulators.workspace import FullWorkspace
from tests.end_to_end.bot import Bot
from tests.end_to_end.program import Begin, Program
from tests.schemas import aion as aion_contracts
from tests.schemas import discord as discord_contracts
from tests.schemas import slack as slack_contracts
from tests.support.postgres import lay_postgres

LONGEST = {
    "test_crash_points",
    "test_postgres",
    "test_private_crashes",
    "test_real_kills",
    "test_replicas",
    "test_rolling_upgrade",
    "test_two_processes",
}
"""Modules that start several programs, or the bot a hundred times, in each case: minutes of `make slow` together."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave one platform of each case that runs on both to `make slow`; which one follows from the case's name.

    What a case promises is the core's. That the adapters do the same is the contract suite's, which tries each of them.
    A case that is collected on one platform alone, as by its whole name, always runs. Of the cases of `LONGEST`, which are slow
    on either platform, the other one is left to `make long`.
    """
    cases: dict[str, dict[str, pytest.Item]] = defaultdict(dict)
    for item in items:
        platform = item.callspec.params.get("workspace") if hasattr(item, "callspec") else None
        if isinstance(platform, str) and item.path.is_relative_to(Path(__file__).parent):
            function, _, parameters = item.nodeid.partition("[")
            cases[f"{function}[{parameters.replace(platform, '*', 1)}"][platform] = item
    for name, on in cases.items():
        stays = sorted(on)[crc32(name.encode()) % len(on)]
        for platform in on.keys() - {stays}:
            on[platform].add_marker("slow")
            if on[platform].path.stem in LONGEST:
                on[platform].add_marker("long")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Load what the first test of each process would otherwise load, before processes are forked: some 0.1 s in each."""
    if not session.config.getoption("forks", 0):
        return
    for module in ("httpcore", "anyio._backends._asyncio", "anyio._core._synchronization"):
        import_module(module)
    for contracts in (aion_contracts, discord_contracts):
        contracts.make_ready()


class AionWithoutPictures(SimulatedAion):
    """A simulated Aion that gives no addresses of pictures in its default scenes; queued scenes stay whole.

    To fetch and upload the three pictures of the usual answer is a fifth of what a question costs.
    """

    def script(self, question: str, session: Session) -> Scene:
        queued = bool(self._scenes)
        scene = super().script(question, session)
        return scene if queued or scene.topic != DAMAGE else without_addresses(scene)


def without_addresses(scene: Scene) -> Scene:
    """Return the scene with images that cannot be fetched."""
    images = tuple({**one, "thumbnail_url": None, "stored_url": None} for one in scene.answer.images)
    steps = tuple(
        replace(step, fields={**step.fields, "images": list(images)})
        if isinstance(step, Emit) and step.type == "image_results"
        else step
        for step in scene.steps
    )
    return replace(scene, steps=steps, answer=replace(scene.answer, images=images))


@pytest.fixture
def address() -> str:
    """An address that nobody uses."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def pictures() -> bool:
    """Whether default answers have pictures to fetch; a module that needs them overrides this."""
    return False


@pytest.fixture
async def aion(*, pictures: bool) -> AsyncIterator[SimulatedAion]:
    """A simulated Aion that validates every request against Aion's contract.

    Its tokens are long: most tests are about what happens around an answer, and hundreds of tokens take most of their time.
    """
    kind = SimulatedAion if pictures else AionWithoutPictures
    async with kind(inspector=aion_contracts.inspect, ping_every=0.05, token_words=8) as simulated:
        yield simulated
        assert simulated.violations == []


@pytest.fixture
async def slack() -> AsyncIterator[SimulatedSlack]:
    """A simulated Slack that validates every request against Slack's contract."""
    simulated = SimulatedSlack(slack_contracts.inspect)
    await simulated.start()
    yield simulated
    await simulated.stop()
    assert simulated.violations == []


@pytest.fixture
async def resending_slack() -> AsyncIterator[SimulatedSlack]:
    """A simulated Slack that resends unacknowledged events sooner than the real one."""
    simulated = SimulatedSlack(slack_contracts.inspect, ack_timeout=0.3, resend_delays=(0.3, 0.3, 10.0))
    await simulated.start()
    yield simulated
    await simulated.stop()
    assert simulated.violations == []


@pytest.fixture
async def discord() -> AsyncIterator[SimulatedDiscord]:
    """A simulated Discord that validates every request against Discord's contract."""
    simulated = SimulatedDiscord(discord_contracts.inspect)
    await simulated.start()
    yield simulated
    await simulated.stop()
    assert simulated.violations == []


@pytest.fixture(params=["slack", "discord"])
def workspace(request: pytest.FixtureRequest) -> FullWorkspace:
    """Each platform in turn."""
    workspace: FullWorkspace = request.getfixturevalue(request.param)
    return workspace


@pytest.fixture
async def idle(aion: SimulatedAion, workspace: FullWorkspace, tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot that is not started."""
    made = Bot(aion, workspace, tmp_path)
    yield made
    await made.stop()


@pytest.fixture
async def bot(idle: Bot) -> Bot:
    """A running bot."""
    await idle.start()
    return idle


@pytest.fixture
async def on_slack(aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot on Slack that does not run yet."""
    made = Bot(aion, slack, tmp_path)
    yield made
    await made.stop()


@pytest.fixture
async def on_discord(aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot on Discord that does not run yet."""
    made = Bot(aion, discord, tmp_path)
    yield made
    await made.stop()


@pytest.fixture
def without_files(on_discord: Bot, monkeypatch: pytest.MonkeyPatch) -> Bot:
    """A bot on a Discord that lacks the permission Attach Files; it does not run yet."""

    def refuse_files(files: Mapping[str, bytes], body: object) -> None:
        del body
        if files:
            raise missing_permissions()

    monkeypatch.setattr(limits, "check_files", refuse_files)
    return on_discord


@pytest.fixture
def location() -> PostgresUrl:
    """The database of all replicas on a server."""
    return lay_postgres()


@pytest.fixture
async def begin(idle: Bot, tmp_path: Path, location: PostgresUrl) -> AsyncIterator[Begin]:
    """Starts a replica of this name, which does `before` first; `more` are variables in place of the usual ones."""
    made = list[Program]()

    async def begun(name: str, *, before: Callable[[], None] | None = None, **more: str) -> Program:
        folder = tmp_path / name
        folder.mkdir()
        program = Program(folder)
        made.append(program)
        env = idle.env(AION_BOT_DATABASE_URL=location.url, AION_BOT_REPLICA=name, AION_BOT_LOG_FORMAT="json")
        named = {one.removesuffix("_FILE") for one in more}
        await program.start({**{one: env[one] for one in env if one not in named}, **more}, before=before)
        return program

    yield begun
    for program in made:
        await program.kill()
