"""Discord's servers divided among replicas: each *bucket* of them is a scope, with an adapter and shards of its own.

There are as many buckets as at the first start. The number of shards is a multiple of theirs, so that a server stays in its
bucket however many shards Discord recommends: a server is in the shard that its id names modulo their number (Discord's
documentation, *Sharding*).
"""

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic

import discord

from adapters.discord import config, rate_limits
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.client import RestClient
from adapters.discord.config import Settings
from adapters.discord.gateway import Gateway
from adapters.discord.handlers import EventDelivery
from adapters.discord.http import RequestReporter
from adapters.discord.membership import LIFETIME, Membership
from adapters.discord.other_process import OtherProcess
from adapters.discord.session_starts import SessionStarts, answered
from adapters.discord.shard_hosts import Shard, Together
from adapters.discord.shards import ShardedListening, server_of
from aion_bot.ports.backoff import Backoff, retry
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.host import Host
from aion_bot.ports.shared_state import SharedState

FEWEST = 8
"""Buckets at least, unless `DISCORD_SHARDS` says another number: as many replicas can share them."""
BUCKETS, FIRST_SERVERS = "discord buckets", "discord servers"
"""Names of what is fixed at the first start of a deployment."""
TELL_AGAIN = Backoff(1.0, factor=2.0, cap=30.0, total=300.0)
"""Seconds before servers that Discord or the shared rows did not tell are asked for again."""
PAGE = 200
"""Servers that Discord lists at once (its documentation, *Get Current User Guilds*)."""
_SCOPE = re.compile(r"discord_(0|[1-9][0-9]{0,3})")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The `number` of a bucket, from 0, and how many there are."""

    number: int
    of: int

    @property
    def scope(self) -> str:
        """The name of the scope."""
        return f"discord_{self.number}"

    def shards(self, wanted: int) -> Sequence[Shard]:
        """Return the bucket's shards, where at least `wanted` are needed for all servers."""
        count = -(-max(wanted, 1) // self.of) * self.of
        return [Shard(number, count) for number in range(self.number, count, self.of)]


async def scopes_of(settings: Settings, shared: SharedState) -> Sequence[str]:
    """Return the scopes of the bot; at the first start Discord is asked how many shards it recommends.

    Raises the port's errors where Discord cannot be asked, and what `shared` raises.
    """
    count = await _buckets(settings, shared)
    return [Bucket(number, count).scope for number in range(count)]


async def adapter_for(settings: Settings, scope: str, shared: SharedState) -> "BucketAdapter":
    """Build the adapter of a scope; connects to nothing but `shared`. Raises ValueError for a scope that there is not."""
    count = int(await shared.fix(BUCKETS, "0"))
    found = _SCOPE.fullmatch(scope)
    if found is None or int(found[1]) >= count:
        raise ValueError(f"there is no scope {scope!r} among {count} buckets")
    return BucketAdapter(settings, Bucket(int(found[1]), count), shared)


async def _buckets(settings: Settings, shared: SharedState) -> int:
    wanted = settings.shards
    if wanted is None:
        rest = RestClient(settings, RequestReporter(settings.api_url))
        try:
            await rest.gateway()
        finally:
            await rest.close()
        wanted = max(rest.recommended_shards, FEWEST)
    return int(await shared.fix(BUCKETS, str(wanted)))


class BucketAdapter(DiscordAdapter):
    """The bot in the servers of one bucket. Its part of the whole bot's limit is the same for each bucket."""

    def __init__(self, settings: Settings, bucket: Bucket, shared: SharedState) -> None:
        super().__init__(settings)
        self.limits = rate_limits.limits_of_one_in(bucket.of)
        self._bucket, self._shared = bucket, shared
        self._other = _OtherBuckets()

    def listens(
        self, make: Callable[..., Gateway], delivery: EventDelivery, rest: RestClient, shards: int | None
    ) -> ShardedListening:
        """Return what serves the bucket's shards; the parameters are those of `takeover.listening_for`."""
        whole = _WholeBot(rest, self._shared)
        delivery.membership = _BucketMembership(rest, whole)
        found = self._bucket.shards(max(shards or 0, rest.recommended_shards))
        together = _BucketTogether(delivery.host, found, rest, whole)
        return ShardedListening(make, delivery, together, SessionStarts(rest, self._shared))


class _OtherBuckets(OtherProcess):
    """Notes what shows another process with the token. The other buckets are expected, and meet this one in direct messages alone."""

    async def note_message(self, message: discord.Message, *, own: bool) -> None:
        """Note a message of the bot's account in a server."""
        if message.guild is not None:
            await super().note_message(message, own=own)


class _WholeBot:
    """The servers of the whole bot, as REST lists them, and those of its first start."""

    def __init__(self, rest: RestClient, shared: SharedState) -> None:
        self.servers: Mapping[str, str] = {}
        """Names by id, as they were listed last."""
        self._rest = rest
        self._shared = shared
        self._listed_at = -LIFETIME

    async def list(self, *, at_most: float = 0.0) -> Mapping[str, str]:
        """List the servers, unless that was done in the last `at_most` seconds. Raises the port's errors."""
        if monotonic() - self._listed_at >= at_most:
            found: dict[str, str] = {}
            last: int | None = None
            while last is None or len(found) % PAGE == 0:
                async with self._rest.call() as client:
                    page = await client.http.get_guilds(PAGE, after=last)
                if not page:
                    break
                found |= {str(one["id"]): str(one["name"]) for one in page}
                last = max(map(int, found))
            self.servers, self._listed_at = found, monotonic()
        return self.servers

    async def first(self) -> Sequence[str]:
        """Return the servers of the deployment's first start, which is now if there was none. Raises as `list` does."""
        now = json.dumps(sorted(await self.list()))
        with answered():
            found: Sequence[str] = json.loads(await self._shared.fix(FIRST_SERVERS, now))
        return found


class _BucketTogether(Together):
    """The shards of one bucket. The core learns of the servers of the whole bot: it admits them, and not those of a bucket."""

    def __init__(self, host: Host, shards: Sequence[Shard], rest: RestClient, whole: _WholeBot) -> None:
        super().__init__(host, shards, partial(server_of, rest))
        self._whole = whole

    async def tell(self, servers: Mapping[str, str]) -> None:
        """Admit the servers of the deployment's first start; those of other buckets and later ones are told beside them.

        Raises `PlatformError` where they cannot be known after `TELL_AGAIN`.
        """
        admitted = await retry(self._whole.first, backoff=TELL_AGAIN, on=PlatformError)
        names = {**self._whole.servers, **servers}
        first = {one: names.pop(one, "") for one in admitted}
        await self.host.present(first)
        if names:
            await self.host.present(names)

    async def tell_joined(self, server: str, name: str) -> None:
        """Tell of a server that has invited the bot among all of its servers."""
        _log.info("server joined a bucket", extra={"server": server})
        await self.tell({server: name})


class _BucketMembership(Membership):
    """Knows the servers of the whole bot: direct messages come to the first bucket, whichever server their writer is in."""

    def __init__(self, rest: RestClient, whole: _WholeBot) -> None:
        super().__init__(rest)
        self._whole = whole

    async def home(self, person: int | None) -> str:
        """Return the id of the first of the bot's servers that `person` is in, those of this bucket first."""
        try:
            await self._whole.list(at_most=LIFETIME)
        except PlatformError as error:
            _log.warning("servers not listed", extra={"reason": type(error).__name__})
        return await super().home(person)

    def of_bot(self) -> Sequence[int]:
        """Return the bucket's servers, then the others."""
        own = self.servers()
        known = set(own)
        return [*own, *(one for one in map(int, self._whole.servers) if one not in known)]


def read(env: Mapping[str, str]) -> Settings:
    """Read settings that are right. Raises ValueError."""
    settings, problems = config.read(env)
    if settings is None:
        raise ValueError("; ".join(map(str, problems)) or "no token is set")
    return settings
