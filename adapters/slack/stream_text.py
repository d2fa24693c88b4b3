"""What has to be appended to a stream so that it shows more of a reply. No I/O."""

import re
from functools import lru_cache
from typing import Final

from adapters.slack import mrkdwn
from aion_bot.ports.messages import Reply

CAP: Final = 9_000
"""Bytes of UTF-8 that a stream is trusted to take. Slack documents no number for a whole message and was seen to
refuse between 10,600 and 11,300."""

_LONGEST = 60
_UNSETTLED = re.compile(r"[<&@]\S*\Z")
"""What may still become something that pings: how a sign is made inert depends on what follows it in its word."""


def tail(shown: Reply | None, content: Reply, *, last: bool) -> str | None:
    """What to append to a stream that shows `shown`, None for an empty one, so that it shows the words of `content`.

    The whole text is made inert and then cut, so that no mention pings by coming in two pieces. "" where nothing is
    to be appended; None where appending cannot do it, or the stream would hold more than `CAP`. Unless it is the
    `last` piece, what only closes the text is left out, and what is unsettled.
    """
    before = "" if shown is None else _streamed(shown, last=False)
    after = _streamed(content, last=last)
    if not after.startswith(before) or len(after.encode()) > CAP:
        return None
    return after[len(before) :]


@lru_cache(maxsize=256)  # what a stream shows is asked for again and again
def _streamed(reply: Reply, *, last: bool) -> str:
    text = reply.text if last else _settled(reply.text[: len(reply.text) - reply.closing])
    return mrkdwn.in_markdown(text) if text.strip() else ""


def _settled(text: str) -> str:
    unsettled = _UNSETTLED.search(text, max(0, len(text) - _LONGEST))
    return text[: unsettled.start()] if unsettled else text
