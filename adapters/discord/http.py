"""How discord.py sends requests for this adapter: each one is reported, and none delays the next one.

Requests: discord.py has no hook around them, but aiohttp has: a `TraceConfig` sees every request of the session that it
is given to (https://docs.aiohttp.org/en/stable/tracing_reference.html). Both clients of the adapter, the one for REST
calls and the one that listens, get one. So discord.py's own repetitions are counted as well.

Buckets: Discord counts the requests of a route and a channel in one (its documentation, *Rate Limits*). In discord.py
the call that uses a bucket up sleeps until the bucket is full again, although Discord has answered it. The core decides
when calls are made. Here a call waits only where Discord said that it would refuse it.
"""

import asyncio
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from time import monotonic
from types import SimpleNamespace, TracebackType
from typing import Any

import aiohttp
import discord
import yarl
from discord.http import Ratelimit

from adapters.discord import rate_limits
from adapters.discord.errors import TOO_MANY_LATE_EDITS, retry_after
from aion_bot.ports.errors import CannotEdit, PlatformDown, RateLimited
from aion_bot.ports.rate_limits import PlatformRequest, RequestObserver, RequestStatus

LONGEST_WAIT = 10.0
"""Seconds that a call waits for a bucket; where it would be more, it raises."""
_MAX_ANSWERS = 1_000
"""Interactions of which it is counted how often they were answered."""
_MAX_BUCKETS = 256
"""Buckets from which on idle ones are forgotten; discord.py's own number."""


class RequestReporter:
    """Makes the traces of the adapter's clients; all of them report to the same `observer`, once there is one.

    `blocked_until` is the moment, by the monotonic clock, until which the limit of the whole bot is exceeded.
    """

    def __init__(self, api_url: str) -> None:
        """`api_url`: the base of the API, without a slash at its end."""
        self.observer: RequestObserver | None = None
        self.blocked_until = 0.0
        self.date: str | None = None
        """The `Date` header of the newest answer."""
        self.answers: OrderedDict[str, int] = OrderedDict()
        """How often the first answer to each of the newest interactions was sent: discord.py repeats some by itself."""
        self._base = yarl.URL(api_url).raw_path.rstrip("/")

    def trace(self, *, raise_refusals: bool = False) -> aiohttp.TraceConfig:
        """Make the trace of one client. With `raise_refusals` a 429 or a 5xx raises the port's error at once.

        Without it discord.py repeats the request later, by then with a stale text.
        """
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._start)
        config.on_request_headers_sent.append(self._headers_sent)
        # aiohttp calls the first of these before it keeps the head, and the second one right before it writes head and body: on
        # Python 3.11 from a task of its own. A request without a body is written at once.
        config.on_request_headers_sent.append(self._look_again)
        config.on_request_chunk_sent.append(self._look_again)
        config.on_request_end.append(partial(self._answered, raise_refusals))
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
        # The gateway's websocket is opened by the same session, and is no request of the REST API.
        if params.url.scheme not in {"ws", "wss"}:
            path = params.url.raw_path.removeprefix(self._base)
            context.described = rate_limits.request(params.method, path)
            if path.startswith("/interactions/"):
                interaction = path.split("/")[2]
                # Moved to the end, so that the interaction that was quiet longest is dropped first.
                self.answers[interaction] = self.answers.pop(interaction, 0) + 1
                if len(self.answers) > _MAX_ANSWERS:
                    self.answers.popitem(last=False)
            self._sent(context)

    async def _look_again(self, _session: Any, context: SimpleNamespace, _params: object) -> None:
        """Let the observer look once more whether a request may go. Raises what it raises; aiohttp makes it a `ClientError` at times."""
        if context.request is not None and self.observer is not None:
            self.observer.connected()

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

    async def _answered(
        self,
        raise_refusals: bool,
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        params: aiohttp.TraceRequestEndParams,
    ) -> None:
        """Report an answer from its headers on, and what they say about a limit unless it is a refusal."""
        request: PlatformRequest | None = context.request
        answer = params.response
        self.date = answer.headers.get("Date")
        if answer.status == 429:
            await self._limited(raise_refusals, context, answer)
            return
        # Discord answers with JSON, or with nothing. A proxy's page tells nothing about the request; discord.py would read
        # it as text, and then raise errors of various types.
        empty = answer.status == 204 or answer.headers.get("Content-Length") == "0"
        is_discords = empty or answer.headers.get("Content-Type") == "application/json"
        if answer.status >= 500 or not is_discords:
            self._report(context, RequestStatus.ERROR)
            if raise_refusals:
                raise PlatformDown(f"Discord answered {answer.status}")
        else:
            self._report(context, RequestStatus.OK if answer.status < 400 else RequestStatus.REFUSED)
            reading = None if request is None else rate_limits.reading(request, answer.headers)
            if reading is not None and self.observer is not None:
                self.observer.limit_read(reading)

    async def _limited(
        self, raise_refusals: bool, context: SimpleNamespace, answer: aiohttp.ClientResponse
    ) -> None:
        """Report a 429. Raises where the connection breaks now: `_failed` reports the request then."""
        try:
            # aiohttp keeps it for the client.
            body = await answer.json(content_type=None)
        except ValueError:
            body = None  # a proxy answered something else
        # This 429 is about one old message; as a limit it would hold up all edits of the channel.
        if isinstance(body, dict) and body.get("code") == TOO_MANY_LATE_EDITS:
            self._report(context, RequestStatus.REFUSED)
            if raise_refusals:
                raise CannotEdit(f"Discord answered 429 with code {TOO_MANY_LATE_EDITS}")
            return
        pause = retry_after(answer.headers, body)
        # The limit of the whole bot, or of a route (Discord's documentation, *Rate Limits*).
        headers = answer.headers
        is_global = headers.get("X-RateLimit-Scope") == "global" or "X-RateLimit-Global" in headers
        if is_global:
            self.blocked_until = monotonic() + pause
        self._report(context, RequestStatus.RATE_LIMITED, pause)
        if raise_refusals:
            raise RateLimited(pause, rate_limits.GLOBAL if is_global else "")

    async def _failed(
        self, _session: Any, context: SimpleNamespace, _params: aiohttp.TraceRequestExceptionParams
    ) -> None:
        """Report a request without an answer.

        aiohttp calls this for a cancelled request too, and for one that `_answered` refused: that one is reported
        already.
        """
        self._report(context, RequestStatus.ERROR)

    def _sent(self, context: SimpleNamespace) -> None:
        if self.observer is not None:
            context.request = replace(context.described)  # each attempt is a request of its own
            self.observer.sent(context.request)

    def _report(self, context: SimpleNamespace, status: RequestStatus, pause: float = 0.0) -> None:
        """Report what came of a request, once."""
        request, context.request = context.request, None
        # aiohttp may call more than one hook for a request: the first one reports it.
        if request is not None and self.observer is not None:
            self.observer.answered(request, status, pause)


class Bucket(Ratelimit):
    """One bucket. A call that would be refused waits; one that was answered returns."""

    async def acquire(self) -> None:
        """Wait until Discord takes another call. Raises `discord.RateLimited` where that is long."""
        clock = asyncio.get_running_loop().time
        # A loop: while this call waited, others may have used up the next window.
        while self.remaining <= 0 and self.expires is not None:
            wait = self.expires - clock()
            # The core schedules better than a sleep here: it may have a newer text by then.
            if wait > LONGEST_WAIT:
                raise discord.RateLimited(wait)
            if wait < 0:
                self.reset()  # type: ignore[no-untyped-call]  # discord.py left this one untyped
            else:
                await asyncio.sleep(wait)
        # discord.py forgets a bucket by this moment, and by `outgoing` how many answers are still to come.
        self._last_request = clock()
        self.remaining -= 1
        self.outgoing += 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End a call. discord.py waits here for the bucket to be full again."""
        self.outgoing -= 1


class Buckets(dict[str, Ratelimit]):
    """What discord.py looks its buckets up in."""

    def __missing__(self, key: str) -> Ratelimit:
        """Make a bucket, and forget those that nobody used for minutes."""
        if len(self) >= _MAX_BUCKETS:
            # The keys hold the ids of channels, so that their number has no bound.
            for old in [name for name, bucket in self.items() if bucket.is_inactive()]:
                del self[old]
        bucket = self[key] = Bucket(max_ratelimit_timeout=None)
        return bucket
