"""Which server the writer of a direct message belongs to: Discord's payload does not say it."""

import asyncio
import itertools
import logging
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
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
ALONE = 5
"""Look-ups at once that are requests of their own. In a crowd these would use up the fifty a second that Discord takes from a bot."""
_TOGETHER = 100
"""People in one question over the gateway (Discord's documentation, *Request Guild Members*)."""
_GATHER = 0.02
"""Seconds in which the people of a crowd come who are asked about together."""
_TOLD_WITHIN = 1.0
"""Seconds for one question over the gateway: others may follow within `TIMEOUT`."""
_SERVERS = 10
"""Servers of the bot up to which people are asked about together: each is a frame, of which a session may send 120 a minute."""
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
        self.members_of: Callable[[int, Sequence[int]], Awaitable[Collection[int] | None]] = _told_by_nobody
        """The gateway's: which of these people are in a server; None where it does not say so now."""
        self._under_way, self._asked = 0, dict[int, asyncio.Future[str | None]]()
        self._asking: asyncio.Task[None] | None = None
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
                found = await self._find(person, servers)
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

    async def _find(self, person: int, servers: Sequence[int]) -> str:
        self._under_way += 1
        try:
            crowd = self._under_way > ALONE and len(servers) <= _SERVERS
            found = await self._found_together(person) if crowd else None
            return await look_up(lambda: self._look(person, servers)) if found is None else found
        finally:
            self._under_way -= 1

    async def _found_together(self, person: int) -> str | None:
        """Ask about a person together with others; None where the gateway does not say so."""
        if person not in self._asked:
            self._asked[person] = asyncio.get_running_loop().create_future()
        asked = self._asked[person]
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_together())
        return await asyncio.shield(asked)

    async def _ask_together(self) -> None:
        await asyncio.sleep(_GATHER)
        while self._asked:
            left = dict(itertools.islice(self._asked.items(), _TOGETHER))
            for person in left:
                del self._asked[person]
            for server in self.servers():
                members = await self.members_of(server, [*left]) if left else ()
                if members is None:
                    break
                for person in left.keys() & set(members):
                    left.pop(person).set_result(str(server))
            else:
                members = ()
            for one in left.values():
                one.set_result(None if members is None else UNKNOWN)

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


async def told_members(client: discord.Client, server: int, people: Sequence[int]) -> Collection[int] | None:
    """Ask over a gateway which of these people, a hundred at most, are in a server; None where that is not told in time.

    Needs no privileged intent where people are named (Discord's documentation, *Request Guild Members*).
    """
    guild = client.get_guild(server)
    if guild is None:
        return None
    try:
        async with asyncio.timeout(_TOLD_WITHIN):
            found = await guild.query_members(user_ids=[*people], cache=False)
    # The last two where the connection has just been lost.
    except (TimeoutError, discord.DiscordException, OSError, RuntimeError, AttributeError) as error:
        _log.warning("members not told", extra={"reason": type(error).__name__})
        return None
    return {one.id for one in found}


async def _told_by_nobody(_: int, __: Sequence[int]) -> Collection[int] | None:
    return None


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
