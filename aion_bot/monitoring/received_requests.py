"""What platforms send over HTTP: bounded, counted, and handed to the adapter that checks it."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence

import structlog
from aiohttp import web

from aion_bot.ports.http_requests import HttpAnswer, HttpRequest, ReceivesRequests

_log = structlog.get_logger(__name__)

MOST_BODY = 1024 * 1024
"""Bytes of a request. Slack's largest events, of messages with all the blocks there may be, have a few hundred thousand."""

_BODY_TIME = 5.0
"""Seconds in which a body has to be there whole. Slack itself waits three for the answer."""

_TOO_LATE, _TOO_LARGE, _CUT_OFF = 408, 413, 400

_REASONS = {_TOO_LATE: "too late", _TOO_LARGE: "too large", _CUT_OFF: "cut off"}

_PLAIN = "text/plain; charset=utf-8"

_LOG_EVERY = 60.0
"""Seconds between two lines about requests that are not a platform's: anybody may send them."""

OUTCOMES = {2: "ok", 5: "unavailable"}
"""The label of a request by the first digit of its status; every other one is `refused`."""


class ReceivedRequests:
    """Serves the paths of `receivers`, with the names of their platforms; `count` gets platform and outcome of each request."""

    def __init__(
        self, receivers: Sequence[tuple[str, ReceivesRequests]], count: Callable[[str, str], None]
    ) -> None:
        self._receivers = {path: found for found in receivers for path in found[1].http_paths}
        self._count = count
        self._refused: Counter[str] = Counter()
        self._logged_at = -_LOG_EVERY

    def add_to(self, app: web.Application) -> None:
        """Add the routes; a GET reaches the adapter as well."""
        for path in self._receivers:
            app.router.add_route("POST", path, self._serve)
            app.router.add_route("GET", path, self._serve)

    @property
    def paths(self) -> frozenset[str]:
        """The paths that take more than GET."""
        return frozenset(self._receivers)

    async def _serve(self, request: web.Request) -> web.Response:
        platform, receiver = self._receivers[request.path]
        body = await _read(request)
        if isinstance(body, int):
            answer = HttpAnswer(body, refused=_REASONS[body])
        else:
            headers = {name.lower(): value for name, value in request.headers.items()}
            found = HttpRequest(request.method, request.query_string, headers, body)
            answer = await receiver.receive(found)
        self._count(platform, OUTCOMES.get(answer.status // 100, "refused"))
        if answer.refused:
            self._note_refused(platform, answer.refused)
        headers = {"Content-Type": _PLAIN, **answer.headers}
        response = web.Response(status=answer.status, body=answer.body.encode(), headers=headers)
        if isinstance(body, int):  # the rest of the body is not read
            response.force_close()
        return response

    def _note_refused(self, platform: str, reason: str) -> None:
        """Say in the log how many requests were refused since the last line, and why this one was; nothing of what it held."""
        self._refused[platform] += 1
        now = time.monotonic()
        if now - self._logged_at < _LOG_EVERY:
            return
        self._logged_at = now
        _log.warning("requests refused", platform=platform, reason=reason, count=self._refused.pop(platform))


async def _read(request: web.Request) -> bytes | int:
    """Read a body, or return the status for one that is too large, too slow or not whole."""
    if (request.content_length or 0) > MOST_BODY:
        return _TOO_LARGE
    read = bytearray()
    try:
        async with asyncio.timeout(_BODY_TIME):
            # Not `request.read`, which the application bounds to what all other requests need (`client_max_size` of aiohttp).
            async for part in request.content.iter_any():
                read += part
                if len(read) > MOST_BODY:
                    return _TOO_LARGE
    except TimeoutError:
        return _TOO_LATE
    # aiohttp would log a traceback for each of them, and anybody may send what is cut off.
    except (ConnectionError, web.RequestPayloadError):
        return _CUT_OFF
    return bytes(read)
