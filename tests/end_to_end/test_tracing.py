"""Spans of OpenTelemetry: who is below whom, what they say, and that they cost nothing and delay nothing."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import capture_logs

from aion_bot.monitoring import trace_export
from aion_bot.monitoring.trace_export import traced, wanted
from aion_bot.ports.secrets import KNOWN
from aion_bot.simulators.aion.scene import ENDING, Hold, Scene, Speak, spoken
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Spans are wanted, and kept in memory."""
    kept = InMemorySpanExporter()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setattr(trace_export, "make_exporter", lambda: kept)
    monkeypatch.setattr(kept, "shutdown", lambda: None)  # so that what was exported at the stop can be read
    return kept


def parent_of(span: ReadableSpan, spans: list[ReadableSpan]) -> ReadableSpan | None:
    return next((one for one in spans if span.parent and one.context.span_id == span.parent.span_id), None)


async def test_events_turns_and_requests_are_below_each_other(
    idle: Bot, exporter: InMemorySpanExporter
) -> None:
    """Each request is below its own turn, also that of a question which waited in another's queue; no words, no ids of people."""
    bot, name = idle, idle.workspace.name.lower()
    await bot.start()
    bot.aion.play(
        Scene((Speak("The first one. "), Hold("go", pings=True), *ENDING)), spoken("The second one.")
    )
    thread = await bot.asked(bot.ada, "Where is the secret lake?", "The first one.")
    await bot.workspace.reply(bot.ben, thread, "And the second secret?")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    bot.aion.release("go")
    await bot.shows(thread, "The second one.")
    await bot.stop()
    spans = list(exporter.get_finished_spans())
    turns = [one for one in spans if one.name == "turn"]
    assert [one.attributes["aion_bot.outcome"] for one in turns] == ["answered"] * 2
    assert len({one.context.trace_id for one in turns}) == 2
    for turn in turns:
        event = parent_of(turn, spans)
        assert event is not None
        assert (event.name, event.parent) == (f"{name} question", None)
        assert {"first sign", "first text", "answer ended"} <= {one.name for one in turn.events}
        below = [one for one in spans if one.parent and one.parent.span_id == turn.context.span_id]
        asked = [
            one
            for one in below
            if one.attributes["aion_bot.operation" if "aion" in one.name else "aion_bot.method"] == "messages"
        ]
        assert len(asked) == 1
        assert turn.start_time <= asked[0].start_time < asked[0].end_time <= turn.end_time
        assert any(
            one.name.startswith(f"{name} ") and one.attributes["aion_bot.status"] == "ok" for one in below
        )
    # In the task of the queue, which the first question's event started.
    (unmarked,) = [
        one
        for one in spans
        if "reactions.remove" in one.name or ("DELETE" in one.name and "reactions" in one.name)
    ]
    assert parent_of(unmarked, spans) is turns[1]
    said = json.dumps([json.loads(one.to_json()) for one in spans])
    hidden = [
        "secret",
        "lake",
        "first one",
        thread,
        *(who for one in (bot.ada, bot.ben) for who in (one.id, one.name)),
    ]
    assert [one for one in hidden if one in said] == []


async def test_a_turn_that_goes_on_after_a_restart_is_a_trace_of_its_own(
    idle: Bot, exporter: InMemorySpanExporter
) -> None:
    """The reference is the same in both traces, and the later one says that it resumes."""
    bot = idle
    await bot.start()
    bot.aion.play(Scene((Speak("The first one. "), Hold("go", pings=True), *ENDING)))
    thread = await bot.asked(bot.ada, "What?", "The first one.")
    await bot.kill()
    await bot.start()
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])
    await bot.stop()
    first, second = [one for one in exporter.get_finished_spans() if one.name == "turn"]
    assert first.context.trace_id != second.context.trace_id
    assert first.attributes["aion_bot.ref"] == second.attributes["aion_bot.ref"]
    assert (first.attributes["aion_bot.resumed"], second.attributes["aion_bot.resumed"]) == (False, True)


async def test_spans_arrive_over_http_and_their_header_is_a_secret(
    on_slack: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real exporter sends what OpenTelemetry's variables say, to where they say, at the latest at the stop."""
    received: list[ExportTraceServiceRequest] = []
    authorized: list[str] = []

    async def take(request: web.Request) -> web.Response:
        authorized.append(request.headers["authorization"])
        received.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    async with collector(take) as address:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20collector-token-123")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "photos-bot")
        await on_slack.start()
        on_slack.aion.play(spoken("The answer."))
        await on_slack.asked(on_slack.ada, "What?", "The answer.")
        await on_slack.stop()
    resources = [one for request in received for one in request.resource_spans]
    names = {span.name for one in resources for scope in one.scope_spans for span in scope.spans}
    assert {"slack question", "turn", "aion messages"} <= names
    described = {pair.key: pair.value.string_value for pair in resources[0].resource.attributes}
    assert described["service.name"] == "photos-bot"
    assert set(authorized) == {"Bearer collector-token-123"}
    assert "collector-token-123" not in KNOWN.strike("collector-token-123")


async def test_a_collector_that_hangs_delays_nothing(on_slack: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions are answered, and a stop waits for the last spans for a second at most."""
    never = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    monkeypatch.setattr(trace_export, "_FLUSH", 0.05)
    async with collector(hang) as address:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
        await on_slack.start()
        on_slack.aion.play(spoken("The answer."))
        await on_slack.asked(on_slack.ada, "What?", "The answer.")
        async with asyncio.timeout(30):
            await on_slack.stop()
        never.set()


@asynccontextmanager
async def collector(take: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """Serve OpenTelemetry's path for traces on loopback; yields the address."""
    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_spans_are_made_where_the_environment_asks(environ: dict[str, str], expected: bool) -> None:
    """An endpoint or the exporter asks for them; `none` and OTEL_SDK_DISABLED switch them off."""
    assert wanted(environ) is expected


async def test_the_extra_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot runs on without spans, and the log says what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with capture_logs() as lines:
        async with traced({"OTEL_TRACES_EXPORTER": "otlp"}, None) as observer:
            assert observer is None
    assert [(one["event"], one["mend"]) for one in lines] == [
        ("tracing not installed", "pip install 'aion-bot[otel]'")
    ]


@pytest.mark.slow
def test_without_the_variables_nothing_of_it_is_loaded() -> None:
    """A start without spans loads no module of OpenTelemetry, and observes nothing."""
    code = (
        "import asyncio, sys, aion_bot.cli\n"
        "from aion_bot.monitoring.trace_export import traced\n"
        "async def look():\n"
        "    async with traced({}, None) as observer: return observer\n"
        "print(asyncio.run(look()), [m for m in sys.modules if m.split('.')[0] == 'opentelemetry'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # our own code
    assert done.stdout.strip() == "None []"
