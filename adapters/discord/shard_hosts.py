"""What the shards of one process say to the core, as one platform.

The core knows one connection. It is connected once every shard is, it is alive while every shard is, and it is asked once
what was missed.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple, TypeVar

import discord

from adapters.discord import ids
from adapters.discord.backfill import REQUEST_INTERVAL, snowflake_at
from adapters.discord.gateway import HEARTBEAT_TIMEOUT, NEWEST_EVENT
from adapters.discord.membership import in_order_joined
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError
from aion_bot.ports.host import Host, Presence
from aion_bot.ports.messages import ThreadKey

T = TypeVar("T")

TELL_EVERY = 1.0
"""Seconds between two looks whether all shards are alive."""
OLDEST = 3_600.0
"""Seconds before the end of an earlier process from which a shard reads at most: its newest event may be of another year."""

ServerOf = Callable[[int], Awaitable[int | None]]
"""Asks Discord for the server of a channel; None of a direct conversation. Raises the port's errors."""

_log = logging.getLogger(__name__)


class Shard(NamedTuple):
    """The `number` of a shard, from 0, and how many there are."""

    number: int
    of: int

    def serves(self, server: int | None) -> bool:
        """Tell whether events of a server come to this shard; direct messages come to the first (Discord's documentation)."""
        return self.number == (0 if server is None else (server >> 22) % self.of)


class Together:
    """The shards of one process, and what each of them has said. `host` is the core."""

    def __init__(self, host: Host, shards: Sequence[Shard], server_of: ServerOf) -> None:
        self.host = host
        self.shards = shards
        self.clients: dict[Shard, discord.Client] = {}
        """The client of each shard that has had a session, the newest one."""
        self._running: set[asyncio.Task[Any]] = set()
        self._server_of = server_of
        self._servers: dict[Shard, Mapping[str, str]] = {}
        self._presences: dict[Shard, Presence] = {}
        self._heard = dict.fromkeys(shards, -math.inf)
        self._looked_at = -math.inf
        self._away: asyncio.Task[float | None] | None = None
        self._homes: dict[int, int | None] = {}
        self._looking = asyncio.Lock()

    def guilds(self) -> list[discord.Guild]:
        """Return the servers of all shards."""
        return [guild for client in self.clients.values() for guild in client.guilds]

    def servers(self) -> list[int]:
        """Return the ids of the servers in which a writer of direct messages is looked for, those first that were joined first."""
        return in_order_joined(self.guilds())

    def heard(self, shard: Shard) -> None:
        """Note that a shard is alive, and tell the core while each of them is."""
        now = self._heard[shard] = monotonic()
        if now - self._looked_at >= TELL_EVERY:
            self._looked_at = now
            if min(self._heard.values()) > now - HEARTBEAT_TIMEOUT:
                self.host.heard()

    async def present(self, shard: Shard, servers: Mapping[str, str]) -> None:
        """Tell the core of all servers once every shard has named its own, and later of those that came since.

        The core admits the servers of the very first start: it has to know them together.
        """
        complete = len(self._servers) == len(self.shards)
        before = self._all_servers()
        self._servers[shard] = {**self._servers.get(shard, {}), **servers}
        if complete:
            servers = {one: name for one, name in servers.items() if one not in before}
        if len(self._servers) == len(self.shards) and (servers or not complete):
            try:
                await self.run(self.host.present(servers if complete else self._all_servers()))
            except BaseException:
                # The shard's next session tells it again. Another one of it may have failed meanwhile.
                self._servers.pop(shard, None)
                raise

    async def joined(self, shard: Shard, server: str, name: str) -> None:
        """Tell the core of a server that has invited the bot; before all shards are there, together with the others."""
        complete = len(self._servers) == len(self.shards)
        self._servers[shard] = {**self._servers.get(shard, {}), server: name}
        if complete:
            await self.run(self.host.joined(server, name))

    async def connected(self, shard: Shard, presence: Presence) -> None:
        """Tell the core that events can arrive once they can at every shard."""
        self._presences[shard] = presence
        _log.info("shard connected", extra={"shard": shard.number, "shards": shard.of})
        if len(self._presences) < len(self.shards):
            return
        said = [self._presences[one] for one in self.shards]
        await self.host.connected(
            Presence(
                tuple(name for one in said for name in one.workspaces),
                presence.bot,
                tuple(dict.fromkeys(notice for one in said for notice in one.notices if notice)),
                tuple(dict.fromkeys(warning for one in said for warning in one.warnings)),
            )
        )

    async def missed_since(self) -> float | None:
        """Ask the core once: the time of the earlier process counts for every shard."""
        if self._away is None:
            self._away = asyncio.ensure_future(self.host.missed_since())
        # Shielded: a shard that ends while it waits leaves the answer to the others.
        return await asyncio.shield(self._away)

    async def threads(self, shard: Shard) -> Sequence[ThreadKey]:
        """Return the known threads of a shard's servers. Discord is asked once about those that no session describes."""
        return await self.run(self._threads_of(shard))

    async def end(self) -> None:
        """Cancel what is under way: discord.py's handlers of events outlive its clients, and would log in anew."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something that `end` cancels."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await task

    async def _threads_of(self, shard: Shard) -> Sequence[ThreadKey]:
        # One shard at a time: what it learns of a channel (`_homes`) spares the others the same request.
        async with self._looking:
            known = await self.host.known_threads()
            return [one for one in known if await self._belongs(ids.channel_of(one), shard)]

    async def _belongs(self, channel: int, shard: Shard) -> bool:
        for one, client in self.clients.items():
            if client.get_channel(channel) is not None:
                return one == shard
        if channel not in self._homes:
            # At the pace of the backfill, which follows: up to 200 channels may be looked up.
            await asyncio.sleep(REQUEST_INTERVAL)
            try:
                self._homes[channel] = await self._server_of(channel)
            except (Forbidden, MessageGone):
                return False  # nothing can be read there
            except PlatformError:
                return True  # read now rather than never: the core knows what it has
        return shard.serves(self._homes[channel])

    def _all_servers(self) -> dict[str, str]:
        return {server: name for named in self._servers.values() for server, name in named.items()}


class ShardHost:
    """The core as one shard's gateway sees it. What is not said here goes to the core as it is."""

    def __init__(self, together: Together, shard: Shard) -> None:
        self._together = together
        self._shard = shard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._together.host, name)

    def heard(self) -> None:
        """Tell that this shard is alive."""
        self._together.heard(self._shard)

    async def present(self, workspaces: Mapping[str, str]) -> None:
        """Name the servers of this shard."""
        await self._together.present(self._shard, workspaces)

    async def joined(self, workspace: str, name: str) -> None:
        """Tell of a server that has invited the bot."""
        await self._together.joined(self._shard, workspace, name)

    async def connected(self, presence: Presence) -> None:
        """Tell that events of this shard's servers can arrive."""
        await self._together.connected(self._shard, presence)

    async def known_threads(self) -> Sequence[ThreadKey]:
        """Return the threads of this shard's servers."""
        return await self._together.threads(self._shard)

    async def missed_since(self) -> float | None:
        """Return what the core said to the first shard."""
        return await self._together.missed_since()

    async def recall(self, name: str) -> str | None:
        """Read a value, the newest event of this shard alone, unless it is far older than the earlier process's end."""
        if name != NEWEST_EVENT:
            return await self._together.host.recall(name)
        newest, away = await self._together.host.recall(self._newest_event), await self.missed_since()
        return (
            newest if newest is None or away is None else str(max(int(newest), snowflake_at(away - OLDEST)))
        )

    async def remember(self, name: str, value: str) -> None:
        """Store a value, the newest event of this shard alone."""
        await self._together.host.remember(self._newest_event if name == NEWEST_EVENT else name, value)

    @property
    def _newest_event(self) -> str:
        return f"{NEWEST_EVENT} {self._shard.number}/{self._shard.of}"
