"""The messages that Slack refuses, with their error codes. No I/O.

Sizes as documented at https://docs.slack.dev/reference/block-kit/blocks and in the errors of chat.postMessage and
chat.update; those of a whole message with `markdown` blocks as people measured them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

Body = Mapping[str, Any]

TEXT_OF_UPDATE = 4_000
TEXT_OF_POST = 40_000
BLOCKS = 50
MARKDOWN = 12_000
WHOLE_MESSAGE = 13_200
WITH_RICH_TEXT = 11_300
"""What a message with rich text may have in all: one of 11,341 characters was refused (slackapi/bolt-js#2867)."""
TABLE = 10_000
TEXT_OF_BLOCK = {"header": 150, "section": 3_000, "context": 3_000}
BUTTON_TEXT = 75
ALT_TEXT = 2_000
BUTTON_VALUE = 2_000
NAME = 255
ROWS, COLUMNS = 100, 20
ELEMENTS = {"actions": 25, "context": 10, "context_actions": 5, "rich_text": 100}

_KINDS = {
    "heading": re.compile(r"\s*#{1,6}(?:\s|$)"),
    "rule": re.compile(r"\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$"),
    "quote": re.compile(r"\s*>"),
    "table": re.compile(r"\s*\|"),
}
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")


def refusal(method: str, body: Body) -> str | None:
    """The error code for a message that Slack refuses, None for one that it takes."""
    text, blocks = body.get("text") or "", body.get("blocks") or []
    if not text.strip() and not blocks:
        return "no_text"
    if len(text) > (TEXT_OF_UPDATE if method == "chat.update" else TEXT_OF_POST):
        return "msg_too_long"
    if (
        not isinstance(blocks, list)
        or len(blocks) > BLOCKS
        or any(map(_is_wrong, blocks))
        or _repeats(blocks)
        or sum(block["type"] == "table" for block in blocks) > 1
    ):
        return "invalid_blocks"
    if _too_much(blocks):
        return "msg_blocks_too_long"
    return "msg_blocks_too_many" if _rendered(blocks) > BLOCKS else None


def _too_much(blocks: Sequence[Body]) -> bool:
    longest = max((len(block["text"]) for block in blocks if block["type"] == "markdown"), default=0)
    most = WITH_RICH_TEXT if any(block["type"] == "rich_text" for block in blocks) else WHOLE_MESSAGE
    return longest > MARKDOWN or sum(len(text) for block in blocks for text in _texts(block)) > most


def _rendered(blocks: Sequence[Body]) -> int:
    """The number of blocks that Slack renders: a `markdown` block becomes several."""
    return sum(_drawn(block["text"]) if block["type"] == "markdown" else 1 for block in blocks)


def _drawn(markdown: str) -> int:
    """Count the blocks of a Markdown text: one for each heading, rule, and run of other lines of a kind."""
    kinds = list(_line_kinds(markdown))
    return sum(kind in {"heading", "rule"} or kind != before for before, kind in pairwise(["", *kinds]))


def _line_kinds(markdown: str) -> Iterator[str]:
    fence = ""
    for line in markdown.splitlines():
        mark = _FENCE.match(line)
        if fence or mark:
            yield "code"
            closes = mark is not None and fence != "" and mark[1].startswith(fence)
            fence = "" if closes else fence or (mark[1] if mark else "")
        else:
            yield next((kind for kind, pattern in _KINDS.items() if pattern.match(line)), "text")


def _is_wrong(block: Any) -> bool:
    if not isinstance(block, Mapping) or len(str(block.get("block_id", ""))) > NAME:
        return True
    elements = block.get("elements", ())
    if len(elements) > ELEMENTS.get(str(block.get("type")), 0) or block.get("type") == "image":
        return block.get("type") != "image" or _is_wrong_image(block)
    if block.get("type") in {"markdown", "table"}:
        says = isinstance(block.get("text"), str) and bool(block["text"].strip())
        return not says if block["type"] == "markdown" else _is_wrong_table(block.get("rows"))
    if block.get("type") in {"section", "header"}:
        return not _is_text(block.get("text"), TEXT_OF_BLOCK[block["type"]])
    if block.get("type") == "context":
        return not elements or not all(_is_text(element, TEXT_OF_BLOCK["context"]) for element in elements)
    checks = {
        "actions": _is_wrong_button,
        "context_actions": _is_wrong_rating,
        "rich_text": _is_wrong_rich_text,
    }
    check = checks.get(str(block.get("type")))
    return check is None or not elements or any(map(check, elements))


def _is_wrong_table(rows: Any) -> bool:
    """Whether a table is too large, or has a cell without a character."""
    if (
        not isinstance(rows, Sequence)
        or not 1 <= len(rows) <= ROWS
        or any(len(row) > COLUMNS for row in rows)
    ):
        return True
    cells = [cell for row in rows for cell in row]
    if sum(len(text) for cell in cells for text in _texts(cell)) > TABLE:
        return True
    return any(not cell.get("text") and not cell.get("elements") for cell in cells)


def _is_wrong_rich_text(part: Any) -> bool:
    """Whether a part of rich text is neither a quote nor a section, is empty, or has anything but words and people."""
    if not isinstance(part, Mapping) or part.get("type") not in {"rich_text_quote", "rich_text_section"}:
        return True
    elements = part.get("elements") or ()
    said = [one.get({"text": "text", "user": "user_id"}.get(one.get("type"), "")) for one in elements]
    return not said or not all(isinstance(one, str) and one for one in said)


def _is_wrong_image(block: Body) -> bool:
    """Whether an image block is wrong, or shows anything but a file: a bot's addresses are no simulated ones."""
    named = isinstance(block.get("slack_file"), Mapping) and "image_url" not in block
    said = str(block.get("alt_text", ""))
    return not named or not 0 < len(said) <= ALT_TEXT or not _is_text(block.get("title"), ALT_TEXT)


def _is_text(text: Any, limit: int) -> bool:
    if not isinstance(text, Mapping) or text.get("type") not in {"plain_text", "mrkdwn"}:
        return False
    return len(str(text.get("text", "")).strip()) > 0 and len(text["text"]) <= limit


def _is_wrong_button(button: Any) -> bool:
    return (
        not isinstance(button, Mapping)
        or button.get("type") != "button"
        or not _is_text(button.get("text"), BUTTON_TEXT)
        or len(str(button.get("value", ""))) > BUTTON_VALUE
        or not 0 < len(str(button.get("action_id", ""))) <= NAME
        or button.get("style") not in {None, "primary", "danger"}
    )


def _is_wrong_rating(element: Any) -> bool:
    """Whether an element is anything but a whole pair of buttons that rate."""
    if not isinstance(element, Mapping) or element.get("type") != "feedback_buttons":
        return True
    sides = [element.get(one) or {} for one in ("positive_button", "negative_button")]
    return not 0 < len(str(element.get("action_id", ""))) <= NAME or any(
        not _is_text(side.get("text"), BUTTON_TEXT)
        or side["text"]["type"] != "plain_text"
        or not 0 < len(str(side.get("value", ""))) <= BUTTON_VALUE
        or len(str(side.get("accessibility_label", ""))) > BUTTON_TEXT
        for side in sides
    )


def _repeats(blocks: Sequence[Body]) -> bool:
    names: Counter[tuple[str, str]] = Counter()
    for block in blocks:
        if "block_id" in block:
            names["block", block["block_id"]] += 1
        for element in block.get("elements", ()):
            if "action_id" in element:
                names["action", element["action_id"]] += 1
    return any(count > 1 for count in names.values())


def _texts(block: Body) -> Iterator[str]:
    text = block.get("text", "")
    yield text if isinstance(text, str) else text["text"]
    for element in (*block.get("elements", ()), *(cell for row in block.get("rows", ()) for cell in row)):
        yield from _texts(element)
