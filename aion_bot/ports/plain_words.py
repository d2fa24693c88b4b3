"""What people read of Markdown, without its marks: for notifications, screen readers, and single lines. No I/O."""

import re

from aion_bot.ports.inline import in_words
from aion_bot.ports.markdown import Block, blocks, plain_line_ends, table_cells

_MARKS = frozenset("*_~`|[]<>&\\$\t\r\0")
"""One of these is in every text that has a mark inside a line, but for bare addresses."""

_BLOCK = re.compile(r"^(?:[#+=:-]|\d{1,9}[.)]|[^\S\n])|[^\S\n]$", re.MULTILINE)
"""What a line begins with that is more than words, or blanks around it, which the parser takes away."""


def plain_words(text: str, *, addresses: bool = False) -> str:
    """Return the words of a text, a line for each line of it; `addresses`: behind each label stands where it leads."""
    # Most pages are such text, and a growing one is drawn again and again: parsing would cost a hundred times as much.
    if _MARKS.isdisjoint(text) and "://" not in text and not _BLOCK.search(text):
        return text
    text = plain_line_ends(text)
    lines = text.split("\n")
    words: list[str] = []
    done = 0
    for block in blocks(text):
        # Lines of no block are blank, or nested too deeply to be read.
        words += lines[done : block.first]
        words += _words_of(block, lines[block.first], addresses=addresses)
        done = min(block.end, len(lines))
    return "\n".join([*words, *lines[done:]])


def _words_of(block: Block, line: str, *, addresses: bool) -> list[str]:
    if block.kind in {"fence", "code"}:
        return block.text.rstrip("\n").split("\n")
    if block.kind == "rule":
        return [""]
    if block.kind == "table":
        head, _, *rows = block.text.rstrip("\n").split("\n")
        cells = ([in_words(cell, addresses=addresses) for cell in table_cells(row)] for row in (head, *rows))
        return [", ".join(cell for cell in row if cell) for row in cells]
    found = in_words(block.text, addresses=addresses)
    item = block.containers[-1] if block.containers else None
    if item is not None and not item.quote and item.first == block.first:
        mark = line.lstrip(" \t>").split(None, 1)[0]
        found = f"{mark if mark[:1].isdecimal() else '•'} {found}"
    return found.split("\n")
