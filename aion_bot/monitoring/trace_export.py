"""Tracing as OpenTelemetry's own variables ask for it. Without them, or without the extra `otel`, nothing of it is loaded.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ names the variables.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

import structlog

from aion_bot import __version__
from aion_bot.ports.secrets import KNOWN

if TYPE_CHECKING:  # loaded only where they are wanted
    from opentelemetry.sdk.trace.export import SpanExporter

    from aion_bot.monitoring.monitor import Monitor
    from aion_bot.monitoring.tracing import Tracing

_log = structlog.get_logger(__name__)

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")

_MEND = "pip install 'aion-bot[otel]'"

_FLUSH = 1.0
"""Seconds that the last spans get at a stop."""


def wanted(environ: Mapping[str, str]) -> bool:
    """Tell whether the environment names where spans go, and does not switch them off."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    return exporter == "otlp" or (not exporter and any(environ.get(one) for one in _ENDPOINTS))


@asynccontextmanager
async def traced(
    environ: Mapping[str, str], monitor: "Monitor | None"
) -> AsyncIterator["Tracing | Monitor | None"]:
    """Yield what observes the bot: `monitor` itself where no spans are wanted, or cannot be made.

    Spans wait in a queue of bounded length, which a thread exports: an exporter that is down costs spans alone.
    """
    if not wanted(environ):
        yield monitor
        return
    try:
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from aion_bot.monitoring.tracing import Tracing

        exporter = make_exporter()
    except ImportError:
        _log.warning("tracing not installed", mend=_MEND)
        yield monitor
        return
    KNOWN.know(secret for one in _HEADERS for secret in _values(environ.get(one, "")))
    own = Resource({"service.name": "aion-bot", "service.version": __version__})
    # At exit it would wait for an exporter that is down.
    provider = TracerProvider(resource=own.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    processor = BatchSpanProcessor(exporter)
    provider.add_span_processor(processor)
    tracing = Tracing(provider.get_tracer("aion-bot", __version__), monitor)
    _log.info("tracing")
    try:
        yield tracing
    finally:
        tracing.close()
        # A daemon: the end of the process does not wait for an exporter that is down.
        await _within(_FLUSH, threading.Thread(target=processor.shutdown, daemon=True))


def make_exporter() -> "SpanExporter":
    """Make what sends spans: OTLP over HTTP, to where the environment says. Raises `ImportError` without the extra."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _values(headers: str) -> list[str]:
    """Return the words that follow the names in a list of headers, such as `authorization=Bearer%20token`."""
    return [word for one in headers.split(",") for word in unquote(one.partition("=")[2]).split()]


async def _within(seconds: float, thread: threading.Thread) -> None:
    """Run a thread, and wait for its end, but no longer than so many seconds."""
    thread.start()
    await asyncio.to_thread(thread.join, seconds)
