"""One replica's part in a deployment of many scopes: see `storage.hosting.SharedDatabase`."""

import asyncio
from collections.abc import Mapping, Sequence

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.shared_values import SharedValues
from aion_bot.storage.hosting import Arrival, Load, ScopeLease
from aion_bot.storage.store import Store


class PostgresShared:
    """What a replica does beside its scopes' stores; see `SharedDatabase` for each method."""

    replica: str
    values: SharedValues
    freed: asyncio.Event

    @classmethod
    async def open(cls, location: PostgresUrl, replica: str) -> "PostgresShared":
        """Bring the shared schema up to date, and begin to listen. Raises `StoreError`."""
        raise NotImplementedError

    async def agree(self, digests: Mapping[str, str]) -> Sequence[str]:  # noqa: D102  # as in the Protocol
        raise NotImplementedError

    async def note_scopes(self, platform: str, ids: Sequence[str]) -> None:  # noqa: D102  # as in the Protocol
        raise NotImplementedError

    async def claim(self, most: int) -> Sequence[ScopeLease]:  # noqa: D102  # as in the Protocol
        raise NotImplementedError

    async def load(self) -> Load:  # noqa: D102  # as in the Protocol
        raise NotImplementedError

    async def open_scope(self, lease: ScopeLease) -> Store:  # noqa: D102  # as in the Protocol
        raise NotImplementedError

    async def release(self, lease: ScopeLease) -> None:  # noqa: D102  # as in the Protocol
        raise NotImplementedError

    async def hand_over(self, scope: str, body: bytes) -> bool:  # noqa: D102  # as in the Protocol
        raise NotImplementedError

    async def arrivals(self, lease: ScopeLease) -> Sequence[Arrival]:  # noqa: D102  # as in the Protocol
        raise NotImplementedError

    async def arrived(self, lease: ScopeLease, arrival: Arrival) -> None:  # noqa: D102  # as in the Protocol
        raise NotImplementedError

    def waking(self, scope: str) -> asyncio.Event:  # noqa: D102  # as in the Protocol
        raise NotImplementedError

    async def remove_scope(self, scope: str) -> bool:  # noqa: D102  # as in the Protocol
        raise NotImplementedError

    async def close(self) -> None:  # noqa: D102  # as in the Protocol
        raise NotImplementedError
