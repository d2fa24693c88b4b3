"""The simulated Slack with one app in several workspaces: behind one Web API, and sending to several replicas."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.http_delivery import PREFIX, HttpDelivery, free_port
from aion_bot.simulators.slack.rates import SlackLimits
from aion_bot.simulators.slack.teams import SlackTeams

ONE, OTHER = "T0001TEAM", "T0002TEAM"


class Replica:
    """Takes what Slack sends, with a status that a test chooses."""

    def __init__(self) -> None:
        self.status = 200
        self.port = 0
        self.taken: list[tuple[dict[str, Any], str]] = []
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post(f"{PREFIX}/slack/events", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.taken.append((json.loads(await request.read()), request.headers.get("X-Slack-Retry-Num", "")))
        return web.Response(status=self.status)


@pytest.fixture
async def replicas() -> AsyncIterator[list[Replica]]:
    """Two that listen."""
    both = [Replica(), Replica()]
    for one in both:
        await one.start()
    yield both
    for one in both:
        await one.stop()


@pytest.fixture
async def slack(replicas: list[Replica]) -> AsyncIterator[SlackTeams]:
    """Two workspaces, whose events the two replicas take; repeated at once."""
    made = SlackTeams(2, HttpDelivery(*(one.port for one in replicas)), resend_delays=(0.0, 0.0))
    await made.start()
    yield made
    await made.stop()


async def call(slack: SlackTeams, token: str, method: str, **arguments: Any) -> dict[str, Any]:
    """Call the Web API; returns the body."""
    url, headers = slack.env["SLACK_API_URL"] + method, {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, json=arguments, headers=headers) as answer,
    ):
        found: dict[str, Any] = await answer.json()
        return found


async def acknowledged(slack: SimulatedSlack) -> None:
    """Wait until replicas took everything that a workspace sent."""
    await slack.until(lambda: all(one.acknowledged for one in slack.sockets.deliveries))


async def test_the_token_chooses_the_workspace(slack: SlackTeams) -> None:
    """Each token knows one workspace, and channels, people and messages of that one alone."""
    tokens = {team: slack.issue_token(team) for team in (ONE, OTHER)}
    for team, token in tokens.items():
        about = await call(slack, token, "auth.test")
        home = slack.teams[team].conversations.team
        assert (about["team_id"], about["team"], about["user_id"]) == (team, home.name, home.bot.id)
    here = {"channel": slack.teams[ONE].general.id, "text": "x"}
    assert (await call(slack, tokens[ONE], "chat.postMessage", **here))["ok"]
    assert (await call(slack, tokens[OTHER], "chat.postMessage", **here))["error"] == "channel_not_found"
    assert [len(one.conversations.messages) for one in slack.teams.values()] == [1, 0]


async def test_a_token_holds_until_it_is_revoked(slack: SlackTeams) -> None:
    """A token that was never issued and one that was revoked have Slack's errors; a second one still holds."""
    first, second = slack.issue_token(ONE), slack.issue_token(ONE)
    assert slack.revoke_token(first)
    assert not slack.revoke_token(first)
    assert (await call(slack, first, "auth.test"))["error"] == "token_revoked"
    assert (await call(slack, "xoxb-9-9", "auth.test"))["error"] == "invalid_auth"
    assert (await call(slack, "", "auth.test"))["error"] == "not_authed"
    assert (await call(slack, second, "auth.test"))["ok"]


async def test_limits_are_counted_by_workspace(slack: SlackTeams) -> None:
    """What one workspace used of a method is left to the other."""
    for one in slack.teams.values():
        one.rates.limits = SlackLimits(calls={"users.list": 1})
    first, second = slack.issue_token(ONE), slack.issue_token(OTHER)
    assert (await call(slack, first, "users.list"))["ok"]
    assert (await call(slack, first, "users.list"))["error"] == "ratelimited"
    assert (await call(slack, second, "users.list"))["ok"]


async def test_replicas_get_events_in_turn(slack: SlackTeams, replicas: list[Replica]) -> None:
    """Events of all workspaces are spread over the replicas, and each names its workspace and its app user."""
    for team in (ONE, OTHER):
        one = slack.teams[team]
        for _ in range(2):
            one.remark(one.people[0], "hello")
        await acknowledged(one)
    assert [len(one.taken) for one in replicas] == [2, 2]
    taken = [body for one in replicas for body, _ in one.taken]
    assert sorted(body["team_id"] for body in taken) == [ONE, ONE, OTHER, OTHER]
    for body in taken:
        assert body["authorizations"][0]["user_id"] == slack.teams[body["team_id"]].conversations.team.bot.id
        assert body["event"]["user"].startswith(f"U{body['team_id'][1:5]}")


async def test_a_refused_event_comes_again_to_the_next_replica(
    slack: SlackTeams, replicas: list[Replica]
) -> None:
    """A repeated event says how often it was repeated, and goes on to the other replica."""
    replicas[0].status = 500
    one = slack.teams[ONE]
    one.remark(one.people[0], "hello")
    await acknowledged(one)
    assert [number for _, number in replicas[0].taken] == [""]
    assert [number for _, number in replicas[1].taken] == ["1"]


async def test_a_replica_that_does_not_listen_is_left_out(slack: SlackTeams, replicas: list[Replica]) -> None:
    """What nobody took goes on to the next one at once, as a proxy does it; the event is not a repeated one."""
    slack.http.ports.insert(0, free_port())
    one = slack.teams[ONE]
    one.remark(one.people[0], "hello")
    await acknowledged(one)
    assert [number for each in replicas for _, number in each.taken] == [""]
