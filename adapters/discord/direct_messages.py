"""Which buckets have conversations in somebody's direct messages, whose events come to the first bucket alone.

A question that is asked privately in a server is answered in its person's direct messages, by the bucket of the server. What
they write there next belongs to that conversation, which another bucket's rows do not have: so the first bucket hands it over.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from adapters.discord.shared_starts import answered
from aion_bot.ports.backoff import Backoff, retry
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.hosting import Routed
from aion_bot.ports.http_requests import HttpRequest
from aion_bot.ports.shared_values import SharedValues

KIND = "discord direct"
"""The kind of the shared values that name the buckets with conversations in a direct channel, the newest conversation's first."""
KEPT = 90 * 86_400.0
"""Seconds for which that is known after a private question, an interaction's answer or a plan's copy was posted there last."""
MOST = 8
"""Buckets that are known of one direct channel."""
ASK_AGAIN = Backoff(0.1, factor=3.0, attempts=3)
"""Seconds before shared values that could not be read are read again: a press has to be acknowledged within three seconds."""
EVENT, NEXT = "x-discord-event", "x-next-buckets"
"""The headers of what is handed over: the event's name, and the buckets that may know of a press that the first one does not."""
FIRST = 0
"""The number of the bucket that gets the events of direct messages."""

HandOver = Callable[[Routed], Awaitable[bool]]
_log = logging.getLogger(__name__)


async def nobody_takes(_: Routed) -> bool:
    """Take nothing: there is no other bucket within reach."""
    return False


class DirectMessages:
    """The direct messages of one bucket's people. `hand_over` gives a request to the owner of another bucket."""

    def __init__(self, values: SharedValues, number: int, hand_over: HandOver) -> None:
        self._values, self._number, self._hand_over = values, number, hand_over

    async def note(self, channel: int, *, goes_on: bool = False) -> None:
        """Note that this bucket has posted what people can press; `goes_on`: what they write is part of a conversation of its own.

        Two buckets that do so at the same moment may overwrite each other; the second of two private answers within
        milliseconds is then the one that goes on. Raises `PlatformDown`.
        """
        with answered():
            found = await self._values.get(KIND, str(channel))
            # Where nothing is known the first bucket has the conversation anyway (`buckets`).
            if found is None and self._number == FIRST:
                return
            known = [FIRST] if found is None else [int(one) for one in found.split()]
            others = [one for one in known if one != self._number]
            mine = [self._number]
            # Behind the conversation that goes on, and before older ones: at `MOST` the oldest are dropped.
            numbers = mine + others if goes_on or known[0] == self._number else others[:1] + mine + others[1:]
            value = " ".join(map(str, numbers[:MOST]))
            await self._values.set(KIND, str(channel), value, seconds=KEPT)

    async def buckets(self, channel: int) -> Sequence[int]:
        """Return the buckets with conversations in a direct channel; the first one's goes on. Never raises, never empty."""
        try:
            found = await retry(lambda: self._read(channel), backoff=ASK_AGAIN, on=PlatformDown)
        except PlatformDown as error:
            # Rather in the wrong conversation than in none: Discord sends each event once.
            _log.warning("owner of direct messages not known", extra={"reason": str(error)})
            found = None
        return [FIRST] if found is None else [int(one) for one in found.split()]

    async def channels(self) -> Sequence[int]:
        """Return the direct channels with conversations of other buckets, the newest channels first. Raises `PlatformDown`."""
        with answered():
            return sorted(map(int, await self._values.names(KIND)), reverse=True)

    async def hand_over(self, buckets: Sequence[int], event: str, data: Mapping[str, Any]) -> bool:
        """Give an event to the first of `buckets`, which gives a press that it does not know to the next. False: not taken."""
        headers = {EVENT: event, NEXT: " ".join(map(str, buckets[1:]))}
        request = HttpRequest("POST", "", headers, json.dumps(data).encode())
        taken = await self._hand_over(Routed(str(buckets[0]), request))
        if not taken:
            _log.warning("direct message not handed over", extra={"kind": event})
        return taken

    async def _read(self, channel: int) -> str | None:
        with answered():
            return await self._values.get(KIND, str(channel))
