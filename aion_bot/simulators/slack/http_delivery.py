"""Slack's side of HTTP: signed requests to the app's request URL, and what Slack makes of the answers.

https://docs.slack.dev/apis/events-api/using-http-request-urls and
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import asyncio
import errno
import hashlib
import hmac
import itertools
import json
import random
import socket
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import aiohttp

from aion_bot.simulators.slack.state import APP, TEAM
from aion_bot.simulators.workspace import CALLS_KEPT

SIGNING_SECRET = "51mu1a7ed51ack51gn1ng5ec2e70f7e5"  # noqa: S105  # a secret of this simulator only
PREFIX = "/behind/a/proxy"
"""A path of the public address, as behind a proxy that passes it on."""

NO_ANSWER, NOT_SENT = -1, -2
"""In place of a status: it was sent, or may have been; the app was not reached."""

_PROBE_EVERY = 0.02
"""Seconds between two looks whether a bot takes requests: another side has no event for it."""

_NOT_GIVEN = range(20_000, 32_000)
"""Ports below those that systems choose from: 32,768 on Linux, 49,152 elsewhere."""


def free_port() -> int:
    """Return a port of this machine that nobody listens on. Raises OSError where a hundred in turn are taken.

    It is one of those that systems give to nobody who does not ask for it by number: any other one may be a connection's of
    another process before somebody listens on it.
    """
    # Drawn by the system: processes that were forked would draw the same ones.
    for port in random.SystemRandom().sample(_NOT_GIVEN, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(errno.EADDRINUSE, "no port is free")


def signed(secret: str, body: str, *, at: float | None = None) -> Mapping[str, str]:
    """Return the headers of a request with this body, signed `at` these seconds since the epoch, by default now."""
    timestamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


def written(kind: str, payload: Mapping[str, Any]) -> tuple[str, str]:
    """Return the body for a payload and its content type: JSON for events, a form for interactions and commands."""
    if kind == "events_api":
        return json.dumps(payload), "application/json"
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(fields), "application/x-www-form-urlencoded"


class HttpDelivery:
    """Sends to a bot that listens on a port of this machine, or to its replicas on several `ports` in turn.

    As a proxy before replicas does, it goes on to the next one where nobody listens. `statuses` are the newest of all answers,
    in order; `secret` is the one that the app's page shows. While it is `unreachable`, as with a proxy that is down, nothing
    arrives.
    """

    def __init__(self, *ports: int, secret: str = SIGNING_SECRET) -> None:
        self.secret = secret
        self.ports = list(ports)
        self.statuses: deque[int] = deque(maxlen=CALLS_KEPT)
        self.unreachable = False
        self._turns = itertools.count()
        self._reasons: dict[str, str] = {}
        self._session: aiohttp.ClientSession | None = None

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that let a bot, or the first of its replicas, take what this sends."""
        return self.env_of(self.ports[0])

    def env_of(self, port: int) -> Mapping[str, str]:
        """The settings that let the replica on a port take what this sends."""
        return {
            "SLACK_SIGNING_SECRET": self.secret,
            "AION_BOT_PUBLIC_URL": f"http://127.0.0.1:{self.ports[0]}{PREFIX}",
            "AION_BOT_HTTP_ADDRESS": f"127.0.0.1:{port}",
        }

    @property
    def address(self) -> str:
        """The request URL of the app."""
        return _request_url(self.ports[0])

    async def send(self, kind: str, payload: Mapping[str, Any], attempt: int, timeout: float) -> int:
        """Send a payload, for the first time or again; returns the status, `NO_ANSWER` or `NOT_SENT`."""
        event = str(payload.get("event_id", ""))
        headers = {}
        if attempt:
            reason = self._reasons.get(event, "http_timeout")
            headers = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        try:
            async with asyncio.timeout(timeout):
                status = await self.post(*written(kind, payload), headers)
        except TimeoutError:
            self._reasons[event] = "http_timeout"
            return NO_ANSWER
        except (OSError, aiohttp.ClientError) as error:
            self._reasons[event] = "connection_failed"
            refused = isinstance(error, aiohttp.ClientConnectorError | ConnectionRefusedError)
            return NOT_SENT if refused else NO_ANSWER
        self.statuses.append(status)
        self._reasons[event] = "http_error"
        if 200 <= status < 300:
            del self._reasons[event]
        return status

    async def post(self, body: str, content_type: str, headers: Mapping[str, str]) -> int:
        """Send one signed request; returns the status. Raises aiohttp.ClientError, and OSError while it is unreachable."""
        if self.unreachable:
            raise ConnectionRefusedError
        first = next(self._turns) % len(self.ports)
        *others, last = self.ports[first:] + self.ports[:first]
        for port in others:
            try:
                return await self.post_to(port, body, content_type, headers)
            except aiohttp.ClientConnectorError:
                continue
        return await self.post_to(last, body, content_type, headers)

    async def post_to(self, port: int, body: str, content_type: str, headers: Mapping[str, str]) -> int:
        """Send one signed request to one port; returns the status. Raises aiohttp.ClientError, OSError."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        signature = signed(self.secret, body)
        sent = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0", **signature, **headers}
        url = _request_url(port)
        async with self._session.post(url, data=body, headers=sent, allow_redirects=False) as answer:
            await answer.read()
            return answer.status

    async def until_taken(self, timeout: float) -> None:
        """Wait until the bot, or every one of its replicas, takes requests. Raises TimeoutError.

        The probe is what Slack sends of its own accord: https://docs.slack.dev/reference/events/app_rate_limited
        """
        probe = {"type": "app_rate_limited", "team_id": TEAM, "api_app_id": APP, "minute_rate_limited": 0}
        async with asyncio.timeout(timeout):
            for port in self.ports:
                while not await self._takes(port, json.dumps(probe)):  # noqa: ASYNC110  # another process has no event
                    await asyncio.sleep(_PROBE_EVERY)

    async def _takes(self, port: int, probe: str) -> bool:
        try:
            return not self.unreachable and await self.post_to(port, probe, "application/json", {}) == 200
        except (OSError, aiohttp.ClientError):
            return False

    async def stop(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def _request_url(port: int) -> str:
    return f"http://127.0.0.1:{port}{PREFIX}/slack/events"
