"""Reports every HTTP request to Discord to an observer, whichever client makes it.

discord.py has no hook around its requests, but aiohttp has: a `TraceConfig` sees every request of the session that it
is given to (https://docs.aiohttp.org/en/stable/tracing_reference.html). Both clients of the adapter, the one for REST
calls and the one that listens, get one. So discord.py's own repetitions are counted as well.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import monotonic
from types import SimpleNamespace
from typing import Any

import aiohttp
import yarl

from adapters.discord import rate_limits
from adapters.discord.errors import retry_after
from aion_bot.ports.rate_limits import PlatformRequest, RequestObserver, RequestStatus

CheckAnswer = Callable[[aiohttp.ClientResponse], Awaitable[None]]
"""Looks at an answer before the client does; what it raises is raised by the call."""


class RequestReporter:
    """Makes the traces of the adapter's clients; all of them report to the same `observer`, once there is one.

    `blocked_until` is the moment, by the monotonic clock, until which the limit of the whole bot is exceeded.
    """

    def __init__(self, api_url: str) -> None:
        """`api_url`: the base of the API, without a slash at its end."""
        self.observer: RequestObserver | None = None
        self.blocked_until = 0.0
        self._base = yarl.URL(api_url).raw_path.rstrip("/")

    def trace(self, check: CheckAnswer | None = None) -> aiohttp.TraceConfig:
        """Make the trace of one client. Its answers pass `check` after they are reported."""

        async def end(_session: Any, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
            await self._answered(context, params.response)
            if check is not None:
                await check(params.response)

        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._start)
        config.on_request_headers_sent.append(self._headers_sent)
        config.on_request_end.append(end)
        config.on_request_exception.append(self._failed)
        return config

    async def _start(
        self,
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        params: aiohttp.TraceRequestStartParams,
    ) -> None:
        """Report a request before a connection is looked for."""
        context.request, context.attempts = None, 0
        # The gateway's websocket is opened by the same session; no request of the REST API stands behind it.
        if params.url.scheme not in {"ws", "wss"}:
            context.described = rate_limits.request(
                params.method, params.url.raw_path.removeprefix(self._base)
            )
            self._sent(context)

    async def _headers_sent(
        self, _session: Any, context: SimpleNamespace, _params: aiohttp.TraceRequestHeadersSentParams
    ) -> None:
        """Report the repetition that aiohttp makes by itself, where a connection that it kept turns out broken.

        It repeats GET, PUT and DELETE once (https://www.rfc-editor.org/rfc/rfc9112.html#name-retrying-requests), for
        which it calls neither `on_request_exception` nor `on_request_start`.
        """
        context.attempts += 1
        if context.request is not None and context.attempts > 1:
            self._report(context, RequestStatus.ERROR)
            self._sent(context)

    async def _answered(self, context: SimpleNamespace, answer: aiohttp.ClientResponse) -> None:
        """Report an answer from its headers on, and what they say about a limit unless it is a refusal."""
        request: PlatformRequest | None = context.request
        if answer.status == 429:
            # May raise where the connection breaks now: `_failed` reports the request then.
            pause = retry_after(answer.headers, await read_json(answer))
            if is_global(answer):
                self.blocked_until = monotonic() + pause
            self._report(context, RequestStatus.RATE_LIMITED, pause)
            return
        if answer.status >= 500:
            self._report(context, RequestStatus.ERROR)
            return
        self._report(context, RequestStatus.OK if answer.status < 400 else RequestStatus.REFUSED)
        reading = None if request is None else rate_limits.reading(request, answer.headers)
        if reading is not None and self.observer is not None:
            self.observer.limit_read(reading)

    async def _failed(
        self, _session: Any, context: SimpleNamespace, _params: aiohttp.TraceRequestExceptionParams
    ) -> None:
        """Report a request without an answer.

        aiohttp calls this for a cancelled request too, and for one whose answer `check` did not like: that one is
        reported already.
        """
        self._report(context, RequestStatus.ERROR)

    def _sent(self, context: SimpleNamespace) -> None:
        if self.observer is not None:
            context.request = replace(context.described)  # each attempt is a request of its own
            self.observer.sent(context.request)

    def _report(self, context: SimpleNamespace, status: RequestStatus, pause: float = 0.0) -> None:
        """Report what came of a request, once."""
        request, context.request = context.request, None
        if request is not None and self.observer is not None:
            self.observer.answered(request, status, pause)


def is_global(answer: aiohttp.ClientResponse) -> bool:
    """Tell whether a 429 is the limit of the whole bot (Discord's documentation, *Rate Limits*)."""
    return answer.headers.get("X-RateLimit-Scope") == "global" or "X-RateLimit-Global" in answer.headers


async def read_json(answer: aiohttp.ClientResponse) -> Any:
    """Read an answer's JSON, which aiohttp keeps for the client; None where a proxy answered something else."""
    try:
        return await answer.json(content_type=None)
    except ValueError:
        return None
