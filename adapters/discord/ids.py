"""Discord's ids, and the opaque ones that the core sees. No I/O.

A thread's id is its channel's, so a direct message is a thread too. A thread opened from a message has that
message's id (Discord's documentation, *Start Thread from Message*). A message needs its channel to be found, and the
first message of a thread lies in the parent channel, so a reference names both.
"""

import re

from aion_bot.ports.messages import Action, Button, MessageRef, ThreadKey

PLATFORM = "discord"
KEY_LENGTH = 64
CUSTOM_ID = re.compile(rf"aion:({'|'.join(Action)}):(.{{1,{KEY_LENGTH}}})")


def thread_key(channel: int) -> ThreadKey:
    """Name the conversation of a thread, a direct message, or a channel where no thread can be opened."""
    return ThreadKey(PLATFORM, str(channel))


def channel_of(thread: ThreadKey) -> int:
    """Read the channel to write into."""
    return int(thread.id)


def message_ref(thread: ThreadKey, channel: int, message: int) -> MessageRef:
    """Name a message that belongs to `thread` and lies in `channel`."""
    return MessageRef(thread, f"{channel}/{message}")


def address_of(ref: MessageRef) -> tuple[int, int]:
    """Read channel and message id."""
    channel, _, message = ref.id.partition("/")
    return int(channel), int(message)


def prompt_key(origin: int) -> str:
    """Name what was said by the id of its message or interaction: both are unique on Discord."""
    return f"{PLATFORM}:{origin}"


def custom_id(button: Button) -> str:
    """Name a button on the wire; at most 100 characters are allowed there."""
    return f"aion:{button.action}:{button.key}"


def parse_custom_id(custom_id: str) -> tuple[Action, str] | None:
    """Read action and key of one of our buttons; None for anything else."""
    match = CUSTOM_ID.fullmatch(custom_id)
    return (Action(match[1]), match[2]) if match else None
