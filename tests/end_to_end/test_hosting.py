"""Two and three replicas serve many workspaces: each has one owner, and every replica takes requests of all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.simulators.slack.http_delivery import free_port
from tests.end_to_end.hosted import Deployment, until

pytestmark = pytest.mark.slow  # each has a Postgres server, and starts several bots

WHOLE = "The first part. The end."
HELD = Scene((Speak("The first part. "), Hold("go", pings=True), Speak("The end."), *ENDING), Answer(WHOLE))
FOUND = "I found 3 pieces"


@pytest.fixture
async def deployment(aion: SimulatedAion, tmp_path: Path) -> AsyncIterator[Deployment]:
    """Four workspaces that have installed the app; no replica runs."""
    made = Deployment(aion, (free_port(), free_port(), free_port()), tmp_path)
    await made.teams.start()
    await made.install()
    yield made
    await made.close()


async def test_events_at_any_replica_are_answered_by_the_owner(deployment: Deployment) -> None:
    """Each workspace's question comes to one replica after the other, and is answered once."""
    await deployment.begin("first", deployment.ports[0])
    await deployment.begin("second", deployment.ports[1])
    owners = await deployment.spread(first=2, second=2)
    for scope in owners:
        for number in range(3):
            await deployment.asked(scope, f"What is damaged on site {number}?", FOUND)
    assert deployment.aion.count("send_stream") == 12
    await until(lambda: deployment.rows("SELECT count(*) FROM arrival") == [(0,)])
