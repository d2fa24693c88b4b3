"""The HTTP server of `AION_BOT_HTTP_ADDRESS`: `/healthz`, `/readyz` and `/metrics`, for GET alone, and what platforms send.

It asks for no password: whoever reaches the address can read it. No answer holds words, names or ids of people. What
platforms send is checked by their adapters.
"""

import logging
import os
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from aion_bot.environment.addresses import ListenAddress
from aion_bot.monitoring import CannotListen
from aion_bot.monitoring.monitor import Monitor
from aion_bot.monitoring.received_requests import ReceivedRequests
from aion_bot.ports.http_requests import ReceivesRequests

_log = structlog.get_logger(__name__)

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/"""

_CLOSE_TIMEOUT = 0.5
"""Seconds that an answer under way may take when the bot ends."""

_KEEPALIVE = 30.0
"""Seconds for which an idle connection stays open."""

_MOST_BODY = 1024
"""Bytes; no request but a platform's needs a body."""

_RECEIVING = web.AppKey("receiving", frozenset[str])
"""The paths to which platforms send."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _NoRequests(logging.Filter):
    """Drops what aiohttp logs, with a traceback, of each request that is no HTTP: anybody may send that, as often as they like."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError)


_aiohttp_log = logging.getLogger("aiohttp.server.monitoring")
_aiohttp_log.addFilter(_NoRequests())


class MonitoringServer:
    """Serves from `start` to `stop`; `receivers` are the adapters to which platforms send, with the platforms' names."""

    def __init__(
        self,
        address: ListenAddress,
        monitor: Monitor,
        receivers: Sequence[tuple[str, ReceivesRequests]] = (),
    ) -> None:
        self._address = address
        self._monitor = monitor
        received = ReceivedRequests(receivers, monitor.metrics.received_request)
        app = web.Application(middlewares=[_only_get], client_max_size=_MOST_BODY)
        app[_RECEIVING] = received.paths
        received.add_to(app)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        app.on_response_prepare.append(_without_version)
        # No access log: a scrape every few seconds is not worth a line.
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=_aiohttp_log,
            shutdown_timeout=_CLOSE_TIMEOUT,
            keepalive_timeout=_KEEPALIVE,
        )

    async def start(self) -> None:
        """Listen. Raises `CannotListen`."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._address.host, self._address.port).start()
        except OSError as error:
            await self.stop()
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)
            raise CannotListen(
                f"{self._address} cannot be listened on: {reason}; choose another address, or end what uses it"
            ) from None
        _log.info("http address open", address=str(self._address))

    async def stop(self) -> None:
        """Close every connection."""
        await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        # The event loop has come to this: the process can work.
        return web.json_response([])

    async def _readyz(self, request: web.Request) -> web.Response:
        missing = await self._monitor.readiness.missing()
        # For whoever rolls out: a replica that waits for the lease is as ready as it can be.
        waits = request.query.get("standby") == "ok" and "standby" in missing and "draining" not in missing
        return web.json_response(missing, status=200 if waits or not missing else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._monitor.metrics.text(), headers={"Content-Type": _METRICS_TYPE})


@web.middleware
async def _only_get(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse every method but GET, and POST where a platform sends to."""
    if request.method != "GET" and not (request.method == "POST" and request.path in request.app[_RECEIVING]):
        raise web.HTTPMethodNotAllowed(request.method, ["GET"])
    return await handler(request)


async def _without_version(_: web.Request, response: web.StreamResponse) -> None:
    """Name the program, and not what it is made of."""
    response.headers["Server"] = "aion-bot"
    response.headers["Cache-Control"] = "no-store"
