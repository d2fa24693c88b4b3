"""Which of the updates that Discord sends for a message are new edits."""

from collections import OrderedDict
from datetime import datetime

EDITS_KEPT = 1_000
"""Messages whose last edit is remembered."""


class EditTimes:
    """When the messages that were edited lately were edited last.

    Discord sends MESSAGE_UPDATE also when a link in the message gets a preview, when the message is pinned, or when a
    thread is opened from it. All of these repeat the time of its last edit.
    """

    def __init__(self, capacity: int = EDITS_KEPT) -> None:
        self._capacity = capacity
        self._last: OrderedDict[int, datetime] = OrderedDict()

    def is_new(self, message: int, edited: datetime | None) -> bool:
        """Tell whether this edit is new, and remember it. The oldest one that is remembered is dropped."""
        last = self._last.get(message)
        if edited is None or (last is not None and edited <= last):
            return False
        self._last[message] = edited
        # Ordered by the arrival of edits: the first entry has gone longest without one.
        self._last.move_to_end(message)
        if len(self._last) > self._capacity:
            self._last.popitem(last=False)
        return True
