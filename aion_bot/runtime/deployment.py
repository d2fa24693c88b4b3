"""Which deployment a database on a server belongs to: another one, with other keys, is refused before it changes anything.

The bots are known by their ids on the platforms, which other tokens of theirs have as well. A key of Aion's may be replaced by
any other one, as Aion does not say whose it is: it is compared only while a replica serves. The database holds a salted digest
of each.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.identity import HasIdentity
from aion_bot.storage import Store, UnfitServer, owner_on_server, recorded, remembered

_log = structlog.get_logger(__name__)

NAME = "deployment"
"""The name under which the digests are kept, by platform."""

_AION = ""
"""In the place of a platform: Aion's key."""

_PATIENCE = 5.0
"""Seconds that the platforms have to say who the bot is; who does not is compared at a later start."""

# A lease lasts six (`storage.postgres.lease.SECONDS`).
_ENDING = 8.0
"""Seconds for which a replica that was killed may still have its lease."""

_LOOK = 0.5
"""Seconds between two looks whether it has."""


class Deployment:
    """What a database on a server is known by; of a file nothing is kept, as it has one process."""

    def __init__(self, known_by: Mapping[str, str]) -> None:
        self._known_by = known_by

    @classmethod
    async def of(cls, location: Location, key: str, adapters: Sequence[PlatformAdapter]) -> "Deployment":
        """Ask each platform who the bot is."""
        if not isinstance(location, PostgresUrl):
            return cls({})
        found = await asyncio.gather(*(_identity(one) for one in adapters))
        bots = {one.platform: who for one, who in zip(adapters, found, strict=True) if who}
        return cls({_AION: key, **bots})

    async def check(self, location: Location, stop: asyncio.Event) -> None:
        """Compare with what the database is known by; changes nothing.

        Raises:
            UnfitServer: it is another deployment's, or a replica serves there with another key of Aion's.
        """
        if not isinstance(location, PostgresUrl):
            return
        until = time.monotonic() + _ENDING
        while not stop.is_set():
            others = self._others(await asyncio.to_thread(remembered, location, NAME))
            _refuse(location, others)
            owner = await asyncio.to_thread(owner_on_server, location) if others else None
            if owner is None:
                return
            if time.monotonic() > until:
                raise UnfitServer(
                    f"{location}: {owner} serves there with another AIONVISION_API_KEY: stop it, let it take the new key first "
                    "(SIGHUP), or name another database in AION_BOT_DATABASE_URL"
                )
            await asyncio.sleep(_LOOK)

    async def note(self, store: Store) -> bool:
        """Let the database be known by this deployment; returns whether another key of Aion's was used there before.

        Raises:
            UnfitServer: it is another deployment's.
            sqlite3.Error: it cannot be read.
        """
        kept = {one: await store.kv.get(one, NAME) for one in self._known_by}
        others = self._others({name: digest for name, digest in kept.items() if digest is not None})
        _refuse(store.location, others)
        for name, text in self._known_by.items():
            if kept[name] is None or name in others:
                await recorded(_log, store.kv.set(name, NAME, _digest(text)), NAME)
        return bool(others)

    async def use_key(self, store: Store, key: str) -> None:
        """Let the database be known by another key of Aion's. Raises `sqlite3.Error` where it cannot be read."""
        if self._known_by and self._known_by[_AION] != key:
            self._known_by = {**self._known_by, _AION: key}
            await self.note(store)

    def _others(self, kept: Mapping[str, str]) -> list[str]:
        """Name what the database knows by another digest."""
        pairs = ((name, text, kept[name]) for name, text in self._known_by.items() if name in kept)
        return [name for name, text, digest in pairs if _digest(text, digest.partition(":")[0]) != digest]


def _refuse(location: Location, others: Sequence[str]) -> None:
    if bots := [one for one in others if one != _AION]:
        raise UnfitServer(
            f"{location} belongs to another deployment, whose bot on {', '.join(sorted(bots))} is another one: name another "
            "database in AION_BOT_DATABASE_URL, or the tokens of that bot"
        )


async def open_own(
    location: Location,
    replica: str,
    key: str,
    adapters: Sequence[PlatformAdapter],
    stop: asyncio.Event,
    *,
    standing_by: Callable[[], None] = lambda: None,
) -> tuple[Store, Deployment, bool] | None:
    """Open the database of this deployment once no other replica serves; None if `stop` is set before.

    Returns whether another key of Aion's was used there before, too. The adapters are closed where nothing is opened.
    `standing_by` is called once it waits for that.

    Raises:
        StoreError: the database cannot be used, or is another deployment's.
    """
    store = None
    try:
        deployment = await Deployment.of(location, key, adapters)
        await deployment.check(location, stop)
        store = await Store.open_when_free(location, replica, stop, standing_by)
        if store is not None:
            return store, deployment, await deployment.note(store)
    except BaseException:
        if store is not None:
            await store.close()
        await _close(adapters)
        raise
    await _close(adapters)
    return None


async def _close(adapters: Sequence[PlatformAdapter]) -> None:
    """Close what was opened to ask who the bots are."""
    await asyncio.gather(*(one.close() for one in adapters), return_exceptions=True)


async def _identity(adapter: PlatformAdapter) -> str:
    """Return who the bot is on a platform, nothing where that is not to be found out now."""
    if not isinstance(adapter, HasIdentity):
        return ""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await adapter.identity()
    except (PlatformError, TimeoutError) as error:  # `listen` says what is wrong, if it lasts
        reason = str(error) or type(error).__name__
        _log.info("bot not identified", platform=adapter.platform, reason=reason)
        return ""


def _digest(text: str, salt: str = "") -> str:
    salt = salt or secrets.token_hex(16)
    return f"{salt}:{hashlib.sha256(f'{salt}:{text}'.encode()).hexdigest()}"
