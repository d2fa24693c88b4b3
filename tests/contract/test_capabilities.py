"""Optional capabilities: an adapter has those of its platform, and no others."""

import pytest

from aion_bot.ports.adapter import (
    ActivityIndicator,
    NativeStreaming,
    PlatformAdapter,
    QueuedMarker,
    StreamingMode,
)
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Reply
from aion_bot.simulators.workspace import QueuedMarkers
from tests.contract.conftest import HARNESSES, Connection
from tests.contract.harness import Harness

CAPABILITIES = (ActivityIndicator, NativeStreaming, QueuedMarker)


def only_with(capability: type) -> pytest.MarkDecorator:
    """Run a test only on platforms with a capability."""
    having = sorted(name for name, harness in HARNESSES.items() if capability in harness.capabilities)
    return pytest.mark.parametrize("harness", [HARNESSES[name] for name in having], ids=having)


async def test_an_adapter_has_its_platforms_capabilities(harness: Harness, adapter: PlatformAdapter) -> None:
    """An adapter satisfies the Protocols that its harness names, and no other capability's Protocol."""
    assert {one for one in CAPABILITIES if isinstance(adapter, one)} == harness.capabilities


@only_with(QueuedMarker)
async def test_a_question_is_marked_while_it_waits(connection: Connection) -> None:
    """The queued marker is added and removed; repeating either is harmless."""
    thread, prompt = await connection.asked()
    await connection.adapter.post(prompt.thread, Reply("Words."), nonce="a")
    await connection.workspace.reply(connection.ada, thread, "Which ones?")
    further = await connection.host.newest(Prompt, 2)
    inside = connection.workspace.thread(thread)
    asked = next(one.id for one in inside if not one.by_bot and "Which ones?" in one.text)
    assert further.source is not None
    assert isinstance(connection.workspace, QueuedMarkers)
    assert isinstance(connection.adapter, QueuedMarker)
    for queued in (True, True, False, False):
        await connection.adapter.mark_queued(further.source, queued=queued)
        assert connection.workspace.is_marked(asked) is queued


@only_with(ActivityIndicator)
async def test_activity_is_shown_without_failing(connection: Connection) -> None:
    """Starting and clearing activity are one attempt each, which returns whether it succeeded."""
    _, prompt = await connection.asked()
    assert isinstance(connection.adapter, ActivityIndicator)
    assert await connection.adapter.show_activity(prompt.thread, prompt.person, active=True) is True
    assert await connection.adapter.show_activity(prompt.thread, prompt.person, active=False) is True


@only_with(NativeStreaming)
async def test_a_native_stream_grows_and_ends(connection: Connection) -> None:
    """A native stream is one message that shows what was appended, and can be edited after its end."""
    thread, prompt = await connection.asked()
    adapter = connection.adapter
    assert isinstance(adapter, NativeStreaming)
    assert adapter.streaming_mode(prompt.thread) is not StreamingMode.NEVER
    before = len(connection.said(thread))
    parts = [Reply("Three"), Reply("Three lamps"), Reply("Three lamps are broken.")]
    assert adapter.stream_delta(parts[0], parts[1], last=False) == " lamps"
    message = await adapter.start_stream(prompt.thread, prompt.person, parts[0], nonce="stream")
    await adapter.append_stream(message, parts[0], parts[1])
    await adapter.stop_stream(message, parts[1], parts[2])
    assert connection.said(thread)[before:] == ["Three lamps are broken."]
    await adapter.edit(message, Reply("Four lamps are broken."))
    assert connection.said(thread)[before:] == ["Four lamps are broken."]
