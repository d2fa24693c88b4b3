"""Block Kit as HTML. No I/O.

Blocks and their elements: https://docs.slack.dev/reference/block-kit
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any

from aion_bot.demo.page import markdown, mrkdwn
from aion_bot.demo.page.elements import Button, Confirmation, Html, element, joined, lines
from aion_bot.demo.page.markdown import Names
from aion_bot.demo.page.pictures import figure, unseen

Body = Mapping[str, Any]
Kept = Callable[[str], str | None]
"""Returns where the page has the picture of this file's id; None where it has none."""


def draw(body: Body, names: Names, button: Button, kept: Kept) -> Html:
    """Draw what Slack shows of a message: its blocks, or its text where it has none."""
    blocks = body.get("blocks")
    if not blocks:
        return element("p", mrkdwn.draw(str(body.get("text") or ""), names))
    drawn = list[Html]()
    for kind, group in groupby(blocks, key=lambda block: block.get("type")):
        if kind == "image":
            drawn.append(element("div", *(_picture(one, kept) for one in group), class_="gallery"))
        else:
            drawn += (piece for block in group for piece in _block(block, names, button, kept))
    return joined(drawn)


def _block(block: Body, names: Names, button: Button, kept: Kept) -> Iterator[Html]:
    match block.get("type"):
        case "markdown":
            yield markdown.on_slack(str(block["text"]), names)
        case "header":
            yield element("h4", str(block["text"]["text"]))
        case "section":
            yield from _section(block, names, button, kept)
        case "context":
            elements = [_context(one, names, kept) for one in block["elements"]]
            yield element("div", *elements, class_="context")
        case "actions" | "context_actions":
            drawn = (piece for one in block["elements"] for piece in _elements(one, button, kept))
            yield element("div", *drawn, class_="buttons")
        case "rich_text":
            for part in block["elements"]:
                tag = "blockquote" if part["type"] == "rich_text_quote" else "p"
                yield element(tag, joined(_rich(part, names)))
        case "table":
            head, *rows = (_row(row, "td" if at else "th", names) for at, row in enumerate(block["rows"]))
            yield element("table", element("thead", head), element("tbody", *rows))
        case "divider":
            yield element("hr")
        case other:
            yield element("p", f"[a block of type {other}]", class_="unknown")


def _row(cells: list[Body], tag: str, names: Names) -> Html:
    return element("tr", *(element(tag, joined(_rich(cell, names))) for cell in cells))


def _rich(shown: Body, names: Names) -> Iterator[Html]:
    """Draw rich text, a cell, or a part of one: plain words, people, or elements with their styles."""
    for part in shown.get("elements", ()):
        yield from _rich(part, names)
    if shown.get("type") == "user":
        yield markdown.mention("@", str(shown["user_id"]), None, names)
    elif "text" in shown:
        drawn = element("span", lines(str(shown["text"])))
        for style, tag in (("code", "code"), ("bold", "b"), ("italic", "i"), ("strike", "s")):
            drawn = element(tag, drawn) if shown.get("style", {}).get(style) else drawn
        address = str(shown.get("url", ""))
        is_link = markdown.is_address(address)
        yield (
            element("a", drawn, href=address, target="_blank", rel="noopener noreferrer")
            if is_link
            else drawn
        )


def _section(block: Body, names: Names, button: Button, kept: Kept) -> Iterator[Html]:
    for shown in (block.get("text"), *block.get("fields", ())):
        if shown:
            yield element("p", _text(shown, names))
    if accessory := block.get("accessory"):
        yield element("div", _element(accessory, button, kept), class_="buttons")


def _context(shown: Body, names: Names, kept: Kept) -> Html:
    return _picture(shown, kept) if shown["type"] == "image" else element("p", _text(shown, names))


def _text(shown: Body, names: Names) -> Html:
    words = str(shown["text"])
    return mrkdwn.draw(words, names) if shown["type"] == "mrkdwn" else element("span", words)


def _elements(shown: Body, button: Button, kept: Kept) -> Iterator[Html]:
    """Draw an element: of the one that rates an answer both its buttons."""
    if shown.get("type") == "feedback_buttons":
        for side in (shown["positive_button"], shown["negative_button"]):
            yield button(str(side["text"]["text"]), str(side["value"]), "")
    else:
        yield _element(shown, button, kept)


def _element(shown: Body, button: Button, kept: Kept) -> Html:
    if shown.get("type") == "image":
        return _picture(shown, kept)
    if shown.get("type") != "button":
        return element("span", f"[an element of type {shown.get('type')}]", class_="unknown")
    label, name, style = (
        str(shown["text"]["text"]),
        str(shown.get("action_id", "")),
        str(shown.get("style", "")),
    )
    if not (asked := shown.get("confirm")):
        return button(label, name, style)
    title, words, confirm, deny = (str(asked[part]["text"]) for part in ("title", "text", "confirm", "deny"))
    return button(label, name, style, Confirmation(title, words, confirm, deny, str(asked.get("style", ""))))


def _picture(shown: Body, kept: Kept) -> Html:
    """Draw a picture that was uploaded to Slack; one at an address is named alone."""
    description = str(shown.get("alt_text") or "")
    address = kept(str((shown.get("slack_file") or {}).get("id", "")))
    if address is None:
        return unseen(description)
    return figure(address, description, str((shown.get("title") or {}).get("text", "")))
