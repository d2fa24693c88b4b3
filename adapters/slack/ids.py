"""The port's opaque ids and what Slack calls the same things. No I/O.

Slack names a message by its channel and its `ts`, and a thread by the `ts` of the message it hangs from.
"""

from typing import NamedTuple

from aion_bot.ports.messages import MessageRef, ThreadKey

PLATFORM = "slack"
_BETWEEN = "/"


class Thread(NamedTuple):
    """A conversation: the team that installed the bot, a channel, and the `ts` of the first message."""

    team: str
    channel: str
    ts: str


class Message(NamedTuple):
    """A message: its channel and its own `ts`."""

    channel: str
    ts: str


def thread_key(team: str, channel: str, ts: str) -> ThreadKey:
    """Make the port's key of a thread."""
    return ThreadKey(PLATFORM, _BETWEEN.join((team, channel, ts)))


def thread(key: ThreadKey) -> Thread:
    """Read a key back. Raises ValueError if it is not one of ours."""
    team, channel, ts = key.id.split(_BETWEEN)
    return Thread(team, channel, ts)


def message_ref(key: ThreadKey, channel: str, ts: str) -> MessageRef:
    """Make the port's reference of a message."""
    return MessageRef(key, _BETWEEN.join((channel, ts)))


def message(ref: MessageRef) -> Message:
    """Read a reference back. Raises ValueError if it is not one of ours."""
    channel, ts = ref.id.split(_BETWEEN)
    return Message(channel, ts)


def team(ref: MessageRef) -> str:
    """The team in whose workspace a message is."""
    return thread(ref.thread).team
