"""Tables, which Discord does not draw, as aligned lines or as a list. No I/O."""

import re
from collections.abc import Sequence
from itertools import zip_longest

from wcwidth import wcswidth

WIDEST = 56
"""Columns that a code block shows without wrapping in a desktop window; phones wrap a little earlier."""

Table = Sequence[Sequence[str]]
"""Rows of cells, the header first."""

_DELIMITER = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_CELL = re.compile(r"((?:\\.|`[^`]*`|[^|\\`]|[\\`])*)(?:\||$)")
_LINK = re.compile(r"\]\(|https?://")
_DECORATION = re.compile(r"\*\*|__|~~|`")


def begins_table(line: str, following: str) -> bool:
    """Tell whether these two lines are a table's head (GitHub Flavored Markdown, *Tables*)."""
    return "|" in line and "|" in following + line and _is_delimiter(following, len(cells(line)))


def cells(line: str) -> list[str]:
    """Split a row at its pipes, but not in code or after a backslash."""
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    found = [match[1].strip() for match in _CELL.finditer(inner)]
    return found[:-1] if len(found) > 1 and not inner.endswith("|") and not found[-1] else found


def show(table: Table) -> str:
    """Show a table as aligned lines in a code block where that is narrow enough, else as a list."""
    plain = [[_plain(cell) for cell in row] for row in table]
    widths = [max(map(_width, column)) for column in zip_longest(*plain, fillvalue="")]
    linked = any(_LINK.search(cell) for row in table for cell in row)
    if linked or sum(widths) + 2 * (len(widths) - 1) > WIDEST:
        return _as_list(table)
    return _as_lines(plain, widths)


def _is_delimiter(line: str, columns: int) -> bool:
    return _DELIMITER.fullmatch(line) is not None and line.count("-") > 0 and len(cells(line)) == columns


def _as_lines(table: Table, widths: Sequence[int]) -> str:
    head, *rows = [_aligned(row, widths) for row in table]
    rule = "  ".join("─" * width for width in widths)
    return "\n".join(["```", head, rule, *rows, "```"])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    filled = [*row, *[""] * (len(widths) - len(row))]
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(filled, widths, strict=True))
    return "  ".join(padded).rstrip()


def _as_list(table: Table) -> str:
    head, *rows = table
    return "\n".join(line for row in rows or [head] for line in _item(head, row))


def _item(head: Sequence[str], row: Sequence[str]) -> list[str]:
    first, *rest = row or [""]
    named = [
        f"- {name}: {cell}" if name else f"- {cell}"
        for name, cell in zip_longest(head[1:], rest, fillvalue="")
        if cell
    ]
    return [f"**{_plain(first)}**" if first and not _LINK.search(first) else first or "…", *named]


def _plain(cell: str) -> str:
    return _DECORATION.sub("", cell.replace("\\|", "|"))


def _width(text: str) -> int:
    return max(0, wcswidth(text))
