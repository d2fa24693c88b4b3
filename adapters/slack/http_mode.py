"""Slack over HTTP: requests to the public address, each signed with the app's signing secret.

https://docs.slack.dev/apis/events-api/using-http-request-urls and
https://docs.slack.dev/authentication/verifying-requests-from-slack

Slack waits three seconds for an answer. It sends an event again at once, after a minute and after five minutes where
the answer is none of 2xx, and an interaction or a command never. A repetition says so in `X-Slack-Retry-Num`; it is
taken like any other, because the first one may have come to a bot that could not write it. What was written before is
known by its key.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from slack_sdk.signature import SignatureVerifier

from adapters.slack.client import WebApi
from adapters.slack.envelopes import ACKNOWLEDGED, EnvelopeApp
from adapters.slack.handlers import EventHandlers
from adapters.slack.methods import Method
from adapters.slack.timeouts import Timeouts
from aion_bot.ports.errors import PlatformError, TokenRefused
from aion_bot.ports.host import Host, Presence
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest

_log = logging.getLogger(__name__)

PATH = "/slack/events"
"""Where events, interactions and commands arrive, below the public address."""

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 100
"""Fields of a form; a command has some fifteen."""


def paths(public_url: str) -> Sequence[str]:
    """Return the paths at which Slack's requests arrive: a proxy may pass that of the public address on, or take it away."""
    return tuple(dict.fromkeys((PATH, f"{urlsplit(public_url).path}{PATH}")))


class RequestCheck:
    """Tells which requests are Slack's, by the app's signing secret."""

    def __init__(self, secret: str) -> None:
        self._verifier = SignatureVerifier(secret)

    def read(self, request: HttpRequest) -> Mapping[str, Any] | HttpAnswer:
        """Return the payload of a request that is Slack's and says something, otherwise the answer to it. Does not raise."""
        if is_certificate_check(request):
            return HttpAnswer(200)
        if refused := self._refusal(request):
            return HttpAnswer(401, refused=refused)
        payload = payload_of(request)
        if isinstance(payload, HttpAnswer) or payload.get("type") != "url_verification":
            return payload
        return HttpAnswer(200, str(payload.get("challenge") or ""))

    def _refusal(self, request: HttpRequest) -> str:
        """Say why a request is not Slack's; "" where its signature is right and at most five minutes old."""
        headers = request.headers
        timestamp, signature = headers.get("x-slack-request-timestamp"), headers.get("x-slack-signature")
        if not timestamp or not signature:
            return "no signature"
        try:
            # The SDK compares in constant time, and fails over what is no number and over signs beyond ASCII.
            right = self._verifier.is_valid(request.body, timestamp, signature)
        except (TypeError, ValueError):
            right = False
        return "" if right else "wrong signature or time"


class HttpMode:
    """Checks what arrives, and hands it to the handlers while `serve` runs. `secret` may be replaced at any time."""

    def __init__(self, secret: str) -> None:
        self._check = RequestCheck(secret)
        self._timeouts = Timeouts()
        self._app: EnvelopeApp | None = None
        self._on_life: Callable[[], None] = lambda: None
        self._late: set[asyncio.Task[int]] = set()

    def use(self, secret: str) -> None:
        """Take what is signed with this secret, and nothing else, from the next request on: Slack has one at a time."""
        self._check = RequestCheck(secret)

    async def serve(
        self, web: WebApi, handlers: EventHandlers, host: Host, presence: Presence, timeouts: Timeouts
    ) -> None:
        """Take requests until cancelled, and tell `host` of it and of each sign of life. Raises TokenRefused.

        Slack is asked every `Timeouts.life` whether it can be reached and still takes the bot token.
        """
        self._timeouts, self._app, self._on_life = timeouts, handlers.app(), host.heard
        try:
            await host.connected(presence)
            while True:
                await asyncio.sleep(self._timeouts.life)
                try:
                    # Not `identify`: a token belongs to one bot for as long as it is taken.
                    await web.call(Method.AUTH_TEST)
                except TokenRefused:
                    raise
                except PlatformError as error:
                    _log.warning("platform not reached", extra={"reason": str(error)})
                else:
                    host.heard()
        finally:
            # First: what arrives from here on is refused with 503, so that Slack sends it again.
            self._app = None
            # What arrived is written, or comes again.
            await handlers.drain(self._timeouts.close)

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Answer a request as `aion_bot.ports.http_requests.ReceivesRequests` promises."""
        payload = self._check.read(request)
        return payload if isinstance(payload, HttpAnswer) else await self._take(payload)

    async def take(self, request: HttpRequest) -> HttpAnswer:
        """Answer a request that was checked before, maybe in another process a while ago."""
        payload = payload_of(request)
        return payload if isinstance(payload, HttpAnswer) else await self._take(payload)

    async def _take(self, payload: Mapping[str, Any]) -> HttpAnswer:
        if self._app is None:
            return HttpAnswer(503)
        self._on_life()
        return HttpAnswer(await self._handle(self._app, payload))

    async def _handle(self, app: EnvelopeApp, payload: Mapping[str, Any]) -> int:
        """Let the handlers take a payload; returns the status for Slack, also where writing takes longer than Slack waits.

        Then the work goes on: what it writes is known when Slack sends it again.
        """
        work = asyncio.create_task(app.receive(payload))
        # Slack's request may be over before the work, and the event loop keeps only weak references to tasks.
        self._late.add(work)
        work.add_done_callback(self._late.discard)
        # `wait_for` would cancel the work.
        await asyncio.wait({work}, timeout=self._timeouts.answer)
        if not work.done():
            return 503
        status = 500 if work.cancelled() or work.exception() is not None else work.result()
        return status if status == ACKNOWLEDGED or status >= 500 else 404


def is_certificate_check(request: HttpRequest) -> bool:
    """Tell whether Slack only looks at the certificate of a command's address; such a request means nothing, whoever sends it.

    https://docs.slack.dev/interactivity/implementing-slash-commands
    """
    text = request.query if request.method == "GET" else ""
    if request.method == "POST" and _content_type(request) == _FORM and len(request.body) < 1024:
        text = request.body.decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, max_num_fields=_MOST_FIELDS)).get("ssl_check") == "1"
    except ValueError:
        return False


def payload_of(request: HttpRequest) -> Mapping[str, Any] | HttpAnswer:
    """Return the payload of a request, or the answer to one that cannot be read."""
    try:
        return read_payload(request)
    except (RecursionError, ValueError) as error:
        # It is Slack's, and would not become readable when it is sent again.
        _log.warning("envelope skipped, not readable", extra={"reason": type(error).__name__})
        return HttpAnswer(400)


def read_payload(request: HttpRequest) -> Mapping[str, Any]:
    """Read the payload of a request: JSON, the JSON in a form, or the fields of a command. Raises ValueError for anything else."""
    text, kind = request.body.decode("utf-8"), _content_type(request)
    if kind == "application/json":
        found = json.loads(text)
    elif kind == _FORM:
        fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        found = json.loads(fields["payload"]) if "payload" in fields else fields
    else:
        raise ValueError("neither JSON nor a form")
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004  # one kind of error for all that cannot be read
    return found


def _content_type(request: HttpRequest) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
