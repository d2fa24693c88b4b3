"""Spans of OpenTelemetry: an event, the turn that it begins, and the requests of that turn to Aion and to its platform.

Attributes hold names from fixed lists and a turn's reference: no words, no names or ids of people, no tokens. The only module
that knows the library's API; `trace_export` sets the library up.
"""

import time
from collections import OrderedDict
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opentelemetry.context import Context, attach
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)

from aion_bot.aion import AionvisionError, RateLimitError
from aion_bot.domain.observer import Accept, Observer
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.ports.events import (
    Click,
    HomeOpened,
    InboundEvent,
    Invited,
    ManageCommand,
    MessageChange,
    Prompt,
    Reaction,
    StopRequest,
)
from aion_bot.ports.failures import reference
from aion_bot.ports.rate_limits import LimitReading, PlatformRequest, RequestObserver, RequestStatus

if TYPE_CHECKING:  # the metrics may be off, and their library is not loaded then
    from aion_bot.monitoring.monitor import Monitor

_KINDS: dict[type[InboundEvent], str] = {
    Prompt: "question",
    Click: "press",
    Reaction: "reaction",
    StopRequest: "stop",
    MessageChange: "change",
    ManageCommand: "command",
    HomeOpened: "home",
    Invited: "invitation",
}

_REMEMBERED = 4_000
"""Turns whose spans are open: twice as many as may be in the process."""

_AS_WANTED = frozenset({
    EndReason.ANSWERED, EndReason.INCOMPLETE, EndReason.HELD, EndReason.STOPPED, EndReason.WITHDRAWN,
})  # fmt: skip

_sending_since: ContextVar[int] = ContextVar("sending_since", default=0)
"""When the attempt of a request to Aion that this task waits for was sent, in nanoseconds since 1970."""


@dataclass(slots=True)
class _OpenTurn:
    """A span that has not ended, and which signs it has noted."""

    span: Span
    noted: set[str] = field(default_factory=set)


class _Requests(RequestObserver):
    """A span for each request to one platform that belongs to an event or a turn."""

    def __init__(self, tracer: Tracer, platform: str, following: RequestObserver | None) -> None:
        self._tracer, self._platform, self._following = tracer, platform, following
        self._open: dict[PlatformRequest, Span] = {}

    def sent(self, request: PlatformRequest) -> None:
        """Begin a span in the operation's task; none for what belongs to no event."""
        if get_current_span().get_span_context().is_valid:
            attributes = {"aion_bot.platform": self._platform, "aion_bot.method": request.method}
            name = f"{self._platform} {request.method}"
            self._open[request] = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
        if self._following is not None:
            self._following.sent(request)

    def answered(self, request: PlatformRequest, status: RequestStatus, retry_after: float = 0.0) -> None:
        """End the request's span."""
        if (span := self._open.pop(request, None)) is not None:
            span.set_attribute("aion_bot.status", status.value)
            if status is not RequestStatus.OK:
                span.set_status(Status(StatusCode.ERROR))
            span.end()
        if self._following is not None:
            self._following.answered(request, status, retry_after)

    def limit_read(self, reading: LimitReading) -> None:
        """Nothing to trace."""
        if self._following is not None:
            self._following.limit_read(reading)


class Tracing(Observer):
    """Makes the spans with `tracer`, and tells `monitor`, if there is one, all that it learns."""

    def __init__(self, tracer: Tracer, monitor: "Monitor | None") -> None:
        self._tracer = tracer
        self._monitor = monitor
        self._next: Observer = monitor or Observer()
        self._turns: OrderedDict[str, _OpenTurn] = OrderedDict()

    def heard(self, platform: str) -> None:
        """Nothing to trace."""
        self._next.heard(platform)

    def lost(self, platform: str) -> None:
        """Nothing to trace."""
        self._next.lost(platform)

    def second_process(self, platform: str) -> None:
        """Nothing to trace."""
        self._next.second_process(platform)

    def received(self, turn: Turn, part: int, length: int) -> None:
        """Nothing to trace: text arrives in small pieces."""
        self._next.received(turn, part, length)

    def around(self, platform: str, accept: Accept) -> Accept:
        """Return what hands an event over within a span, which ends once the event is taken."""

        async def traced(event: InboundEvent) -> None:
            name, attributes = f"{platform} {_KINDS[type(event)]}", {"aion_bot.platform": platform}
            # An exception's message may hold anybody's words.
            with self._tracer.start_as_current_span(
                name, Context(), SpanKind.CONSUMER, attributes,
                record_exception=False, set_status_on_exception=False,
            ):  # fmt: skip
                await accept(event)

        return traced

    def accepted(self, turn: Turn) -> None:
        """Begin the span of an attempt, below that of the event which asked for it."""
        if turn.name not in self._turns:
            self._begin(turn)
        self._next.accepted(turn)

    def resumed(self, turn: Turn, waited: float, *, signed: bool, worded: bool) -> None:
        """Leave the span to `began`."""
        self._next.resumed(turn, waited, signed=signed, worded=worded)

    def began(self, turn: Turn) -> None:
        """Let what this task does and starts be below the turn; one of an earlier process begins a trace of its own."""
        found = self._turns.get(turn.name)
        span = self._begin(turn, Context(), resumed=True) if found is None else found.span
        # Not detached: the task works on this turn until it ends, or until it is told of another one.
        attach(set_span_in_context(span))
        self._next.began(turn)

    def _begin(self, turn: Turn, context: Context | None = None, *, resumed: bool = False) -> Span:
        attributes: dict[str, str | int] = {
            "aion_bot.platform": turn.thread.platform,
            "aion_bot.ref": reference(turn.key),
            "aion_bot.attempt": turn.attempt,
            "aion_bot.resumed": resumed,
        }
        span = self._tracer.start_span("turn", context, attributes=attributes)
        self._turns[turn.name] = _OpenTurn(span)
        if len(self._turns) > _REMEMBERED:
            self._turns.popitem(last=False)[1].span.end()
        return span

    def showed(self, turn: Turn, *, text: bool = False, until: float = 0.0, behind: int = 0) -> None:
        """Note on the turn's span when people first see something of it, and words of its answer."""
        if (found := self._turns.get(turn.name)) is not None:
            for event in ("first sign", "first text")[: 1 + text]:
                if event not in found.noted:
                    found.noted.add(event)
                    found.span.add_event(event)
        self._next.showed(turn, text=text, until=until, behind=behind)

    def end_shown(self, turn: Turn, lag: float) -> None:
        """Note on the turn's span when its answer had ended."""
        if (found := self._turns.get(turn.name)) is not None:
            found.span.add_event("answer ended", timestamp=time.time_ns() - round(lag * 1e9))
        self._next.end_shown(turn, lag)

    def ended(self, turn: Turn, reason: EndReason, *, timed: bool = True) -> None:
        """End the turn's span."""
        if (found := self._turns.pop(turn.name, None)) is not None:
            found.span.set_attribute("aion_bot.outcome", str(reason))
            if reason not in _AS_WANTED:
                found.span.set_status(Status(StatusCode.ERROR))
            found.span.end()
        self._next.ended(turn, reason, timed=timed)

    def plan_decided(self, platform: str, action: str, outcome: str) -> None:
        """Note on the span of the press what came of it."""
        get_current_span().add_event("plan", {"aion_bot.action": action, "aion_bot.outcome": outcome})
        self._next.plan_decided(platform, action, outcome)

    def requests_of(self, platform: str) -> RequestObserver:
        """Return what learns of the requests to a platform."""
        following = None if self._monitor is None else self._monitor.requests_of(platform)
        return _Requests(self._tracer, platform, following)

    def aion_sending(self) -> None:
        """Note when an attempt of a request to Aion is sent, in its task."""
        _sending_since.set(time.time_ns())

    def aion_answered(self, operation: str, error: AionvisionError | None) -> None:
        """Make the span of an attempt of a request to Aion: of a question until its answer begins."""
        if get_current_span().get_span_context().is_valid:
            attributes = {"aion_bot.operation": operation}
            span = self._tracer.start_span(
                f"aion {operation}", kind=SpanKind.CLIENT, attributes=attributes, start_time=_sending_since.get() or None
            )  # fmt: skip
            if error is not None:
                span.set_attribute(
                    "aion_bot.status", "rate_limited" if isinstance(error, RateLimitError) else "error"
                )
                span.set_status(Status(StatusCode.ERROR))
            span.end()
        if self._monitor is not None:
            self._monitor.aion_answered(operation, error)

    def close(self) -> None:
        """End the spans of the turns that have not ended: a later process goes on with them."""
        for one in self._turns.values():
            one.span.end()
        self._turns.clear()
