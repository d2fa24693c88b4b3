"""What stands before the hosted Slack in these tests: a browser, and the delivery of Slack's requests without a server."""

import asyncio
import html
import json
import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from adapters.slack.hosted_adapter import HostedSlackAdapter
from adapters.slack.hosting import HostedSlack
from aion_bot.ports.hosting import Routed
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.ports.shared_values import SharedValuesDown
from aion_bot.simulators.slack.http_delivery import PREFIX, SIGNING_SECRET, HttpDelivery, signed
from tests.support.shared_values import MemoryValues

JSON = "application/json"
PUBLIC = f"http://127.0.0.1:1{PREFIX}"
KEYS = ("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "YWJjZGVmZ2hpamFiY2RlZmdoaWphYmNkZWZnaGlqYWI=")
INSTALL, REDIRECT, EVENTS = (f"{PREFIX}/slack/{one}" for one in ("install", "oauth_redirect", "events"))


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds that nothing tells of. Raises TimeoutError after a minute."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # what it looks at has no event
            await asyncio.sleep(0.005)


class Values(MemoryValues):
    """What the replicas share. `down`: every call fails, as while the database is away."""

    def __init__(self) -> None:
        super().__init__(time.time)
        self.down = False

    @property
    def kept(self) -> dict[tuple[str, str], tuple[str, float | None]]:
        """What is stored, by kind and name, with the time of its end."""
        return self._values

    def _answer(self, method: str, kind: str) -> None:
        if self.down:
            raise SharedValuesDown("the database does not answer")
        super()._answer(method, kind)


class Browser:
    """Keeps the cookie that a page sets, and sends it back."""

    def __init__(self, hosted: HostedSlack) -> None:
        self.hosted, self.cookie = hosted, ""

    async def get(self, address: str) -> HttpAnswer:
        """Open an address of the bot."""
        parts = urlsplit(address)
        headers = {"cookie": f"other=1; {self.cookie}"} if self.cookie else {}
        answer = await self.hosted.route(parts.path, HttpRequest("GET", parts.query, headers, b""))
        assert isinstance(answer, HttpAnswer)
        if "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return answer

    async def begin(self) -> str:
        """Open the page with the button; returns the address behind it."""
        answer = await self.get(INSTALL)
        assert answer.status == 200
        return html.unescape(re.findall(r'href="([^"]*)"', answer.body)[0])


class Front(HttpDelivery):
    """Delivers to a `HostedSlack`, and what it routes to the adapter of that workspace, if it has one."""

    def __init__(self) -> None:
        super().__init__(1)
        self.hosted: HostedSlack | None = None
        self.adapters: dict[str, HostedSlackAdapter] = {}
        self.routed: list[str] = []

    async def post_to(self, port: int, body: str, content_type: str, headers: Mapping[str, str]) -> int:
        """Deliver one request; returns the status of its answer."""
        del port
        assert self.hosted is not None
        answer = await self.hosted.route(EVENTS, request(body, content_type, headers))
        if isinstance(answer, Routed):
            self.routed.append(answer.scope)
            adapter = self.adapters.get(answer.scope)
            return 200 if adapter is None else (await adapter.take(answer.request)).status
        return answer.status


def request(
    body: str, content_type: str = JSON, more: Mapping[str, str] = {}, *, age: float = 0.0
) -> HttpRequest:
    """Return a request that Slack has signed."""
    signature = {
        name.lower(): one for name, one in signed(SIGNING_SECRET, body, at=time.time() - age).items()
    }
    return HttpRequest("POST", "", {"content-type": content_type, **signature, **more}, body.encode())


def event(payload: Mapping[str, object]) -> HttpRequest:
    """Return the request with an event."""
    return request(json.dumps(payload))
