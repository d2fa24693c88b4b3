"""What doctor and init say of Slack over HTTP."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

import adapters
from adapters.slack import app_manifest
from aion_bot.ports.diagnosis import Status
from aion_bot.ports.platform_package import SeveralWays, VariableProbe
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.slack.http_delivery import PREFIX, HttpDelivery
from tests.diagnosis.setup import Setup

CONFIG_TOKEN = "xoxe.xoxp-1-simulatedslack"


class RequestUrl:
    """Something that answers at the public address: a bot, unless a test says otherwise."""

    def __init__(self) -> None:
        self.status = 200
        self.port = 0

    async def serve(self, request: web.Request) -> web.Response:
        assert {"X-Slack-Signature", "X-Slack-Request-Timestamp"} <= set(request.headers)
        challenge = json.loads(await request.read())["challenge"]
        return web.Response(status=self.status, text=challenge)


@pytest.fixture
async def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Setup]:
    """A set-up in which all is well."""
    async with SimulatedServices() as services:
        made = Setup(services, tmp_path, monkeypatch)
        made.env = {**services.env, "AION_BOT_DATABASE_URL": f"sqlite:///{made.database}"}
        yield made


@pytest.fixture
async def url() -> AsyncIterator[RequestUrl]:
    """A server at the public address."""
    made, app = RequestUrl(), web.Application()
    app.router.add_post(f"{PREFIX}/slack/events", made.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


@pytest.fixture
def http(setup: Setup, url: RequestUrl) -> HttpDelivery:
    """Slack over HTTP in the set-up."""
    made = setup.slack.use_http(url.port)
    setup.env.pop("SLACK_APP_TOKEN")
    setup.env |= {**made.env, "SLACK_CONFIG_TOKEN": CONFIG_TOKEN}
    return made


async def lines(setup: Setup) -> list[str]:
    """What doctor says, one line a finding."""
    return [str(one) for one in await setup.findings()]


async def test_all_is_well(setup: Setup, http: HttpDelivery) -> None:
    """The secret, the address and the app's configuration are each a line; nothing fails."""
    said = await lines(setup)
    assert [one for one in said if one.startswith(("FAIL", "warn"))] == []
    assert f"ok    AION_BOT_PUBLIC_URL: {http.address} leads to a bot with this signing secret" in said
    assert any(one.startswith("ok    SLACK_SIGNING_SECRET: it has the form of one") for one in said)
    assert any("the request URL, interactivity and the shortcut are as needed" in one for one in said)
    assert not any(http.secret in one or "SLACK_APP_TOKEN" in one for one in said)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (
            401,
            "leads to a bot with another signing secret or time; give both the Signing Secret of the same app",
        ),
        (404, "answers 404, as no bot does; start the bot, and let "),
        (302, "answers 302, as no bot does"),
    ],
)
async def test_an_address_that_leads_elsewhere(
    setup: Setup, http: HttpDelivery, url: RequestUrl, status: int, line: str
) -> None:
    """It is a warning: doctor may be started before the bot."""
    url.status = status
    (found,) = [one for one in await setup.findings() if one.status is not Status.OK]
    assert str(found).startswith(f"warn  AION_BOT_PUBLIC_URL: {http.address} {line}")


async def test_an_address_where_nothing_listens(setup: Setup, http: HttpDelivery) -> None:
    """The kind of error is named, and what to do."""
    setup.env["AION_BOT_PUBLIC_URL"] = "http://127.0.0.1:9"
    del http
    found = [str(one) for one in await setup.findings() if one.check == "AION_BOT_PUBLIC_URL"]
    assert found[0].startswith("warn  AION_BOT_PUBLIC_URL: http://127.0.0.1:9/slack/events does not answer (")


async def test_an_app_that_sends_elsewhere(setup: Setup, http: HttpDelivery) -> None:
    """Socket Mode that is on, and another request URL, keep events away: both fail."""
    setup.slack.configuration.socket_mode = True
    setup.slack.configuration.request_url = "https://other.example/slack/events"
    failed = [one for one in await lines(setup) if one.startswith("FAIL")]
    assert failed[0].startswith("FAIL  Socket Mode: it is on, so nothing comes over HTTP; switch it off")
    assert [f"enter {http.address} under" in one for one in failed] == [False, True, True]


async def test_init_asks_for_the_variables_of_http(setup: Setup, http: HttpDelivery) -> None:
    """The public address in the environment chooses the way: its variables, steps and manifest, and a created app's."""
    (slack,) = [one for one in adapters.platforms() if "SLACK_BOT_TOKEN" in one.variables()]
    assert isinstance(slack, SeveralWays)
    assert isinstance(slack, VariableProbe)
    env = {"AION_BOT_PUBLIC_URL": "https://bot.example", "SLACK_API_URL": setup.env["SLACK_API_URL"]}
    assert slack.manifest_in(env) == app_manifest.as_yaml("https://bot.example")
    assert set(slack.required_in(env)) <= set(slack.steps_in(env))
    assert "SLACK_APP_TOKEN" not in slack.steps_in(env)
    assert "https://api.slack.com/apps/A1/general" in slack.steps_in(env, "A1")["SLACK_SIGNING_SECRET"]
    found = await slack.probe({**env, "SLACK_SIGNING_SECRET": http.secret}, "SLACK_SIGNING_SECRET")
    assert [one.status for one in found.findings] == [Status.OK]
    found = await slack.probe({**env, "SLACK_SIGNING_SECRET": "short"}, "SLACK_SIGNING_SECRET")
    assert [one.status for one in found.findings] == [Status.FAIL]
    created = await adapters.slack.create_app({**env, "SLACK_CONFIG_TOKEN": CONFIG_TOKEN})  # type: ignore[attr-defined]  # found at run time
    assert created.id
    assert setup.slack.configuration.request_url == "https://bot.example/slack/events"
