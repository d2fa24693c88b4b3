"""Slack's mrkdwn as HTML. No I/O.

Its syntax and escapes: https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from collections.abc import Iterator
from itertools import groupby

from aion_bot.demo.page.elements import Html, element, joined, lines
from aion_bot.demo.page.markdown import Names, is_address, mention, moment

_PIECE = re.compile(
    r"```(?P<block>.+?)```"
    r"|`(?P<code>[^`\n]+)`"
    r"|<(?P<entity>[^<>\n]+)>"
    r"|(?<![\w*])\*(?P<b>[^*\s](?:[^*\n]*[^*\s])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<i>[^_\s](?:[^_\n]*[^_\s])?)_(?![\w_])"
    r"|(?<![\w~])~(?P<s>[^~\s](?:[^~\n]*[^~\s])?)~(?![\w~])",
    re.DOTALL,
)


def draw(mrkdwn: str, names: Names) -> Html:
    """Draw a text that is escaped as Slack wants it: `&amp;`, `&lt;`, `&gt;`, and `>` only before a line that is quoted."""
    if "```" in mrkdwn:  # it may go over several lines
        return joined(_pieces(mrkdwn, names))
    drawn = []
    for quoted, group in groupby(mrkdwn.split("\n"), key=lambda line: line.startswith(">")):
        inside = joined(_pieces("\n".join(line.removeprefix(">") for line in group), names))
        drawn.append(element("blockquote", inside) if quoted else inside)
    return joined(drawn)


def _pieces(mrkdwn: str, names: Names) -> Iterator[Html]:
    end = 0
    for found in _PIECE.finditer(mrkdwn):
        yield _plain(mrkdwn[end : found.start()])
        yield _marked(str(found.lastgroup), found[str(found.lastgroup)], names)
        end = found.end()
    yield _plain(mrkdwn[end:])


def _marked(kind: str, inside: str, names: Names) -> Html:
    if kind == "entity":
        return _entity(inside, names)
    if kind == "block":
        return element("pre", element("code", _read(inside).strip("\n")))
    if kind == "code":
        return element("code", _read(inside))
    return element(kind, draw(inside, names))


def _entity(inside: str, names: Names) -> Html:
    target, _, label = inside.partition("|")
    if target.startswith("!date^"):
        seconds = target.split("^", 2)[1]
        return moment(seconds) if seconds.isdecimal() and len(seconds) <= 11 else _plain(label)
    if target.startswith(("@", "#", "!")):
        return mention(target[0], target[1:], _read(label) or None, names)
    address = _read(target)
    if not is_address(address):
        return _plain(f"<{inside}>")
    return element("a", _read(label) or address, href=address, target="_blank", rel="noopener noreferrer")


def _plain(escaped: str) -> Html:
    return lines(_read(escaped))


def _read(escaped: str) -> str:
    return escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
