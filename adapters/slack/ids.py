"""The port's opaque ids, made of Slack's ids and read back. No I/O.

Slack identifies a message by its channel and its `ts`, and a thread by its channel and the `ts` of its first message.
"""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from aion_bot.ports.messages import MessageRef, ThreadKey

PLATFORM = "slack"
_SEPARATOR = "/"
_LONGEST_FILE_ID = 40
_NOT_YET = "private-"


class Thread(NamedTuple):
    """A conversation: the team that installed the bot, a channel, and the `ts` of the first message."""

    team: str
    channel: str
    ts: str


class Message(NamedTuple):
    """A message: the team in whose workspace it is, its channel, and its own `ts`."""

    team: str
    channel: str
    ts: str


def thread_key(team: str, channel: str, ts: str) -> ThreadKey:
    """Make the port's key of a thread."""
    return ThreadKey(PLATFORM, _SEPARATOR.join((team, channel, ts)))


def private_thread(team: str, person: str, prompt: str) -> ThreadKey:
    """Name the thread of a private question until its first message is posted, by which Slack names it."""
    return thread_key(team, person, f"{_NOT_YET}{hashlib.sha256(prompt.encode()).hexdigest()[:16]}")


def is_open(key: ThreadKey) -> bool:
    """Tell whether a thread has a first message; False for the name of a private one that is still to be opened."""
    return not thread(key).ts.startswith(_NOT_YET)


def thread(key: ThreadKey) -> Thread:
    """Read a key back. Raises ValueError if it is not one of ours."""
    team, channel, ts = key.id.split(_SEPARATOR)
    return Thread(team, channel, ts)


def message_ref(key: ThreadKey, channel: str, ts: str) -> MessageRef:
    """Make the port's reference of a message."""
    return MessageRef(key, _SEPARATOR.join((channel, ts)))


def message(ref: MessageRef) -> Message:
    """Read a reference back. Raises ValueError if it is not one of ours."""
    channel, ts = ref.id.split(_SEPARATOR)
    return Message(thread(ref.thread).team, channel, ts)


def is_file(ts: str) -> bool:
    """Tell whether a message is referred to by the id of the file that it shares, as Slack names no `ts` for it."""
    return ts.startswith("F")


def file_id(team: str, file: object) -> str | None:
    """Make the port's id of a file that somebody attached; None where Slack's own is none."""
    is_id = isinstance(file, str) and file.isascii() and file.isalnum() and len(file) <= _LONGEST_FILE_ID
    return f"{team}{_SEPARATOR}{file}" if is_id else None


def file(opaque: str) -> tuple[str, str]:
    """Read the id of a file back: the team that installed the bot, and Slack's id. Raises ValueError."""
    team, file = opaque.split(_SEPARATOR)
    return team, file


def number(ts: str) -> int:
    """Return a `ts` as a number that grows with time. Raises ValueError."""
    seconds, _, rest = ts.partition(".")
    return int(seconds) * 1_000_000 + int(rest or "0")


def renamed(old: str, new: str) -> Callable[[str], str]:
    """Return what gives the opaque ids of the channel `old` their form in the channel `new`, and leaves all others."""

    def rename(opaque: str) -> str:
        parts = opaque.split(_SEPARATOR)
        # A message is channel/ts, a thread team/channel/ts, a prompt slack/team/channel/rest.
        at = min(len(parts) - 2, 2)
        if at >= 0 and parts[at] == old:
            parts[at] = new
        return _SEPARATOR.join(parts)

    return rename


def prompt_key(team: str, channel: str, rest: str) -> str:
    """Name the prompt that a message is; `rest` is its `ts`, or names one use of a shortcut."""
    return _SEPARATOR.join((PLATFORM, team, channel, rest))
