"""The files of the newest messages of threads, as events told of them, so that a thread is not read for each question."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import ThreadKey

LOOK_BACK = 10
"""Messages before a question whose files belong to it."""
CAPACITY = 2_000
"""Threads that are remembered; the one that was quiet longest is forgotten."""


@dataclass(frozen=True, slots=True)
class _Seen:
    files: tuple[Attachment, ...]
    own: bool
    first: bool


class ThreadFiles:
    """What was seen of threads since this object was made, without a gap.

    Messages have numbers that grow with time. Whoever may have missed an event makes `forget` be called.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._threads: OrderedDict[ThreadKey, dict[int, _Seen]] = OrderedDict()
        self._awaited: dict[tuple[ThreadKey, int], asyncio.Event] = {}
        self._capacity = capacity

    def note(
        self, thread: ThreadKey, message: int, files: Iterable[Attachment], *, own: bool, first: bool = False
    ) -> None:
        """Remember a message, again if it was edited. `own`: the bot wrote it; `first`: the thread begins with it."""
        seen = self._threads.setdefault(thread, {})
        self._threads.move_to_end(thread)
        seen[message] = _Seen(tuple(files), own, first)
        # The question itself is one more.
        if len(seen) > LOOK_BACK + 1:
            del seen[min(seen)]
        if len(self._threads) > self._capacity:
            self._threads.popitem(last=False)
        if (awaited := self._awaited.pop((thread, message), None)) is not None:
            awaited.set()

    async def wait_for(self, thread: ThreadKey, message: int, *, timeout: float) -> None:
        """Wait until a message was seen, `timeout` seconds at most."""
        if message in self._threads.get(thread, {}):
            return
        awaited = self._awaited.setdefault((thread, message), asyncio.Event())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await awaited.wait()
        finally:
            self._awaited.pop((thread, message), None)

    def discard(self, thread: ThreadKey, message: int) -> None:
        """Forget the files of a message that was deleted."""
        seen = self._threads.get(thread, {})
        if message in seen:
            seen[message] = _Seen((), seen[message].own, seen[message].first)

    def forget(self) -> None:
        """Forget everything: messages may have been missed."""
        self._threads.clear()

    def of_message(self, thread: ThreadKey, message: int) -> tuple[Attachment, ...] | None:
        """Return the files of a message; None where it was not seen."""
        seen = self._threads.get(thread, {}).get(message)
        return None if seen is None else seen.files

    def only_own(self, thread: ThreadKey, since: int, before: int) -> bool:
        """Tell whether it was seen that only the bot wrote between two messages, which need not be of this thread."""
        seen = self._threads.get(thread, {})
        between = (one.own for number, one in seen.items() if since < number < before)
        return any(number <= since for number in seen) and all(between)

    def recent(
        self, thread: ThreadKey, before: int | None, *, complete: bool = True
    ) -> Sequence[Attachment] | None:
        """Return what `AttachedFiles.recent_files` does; None where too little of the thread was seen.

        `complete=False`: nothing more can be seen of it, and what was seen is returned.
        """
        seen = self._threads.get(thread, {})
        if before is not None and before not in seen:
            return None
        found: list[_Seen] = []
        whole, left = not complete, LOOK_BACK
        for number in sorted(seen, reverse=True):
            one = seen[number]
            if before is not None and number > before:
                continue
            if number != before and one.own:
                whole = True
                break
            found.append(one)
            # The question is none of the messages before it.
            left -= number != before
            if one.first or left == 0:
                whole = True
                break
        by_id = {file.id: file for one in reversed(found) for file in one.files}
        return tuple(by_id.values()) if whole else None
