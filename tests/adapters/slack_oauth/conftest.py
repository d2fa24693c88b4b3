"""A simulated Slack of three workspaces, two of one organisation, and the hosted Slack that they may install."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack

import pytest

from adapters.slack.hosting import HostedSlack
from adapters.slack.oauth.config import read
from adapters.slack.oauth.rotation import RotationTimes
from aion_bot.simulators.slack.http_delivery import SIGNING_SECRET
from aion_bot.simulators.slack.oauth import SlackOAuth
from aion_bot.simulators.slack.teams import SlackTeams
from tests.adapters.slack.conftest import HASTE
from tests.adapters.slack_oauth.front import KEYS, PUBLIC, Browser, Front, Values

ONE, TWO, THREE, ORGANISATION = "T0001TEAM", "T0002TEAM", "T0003TEAM", "E0000ORG"

TIMES = RotationTimes(early=100.0, look=0.05, retry=0.01, retry_max=0.05)


@pytest.fixture
def values() -> Values:
    """What the replicas share."""
    return Values()


@pytest.fixture
def front() -> Front:
    """What delivers Slack's requests."""
    return Front()


@pytest.fixture
async def teams(front: Front) -> AsyncIterator[SlackTeams]:
    """The workspaces."""
    made = SlackTeams(3, front, {2: ORGANISATION, 3: ORGANISATION}, resend_delays=(0.0, 0.05, 0.05))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def oauth(teams: SlackTeams) -> SlackOAuth:
    """Slack's side of the installation."""
    return SlackOAuth(teams)


@pytest.fixture
def env(teams: SlackTeams, oauth: SlackOAuth) -> Mapping[str, str]:
    """The settings of a bot that workspaces install."""
    return {
        **teams.env,
        **oauth.env,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "AION_BOT_PUBLIC_URL": PUBLIC,
        "AION_BOT_ENCRYPTION_KEYS": KEYS[0],
        "SLACK_ALLOW_INSTALL": f"{ONE}, {ORGANISATION}",
    }


Make = Callable[..., HostedSlack]


@pytest.fixture
async def make(env: Mapping[str, str], values: Values) -> AsyncIterator[Make]:
    """Build replicas, with other settings where a test names them."""
    async with AsyncExitStack() as stack:

        def build(times: RotationTimes = TIMES, **more: str) -> HostedSlack:
            settings, problems = read({**env, **more})
            assert settings is not None, problems
            built = HostedSlack(settings, values, timeouts=HASTE, times=times)
            stack.push_async_callback(built.close)
            return built

        yield build


@pytest.fixture
async def hosted(make: Make, front: Front) -> HostedSlack:
    """The replica that takes requests."""
    front.hosted = make()
    return front.hosted


@pytest.fixture
async def browser(hosted: HostedSlack) -> Browser:
    """Somebody's browser."""
    return Browser(hosted)


@pytest.fixture
def install(teams: SlackTeams, oauth: SlackOAuth, browser: Browser) -> Callable[..., object]:
    """Walk through the whole installation of a workspace; returns the status of the last page."""

    async def walk(team: str = ONE, *, organisation: str = "") -> int:
        person = teams.teams[team].people[0]
        back = oauth.approve(await browser.begin(), team, person, organisation=organisation)
        return (await browser.get(back)).status

    return walk
