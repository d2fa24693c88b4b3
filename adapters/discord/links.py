"""Links to messages, as Discord's *Copy Message Link* gives them. No I/O."""

from urllib.parse import urlsplit

from adapters.discord import ids

_HOSTS = ("discord.com", "discordapp.com")
_LONGEST_ID = 21
"""Digits of an id."""


def message_of_link(link: str) -> str | None:
    """Return the opaque id of the message that a link leads to; None if it is none of Discord's.

    `https://discord.com/channels/<server or @me>/<channel>/<message>`; `ptb.` and `canary.` are Discord's test clients.
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    host, path = parts.hostname or "", parts.path.strip("/").split("/")
    known = host in _HOSTS or host.endswith(tuple(f".{one}" for one in _HOSTS))
    if not known or len(path) != 4 or path[0] != "channels":
        return None
    channel, message = path[2:]
    # Bounded: Python's `int` raises where there are thousands of digits.
    if not all(one.isascii() and one.isdecimal() and len(one) <= _LONGEST_ID for one in (channel, message)):
        return None
    return ids.message_ref(ids.thread_key(int(channel)), int(channel), int(message)).id
