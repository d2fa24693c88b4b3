"""Links to messages, as Slack's *Copy link* gives them. No I/O."""

from urllib.parse import urlsplit

from adapters.slack import ids

_DIGITS_OF_FRACTION = 6
"""Digits of a `ts` behind its dot."""

_HOSTS = (".slack.com", ".slack-gov.com")


def message_of_link(link: str) -> str | None:
    """Return the opaque id of the message that a link leads to; None if it is none of Slack's.

    `https://<workspace>.slack.com/archives/<channel>/p<ts without its dot>` (Slack's documentation, *chat.getPermalink*).
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    host, path = parts.hostname or "", parts.path.strip("/").split("/")
    if not host.endswith(_HOSTS) or len(path) != 3 or path[0] != "archives":
        return None
    channel, number = path[1], path[2].removeprefix("p")
    digits = number.isascii() and number.isdecimal() and len(number) > _DIGITS_OF_FRACTION
    if not digits or not path[2].startswith("p"):
        return None
    ts = f"{number[:-_DIGITS_OF_FRACTION]}.{number[-_DIGITS_OF_FRACTION:]}"
    return ids.message_ref(ids.thread_key("", channel, ts), channel, ts).id
