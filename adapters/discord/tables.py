"""Tables, which Discord does not draw, as aligned lines or as a list. No I/O."""

from collections.abc import Sequence

from wcwidth import wcswidth

from adapters.discord.inline import as_words, in_bold, inline, unfenced
from aion_bot.ports.inline import LINE_BREAK, in_words, spans

WIDEST = 42
"""Columns that a code block shows without wrapping on a phone."""

Table = Sequence[Sequence[str]]
"""Rows of cells as Markdown, the header first."""


def show(table: Table) -> str:
    """Show a table as aligned lines in a code block where that is narrow enough, else as a list."""
    table = [[cell.replace("\\|", "|") for cell in row] for row in table]
    columns = max(map(len, table))
    # The gaps alone may be too wide: then no width has to be measured.
    if 2 * (columns - 1) > WIDEST:
        return _as_list(table)
    # A link in a code block cannot be pressed.
    if any(_is_linked(cell) for row in table for cell in row):
        return _as_list(table)
    # A code block draws nothing: emphasis is left out, and signs are signs.
    plain = [[unfenced(" ".join(in_words(cell).split())) for cell in row] for row in table]
    widths = [0] * columns
    for row in plain:
        for column, cell in enumerate(row):
            widths[column] = max(widths[column], _width(cell))
    if sum(widths) + 2 * (columns - 1) > WIDEST:
        return _as_list(table)
    head, *rows = [_aligned(row, widths) for row in plain]
    return "\n".join(["```", head, "  ".join("─" * width for width in widths), *rows, "```"])


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
        f"- {as_words(_drawn(name))}: {_drawn(cell)}" if name else f"- {as_words(_drawn(cell))}"
        for name, cell in zip(names, rest, strict=True)
        if cell
    ]
    title = as_words(_drawn(first)) if _is_linked(first) else in_bold(first)
    return [title if first else "…", *named]


def _drawn(cell: str) -> str:
    return inline(cell).replace(LINE_BREAK, " ")


def _is_linked(cell: str) -> bool:
    if "](" not in cell and "://" not in cell:
        return False
    return any(span.kind in {"link", "address", "autolink"} for span in spans(cell))


def _width(text: str) -> int:
    return max(0, wcswidth(text))  # -1 where the text has a control character
