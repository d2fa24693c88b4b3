"""The pictures of the text above a plan's card: shown while the plan waits, unless the answer ends with its card."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from aion_bot.conversation.gallery import packed, referred_to, show_gallery
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn, above_key
from aion_bot.rendering.answer import AnswerView
from aion_bot.storage import BRIEFLY, recorded, retry_write
from aion_bot.storage.galleries import DueGallery

if TYPE_CHECKING:
    from aion_bot.conversation.services import Services

_log = structlog.get_logger(__name__)

ENDS_WITH_CARD = 1.0
"""Seconds in which a stream ends that Aion does not keep open for a decision: then all pictures of the answer stand together."""

WAITS = 15.0
"""Seconds that the thread's next question waits for pictures, which take 10 s until they are posted: its answer would stand above them."""


class PicturesAbove:
    """The pictures above the cards of one answer. Each card's are a row before the card is posted, so that a kill loses none.

    What this process has recorded and not begun to post when the answer ends is shown under it, with all others of it.
    """

    def __init__(self, services: "Services", thread: Thread, turn: Turn, view: AnswerView) -> None:
        self._services, self._store = services, services.store.galleries
        self._thread, self._turn, self._view = thread, turn, view
        self._kept, self._begun = dict[str, DueGallery](), set[str]()

    async def keep(self, plan: str) -> None:
        """Record what is known of the pictures above the card of a plan, by our key; nothing where an earlier process did."""
        if self._services.pictures is None or self._thread.galleries is None or self._view.trouble:
            return
        if not (found := referred_to(self._view.sources, self._view.facts.metadata)):
            return
        owner = above_key(self._turn.key, plan)
        others = {one for other, ids in (await self._above()).items() if other != owner for one in ids}
        if not (pictures := packed([one for one in found if one.id not in others])):
            return
        due = DueGallery(owner, self._thread.key, self._turn.asker, pictures, self._turn.attempt)
        if await self._store.add(due, again=owner in self._kept):
            self._kept[owner] = due

    async def show(
        self, plan: str, work: "asyncio.Task[object] | None", posted: Callable[[], object]
    ) -> None:
        """Post the pictures above a card that stands, unless `work` ends the answer with it; `posted` is called after that."""
        owner = above_key(self._turn.key, plan)
        # Before anything is awaited: nothing that comes below may hold the next question up until the plan is decided.
        asyncio.get_running_loop().call_later(WAITS, posted)
        earlier = [] if owner in self._kept else await self._left(owner)
        if not (earlier or owner in self._kept):
            posted()
        if not earlier and work is not None:
            await asyncio.wait({work}, timeout=ENDS_WITH_CARD)
            if work.done():
                return
            if self._view.parked:  # Aion's data about the answer may have come behind the plan
                await recorded(_log, self.keep(plan), "pictures")
        for due in earlier or [one for one in (self._kept.get(owner),) if one]:
            self._begun.add(owner)
            await show_gallery(self._services, self._thread, due, resumed=bool(earlier), posted=posted)

    async def shown(self) -> set[str]:
        """Return the ids of the pictures that stand above a card, or will, whatever is shown under the answer."""
        try:
            above = await self._above()
        except sqlite3.Error as error:  # then what an earlier process posted may stand twice
            _log.warning("pictures not looked up", turn=self._turn.key, reason=str(error))
            above = {owner: [str(one["id"]) for one in due.pictures] for owner, due in self._kept.items()}
        merged = self._kept.keys() - self._begun
        return {one for owner, ids in above.items() if owner not in merged for one in ids}

    async def end(self) -> None:
        """Forget what is shown under the answer instead, where that is recorded by now; or never will be shown."""
        for owner, due in self._kept.items():
            if owner not in self._begun:
                await recorded(_log, self._store.note_shown(due), "pictures")

    async def _left(self, owner: str) -> list[DueGallery]:
        """Return what an earlier process left to be posted; nothing where that cannot be read: the next start posts it."""
        try:
            return await retry_write(lambda: self._store.due(owner), BRIEFLY)
        except sqlite3.Error as error:
            _log.warning("pictures not looked up", turn=self._turn.key, reason=str(error))
            return []

    async def _above(self) -> dict[str, list[str]]:
        return await self._store.above(self._turn.key, self._turn.attempt)
