"""Streams as the tests begin them."""

from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import read
from aion_bot.ports.messages import MessageRef, Person, Reply, ThreadKey
from aion_bot.simulators.slack import SimulatedSlack
from tests.adapters.slack.conftest import HASTE

ADA = Person("U0ADA", "Ada")
START, APPEND, STOP, UPDATE = "chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update"


async def begin(adapter: SlackAdapter, thread: ThreadKey, text: str, nonce: str = "n-1") -> MessageRef:
    """Begin a stream that answers Ada."""
    return await adapter.start_stream(thread, ADA, Reply(text), nonce=nonce)


def another(slack: SimulatedSlack) -> SlackAdapter:
    """An adapter of another process."""
    settings, _ = read(slack.env)
    assert settings is not None
    return SlackAdapter(settings, HASTE)
