"""What doctor says of an app that workspaces install, by real calls that change nothing."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import web

from adapters.slack.hosting import HostedSlack
from aion_bot.ports.capabilities import Diagnosable
from aion_bot.ports.diagnosis import Status, Subjects
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.simulators.slack.app_configuration import CONFIG_TOKEN
from aion_bot.simulators.slack.oauth import SlackOAuth
from aion_bot.simulators.slack.teams import SlackTeams
from tests.adapters.slack_oauth.conftest import ONE, ORGANISATION, TWO, Make
from tests.adapters.slack_oauth.front import KEYS, Values

Install = Callable[..., Awaitable[int]]


@pytest.fixture
async def public(make: Make) -> AsyncIterator[HostedSlack]:
    """A replica behind a server, at its public address."""
    app = web.Application()
    runner = web.AppRunner(app, access_log=None)

    async def serve(request: web.Request) -> web.Response:
        headers = {name.lower(): one for name, one in request.headers.items()}
        found = HttpRequest(request.method, request.query_string, headers, await request.read())
        answer = await made[0].route(request.path, found)
        assert isinstance(answer, HttpAnswer)
        return web.Response(status=answer.status, text=answer.body)

    made: list[HostedSlack] = []
    app.router.add_route("*", "/bot/{rest:.*}", serve)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/bot"
    made.append(make(AION_BOT_PUBLIC_URL=address))
    yield made[0]
    await runner.cleanup()


async def said(hosted: HostedSlack) -> list[str]:
    """What is said, one line a finding."""
    return [str(one) for one in (await hosted.diagnose(Subjects())).findings]


async def test_all_is_well(public: HostedSlack, install: Install, values: Values) -> None:
    """Credentials, keys and both addresses are each a line, and nothing is written."""
    await install()
    before = dict(values.kept)
    found = await public.diagnose(Subjects())
    assert {one.status for one in found.findings} == {Status.OK}
    lines = [one.check for one in found.findings]
    assert lines[:3] == ["AION_BOT_ENCRYPTION_KEYS", "SLACK_CLIENT_ID", "installations"]
    assert lines[3:] == ["AION_BOT_PUBLIC_URL", "AION_BOT_PUBLIC_URL"]
    assert isinstance(public, Diagnosable)
    assert values.kept == before


async def test_a_token_that_slack_refuses_is_said(
    hosted: HostedSlack, install: Install, oauth: SlackOAuth
) -> None:
    """With the id of its workspace."""
    await install()
    oauth.end(oauth.tokens(ONE)[0])
    lines = "\n".join(await said(hosted))
    assert f"FAIL  installations: Slack refuses the token of {ONE}; have the app installed again" in lines


async def test_a_workspace_that_has_to_install_the_app_again_is_said(
    hosted: HostedSlack, install: Install
) -> None:
    """Before its token has ended, and no more once the app was installed there again."""
    await install()
    await hosted._stored.installations.note_used_up(ONE, "invalid_refresh_token")
    line = f"FAIL  token rotation: Slack renews the token of {ONE} no more"
    assert [
        one for one in await said(hosted) if one.startswith(line) and "have the app installed again" in one
    ]
    await install()
    assert not any("token rotation" in one for one in await said(hosted))


async def test_what_is_wrong_is_said(make: Make, install: Install, oauth: SlackOAuth, values: Values) -> None:
    """Each with what to do; what Slack or the database does not tell keeps the rest from nothing."""
    oauth.expires_in = 10
    await install()
    await install(TWO, organisation=ORGANISATION)
    nobody = make(
        SLACK_ALLOW_INSTALL="", SLACK_CLIENT_SECRET="f" * 32, AION_BOT_ENCRYPTION_KEYS=KEYS[1]
    )  # a simulator's
    lines = await said(nobody)
    assert lines[0].startswith("warn  SLACK_ALLOW_INSTALL: it is empty")
    assert lines[1].startswith(
        f"FAIL  AION_BOT_ENCRYPTION_KEYS: none of them opens the token of {ORGANISATION}, {ONE}"
    )
    assert lines[2].startswith("FAIL  SLACK_CLIENT_SECRET: Slack refuses it (bad_client_secret)")
    assert all(one.startswith("warn  AION_BOT_PUBLIC_URL: ") for one in lines[3:])
    assert len(lines) == 5
    found = await nobody._stored.installations.get(ONE)
    assert found is None
    late = make()
    stored = await late._stored.installations.peek(ONE)
    assert stored is not None
    await late._stored.installations.save(replace(stored, expires_at=time.time() - 1))
    assert any(f"token rotation: the token of {ONE} has ended" in one for one in await said(late))
    values.down = True
    assert (await said(late))[0].startswith("FAIL  installations: ")


async def test_a_workspace_is_checked_under_its_id(hosted: HostedSlack, install: Install) -> None:
    """Its adapter says whose the token is, and which scopes it has."""
    await install()
    adapter = await hosted.adapter(ONE)
    assert adapter is not None
    lines = [str(one) for one in (await adapter.diagnose(Subjects())).findings]
    assert lines[0] == f"ok    {ONE}: of @aion in Company 1 ({ONE})"
    assert not any("SLACK_BOT_TOKEN" in one for one in lines)
    await adapter.close()


async def test_the_apps_configuration_is_compared(make: Make, install: Install, teams: SlackTeams) -> None:
    """With an app configuration token: also the events that tell that the app was removed."""
    await install()
    home = teams.teams[ONE]
    teams.methods["apps.manifest.export"] = home.api.serve
    lines = await said(make(SLACK_CONFIG_TOKEN=CONFIG_TOKEN))
    assert any(
        "events: the app is not subscribed to app_uninstalled, team_access_granted, team_access_revoked, tokens_revoked"
        in one
        for one in lines
    )
