"""Signs of life, with a platform that takes its time."""

import asyncio
from pathlib import Path

from aion_bot.port.messages import Person, Place, Prompt, ThreadKey
from aion_bot.records import Turn
from aion_bot.relay.desk import Desk
from aion_bot.signs import Signs
from aion_bot.store import Store
from aion_bot.tasks import Tasks
from tests.core.plain import PlainAdapter

ADA = Person("U1", "ada")
THREAD = ThreadKey("plain", "1")


class SlowAdapter(PlainAdapter):
    """Takes the sign away when `go` is set; `asked` when it was told to. `shows` is what stands there."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go = asyncio.Event(), asyncio.Event()
        self.shows = True

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool) -> bool:  # noqa: ARG002  # the port's signature
        if not active:
            self.asked.set()
            await self.go.wait()
        self.shows = active
        return True


def turn(key: str) -> Turn:
    origin = Prompt(key, THREAD, Place("T1", "C1"), ADA, "What?")
    return Turn(key, THREAD, ADA, "What?", origin=origin)


async def test_a_sign_is_not_lit_while_an_older_one_is_taken_away(tmp_path: Path) -> None:
    """What an earlier process left standing and what a new answer shows are one sign, and in the end it is gone."""
    store, tasks, adapter = await Store.open(tmp_path / "bot.db"), Tasks(), SlowAdapter()
    signs = Signs(store, tasks, Desk())
    signs.inherit(turn("old"))
    tasks.spawn(signs.tidy(adapter, turn("old")))
    await adapter.asked.wait()
    seen = asyncio.Event()
    async with signs.at_work(adapter, turn("new"), asyncio.Event(), seen.set):
        await asyncio.sleep(0)
        adapter.go.set()
        await seen.wait()
    await tasks.wait(5.0)
    assert not adapter.shows
    await store.close()
