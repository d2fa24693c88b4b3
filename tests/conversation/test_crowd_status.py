"""The bot's own status says how many questions wait that have no sign of their own."""

import asyncio

import pytest

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation import crowd_status
from aion_bot.conversation.crowd_status import CrowdStatus
from aion_bot.delivery.registry import Registry
from aion_bot.delivery.thread import Thread
from aion_bot.ports.messages import ThreadKey
from tests.support.plain_adapter import PlainAdapter


class Status(PlainAdapter):
    """A platform with a status; `takes`: whether it takes the next one."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.takes = True
        self.changed = asyncio.Condition()

    async def show_status(self, words: str) -> bool:
        async with self.changed:
            self.shown.append(words)
            self.changed.notify_all()
        return self.takes

    async def changes(self, count: int) -> None:
        """Wait for so many changes of the status."""
        async with self.changed, asyncio.timeout(60):
            await self.changed.wait_for(lambda: len(self.shown) >= count)


def bound(adapter: PlainAdapter) -> Thread:
    return Registry().thread(adapter, ThreadKey("plain", "1"))


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd_status, "_CHANGE_EVERY", 0.02)


async def test_one_status_is_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins with the number of all who came together, follows them, and goes with the last one."""
    monkeypatch.setattr(crowd_status, "_GATHER", 0.05)
    adapter, tasks = Status(), BackgroundTasks()
    status, waits = CrowdStatus(tasks), [asyncio.Event() for _ in range(3)]
    assert await asyncio.gather(*(status.join(bound(adapter), one) for one in waits)) == [True] * 3
    assert adapter.shown == ["⏳ 3 questions are waiting"]
    waits[0].set()
    waits[1].set()
    await adapter.changes(len(adapter.shown) + 2)
    assert adapter.shown[-1] == "⏳ A question is waiting"
    waits[2].set()
    await tasks.wait(5.0)
    assert adapter.shown[-1] == ""
    assert adapter.shown.count("") == 1


async def test_what_is_not_shown_is_no_sign() -> None:
    """A platform that takes no status now, or has none: the question gets another sign."""
    adapter, tasks = Status(), BackgroundTasks()
    adapter.takes = False
    status = CrowdStatus(tasks)
    assert not await status.join(bound(adapter), asyncio.Event())
    assert not await CrowdStatus(tasks).join(bound(PlainAdapter()), asyncio.Event())
    await tasks.wait(5.0)
    adapter.takes = True
    over = asyncio.Event()
    assert await status.join(bound(adapter), over)
    over.set()
    await tasks.wait(5.0)
    assert adapter.shown[-1] == ""


async def test_the_status_changes_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord closes connections that change it often: a question that comes as it goes away waits for another one, and is told so."""
    monkeypatch.setattr(crowd_status, "_CHANGE_EVERY", 0.2)
    adapter, tasks, over = Status(), BackgroundTasks(), asyncio.Event()
    status, loop = CrowdStatus(tasks), asyncio.get_running_loop()
    assert await status.join(bound(adapter), over)
    began = loop.time()
    over.set()
    await adapter.changes(2)
    assert adapter.shown == ["⏳ A question is waiting", ""]
    assert loop.time() - began >= 0.19
    assert not await status.join(bound(adapter), asyncio.Event())
    await tasks.wait(5.0)
    assert len(adapter.shown) == 2
