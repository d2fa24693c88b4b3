"""Tables, which Discord does not draw, as aligned lines or as a list. No I/O."""

from collections.abc import Sequence

from wcwidth import wcswidth

WIDEST = 56
"""Columns that a code block shows without wrapping in a desktop window; phones wrap a little earlier."""

Table = Sequence[Sequence[str]]
"""Rows of cells, the header first."""

_LINKS = ("](", "http://", "https://")
_DECORATION = ("**", "__", "~~", "`")


def show(table: Table) -> str:
    """Show a table as aligned lines in a code block where that is narrow enough, else as a list."""
    # A code block shows the marks of bold or links as they are written.
    plain = [[_plain(cell) for cell in row] for row in table]
    columns = max(map(len, plain))
    # A link in a code block cannot be pressed. The gaps alone may be too wide: then no width has to be measured.
    if any(map(_is_linked, (cell for row in table for cell in row))) or 2 * (columns - 1) > WIDEST:
        return _as_list(table)
    widths = [0] * columns
    for row in plain:
        for column, cell in enumerate(row):
            widths[column] = max(widths[column], _width(cell))
    if sum(widths) + 2 * (columns - 1) > WIDEST:
        return _as_list(table)
    return _as_lines(plain, widths)


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
    # Cells that a short row lacks are left out. The loop stops at the row's own length, so that a wide head with many
    # short rows takes linear time.
    names = [*head[1 : len(row)], *[""] * (len(row) - len(head))]
    named = [
        f"- {name}: {cell}" if name else f"- {cell}" for name, cell in zip(names, rest, strict=True) if cell
    ]
    return [f"**{_plain(first)}**" if first and not _is_linked(first) else first or "…", *named]


def _is_linked(cell: str) -> bool:
    return any(mark in cell for mark in _LINKS)


def _plain(cell: str) -> str:
    for mark in ("\\|", *_DECORATION):
        cell = cell.replace(mark, "|" if mark == "\\|" else "")
    return cell


def _width(text: str) -> int:
    return max(0, wcswidth(text))  # -1 where the text has a control character
