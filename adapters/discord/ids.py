"""Discord's ids, and the opaque ones that the core sees. No I/O.

A thread's id is its channel's, so a direct message is a thread too. A thread opened from a message has that
message's id (Discord's documentation, *Start Thread from Message*). Discord finds a message by
its channel, and the first message of a thread is in the parent channel, so a reference names both.
"""

import hashlib
import re

from aion_bot.ports.messages import Action, Button, MessageRef, ThreadKey

PLATFORM = "discord"
KEY_LENGTH = 64
"""Characters in a button's key: with action and prefix it stays below the 100 of a `custom_id`."""
# Never changed: two processes with one token may be of two versions.
_CLAIM = "q-"
_NOT_YET = "~"
# Never changed: people press the buttons of old messages, too.
CUSTOM_ID = re.compile(rf"aion:({'|'.join(Action)}):(.{{1,{KEY_LENGTH}}})")


def thread_key(channel: int) -> ThreadKey:
    """Name the conversation of a thread, a direct message, or a channel where no thread can be opened."""
    return ThreadKey(PLATFORM, str(channel))


def private_thread(person: int, prompt: str) -> ThreadKey:
    """Name the thread of a private question until the direct conversation with its person is open."""
    return ThreadKey(PLATFORM, f"{person}{_NOT_YET}{prompt.removeprefix(f'{PLATFORM}:')}")


def is_open(thread: ThreadKey) -> bool:
    """Tell whether a thread is a channel; False for the name of a private one that is still to be opened."""
    return _NOT_YET not in thread.id


def channel_of(thread: ThreadKey) -> int:
    """Read the channel to write into; of a private thread that is still to be opened a number that is none."""
    return int(thread.id.partition(_NOT_YET)[0])


def message_ref(thread: ThreadKey, channel: int, message: int) -> MessageRef:
    """Name a message that belongs to `thread` and is in `channel`."""
    return MessageRef(thread, f"{channel}/{message}")


def address_of(ref: MessageRef) -> tuple[int, int]:
    """Read channel and message id."""
    channel, _, message = ref.id.partition("/")
    return int(channel), int(message)


def file_id(channel: int, message: int, file: int) -> str:
    """Name a file of a message; `message` is 0 for one that is in no message, as of a command."""
    return f"{channel}/{message}/{file}"


def file(opaque: str) -> tuple[int, int, int]:
    """Read channel, message and file. Raises ValueError."""
    channel, message, file = map(int, opaque.split("/"))
    return channel, message, file


def prompt_key(origin: int) -> str:
    """Name a question by the id of its message or interaction: both are unique on Discord."""
    return f"{PLATFORM}:{origin}"


def claim_of(key: str) -> str:
    """Return the nonce by which the first post of an answer claims its question, of 25 characters at most; "" for none.

    A question that did not come as an event of Discord's own has no id that two processes could share.
    """
    origin = key.removeprefix(f"{PLATFORM}:")
    return f"{_CLAIM}{origin}" if origin != key and origin.isdecimal() else ""


def claimed_by(nonce: str) -> int | None:
    """Read the message or interaction that a nonce claims; None if it is no claim."""
    origin = nonce.removeprefix(_CLAIM)
    return int(origin) if origin != nonce and origin.isdecimal() else None


def reply_nonce(key: str, text: str) -> str:
    """Return the nonce of a private reply to a question: the same in every process that says the same; 25 characters."""
    return hashlib.sha256(f"{key} {text}".encode("utf-8", "replace")).hexdigest()[:25]


def custom_id(button: Button) -> str:
    """Return the `custom_id` of a button: at most 100 characters (Discord's documentation, *Component Reference*)."""
    return f"aion:{button.action}:{button.key}"


def parse_custom_id(custom_id: str) -> tuple[Action, str] | None:
    """Read action and key of one of the bot's buttons; None for anything else."""
    match = CUSTOM_ID.fullmatch(custom_id)
    return (Action(match[1]), match[2]) if match else None
