"""One bucket of Discord's servers: an adapter with shards of its own, of which a replica serves one or several.

The number of shards is a multiple of that of the buckets. So a server stays in its bucket however many shards Discord
recommends, and also while two buckets count with different numbers: a server is in the shard that its id names modulo the
number of shards (Discord's documentation, *Sharding*).
"""

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

import discord

from adapters.discord import ids, rate_limits, strings
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.bucket_gateway import BucketBackfill, BucketGateway, taken
from adapters.discord.client import RestClient
from adapters.discord.config import TOKEN, Settings
from adapters.discord.direct_messages import EVENT, FIRST, NEXT, DirectMessages, HandOver, nobody_takes
from adapters.discord.handlers import EventDelivery
from adapters.discord.membership import LIFETIME, TIMEOUT, Membership
from adapters.discord.other_process import OtherProcess
from adapters.discord.servers import listed
from adapters.discord.shard_hosts import Shard, Together
from adapters.discord.shards import ShardedListening, server_of
from adapters.discord.shared_starts import Moments, SharedSessionStarts, answered
from adapters.discord.takeover import MakeGateway
from aion_bot.ports.backoff import Backoff, retry
from aion_bot.ports.errors import PlatformError, TokenRefused
from aion_bot.ports.events import Prompt
from aion_bot.ports.host import Host
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.ports.messages import Reply, ThreadKey
from aion_bot.ports.shared_values import SharedValues

BUCKETS, NUMBER, ACCOUNT = "discord buckets", "number", "account"
"""Kind and names of the shared values that say how many buckets there are, and of which bot."""
FIRST_SERVERS = "discord servers"
"""The kind of the shared values with the ids of the servers of the deployment's first start, which are admitted."""
PARTS = "parts"
"""The name of the value that says in how many parts they are; the others are named by a part's number."""
PART = 2_000
"""Ids in a part, on average: a shared value has at most 64 KiB."""
TELL_AGAIN = Backoff(1.0, factor=2.0, cap=30.0, total=300.0)
"""Seconds before servers that Discord or the shared values did not tell are asked for again."""
LISTED_AGAIN = 10.0
"""Seconds after which a bot that was in no server looks again, when somebody writes to it directly."""
SLOWER = 8
"""By how much missed messages are read slower at most, as several buckets may read theirs at the same time."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The `number` of a bucket, from 0, and how many there are."""

    number: int
    of: int

    def shards(self, wanted: int) -> Sequence[Shard]:
        """Return the bucket's shards, where at least `wanted` are needed for all servers."""
        count = -(-max(wanted, 1) // self.of) * self.of
        return [Shard(number, count) for number in range(self.number, count, self.of)]


class BucketAdapter(DiscordAdapter):
    """The bot in the servers of one bucket; the first one also has direct messages and the commands.

    Its part of the whole bot's limit is the same for each bucket: two replicas know nothing of each other's requests.
    """

    def __init__(
        self,
        settings: Settings,
        bucket: Bucket,
        values: SharedValues,
        moments: Moments,
        hand_over: HandOver = nobody_takes,
    ) -> None:
        """`hand_over` gives a request to the owner of another bucket."""
        super().__init__(settings)
        self.limits = rate_limits.limits_of_one_in(bucket.of)
        self._bucket, self._values, self._moments = bucket, values, moments
        self._direct = DirectMessages(values, bucket.number, hand_over)
        self._private.note_direct = self._direct.note
        self._together: Together | None = None
        self._other = _OtherBuckets()
        self._backfills = defaultdict(partial(BucketBackfill, min(bucket.of, SLOWER)))

    async def listen(self, host: Host) -> None:
        """Serve until cancelled, unless the database divides the servers of another bot: `TokenRefused`."""
        # Logs in: whose account it is has to be known before an event comes.
        await self._rest.gateway()
        with answered():
            account = await fixed(self._values, BUCKETS, ACCOUNT, str(self._rest.account))
        if account != str(self._rest.account):
            raise TokenRefused(TOKEN, strings.OTHER_DEPLOYMENT)
        await super().listen(host)

    def listens(
        self, make: MakeGateway, delivery: EventDelivery, rest: RestClient, shards: int | None
    ) -> ShardedListening:
        """Return what serves the bucket's shards; the parameters are those of `takeover.listening_for`."""
        whole = WholeBot(rest, self._values)
        found = self._bucket.shards(max(shards or 0, rest.recommended_shards))
        core: Any = _BucketHost(delivery.host, whole)
        together = self._together = _BucketTogether(core, found, rest, whole, self._direct)
        # Before there is a gateway: each session tells `delivery.membership` which servers there are.
        delivery.membership = _BucketMembership(rest, whole, together)
        delivery.note_direct = partial(self._direct.note, goes_on=True)
        kind = partial(BucketGateway, direct=self._direct)
        return ShardedListening(make, delivery, together, SharedSessionStarts(rest, self._moments), kind)

    async def open_private(self, prompt: Prompt, question: Reply, *, nonce: str) -> ThreadKey:
        """Post the question in the direct messages of its person: what they write there next comes to this bucket.

        A plan's copy is no question of theirs: its buttons come to this bucket.
        """
        thread = await super().open_private(prompt, question, nonce=nonce)
        await self._direct.note(ids.channel_of(thread), goes_on=prompt.private)
        return thread

    async def take(self, request: HttpRequest) -> HttpAnswer:
        """Take an event of direct messages that the first bucket has handed over; 503 while no session is there to read it."""
        clients = {} if self._listening is None or self._together is None else self._together.clients
        # Whichever shard's: a direct conversation belongs to no server.
        gateway = next((one for one in clients.values() if not one.is_closed()), None)
        if not isinstance(gateway, BucketGateway):
            return HttpAnswer(503)
        try:
            event, data = request.headers[EVENT], json.loads(request.body)
            others = [int(one) for one in request.headers[NEXT].split()]
        except (KeyError, ValueError):
            return HttpAnswer(400)
        return HttpAnswer(200 if await taken(gateway, event, data, others) else 503)


class _OtherBuckets(OtherProcess):
    """Notes what shows another process with the token. The other buckets are expected, and meet this one in direct messages alone."""

    async def note_message(self, message: discord.Message, *, own: bool) -> None:
        """Note a message of the bot's account in a server."""
        if message.guild is not None:
            await super().note_message(message, own=own)


class WholeBot:
    """The servers of the whole bot, as REST lists them, and those that it was in first."""

    def __init__(self, rest: RestClient, values: SharedValues) -> None:
        self.servers: Mapping[str, str] = {}
        """Names by id, as they were listed last."""
        self._rest, self._values = rest, values
        self._listed_at = float("-inf")

    @property
    def age(self) -> float:
        """Seconds since the servers were listed last."""
        return monotonic() - self._listed_at

    async def list(self) -> None:
        """List the servers, as `servers.listed` does. Raises the port's errors."""
        self.servers, self._listed_at = await listed(self._rest), monotonic()

    async def first(self) -> Sequence[str]:
        """Return the servers of the deployment's first start, which is now if there was none. Raises the port's errors.

        Where the bot was in none then, the first one that invites it takes their place.
        """
        await self.list()
        with answered():
            # Fixed before the parts: replicas may list different servers, and have to look for one in the same part.
            parts = int(await fixed(self._values, FIRST_SERVERS, PARTS, str(len(self.servers) // PART + 1)))
            found: list[str] = []
            for part in range(parts):
                # By when they were made, as the shards are: about as many in each part.
                mine = [one for one in sorted(self.servers) if (int(one) >> 22) % parts == part]
                found += (await fixed(self._values, FIRST_SERVERS, str(part), " ".join(mine))).split()
            if not found and len(self.servers) == 1:
                (only,) = self.servers
                await self._values.replace(FIRST_SERVERS, "0", "", only)
                # Read again: another replica may have been first, with another server.
                found = (await self._values.get(FIRST_SERVERS, "0") or "").split()
        return found


class _BucketHost:
    """The core as the shards of one bucket see it: it admits the servers of the whole bot's first start, and not of a bucket's."""

    def __init__(self, host: Host, whole: WholeBot) -> None:
        self._host, self._whole = host, whole
        self._admitted: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    async def present(self, workspaces: Mapping[str, str]) -> None:
        """Tell of the servers of the first start, then of the others among `workspaces`.

        Raises `PlatformError` where they cannot be known after `TELL_AGAIN`.
        """
        admitted = self._admitted = await retry(self._whole.first, backoff=TELL_AGAIN, on=PlatformError)
        await self._host.present({one: self._whole.servers.get(one, "") for one in admitted})
        # Of several that joined before any was admitted the core must not see one alone.
        others = workspaces if admitted else {**self._whole.servers, **workspaces}
        if left := {one: name for one, name in others.items() if one not in admitted}:
            await self._host.present(left)

    async def joined(self, workspace: str, name: str) -> None:
        """Tell of a server that has invited the bot."""
        if not self._admitted:
            await self.present({})
        await self._host.joined(workspace, name)


class _BucketTogether(Together):
    """The shards of one bucket."""

    def __init__(
        self,
        host: Host,
        shards: Sequence[Shard],
        rest: RestClient,
        whole: WholeBot,
        direct: DirectMessages,
    ) -> None:
        super().__init__(host, shards, partial(server_of, rest))
        self._whole, self._direct = whole, direct

    def servers(self) -> list[int]:
        """Return the bucket's servers, then the others of the bot: direct messages come to the first bucket, whoever writes."""
        own = super().servers()
        return [*own, *sorted(set(map(int, self._whole.servers)) - set(own))]

    async def threads(self, shard: Shard) -> Sequence[ThreadKey]:
        """Return the known threads of a shard's servers, in the first one also direct messages that are other buckets' now."""
        known = await super().threads(shard)
        if shard.number != FIRST:
            return known
        try:
            others = [ids.thread_key(one) for one in await self._direct.channels()]
        except PlatformError as error:
            _log.warning("other direct messages not listed", extra={"reason": str(error)})
            return known
        return [*known, *(one for one in others if one not in known)]


class _BucketMembership(Membership):
    """Looks for the writer of a direct message in the servers of the whole bot, of which no session tells."""

    def __init__(self, rest: RestClient, whole: WholeBot, together: Together) -> None:
        super().__init__(rest)
        self._whole, self._together = whole, together
        self._listing: asyncio.Task[None] | None = None

    async def home(self, person: int | None) -> str:
        """Return the id of the first of the bot's servers that `person` is in, those of this bucket first.

        A list that is older than `LIFETIME` serves until it is replaced: a bot in many servers has many pages.
        """
        known = bool(self._whole.servers)
        if self._whole.age > (LIFETIME if known else LISTED_AGAIN):
            if self._listing is None or self._listing.done():
                # It ends with the shards (`run`), and not with the message that has begun it: the next one finds its list.
                self._listing = asyncio.create_task(self._together.run(self._list(known=known)))
            if not known:
                await asyncio.wait({self._listing}, timeout=TIMEOUT)
        return await super().home(person)

    async def _list(self, *, known: bool) -> None:
        try:
            await self._whole.list()
            if self._whole.servers and not known:
                # The first one that has invited the bot may be in another bucket.
                await self._together.host.present({})
        except PlatformError as error:
            _log.warning("servers not listed", extra={"reason": type(error).__name__})


async def fixed(values: SharedValues, kind: str, name: str, value: str) -> str:
    """Store a value where there is none; returns what is stored. Raises `SharedValuesDown`."""
    while (found := await values.get(kind, name)) is None:
        # Where another replica was first its value counts: read again.
        if await values.replace(kind, name, None, value):
            return value
    return found
