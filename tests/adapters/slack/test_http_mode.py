"""Slack over HTTP: which requests are Slack's, what is read of them, and when they are acknowledged."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from adapters.slack import http_mode
from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import read
from adapters.slack.http_mode import PATH, paths
from aion_bot.ports.errors import TokenRefused
from aion_bot.ports.events import ManageCommand, Prompt
from aion_bot.ports.http_requests import HttpRequest, receivers
from aion_bot.simulators.slack import SimulatedSlack, methods
from aion_bot.simulators.slack.http_delivery import SIGNING_SECRET, signed
from tests.adapters.slack.conftest import HASTE, end
from tests.support.recording_host import RecordingHost

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
CHALLENGE = json.dumps({"type": "url_verification", "challenge": "chosen by Slack", "token": "t"})
BUTTON = {"type": "button", "action_id": "aion_plan_approve", "value": "k"}


class Direct:
    """Delivers to an adapter without a server between."""

    secret = SIGNING_SECRET

    def __init__(self, adapter: SlackAdapter, env: Mapping[str, str]) -> None:
        self._adapter, self.env = adapter, env
        self.statuses: list[int] = []

    async def send(self, kind: str, payload: Mapping[str, object], attempt: int, timeout: float) -> int:
        """Deliver what the simulator sends."""
        del timeout
        body, content_type = written(kind, payload)
        more = {"x-slack-retry-num": str(attempt)} if attempt else {}
        status, _ = await post(self._adapter, body, content_type, more=more)
        self.statuses.append(status)
        return status

    async def stop(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def adapter(slack: SimulatedSlack) -> AsyncIterator[SlackAdapter]:
    """An adapter for HTTP that does not listen yet."""
    env = slack.use_http(1).env
    settings, problems = read(slack.env)
    assert settings is not None, problems
    built = SlackAdapter(settings, replace(HASTE, life=0.05))
    slack.sockets.http = Direct(built, env)  # type: ignore[assignment]  # it has what is used
    yield built
    await built.close()


@pytest.fixture
async def host(adapter: SlackAdapter) -> AsyncIterator[RecordingHost]:
    """The host of the adapter, which listens."""
    recording = RecordingHost()
    listening = asyncio.create_task(adapter.listen(recording))
    await recording.until(lambda: bool(recording.presences))
    yield recording
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening


async def post(
    adapter: SlackAdapter,
    body: str | bytes,
    content_type: str = JSON,
    *,
    secret: str = SIGNING_SECRET,
    age: float = 0.0,
    more: Mapping[str, str] = {},
) -> tuple[int, str]:
    """Hand a signed request to the adapter; returns status and body of its answer."""
    text = body if isinstance(body, str) else body.decode("latin-1")
    signature = {name.lower(): value for name, value in signed(secret, text, at=time.time() - age).items()}
    raw = body.encode() if isinstance(body, str) else body
    request = HttpRequest("POST", "", {"content-type": content_type, **signature, **more}, raw)
    answer = await adapter.receive(request)
    return answer.status, answer.body


def written(kind: str, payload: Mapping[str, object]) -> tuple[str, str]:
    """Return a body as Slack writes it, and its content type."""
    if kind == "events_api":
        return json.dumps(payload), f"{JSON}; charset=utf-8"
    return urlencode({"payload": json.dumps(payload)} if kind == "interactive" else payload), FORM


async def test_the_address_is_verified_before_the_bot_listens(adapter: SlackAdapter) -> None:
    """Slack's challenge is answered with itself, as text, as soon as the bot has its secret."""
    assert await post(adapter, CHALLENGE) == (200, "chosen by Slack")


@pytest.mark.parametrize(
    "changed",
    [
        {"x-slack-signature": None},
        {"x-slack-request-timestamp": None},
        {"x-slack-signature": "v0="},
        {"x-slack-signature": "v1=" + "0" * 64},
        {"x-slack-signature": "v0=\u00e9" + "0" * 63},
        {"x-slack-request-timestamp": "now"},
        {"x-slack-request-timestamp": "9" * 5000},
        {"x-slack-request-timestamp": "\u0661\u0662"},
        {"x-slack-request-timestamp": ""},
    ],
)
async def test_a_request_with_a_wrong_signature_or_time_is_refused(
    adapter: SlackAdapter, changed: Mapping[str, str | None]
) -> None:
    """Whatever the two headers hold, the answer is 401 with a reason for the log, and nothing is raised."""
    right = {name.lower(): value for name, value in signed(SIGNING_SECRET, CHALLENGE).items()}
    headers = {
        name: value for name, value in {"content-type": JSON, **right, **changed}.items() if value is not None
    }
    answer = await adapter.receive(HttpRequest("POST", "", headers, CHALLENGE.encode()))
    assert (answer.status, answer.body) == (401, "")
    assert answer.refused


@pytest.mark.parametrize(("age", "status"), [(0, 200), (290, 200), (310, 401), (-290, 200), (-310, 401)])
async def test_a_signature_is_good_for_five_minutes(adapter: SlackAdapter, age: float, status: int) -> None:
    """One that is older, or from the future, may have been recorded by somebody."""
    assert (await post(adapter, CHALLENGE, age=age))[0] == status


async def test_a_signature_of_another_app_or_body_is_refused(adapter: SlackAdapter) -> None:
    """The secret has to be this app's, and the body the one that was signed."""
    assert (await post(adapter, CHALLENGE, secret="1" * 32))[0] == 401
    headers = {name.lower(): value for name, value in signed(SIGNING_SECRET, CHALLENGE).items()}
    changed = CHALLENGE.replace("chosen", "forged").encode()
    answer = await adapter.receive(HttpRequest("POST", "", {"content-type": JSON, **headers}, changed))
    assert answer.status == 401


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("", JSON),
        ("[1]", JSON),
        ("{", JSON),
        ("[" * 100_000, JSON),
        (CHALLENGE, "text/plain"),
        (CHALLENGE, ""),
        ("payload=%7B", FORM),
        ("payload=[]", FORM),
        ("&".join(f"f{number}=1" for number in range(200)), FORM),
    ],
)
async def test_a_signed_request_that_cannot_be_read_is_no_failure_of_ours(
    adapter: SlackAdapter, host: RecordingHost, body: str, content_type: str
) -> None:
    """It would not become readable when it is sent again: the answer is 400, and the adapter goes on."""
    assert (await post(adapter, body, content_type))[0] == 400
    assert host.events == []
    assert (await post(adapter, CHALLENGE))[0] == 200


async def test_bytes_that_are_no_text_are_refused(adapter: SlackAdapter) -> None:
    """A signature is over text in UTF-8."""
    assert (await post(adapter, b"\xff\xfe", JSON))[0] == 401


@pytest.mark.parametrize(
    ("method", "query", "body"), [("POST", "", b"token=t&ssl_check=1"), ("GET", "token=t&ssl_check=1", b"")]
)
async def test_a_look_at_the_certificate_is_answered(
    adapter: SlackAdapter, method: str, query: str, body: bytes
) -> None:
    """Slack looks without a signature; it is answered, and means nothing."""
    answer = await adapter.receive(HttpRequest(method, query, {"content-type": FORM}, body))
    assert (answer.status, answer.body, answer.refused) == (200, "", "")


async def test_nothing_is_taken_before_the_bot_listens(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """Slack gets 503 for an event, and its repetition comes to the host that listens then, once."""
    await slack.ask(slack.people[0], "What broke?")
    await slack.until(lambda: bool(slack.sockets.deliveries[0].envelopes))
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.prompts))
    await slack.until(lambda: all(one.over for one in slack.sockets.deliveries))
    assert isinstance(slack.sockets.http, Direct)
    assert slack.sockets.http.statuses[0] == 503
    assert all(one.acknowledged for one in slack.sockets.deliveries)
    assert len({one.key for one in host.prompts}) == 1
    await end(listening)
    assert (await post(adapter, json.dumps(slack.sockets.deliveries[0].payload)))[0] == 503


async def test_questions_and_commands_arrive(slack: SimulatedSlack, host: RecordingHost) -> None:
    """Each kind of body comes to the host as over Socket Mode."""
    await slack.ask(slack.people[0], "What broke?")
    await host.until(lambda: bool(host.prompts))
    await slack.command(slack.people[0], "help")
    await host.until(lambda: {type(one) for one in host.events} >= {Prompt, ManageCommand})
    await slack.until(lambda: all(one.acknowledged for one in slack.sockets.deliveries))


async def test_an_event_that_is_not_written_is_not_acknowledged(
    slack: SimulatedSlack, host: RecordingHost
) -> None:
    """The host fails at every attempt of the first deliveries: Slack gets 500 and sends it again."""
    host.fail(times=6)
    await slack.ask(slack.people[0], "What broke?")
    await host.until(lambda: bool(host.prompts))
    await slack.until(lambda: all(one.over for one in slack.sockets.deliveries))
    assert isinstance(slack.sockets.http, Direct)
    assert 500 in slack.sockets.http.statuses


async def test_writing_that_takes_longer_than_slack_waits_goes_on(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """The answer is 503 while the host still writes; what it writes then is the question, not lost by a closed request."""
    assert adapter._http is not None
    adapter._http._timeouts = replace(HASTE, answer=0.01)
    host.open.clear()
    await slack.ask(slack.people[0], "What broke?")
    assert isinstance(slack.sockets.http, Direct)
    await slack.until(lambda: len(slack.sockets.deliveries[0].envelopes) > 1)
    assert set(slack.sockets.http.statuses) == {503}
    host.open.set()
    await host.until(lambda: bool(host.prompts))
    assert len({one.key for one in host.prompts}) == 1


@pytest.mark.parametrize("kind", ["workflow_step_edit", "view_closed", "block_suggestion", "none of Slack's"])
async def test_a_kind_that_the_bot_does_not_know_is_no_failure(
    adapter: SlackAdapter, host: RecordingHost, kind: str
) -> None:
    """Slack is not told of a failure, and nothing arrives."""
    body, content_type = written("interactive", {"type": kind, "callback_id": "x"})
    assert (await post(adapter, body, content_type))[0] < 500
    assert host.events == []


async def test_a_quiet_workspace_shows_life_and_a_refused_token_ends_it(
    slack: SimulatedSlack, adapter: SlackAdapter
) -> None:
    """Without any event Slack is asked again and again; a token that it refuses then ends `listen` with the variable."""
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    signs = host.signs_of_life
    await slack.until(lambda: host.signs_of_life > signs + 1)
    slack.fail_next("auth.test", status=503)
    slack.configuration.bot_tokens.clear()
    with pytest.raises(TokenRefused) as raised:
        await listening
    assert raised.value.variable == "SLACK_BOT_TOKEN"


async def test_socket_mode_takes_no_requests() -> None:
    """An adapter with an app-level token has no path, and refuses whatever is handed to it."""
    settings, _ = read({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"})
    assert settings is not None
    adapter = SlackAdapter(settings, HASTE)
    assert receivers([adapter]) == []
    assert (await post(adapter, CHALLENGE))[0] == 404


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://bot.example", (PATH,)),
        ("https://bot.example/x/y", (PATH, f"/x/y{PATH}")),
    ],
)
def test_a_proxy_may_pass_its_path_on_or_take_it_away(url: str, expected: tuple[str, ...]) -> None:
    """Both paths are served."""
    assert paths(url) == expected


def test_the_sdk_still_compares_in_constant_time() -> None:
    """The verifier of the SDK is used as it is: it must go on comparing with `hmac.compare_digest`."""
    assert "compare_digest" in http_mode.SignatureVerifier.is_valid.__code__.co_names


OTHER = "f" * 32


@pytest.mark.parametrize("case", ["good", "malformed", "refused bot token", "other bot", "same"])
async def test_the_signing_secret_rotates_whole_or_not_at_all(
    slack: SimulatedSlack,
    adapter: SlackAdapter,
    host: RecordingHost,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    """A new secret is in force with the next request; with a problem of either secret the old ones stay."""
    env = {**slack.env, "SLACK_SIGNING_SECRET": SIGNING_SECRET if case == "same" else OTHER}
    if case == "malformed":
        env["SLACK_SIGNING_SECRET"] = "short"
    elif case == "refused bot token":
        env["SLACK_BOT_TOKEN"] = "xoxb-not-known"
    elif case == "other bot":
        other = {**methods.METHODS["auth.test"](slack, {}), "user_id": "U0OTHER"}
        monkeypatch.setitem(methods.METHODS, "auth.test", lambda *_: other)  # type: ignore[arg-type]  # a method that answers the same to all
    replaced, problems = await adapter.take_secrets(env)
    named = {
        "malformed": "SLACK_SIGNING_SECRET",
        "refused bot token": "SLACK_BOT_TOKEN",
        "other bot": "SLACK_BOT_TOKEN",
    }
    assert [one.variable for one in problems] == ([named[case]] if case in named else [])
    assert list(replaced) == (["SLACK_SIGNING_SECRET"] if case == "good" else [])
    holds = OTHER if case == "good" else SIGNING_SECRET
    for secret in (SIGNING_SECRET, OTHER):
        assert (await post(adapter, CHALLENGE, secret=secret))[0] == (200 if secret == holds else 401)
    assert host.presences
    assert list(adapter.secrets) == ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"]
