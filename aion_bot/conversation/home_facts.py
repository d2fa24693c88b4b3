"""What Aion is asked for the pages of the bot: so little that many may open theirs at once."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from aion_bot.aion import AionVision
from aion_bot.conversation.first_contact import hint
from aion_bot.conversation.manage.sessions import look_up
from aion_bot.conversation.services import Services
from aion_bot.domain import strings
from aion_bot.domain.rule_keys import IMAGES
from aion_bot.ports.events import Place

REQUESTS = 2
"""Requests to Aion of one opening, at most."""

LIFETIME = 300.0
"""Seconds for which an answer counts: a renamed conversation may have its older title for so long."""

_PAGE = 100
"""Conversations of one request: as many as Aion tells at once."""

_CAPACITY = 2_000
"""Titles that are remembered; the oldest is forgotten."""


class HomeFacts:
    """Remembers answers by the digest of the key that they were asked with. `clock`: seconds that nobody sets."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._hints: dict[str, tuple[str, float]] = {}
        self._titles: OrderedDict[tuple[str, str], tuple[str | None, float]] = OrderedDict()

    async def hint(self, services: Services, place: Place) -> tuple[str, int]:
        """Return how to begin at a place, and how many requests that took."""
        if services.access.rules.value(IMAGES, place):
            return strings.HINT, 0
        key = services.aion.key_digest
        known = self._hints.get(key)
        if known is not None and known[1] > self._clock():
            return known[0], 0
        found = await hint(services, place)
        if found != strings.HINT:
            self._hints[key] = found, self._clock() + LIFETIME
        return found, 1

    async def titles(self, aion: AionVision, sessions: Sequence[str], most: int) -> list[str]:
        """Return the titles of conversations that Aion still has, as far as `most` requests tell them. Raises `AionvisionError`.

        What is left out is told by a later opening.
        """
        if most and len(self._missing(aion, sessions)) > 1:
            page = await aion.chats.list_sessions(limit=_PAGE)
            for one in page.items:
                self._note(aion, one.id, one.title)
            most -= 1
        for session in self._missing(aion, sessions)[:most]:
            found = await look_up(aion, session)
            self._note(aion, session, None if found is None else found.title)
        known = [self._titles.get((aion.key_digest, one), (None, 0.0))[0] for one in sessions]
        return [one for one in known if one is not None]

    def _missing(self, aion: AionVision, sessions: Sequence[str]) -> list[str]:
        now = self._clock()
        return [one for one in sessions if self._titles.get((aion.key_digest, one), (None, 0.0))[1] <= now]

    def _note(self, aion: AionVision, session: str, title: str | None) -> None:
        key = aion.key_digest, session
        self._titles[key] = title, self._clock() + LIFETIME
        self._titles.move_to_end(key)
        if len(self._titles) > _CAPACITY:
            self._titles.popitem(last=False)
