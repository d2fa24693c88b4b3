"""Discord's servers divided among replicas: each bucket of them is a scope.

There are as many buckets as shards were wanted when the deployment started first. That number stays, since each bucket has its
rows apart; the number of shards may grow (`buckets`).
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from weakref import WeakSet

from adapters.discord import config, ids
from adapters.discord.buckets import BUCKETS, NUMBER, Bucket, BucketAdapter, fixed
from adapters.discord.client import RestClient
from adapters.discord.config import TOKEN, Settings
from adapters.discord.diagnosis import DiscordDiagnosis
from adapters.discord.direct_messages import HandOver, nobody_takes
from adapters.discord.http import RequestReporter
from adapters.discord.shared_starts import Moments, answered
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.diagnosis import Diagnosis, Finding, Subjects, ok
from aion_bot.ports.hosting import Routed
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.ports.settings import Problem
from aion_bot.ports.shared_values import SharedValues

_log = logging.getLogger(__name__)


class HostedDiscord:
    """One bot account in several scopes, whose ids are the numbers of buckets from 0. `changed` is never set."""

    platform = ids.PLATFORM
    http_paths: Sequence[str] = ()
    secrets = (TOKEN,)

    def __init__(self, settings: Settings, values: SharedValues) -> None:
        self._settings, self._values, self.address = settings, values, settings.api_url
        self._moments = Moments(values)
        self.hand_over: HandOver = nobody_takes
        self._count = 0
        # Weak: nobody says here that a scope was given up, whose adapter ends with it.
        self._adapters = WeakSet[BucketAdapter]()
        self.changed = asyncio.Event()

    async def scopes(self) -> Sequence[str]:
        """Return the buckets. At the deployment's first start with `auto` Discord is asked how many shards it recommends.

        Raises the port's errors where Discord or the shared values do not answer; a later call may succeed.
        """
        return [str(number) for number in range(await self._buckets())]

    async def adapter(self, scope: str) -> PlatformAdapter | None:
        """Build what serves a bucket; None where there is none of this number. Raises as `scopes` does."""
        if scope not in await self.scopes():
            return None
        bucket = Bucket(int(scope), self._count)
        built = BucketAdapter(self._settings, bucket, self._values, self._moments, self.hand_over)
        self._adapters.add(built)
        return built

    async def route(self, path: str, request: HttpRequest) -> Routed | HttpAnswer:  # noqa: ARG002  # as the port has it
        """Take nothing: Discord's events come over its gateway."""
        return HttpAnswer(404)

    async def left(self, scope: str) -> None:
        """Do nothing: a bucket is no workspace."""

    async def leaving(self) -> Sequence[str]:
        """Return nothing: who removes the bot from a server does not end a bucket."""
        return ()

    async def take_secrets(self, env: Mapping[str, str]) -> tuple[Sequence[str], Sequence[Problem]]:
        """Let every adapter use another token of the same bot, and those that are built later."""
        for one in list(self._adapters):
            _, problems = await one.take_secrets(env)
            if problems:
                return (), problems
        found, problems = config.read(env)
        if found is None or found.token == self._settings.token:
            return (), problems
        self._settings = self._settings.model_copy(update={"token": found.token})
        return self.secrets, ()

    async def diagnose(self, subjects: Subjects) -> Diagnosis:
        """Check the token, the application and `subjects`, and say how many buckets there are. Raises the port's errors."""
        reporter = RequestReporter(self.address)
        rest = RestClient(self._settings, reporter)
        try:
            # However many are set, there are as many shards as Discord recommends.
            whole = DiscordDiagnosis(rest, reporter, self._settings.model_copy(update={"shards": None}))
            found = await whole.whole(subjects)
        finally:
            await rest.close()
        with answered():
            number = await self._values.get(BUCKETS, NUMBER)
        return Diagnosis([*found.findings, self._about_buckets(number, rest)], found.ahead)

    def _about_buckets(self, number: str | None, rest: RestClient) -> Finding:
        wanted = max(self._settings.shards or 1, rest.recommended_shards)
        if number is None:
            count = self._settings.shards or rest.recommended_shards
            return ok("buckets", f"{count} from the first start on")
        shards = Bucket(0, int(number)).shards(wanted)[0].of
        return ok("buckets", f"{number} since the first start, with {shards} shards")

    async def close(self) -> None:
        """Do nothing: each adapter is closed by itself."""

    async def _buckets(self) -> int:
        if not self._count:
            with answered():
                known = await self._values.get(BUCKETS, NUMBER)
                if known is None:
                    known = await fixed(self._values, BUCKETS, NUMBER, str(await self._wanted()))
            self._count = int(known)
            if self._settings.shards not in {None, self._count}:
                about = {"buckets": self._count, "shards": self._settings.shards}
                _log.info("number of buckets not changed", extra=about)
        return self._count

    async def _wanted(self) -> int:
        """Return the number of shards that is set, or that Discord recommends. Raises the port's errors."""
        if self._settings.shards is not None:
            return self._settings.shards
        rest = RestClient(self._settings, RequestReporter(self._settings.api_url))
        try:
            await rest.gateway()
        finally:
            await rest.close()
        return rest.recommended_shards
