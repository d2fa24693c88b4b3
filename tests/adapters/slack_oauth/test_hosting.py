"""Whose a request is, and what an adapter of one workspace does with it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import pytest

from adapters.slack import ids
from adapters.slack.hosted_adapter import HostedSlackAdapter
from adapters.slack.hosting import HostedSlack
from adapters.slack.methods import Method
from adapters.slack.oauth import strings
from aion_bot.ports.hosting import HostedPlatform, Routed, TakesRouted
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.ports.messages import Reply
from aion_bot.ports.secret_rotation import TakesSecrets
from aion_bot.simulators.slack.state import APP
from aion_bot.simulators.slack.teams import SlackTeams
from tests.adapters.slack.conftest import end
from tests.adapters.slack_oauth.conftest import ONE, ORGANISATION, THREE, TWO, Make
from tests.adapters.slack_oauth.front import EVENTS, Front, Values, event, request
from tests.support.cases import each
from tests.support.recording_host import RecordingHost

Install = Callable[..., Awaitable[int]]

FORM = "application/x-www-form-urlencoded"


@asynccontextmanager
async def serving(hosted: HostedSlack, front: Front, scope: str) -> AsyncIterator[RecordingHost]:
    """Let an adapter of a scope listen, and take what is routed to it."""
    adapter = await hosted.adapter(scope)
    assert adapter is not None
    front.adapters[scope] = adapter
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    try:
        await host.until(lambda: bool(host.presences))
        yield host
    finally:
        await end(listening)
        await adapter.close()


def of_event(team: str | None, enterprise: str | None = None, *, whole: bool = False) -> dict[str, Any]:
    """An event as Slack sends it to one installation."""
    authorization = {"enterprise_id": enterprise, "team_id": team, "is_enterprise_install": whole}
    return {
        "type": "event_callback", "team_id": "T0ELSEWHERE", "enterprise_id": enterprise,
        "authorizations": [authorization], "event": {"type": "app_mention"},
    }  # fmt: skip


async def scope_of(hosted: HostedSlack, sent: HttpRequest) -> str | int:
    """Return where a request is routed, or the status of its answer."""
    found = await hosted.route(EVENTS, sent)
    return found.scope if isinstance(found, Routed) else found.status


async def test_it_is_what_the_core_asks_for(hosted: HostedSlack, install: Install) -> None:
    """Platform and adapter have the forms of the port."""
    await install()
    platform: HostedPlatform = hosted
    adapter = await platform.adapter(ONE)
    assert isinstance(adapter, TakesRouted)
    assert isinstance(hosted, TakesSecrets)
    assert list(adapter.http_paths) == []  # type: ignore[attr-defined]  # of the adapter itself
    await adapter.close()  # type: ignore[attr-defined]  # likewise


async def test_events_go_to_the_installation_that_they_are_for(
    hosted: HostedSlack, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    """That of the organisation takes only what no workspace of it has an own one for; in a shared channel the authorization counts.

    A workspace that has none is named in the log once.
    """
    await install(ONE)
    await install(TWO, organisation=ORGANISATION)
    await install(THREE)
    rows: list[tuple[dict[str, Any], str | int]] = [
        (of_event(ONE), ONE),
        (of_event(TWO, ORGANISATION, whole=True), ORGANISATION),
        (of_event(THREE, ORGANISATION, whole=True), THREE),
        (of_event(None, ORGANISATION, whole=True), ORGANISATION),
        (of_event("T0STRANGER"), 200),
        (of_event("T0STRANGER", "E0STRANGER", whole=True), 200),
        ({"type": "event_callback", "team_id": ONE, "event": {}}, ONE),
        ({"type": "event_callback", "team_id": 7, "authorizations": "x", "event": []}, 200),
        ({"type": "event_callback", "team_id": ONE.lower(), "event": {}}, 200),
    ]
    caplog.clear()
    assert [await scope_of(hosted, event(one)) for one, _ in rows] == [scope for _, scope in rows]
    assert [one.__dict__["workspace"] for one in caplog.records] == ["T0STRANGER"]


@pytest.mark.parametrize(
    ("changed", "goes"),
    [
        ({}, 200),
        ({"app_id": "A0OTHER"}, ONE),
        ({"app_id": None}, ONE),
        ({"subtype": "tombstone"}, ONE),
    ],
)
async def test_edits_of_own_messages_go_nowhere(
    hosted: HostedSlack, install: Install, changed: dict[str, Any], goes: str | int
) -> None:
    """They are acknowledged at once, at any replica; those of other apps and of people, and deletions, go to the owner."""
    await install(ONE)
    message = {"ts": "1.0", "text": "More", "bot_id": "B1", "app_id": APP, **changed}
    inner = {"type": "message", "subtype": "message_changed", "channel": "C1", "message": message}
    assert await scope_of(hosted, event({**of_event(ONE), "api_app_id": APP, "event": inner})) == goes
    posted = {**message, "type": "message", "channel": "C1"}
    assert await scope_of(hosted, event({**of_event(ONE), "api_app_id": APP, "event": posted})) == ONE


async def test_interactions_and_commands_go_there_too(hosted: HostedSlack, install: Install) -> None:
    """Also those of an app of an organisation, which may name no team but the person's, and forms."""
    await install(ONE)
    await install(TWO, organisation=ORGANISATION)
    whole: Mapping[str, Any] = {"enterprise": {"id": ORGANISATION}, "is_enterprise_install": True}
    payloads: list[tuple[dict[str, Any], str]] = [
        ({"type": "block_actions", "team": {"id": ONE}, "user": {"team_id": "T0GUEST"}}, ONE),
        ({"type": "block_actions", "team": None, "user": {"team_id": TWO}, **whole}, ORGANISATION),
        ({"type": "view_submission", "team": {"id": "T0GUEST"}, "view": {"app_installed_team_id": ONE}}, ONE),
        (
            {"type": "view_submission", "team": None, "view": {"app_installed_team_id": ORGANISATION}},
            ORGANISATION,
        ),
    ]
    for payload, scope in payloads:
        body = urlencode({"payload": json.dumps(payload)})
        assert await scope_of(hosted, request(body, FORM)) == scope
    command = {
        "command": "/aion",
        "team_id": TWO,
        "enterprise_id": ORGANISATION,
        "is_enterprise_install": "true",
    }
    assert await scope_of(hosted, request(urlencode(command), FORM)) == ORGANISATION
    stranger = await hosted.route(EVENTS, request(urlencode({"command": "/aion", "team_id": "T0GONE"}), FORM))
    assert stranger == HttpAnswer(200, strings.NOT_INSTALLED)


async def test_the_signature_comes_first(hosted: HostedSlack, install: Install, values: Values) -> None:
    """What is not Slack's reaches nobody and no database; Slack's own checks are answered without one."""
    await install()
    values.down = True
    for bad in (HttpRequest("POST", "", {}, b"{}"), request("{}", age=400.0)):
        assert await scope_of(hosted, bad) == 401
    challenge = await hosted.route(EVENTS, request('{"type": "url_verification", "challenge": "c"}'))
    assert challenge == HttpAnswer(200, "c")
    looked = HttpRequest("POST", "", {"content-type": FORM}, b"ssl_check=1")
    assert await scope_of(hosted, looked) == 200
    assert await scope_of(hosted, request("{")) == 400


async def test_without_the_database_known_workspaces_are_served(
    hosted: HostedSlack, install: Install, values: Values
) -> None:
    """A request of a workspace that is known needs none for a while; of any other it is asked for again."""
    await install()
    assert await scope_of(hosted, event(of_event(ONE))) == ONE
    values.down = True
    assert await scope_of(hosted, event(of_event(ONE))) == ONE
    hosted._looked -= 2.0
    assert await scope_of(hosted, event(of_event(TWO))) == 503


async def test_a_workspace_of_another_replica_is_found(make: Make, install: Install) -> None:
    """Another replica notices an installation with the first request of it, and says that the scopes have changed."""
    other = make()
    assert await scope_of(other, event(of_event(ONE))) == 200
    await install()
    other._looked -= 2.0
    other.changed.clear()
    assert await scope_of(other, event(of_event(ONE))) == ONE
    assert other.changed.is_set()


async def test_a_workspace_is_served(
    hosted: HostedSlack, front: Front, install: Install, teams: SlackTeams
) -> None:
    """A question comes to the host of its workspace and no other, and is answered with the workspace's own token."""
    await install(ONE)
    await install(THREE)
    async with serving(hosted, front, ONE) as one, serving(hosted, front, THREE) as three:
        ts = await teams.teams[ONE].ask(teams.teams[ONE].people[0], "What broke?")
        await one.until(lambda: bool(one.prompts))
        assert three.prompts == []
        thread = one.prompts[0].thread
        await front.adapters[ONE].post(thread, Reply("A roof."), nonce="n")
        assert [shown.text for shown in teams.teams[ONE].thread(ts) if shown.by_bot] == ["A roof."]


async def test_an_adapter_begins_without_the_database(
    hosted: HostedSlack, install: Install, values: Values
) -> None:
    """Its token may be good still; what is stored is looked at once the database answers."""
    await install()
    adapter = await hosted.adapter(ONE)
    assert adapter is not None
    values.down = True
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    values.down = False
    await end(listening)
    await adapter.close()


async def test_an_organisation_is_served_in_each_of_its_workspaces(
    hosted: HostedSlack, front: Front, install: Install, teams: SlackTeams
) -> None:
    """Threads, places and keys have the id of the workspace where somebody asks, so that its rules and limits count."""
    await install(TWO, organisation=ORGANISATION)
    async with serving(hosted, front, ORGANISATION) as host:
        home = teams.teams[TWO]
        await home.ask(home.people[0], "What broke?")
        await host.until(lambda: bool(host.prompts))
        prompt = host.prompts[0]
        assert ids.thread(prompt.thread).team == TWO
        assert (prompt.place.workspace, prompt.place.person_workspace) == (TWO, "")
        assert prompt.key.startswith(f"slack/{TWO}/")
        await home.command(home.people[0], "help")
        await host.until(lambda: len({type(one) for one in host.events}) == 2)


async def test_a_user_group_is_looked_for_in_the_workspaces_of_an_organisation(
    hosted: HostedSlack, front: Front, install: Install, teams: SlackTeams
) -> None:
    """Slack has to be told which workspace a group is of: those that somebody asked in are tried."""
    await install(TWO, organisation=ORGANISATION)
    home = teams.teams[TWO]
    home.conversations.members["S0ROOFERS"] = {home.people[0].id}
    async with serving(hosted, front, ORGANISATION) as host:
        adapter = front.adapters[ORGANISATION]
        assert await adapter.group_members("S0ROOFERS") == frozenset()
        await home.ask(home.people[0], "What broke?")
        await host.until(lambda: bool(host.prompts))
        assert await adapter.group_members("S0ROOFERS") == {home.people[0].id}
        assert await adapter.group_members("S0NOBODY") == frozenset()
    assert {one["team_id"] for one in home.api.bodies["usergroups.users.list"]} == {TWO}


async def test_a_workspace_that_is_heard_of_meanwhile_disturbs_no_look_up(
    hosted: HostedSlack, front: Front, install: Install, teams: SlackTeams
) -> None:
    """Somebody in another workspace of the organisation may write while Slack is asked about a group."""
    await install(TWO, organisation=ORGANISATION)
    home = teams.teams[TWO]
    async with serving(hosted, front, ORGANISATION) as host:
        adapter = front.adapters[ORGANISATION]
        await home.ask(home.people[0], "What broke?")
        await host.until(lambda: bool(host.prompts))
        home.api.inspector = lambda *_: adapter._web.heard_of(THREE)
        assert await adapter.group_members("S0NOBODY") == frozenset()
        assert list(adapter._web.workspaces) == [TWO, THREE]


async def test_requests_wait_while_nobody_listens(hosted: HostedSlack, install: Install) -> None:
    """An adapter that does not listen answers 503, so that what was handed over stays."""
    await install()
    adapter = await hosted.adapter(ONE)
    assert adapter is not None
    assert (await adapter.take(event(of_event(ONE)))).status == 503
    assert (await adapter.take(request("{"))).status == 400
    await adapter.close()


async def test_secrets_are_replaced(hosted: HostedSlack, env: Mapping[str, str], install: Install) -> None:
    """Another signing secret counts from the next request on; a malformed one changes nothing."""
    await install()
    assert await hosted.take_secrets(env) == ((), ())
    names, problems = await hosted.take_secrets({**env, "SLACK_SIGNING_SECRET": "short"})
    assert (list(names), [one.variable for one in problems]) == ([], ["SLACK_SIGNING_SECRET"])
    names, _ = await hosted.take_secrets({**env, "SLACK_SIGNING_SECRET": "f" * 32})
    assert list(names) == ["SLACK_SIGNING_SECRET"]
    assert await scope_of(hosted, event(of_event(ONE))) == 401


@each("scope", ["", "T0NOBODY"])
async def test_there_is_no_adapter_of_a_workspace_without_the_app(hosted: HostedSlack, scope: str) -> None:
    """None, and nothing is raised."""
    found: HostedSlackAdapter | None = await hosted.adapter(scope)
    assert found is None


@pytest.mark.parametrize("whole", [False, True])
async def test_methods_of_a_workspace_name_it_where_the_token_is_an_organisations(
    hosted: HostedSlack, install: Install, teams: SlackTeams, whole: bool
) -> None:
    """Slack could not know otherwise whose user groups are meant."""
    scope = ORGANISATION if whole else TWO
    await install(TWO, organisation=ORGANISATION if whole else "")
    adapter = await hosted.adapter(scope)
    assert adapter is not None
    await adapter._web.identify()
    await adapter._web.call(Method.USERS_LIST, TWO, limit="10")
    (body,) = teams.teams[TWO].api.bodies["users.list"]
    assert body.get("team_id") == (TWO if whole else None)
    await adapter.close()
