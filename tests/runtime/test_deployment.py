"""Two deployments with one database on a server and different keys: the second one is refused, and nothing is changed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.errors import PlatformDown
from aion_bot.runtime import deployment
from aion_bot.runtime.deployment import NAME, open_own
from aion_bot.storage import Store, UnfitServer, remembered
from tests.support.plain_adapter import PlainAdapter
from tests.support.postgres import lay_postgres

KEY, OTHER_KEY = "aion_first_key_of_a_test_0001", "aion_other_key_of_a_test_0002"


class Known(PlainAdapter):
    """An adapter that says who its bot is; `closed` counts."""

    def __init__(self, who: str, platform: str = "slack") -> None:
        super().__init__()
        self.platform, self.who, self.closed = platform, who, 0

    async def identity(self) -> str:
        if not self.who:
            raise PlatformDown("no answer")
        return self.who

    async def close(self) -> None:
        self.closed += 1


async def opened(
    location: PostgresUrl | Path, *adapters: Any, key: str = KEY, stop: asyncio.Event | None = None
) -> tuple[Store, deployment.Deployment, bool]:
    found = await open_own(location, "one", key, adapters, stop or asyncio.Event())
    assert found is not None
    return found


async def kept(location: PostgresUrl) -> dict[str, str]:
    return await asyncio.to_thread(remembered, location, NAME)


async def test_another_bot_is_refused() -> None:
    """Whether one serves or not, and whatever its key of Aion's: the line names the platform and no secret; nothing is changed."""
    location = lay_postgres()
    store, _, _ = await opened(location, Known("T1/U1"), Known("B1", "discord"))
    before = await kept(location)
    assert set(before) == {"", "slack", "discord"}
    assert not [one for one in before.values() if KEY in one or "T1/U1" in one]
    for adapters in ([Known("T2/U1")], [Known("T1/U1"), Known("B2", "discord")]):
        with pytest.raises(
            UnfitServer, match=r"another deployment, whose bot on (slack|discord) is"
        ) as refused:
            await opened(location, *adapters)
        assert KEY not in str(refused.value)
        assert [one.closed for one in adapters] == [1] * len(adapters)
    await store.close()
    with pytest.raises(UnfitServer, match="another deployment"):
        await opened(location, Known("T2/U1"), key=OTHER_KEY)
    assert await kept(location) == before


@pytest.mark.slow
async def test_a_new_key_is_taken_by_a_restart() -> None:
    """Of the same bot, where no replica serves: the database is known by the new one, and who starts is told."""
    location = lay_postgres()
    store, _, is_new = await opened(location, Known("T1/U1"))
    assert not is_new
    await store.close()
    before = await kept(location)
    store, _, is_new = await opened(location, Known("T1/U1"), key=OTHER_KEY)
    assert is_new
    await store.close()
    after = await kept(location)
    assert (after["slack"], after[""] != before[""]) == (before["slack"], True)
    store, _, is_new = await opened(location, Known("T1/U1"), Known("B1", "discord"), key=OTHER_KEY)
    assert not is_new
    assert set(await kept(location)) == {"", "slack", "discord"}
    await store.close()


@pytest.mark.slow
async def test_another_key_beside_a_replica_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica with another key of Aion's than the one that serves does not stand by, unless that one takes the key."""
    monkeypatch.setattr(deployment, "_ENDING", 0.0)
    monkeypatch.setattr(deployment, "_LOOK", 0.01)
    location, stop = lay_postgres(), asyncio.Event()
    store, own, _ = await opened(location, Known("T1/U1"))
    with pytest.raises(UnfitServer, match="one serves there with another AIONVISION_API_KEY") as refused:
        await opened(location, Known("T1/U1"), key=OTHER_KEY)
    assert OTHER_KEY not in str(refused.value)
    await own.use_key(store, OTHER_KEY)
    adapter = Known("T1/U1")
    standing_by = asyncio.create_task(open_own(location, "two", OTHER_KEY, [adapter], stop))
    await asyncio.sleep(0)
    stop.set()
    assert await standing_by is None
    assert adapter.closed == 1
    await store.close()


@pytest.mark.slow
async def test_a_killed_replica_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart with another key may come while the lease of the killed process lasts."""
    monkeypatch.setattr(deployment, "_LOOK", 0.01)
    location = lay_postgres()
    store, _, _ = await opened(location, Known("T1/U1"))
    restarting = asyncio.create_task(opened(location, Known("T1/U1"), key=OTHER_KEY))
    looked, asked = asyncio.Event(), deployment.owner_on_server

    def looks(where: Any) -> str | None:
        loop.call_soon_threadsafe(looked.set)
        return asked(where)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(deployment, "owner_on_server", looks)
    await looked.wait()
    await store.close()
    again, _, is_new = await restarting
    assert is_new
    await again.close()


@pytest.mark.slow
async def test_a_platform_that_does_not_answer_is_compared_later() -> None:
    """The start goes on; nothing is kept of it, and a later start keeps it."""
    location = lay_postgres()
    for who, names in (("", {""}), ("T1/U1", {"", "slack"})):
        store, _, _ = await opened(location, Known(who))
        await store.close()
        assert set(await kept(location)) == names


async def test_a_file_is_known_by_nothing(tmp_path: Path) -> None:
    """SQLite has one process a file: nobody is asked, and nothing is kept."""
    store, _, is_new = await opened(tmp_path / "bot.db", Known("T1/U1"))
    assert not is_new
    assert await store.kv.get("slack", NAME) is None
    await store.close()
