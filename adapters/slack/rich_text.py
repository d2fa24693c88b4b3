"""Words that Slack shows as they are, in `rich_text` blocks: no sign in them is a mark, a mention, an emoji or a link. No I/O.

In mrkdwn a pair of literal stars, as in `*.png and *.jpg`, is bold, and nothing escapes it. The block and its elements:
https://docs.slack.dev/reference/block-kit/blocks/rich-text-block. It documents no size, so that a block has at most what a
section has.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from adapters.slack import mrkdwn
from aion_bot.ports.messages import Line, Person
from aion_bot.ports.text import character_start

Shown = dict[str, Any]

BLOCK: Final = 3_000
"""Characters of one block."""
_ELEMENTS: Final = 100
"""Elements of one block."""


def words(text: str, *, bold: bool = False) -> Shown:
    """Return an element that shows a text as it is."""
    return {"type": "text", "text": text} | ({"style": {"bold": True}} if bold else {})


def line(parts: Line) -> list[Shown]:
    """Return the elements of a sentence of the bot's own; it mentions its persons and nobody else."""
    return [
        {"type": "user", "user_id": part.id}
        if isinstance(part, Person) and mrkdwn.is_user(part.id)
        else words(mrkdwn.name(part))
        for part in parts
    ]


def quoted(elements: Iterable[Shown]) -> Iterator[Shown]:
    """Blocks that show elements as somebody else's words; nothing where there are none."""
    return _blocks("rich_text_quote", elements)


def own(elements: Iterable[Shown]) -> Iterator[Shown]:
    """Blocks that show elements as the bot's own words; nothing where there are none."""
    return _blocks("rich_text_section", elements)


def characters(block: Shown) -> int:
    """Count the characters of a block, a mention as its id."""
    return sum(_size(one) for part in block["elements"] for one in part["elements"])


def _blocks(kind: str, elements: Iterable[Shown]) -> Iterator[Shown]:
    row: list[Shown] = []
    size = 0
    for element in (piece for one in elements if _size(one) for piece in _pieces(one)):
        if row and (size + _size(element) > BLOCK or len(row) == _ELEMENTS):
            yield from _block(kind, row)
            row, size = [], 0
        row.append(element)
        size += _size(element)
    yield from _block(kind, row)


def _block(kind: str, row: Sequence[Shown]) -> Iterator[Shown]:
    """One block, without the blank lines around its words."""
    shown = list(row)
    for end, strip in ((0, str.lstrip), (-1, str.rstrip)):
        while shown and "text" in shown[end]:
            shown[end] = shown[end] | {"text": strip(shown[end]["text"])}
            if shown[end]["text"]:
                break
            del shown[end]
    if shown:
        yield {"type": "rich_text", "elements": [{"type": kind, "elements": shown}]}


def _pieces(element: Shown) -> Iterator[Shown]:
    """Cut an element that no block holds, at the end of a line or word if possible."""
    rest, start = element.get("text", ""), 0
    while len(rest) - start > BLOCK:
        piece = rest[start : start + BLOCK + 1]
        breaks = (piece.rfind("\n", 0, BLOCK), piece.rfind(" ", 0, BLOCK))
        end = next((at for at in breaks if at > BLOCK // 2), character_start(piece, BLOCK))
        yield element | {"text": piece[:end]}
        start += end
    yield element | {"text": rest[start:]} if start else element


def _size(element: Shown) -> int:
    return len(element.get("text", "") or element.get("user_id", ""))
