"""Tables of Markdown as Slack's own `table` block. No I/O.

Block Kit takes one table a message, with at most 100 rows of 20 cells and 10,000 characters, and no cell without a character:
https://docs.slack.dev/reference/block-kit/blocks/table-block. So an answer's page ends before a second table. What is larger,
and a table in a quote or a list, is left to Slack's `markdown` block.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from aion_bot.ports.inline import in_words, spans
from aion_bot.ports.links import Link, real_address
from aion_bot.ports.markdown import Block, blocks, plain_line_ends, table_cells

ROWS: Final = 100
COLUMNS: Final = 20
CHARACTERS: Final = 10_000
_LONGEST_ADDRESS = 2_000
_STYLES = {"**": "bold", "*": "italic", "~~": "strike"}
_DRAWN = frozenset({"mark", "code", "link", "address", "autolink"})
_EMPTY = "\N{NO-BREAK SPACE}"

Shown = dict[str, Any]


@lru_cache(maxsize=256)  # a page is measured before it is shown
def around_table(text: str) -> tuple[str, Shown, str] | None:
    """Return the only table of a text as a block, with the text before and behind it; None where that cannot be."""
    found = _outermost(text)
    table = table_block(found[0]) if len(found) == 1 else None
    if table is None:
        return None
    # The cache gives the same block to everybody: nobody may change it.
    lines = plain_line_ends(text).split("\n")
    return "\n".join(lines[: found[0].first]), table, "\n".join(lines[found[0].end :])


def has_two(text: str) -> bool:
    """Tell whether a text has more tables than a message may have; where a text ends below a head this is not known yet."""
    found = _outermost(text)
    return len(found) > 1 and plain_line_ends(text).count("\n") >= found[1].first + 2


@lru_cache(maxsize=64)
def _outermost(text: str) -> list[Block]:
    """Return the first tables of a text that stand in no quote and no list, two at most."""
    if "|" not in text or "-" not in text:
        return []
    found = (block for block in blocks(plain_line_ends(text)) if block.kind == "table")
    return [block for block in found if not block.containers][:2]


def table_block(block: Block) -> Shown | None:
    """Return a table as Slack draws it; None where it has no rows, or more than fit."""
    head, under, *rows = block.text.rstrip("\n").split("\n")
    cells = [table_cells(row) for row in (head, *rows)]
    columns = max(map(len, cells))
    if not rows or len(cells) > ROWS or columns > COLUMNS or len(block.text) > CHARACTERS:
        return None
    aligned = [_alignment(dashes) for dashes in table_cells(under)]
    return {
        "type": "table",
        "column_settings": [{"align": align, "is_wrapped": True} for align in aligned],
        "rows": [[_cell(cell) for cell in (*row, *[""] * columns)[:columns]] for row in cells],
    }


def characters(table: Shown) -> int:
    """Count the characters of a table, with the bars that it has in Markdown."""
    return sum(3 + sum(len(text) for text in _texts(cell)) for row in table["rows"] for cell in row)


def in_markdown(table: Mapping[str, Any]) -> str:
    """Return a table that Slack draws as Markdown, in the plain words of its cells."""
    rows = [["".join(_texts(cell)).replace("|", "\\|") for cell in row] for row in table.get("rows") or ()]
    return "".join(
        f"| {' | '.join(row)} |\n" + ("|" + " --- |" * len(row) + "\n" if at == 0 else "")
        for at, row in enumerate(rows)
    )


def _texts(cell: Shown) -> Iterator[str]:
    if "text" in cell:
        yield cell["text"]
    for element in cell.get("elements", ()):
        yield from _texts(element)


def _alignment(dashes: str) -> str:
    if dashes.endswith(":"):
        return "center" if dashes.startswith(":") else "right"
    return "left"


def _cell(written: str) -> Shown:
    written = written.replace("\\|", "|")
    if not any(span.kind in _DRAWN for span in spans(written)):
        return {"type": "raw_text", "text": in_words(written).strip() or _EMPTY}
    elements = [one for one in _elements(written) if one.get("text") or one.get("url")]
    section = {"type": "rich_text_section", "elements": elements or [{"type": "text", "text": _EMPTY}]}
    return {"type": "rich_text", "elements": [section]}


def _elements(written: str) -> Iterator[Shown]:
    """Return the words of a cell as elements of rich text, which mention nobody."""
    style: dict[str, bool] = {}
    words, done = "", 0
    for span in spans(written):
        source = written[span.start : span.end]
        words, done = words + written[done : span.start], span.end
        if span.kind not in _DRAWN:
            words += "" if span.kind == "hidden" else in_words(source)
            continue
        yield _text(words, style)
        words = ""
        if span.kind == "mark":
            style = {name: True for name in style if name != _STYLES[span.value]}
            style |= {_STYLES[span.value]: True} if span.opens else {}
        elif span.kind == "code":
            yield _text(in_words(source), style | {"code": True})
        else:
            yield _link(span.link or Link(source, source, source, source.strip("<>")), style)
    yield _text(words + written[done:], style)


def _link(link: Link, style: dict[str, bool]) -> Shown:
    address, label = real_address(link.address), in_words(link.label)
    try:
        is_link = urlsplit(address).scheme in {"http", "https"} and bool(urlsplit(address).hostname)
    except ValueError:
        is_link = False
    if not is_link or link.misleads or len(address) > _LONGEST_ADDRESS:
        return _text(label if label == address else f"{label} ({address})", style)
    shown: Shown = {"type": "link", "url": address, "text": label.strip("<>") or address}
    return shown | {"style": dict(style)} if style else shown


def _text(words: str, style: dict[str, bool]) -> Shown:
    shown: Shown = {"type": "text", "text": words.replace("\n", " ")}
    return shown | {"style": dict(style)} if style and words else shown
