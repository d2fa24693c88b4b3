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
