"""What has to be appended to a stream so that it shows more of a reply. No I/O."""

import re
from functools import lru_cache
from typing import Final

from adapters.slack import links, mrkdwn
from aion_bot.ports.messages import Reply

MAX_BYTES: Final = 9_000
"""Bytes of UTF-8 that a stream is given in all. Slack documents no limit of a whole stream, and was seen to refuse between
10,600 and 11,300."""

_MAX_HELD_BACK = 60
_INCOMPLETE = re.compile(r"[<&@]\S*\Z")
"""The beginning of what may become a mention: how one is neutralised depends on what follows in the same word."""


def delta(shown: Reply | None, content: Reply, *, last: bool) -> str | None:
    """What to append to a stream that shows `shown`, None for an empty one, so that it shows the words of `content`.

    The whole text is neutralised and then cut, so that no mention can ping by coming in two pieces. Returns "" where
    nothing is to be appended, and None where appending cannot do it or the stream would hold more than `MAX_BYTES`.
    Unless this is the `last` piece, `Reply.closing` is left out, and the end of the text that may become a mention.

    Nothing in a stream is a link: what is appended has no switch against previews, as `chat.postMessage` has. So a text
    with links cannot be ended by appending: an edit shows them.
    """
    if content.plain:
        return None  # what a stream shows is Markdown
    before = "" if shown is None else _stream_text(shown, last=False)
    after = _stream_text(content, last=last)
    if last and after != in_markdown_block(content.text):
        return None
    if not after.startswith(before) or len(after.encode()) > MAX_BYTES:
        return None
    return after[len(before) :]


@lru_cache(maxsize=256)  # the same text decides whether a stream can end, and is then shown
def in_markdown_block(text: str) -> str:
    """Return Markdown as a `markdown` block or the end of a stream may show it."""
    return mrkdwn.in_markdown(links.checked(text)) if text.strip() else ""


@lru_cache(maxsize=256)  # the text that is shown is asked for at each step again
def _stream_text(reply: Reply, *, last: bool) -> str:
    text = reply.text
    if not last:
        text = text[: len(text) - reply.closing]
        # Only the end is searched: a longer word is no mention, and must not hold the stream back for ever.
        incomplete = _INCOMPLETE.search(text, max(0, len(text) - _MAX_HELD_BACK))
        text = text[: incomplete.start()] if incomplete else text
        text = text[: links.settled(text)]
    return links.inert(mrkdwn.in_markdown(text)) if text.strip() else ""
