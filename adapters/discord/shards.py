"""Several shards of one bot in this process: each has a gateway of its own, which resumes and fails by itself.

discord.py's `AutoShardedClient` would begin a new session, and lose what was said until then, where an attempt to resume
fails; its `Client`, of which each shard is one, tries to resume again. A session is not resumed by another process: RESUMED
names no servers and channels, which discord.py has in memory alone, so that a new session is begun and missed messages
are read (`backfill`).
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, cast

import aiohttp
import discord
from discord.gateway import DiscordWebSocket

from adapters.discord.client import RestClient
from adapters.discord.errors import FAILURES, translate
from adapters.discord.gateway import CLOSE_TIMEOUT, Gateway
from adapters.discord.handlers import EventDelivery
from adapters.discord.session_starts import SessionStarts, Turn
from adapters.discord.shard_hosts import Shard, ShardHost, Together
from adapters.discord.takeover import Listening, MakeGateway
from aion_bot.ports.backoff import Backoff
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited, TokenRefused
from aion_bot.ports.host import Host

RESTART_DELAYS: Iterable[float] = Backoff(4.0, factor=2.0, cap=120.0, jitter=0.7)
"""Seconds before a shard whose session was lost begins another one: each costs one of a thousand starts a day, and Discord asks
for a random pause of one to five seconds first (its documentation, *Gateway*, Invalid Session)."""
STEADY = 300.0
"""Seconds after which a shard that is lost counts as one that served, and the pauses begin anew."""

REFUSED = {4004, *range(4010, 4015)}
"""Close codes after which no other attempt is made (Discord's documentation, *Gateway Close Event Codes*)."""

_log = logging.getLogger(__name__)


class SessionEndedError(discord.ClientException):
    """A shard's session cannot be resumed, and another one has to wait for its turn."""


class ShardGateway(Gateway):
    """The gateway of one shard. It ends with its session, so that the next one waits for its turn, before it connects."""

    def __init__(
        self, _: Host, *parts: Any, shard: Shard, together: Together, turn: Turn, **options: Any
    ) -> None:
        super().__init__(cast("Host", ShardHost(together, shard)), *parts, **options)
        self.shard_id, self.shard_count = shard
        self._connection.shard_count = shard.of
        # discord.py gives each connection to this before its first frame, and needs it for voice alone.
        self._connection._update_references = self._note_connection  # type: ignore[assignment, method-assign]  # noqa: SLF001  # no public way
        self._connected: DiscordWebSocket | None = None
        """The newest connection, also before it has identified, which `ws` is only then."""
        self._shard, self._together, self._turn = shard, together, turn

    def _note_connection(self, connection: DiscordWebSocket) -> None:
        self._connected = connection

    async def setup_hook(self) -> None:
        """Prepare, and wait until this shard may begin a session."""
        await super().setup_hook()
        await self._turn.wait()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002  # as discord.py has it
        """Take the turn; discord.py calls this right before it identifies. Raises `SessionEndedError` where it is over."""
        if not await self._turn.begin():
            raise SessionEndedError

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Start the handlers of an event. Raises `SessionEndedError` where discord.py would identify again by itself."""
        if event == "connect":
            self._together.clients[self._shard] = self
        super().dispatch(event, *args, **kwargs)
        # discord.py calls this inside of `connect`, which ends with what is raised here.
        if event == "disconnect" and not self._closing and self._is_without_session():
            raise SessionEndedError

    def _is_without_session(self) -> bool:
        """Tell whether there is a connection without a session, unless Discord closed it for good: discord.py raises that."""
        return self.ws is not None and self.ws.session_id is None and self.ws.socket.close_code not in REFUSED

    async def shut(self) -> None:
        """Let the next shard have its turn, and close, also a connection that did not come to identify."""
        # First: closing takes up to a second.
        self._turn.leave()
        # Before anything is closed: `dispatch` would take it for a lost session.
        self._closing = True
        if self._connected is not None and self._connected is not self.ws:
            # discord.py forgets it, with the thread that sends its heartbeats.
            with suppress(TimeoutError, aiohttp.ClientError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self._connected.close(code=1000)
        await super().shut()

    async def _register(self) -> str:
        """Register the commands with the first shard alone: they are the whole bot's."""
        return "" if self._shard.number else await super()._register()

    def _servers(self) -> list[int]:
        """Return the servers of all shards: whoever writes directly may be in any of them."""
        return self._together.servers()


class ShardedListening:
    """Serves shards until cancelled. One that is lost begins again by itself, and the others go on."""

    def __init__(
        self,
        make: MakeGateway,
        delivery: EventDelivery,
        together: Together,
        starts: SessionStarts,
        kind: MakeGateway = ShardGateway,
    ) -> None:
        """`make` takes the delivery, the class of a gateway, which is `kind`, and the options that are this one's alone."""
        self._make, self._delivery, self._kind = make, delivery, kind
        self._together, self._starts = together, starts
        self._listening: dict[Shard, Listening] = {}
        self._token = self._address = ""

    async def serve(self, token: str, address: str) -> None:
        """Serve every shard. Raises the port's error that no other attempt would mend."""
        self._token, self._address = token, address
        tasks = [asyncio.create_task(self._keep(shard)) for shard in self._together.shards]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            ended.pop().result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._together.end()

    async def take_over(self, token: str, address: str) -> None:
        """Let a gateway with this token take over from that of each shard, one after the other. Raises the port's errors."""
        # Later sessions begin with these, also where Discord begins none now: the earlier token does not hold any more.
        self._token, self._address = token, address
        for listening in list(self._listening.values()):
            await listening.take_over(token, address)

    async def _keep(self, shard: Shard) -> None:
        """Serve one shard, again after each end. Raises the port's error that no other attempt would mend."""
        delays = iter(RESTART_DELAYS)
        while True:
            began, token = monotonic(), self._token
            reason = await self._served(shard)
            if isinstance(reason, TokenRefused) and token != self._token:
                continue  # another token is taking over from it, one shard after the other
            if not isinstance(reason, PlatformDown | RateLimited):
                raise reason
            if monotonic() - began > STEADY:
                delays = iter(RESTART_DELAYS)
            delay = max(next(delays), reason.retry_after if isinstance(reason, RateLimited) else 0.0)
            about = {"shard": shard.number, "shards": shard.of, "reason": str(reason)}
            _log.warning("shard lost, beginning again", extra={**about, "seconds": round(delay, 1)})
            await asyncio.sleep(delay)

    async def _served(self, shard: Shard) -> PlatformError:
        """Serve a shard until it ends; returns why."""

        def make() -> Gateway:
            turn = Turn(self._starts, shard.number)
            return self._make(self._delivery, self._kind, shard=shard, together=self._together, turn=turn)

        listening = self._listening[shard] = Listening(make, self._delivery)
        try:
            await listening.serve(self._token, self._address)
        except PlatformError as error:
            return error
        except FAILURES as error:
            return translate(error)
        except Exception as error:  # noqa: BLE001  # such as a row that could not be read: the other shards go on
            _log.exception("shard failed", extra={"shard": shard.number})
            return PlatformDown(f"a shard failed ({type(error).__name__})")
        return PlatformDown("Discord's gateway closed the connection")


def listening_of_shards(
    make: MakeGateway, delivery: EventDelivery, rest: RestClient, count: int
) -> ShardedListening:
    """Return what serves all of `count` shards in this process; `make` and `rest` as for `listening_for`."""
    shards = [Shard(number, count) for number in range(count)]
    together = Together(delivery.host, shards, partial(server_of, rest))
    return ShardedListening(make, delivery, together, SessionStarts(rest))


async def server_of(rest: RestClient, channel: int) -> int | None:
    """Ask Discord for the server of a channel; None of a direct conversation. Raises the port's errors."""
    async with rest.call() as client:
        found: Mapping[str, Any] = await client.http.get_channel(channel)
    return int(found["guild_id"]) if "guild_id" in found else None
