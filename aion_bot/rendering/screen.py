"""What a thread should show of one answer or one decision."""

from collections.abc import Callable
from dataclasses import dataclass

from aion_bot.ports.messages import Content, PostedOnce

Screen = tuple[Content | PostedOnce | None, ...]
"""Slot i is message i; None is a message that should not be there. A document is the last one of an answer's end, but for a
gallery."""


@dataclass(frozen=True, slots=True)
class PageFormat:
    """How large a message may be: at most `limit`, in the unit of `measure`, which is the platform's own."""

    measure: Callable[[Content], int]
    limit: int


def with_room_for(
    note: str, pages: list[str], most: int, holds: Callable[[str, str], bool]
) -> tuple[list[str], str]:
    """Return pages and the lines under the last one; where that is full, they are a message of their own.

    Where `most` leaves none for them, the lines that it cannot hold are left out.
    """
    if holds(pages[-1], note):
        return pages, note
    if len(pages) < most:
        return [*pages, ""], note
    kept = ""
    for line in note.splitlines():
        longer = f"{kept}\n{line}" if kept else line
        kept = longer if holds(pages[-1], longer) else kept
    return pages, kept
