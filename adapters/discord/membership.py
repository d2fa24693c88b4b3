"""Which server the writer of a direct message belongs to: Discord's payload does not say it."""

import asyncio
import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from time import monotonic

import discord

from adapters.discord.client import RestClient, look_up
from adapters.discord.errors import UNKNOWN_MEMBER
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError

LIFETIME = 600.0
"""Seconds for which an answer counts: people leave servers."""
CAPACITY = 1_000
TIMEOUT = 1.5
"""Seconds for all questions of one look: a command has to be acknowledged within three."""
UNKNOWN = "unknown"
"""Stands for a server that Discord did not name in time. No allow list has it."""

_log = logging.getLogger(__name__)


class Membership:
    """Finds the server, of those that the bot is in, that somebody belongs to.

    A bot that anybody can invite gets direct messages from strangers, too, and a person who has left the only shared
    server can still write. Only the privileged intent for members would report that, so Discord is asked, and an answer
    counts for `LIFETIME`. `servers` returns the bot's own, in the order in which it joined them.
    """

    def __init__(self, rest: RestClient) -> None:
        self.servers: Callable[[], Sequence[int]] = list
        """The gateway's: it knows them."""
        self._rest = rest
        self._failed: set[int] = set()
        """Whose last look-up failed."""
        self._known: OrderedDict[int, tuple[str, float]] = OrderedDict()

    async def home(self, person: int | None) -> str:
        """Return the id of the first of the bot's servers that `person` is in, as text.

        Empty where the bot is in no server; `UNKNOWN` where the person is in none of the bot's, or `person` is None and
        the bot is in several.
        """
        servers = self.servers()
        if not servers:
            return ""
        if person is None:
            return UNKNOWN if len(servers) > 1 else str(servers[0])
        known = self._known.get(person)
        if known is not None and known[1] > monotonic():
            return known[0]
        try:
            async with asyncio.timeout(TIMEOUT):
                found = await look_up(lambda: self._look(person, servers))
        except (PlatformError, TimeoutError) as error:
            _log.warning("membership lookup failed", extra={"reason": type(error).__name__})
            # Forgetting failures only makes a refusal say less about its reason.
            if len(self._failed) > CAPACITY:
                self._failed.clear()
            self._failed.add(person)
            return UNKNOWN
        self._failed.discard(person)
        self._known[person] = (found, monotonic() + LIFETIME)
        if len(self._known) > CAPACITY:
            self._known.popitem(last=False)
        return found

    def checked(self, person: int | None) -> bool:
        """Tell whether Discord answered the last question about a person."""
        return person not in self._failed

    async def _look(self, person: int, servers: Sequence[int]) -> str:
        # Always in the same order, so that a person's questions count in one server.
        refusal: PlatformError | None = None
        for server in servers:
            try:
                if await member_roles(self._rest, server, person) is not None:
                    return str(server)
            except (Forbidden, MessageGone) as error:
                # One that the bot has just lost, or may not ask, says nothing about the others.
                refusal = error
        if refusal is not None:
            raise refusal
        return UNKNOWN


def in_order_joined(guilds: Iterable[discord.Guild]) -> list[int]:
    """Return the ids of servers, those first that the bot joined first."""

    def joined(guild: discord.Guild) -> tuple[float, int]:
        since = guild.me.joined_at if guild.me is not None else None
        # Without an own member, as during an outage, a server counts as the newest.
        return (math.inf if since is None else since.timestamp(), guild.id)

    return [guild.id for guild in sorted(guilds, key=joined)]


async def member_roles(rest: RestClient, server: int, person: int) -> frozenset[str] | None:
    """Ask for the roles of somebody in a server that the bot is in; None for who is no member.

    Needs no privileged intent (Discord's documentation). Everybody has the role with the server's own id.
    """
    async with rest.call() as client:
        try:
            member = await client.http.get_member(server, person)
        except discord.NotFound as error:
            if error.code != UNKNOWN_MEMBER:
                raise
            return None
    return frozenset(map(str, (*member["roles"], server)))
