"""What a platform's limits allow is used by one owner after the other, and no handover ends in many refusals."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.slack.hosted_adapter import HostedSlackAdapter
from adapters.slack.hosting import HostedSlack
from adapters.slack.rate_limits import LIMITS
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import ENDING, Answer, Scene, Speak
from aion_bot.simulators.slack.http_delivery import free_port
from aion_bot.simulators.slack.rates import SlackLimits
from tests.end_to_end.hosted import Deployment
from tests.end_to_end.test_rate_limits import SPEED, WORDS, shortened

pytestmark = pytest.mark.slow  # it has a Postgres server, and starts two bots

QUESTIONS = 10


@pytest.fixture
async def deployment(
    aion: SimulatedAion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Deployment]:
    """One workspace with the documented limits, twenty times as fast as in reality."""
    built = HostedSlack.adapter

    async def quick(self: HostedSlack, scope: str) -> HostedSlackAdapter | None:
        made = await built(self, scope)
        if made is not None:
            made.limits = replace(made.limits, edit_gap=1.0 / SPEED, budgets=shortened(LIMITS.budgets))
        return made

    monkeypatch.setattr(HostedSlack, "adapter", quick)
    aion.token_delay, aion.token_words = 0.01, 1
    made = Deployment(aion, (free_port(), free_port()), tmp_path, count=1)
    await made.teams.start()
    await made.install()
    yield made
    await made.close()


async def asked_at_once(deployment: Deployment, scope: str) -> None:
    """Ask questions at the same moment, and wait until every answer is complete."""
    deployment.aion.play(*[Scene((Speak(WORDS), *ENDING), Answer(WORDS))] * QUESTIONS)
    threads = [await deployment.ask(scope, f"question {number}") for number in range(QUESTIONS)]
    for thread in threads:
        await deployment.shows(scope, thread, "w059")


async def test_a_handover_ends_in_one_refusal_of_a_limit_at_most(deployment: Deployment) -> None:
    """The next owner begins at once, in the middle of the window that the one before has used: it knows nothing of that."""
    (scope,) = deployment.names
    slack = deployment.slack(scope)
    slack.rates.limits = SlackLimits(window=60.0 / SPEED, posts_a_second=SPEED)
    await deployment.begin("first", deployment.ports[0])
    await deployment.spread(first=1)
    await deployment.begin("second", deployment.ports[1])
    await asked_at_once(deployment, scope)
    assert slack.rates.refusals == {}
    await deployment.end("first")
    await deployment.spread(second=1)
    await asked_at_once(deployment, scope)
    assert all(times <= 1 for times in slack.rates.refusals.values()), slack.rates.refusals
