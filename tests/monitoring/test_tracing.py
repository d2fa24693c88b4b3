"""A span for each kind of event, which changes nothing about how the event is taken."""

from typing import get_args

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from aion_bot.monitoring.tracing import Tracing
from aion_bot.ports.events import (
    Click,
    HomeOpened,
    InboundEvent,
    Invited,
    ManageCommand,
    MessageChange,
    Place,
    Prompt,
    Reaction,
    StopRequest,
)
from aion_bot.ports.messages import Action, MessageRef, Person, ThreadKey
from tests.support.cases import each

THREAD, PLACE, ADA = ThreadKey("slack", "C1/1"), Place("T1", "C1"), Person("U1", "Ada")
ANSWER = MessageRef(THREAD, "2")
EVENTS: dict[str, InboundEvent] = {
    "question": Prompt("slack 1", THREAD, PLACE, ADA, "What?"),
    "change": MessageChange("slack 1", THREAD, PLACE, ADA, None),
    "press": Click(Action.STOP, "0123456789abcdef", ANSWER, PLACE, ADA),
    "reaction": Reaction(Action.STOP, ANSWER, PLACE, ADA),
    "stop": StopRequest(THREAD, PLACE, ADA),
    "command": ManageCommand("slack 2", "status", "", THREAD, PLACE, ADA),
    "home": HomeOpened(THREAD, PLACE, ADA),
    "invitation": Invited(THREAD, PLACE, ADA),
}


@each(("kind", "event"), EVENTS.items())
async def test_every_kind_of_event_is_handed_over_in_a_span(kind: str, event: InboundEvent) -> None:
    """The dispatcher gets it as it is; the span names the platform and the kind."""
    kept, taken = InMemorySpanExporter(), list[InboundEvent]()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))

    async def accept(one: InboundEvent) -> None:
        taken.append(one)

    await Tracing(provider.get_tracer("test"), None).around("slack", accept)(event)
    assert taken == [event]
    assert [one.name for one in kept.get_finished_spans()] == [f"slack {kind}"]


def test_no_kind_of_event_is_left_out() -> None:
    """The table above has all that an adapter may hand over."""
    assert {type(one) for one in EVENTS.values()} == set(get_args(InboundEvent))
