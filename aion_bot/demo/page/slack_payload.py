"""Block Kit as HTML. No I/O.

Blocks and their elements: https://docs.slack.dev/reference/block-kit
"""

from collections.abc import Iterator, Mapping
from typing import Any

from aion_bot.demo.page import markdown, mrkdwn
from aion_bot.demo.page.elements import Button, Html, element, joined
from aion_bot.demo.page.markdown import Names

Body = Mapping[str, Any]


def draw(body: Body, names: Names, button: Button) -> Html:
    """Draw what Slack shows of a message: its blocks, or its text where it has none."""
    blocks = body.get("blocks")
    if not blocks:
        return element("p", mrkdwn.draw(str(body.get("text") or ""), names))
    return joined(piece for block in blocks for piece in _block(block, names, button))


def _block(block: Body, names: Names, button: Button) -> Iterator[Html]:
    match block.get("type"):
        case "markdown":
            yield markdown.on_slack(str(block["text"]), names)
        case "header":
            yield element("h4", str(block["text"]["text"]))
        case "section":
            yield from _section(block, names, button)
        case "context":
            elements = [_context(one, names) for one in block["elements"]]
            yield element("div", *elements, class_="context")
        case "actions":
            yield element("div", *(_element(one, button) for one in block["elements"]), class_="buttons")
        case "divider":
            yield element("hr")
        case "image":
            yield _picture(block)
        case other:
            yield element("p", f"[a block of type {other}]", class_="unknown")


def _section(block: Body, names: Names, button: Button) -> Iterator[Html]:
    for shown in (block.get("text"), *block.get("fields", ())):
        if shown:
            yield element("p", _text(shown, names))
    if accessory := block.get("accessory"):
        yield element("div", _element(accessory, button), class_="buttons")


def _context(shown: Body, names: Names) -> Html:
    return _picture(shown) if shown["type"] == "image" else element("p", _text(shown, names))


def _text(shown: Body, names: Names) -> Html:
    words = str(shown["text"])
    return mrkdwn.draw(words, names) if shown["type"] == "mrkdwn" else element("span", words)


def _element(shown: Body, button: Button) -> Html:
    if shown.get("type") == "image":
        return _picture(shown)
    if shown.get("type") != "button":
        return element("span", f"[an element of type {shown.get('type')}]", class_="unknown")
    return button(str(shown["text"]["text"]), str(shown.get("action_id", "")), str(shown.get("style", "")))


def _picture(shown: Body) -> Html:
    """Name a picture; the page loads nothing."""
    return element("p", f"[picture: {shown.get('alt_text') or 'without words'}]", class_="picture")
