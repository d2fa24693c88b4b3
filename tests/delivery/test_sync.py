"""What a thread shows in the end, on a platform that fails at random and under processes that are killed."""

import asyncio
import random
from collections.abc import Callable

import pytest

from aion_bot.concurrency.backoff import Backoff
from aion_bot.delivery.executor import Delivery, adopted
from aion_bot.delivery.registry import Registry
from aion_bot.delivery.sync import MessageSync, TakenOver
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import MessageGone, PlatformDown, TokenRefused
from aion_bot.ports.messages import Content, MessageRef, Person, PlanCard, Reply, ThreadKey
from aion_bot.ports.rate_limits import Limits
from aion_bot.ratelimit.lengths import AnswerLengths
from aion_bot.rendering.screen import Screen
from tests.support.plain_adapter import PlainAdapter

THREAD = ThreadKey("plain", "t")
ADA = Person("ada")
AT_ONCE = Backoff(0.0, attempts=1_000)
"""No delay while the platform is down."""

PAGES = ["first", "second", "third", "fourth"]


class Fragile(PlainAdapter):
    """A platform in memory. Calls fail, before or after acting, as `fails` says; nonces are known for ever."""

    def __init__(self, fails: Callable[[], float]) -> None:
        super().__init__()
        self.messages: dict[str, str] = {}
        self.nonces: dict[str, str] = {}
        self._fails = fails

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        await self._maybe(0.1)
        if nonce not in self.nonces:
            self.nonces[nonce] = f"{len(self.nonces):03}"
            self.messages[self.nonces[nonce]] = content.text if isinstance(content, Reply) else content.title
        await self._maybe(0.1)
        return MessageRef(thread, self.nonces[nonce])

    async def edit(self, message: MessageRef, content: Content) -> None:
        assert isinstance(content, Reply)
        await self._maybe(0.1)
        if message.id not in self.messages:
            raise MessageGone("gone")
        self.messages[message.id] = content.text
        await self._maybe(0.1)

    async def delete(self, message: MessageRef) -> None:
        await self._maybe(0.1)
        if self.messages.pop(message.id, None) is None:
            raise MessageGone("gone")
        await self._maybe(0.1)

    async def _maybe(self, share: float) -> None:
        await asyncio.sleep(0)
        if self._fails() < share:
            raise PlatformDown("it fails") if self._fails() < 0.5 else TokenRefused("A_TOKEN", "revoked")


class Growing:
    """An answer that grows, or is looked for, and then stands there in four pages."""

    def __init__(self, *pages: str) -> None:
        self.ended = False
        self.pages = list(pages)

    def screen(self) -> Screen:
        return tuple(Reply(page) for page in self.pages)

    def advance(self) -> bool:
        return True

    def shrink(self) -> bool:
        return False


def _shown(registry: Registry, platform: Fragile, view: Growing, delivery: Delivery) -> MessageSync:
    return registry.sync(registry.thread(platform, THREAD), view, delivery)


class Process:
    """One life of the bot, up to a kill; `row` is what outlives it."""

    def __init__(self, platform: Fragile, row: list[str], *, first: bool) -> None:
        self.source = Growing("thinking")
        self._row = row
        self.sync: MessageSync = _shown(
            Registry(retry=AT_ONCE),
            platform,
            self.source,
            Delivery(
                "key-0", ADA, tuple(MessageRef(THREAD, name) for name in row), self._posted, resumed=not first
            ),
        )

    async def _posted(self, content: Content, message: MessageRef) -> None:
        del content, message
        await asyncio.sleep(0)
        self._row[:] = [one.id for one in self.sync.diff.replies]

    def end(self) -> None:
        self.source.pages, self.source.ended = list(PAGES), True
        self.sync.wake(urgent=True)


async def steps(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def live(process: Process, dice: random.Random, *, first: bool) -> None:
    """Live for a while, and be killed."""
    running = asyncio.create_task(process.sync.run())
    await steps(dice.randrange(20))
    for number in range(len(PAGES) if first else 0):
        process.source.pages = PAGES[: number + 1]
        process.sync.wake()
        await steps(dice.randrange(10))
    if dice.random() < 0.7:
        process.end()
    await steps(dice.randrange(40))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("tells_nonces", [True, False])
@pytest.mark.slow
async def test_pages_stand_in_order_whatever_fails(*, tells_nonces: bool) -> None:
    """After any number of kills and failures each page of an answer is there once, in reading order."""
    for seed in range(200):
        dice = random.Random(seed)
        platform, row = Fragile(dice.random), list[str]()
        for number in range(dice.randrange(1, 4)):
            await live(Process(platform, row, first=number == 0), dice, first=number == 0)
            if tells_nonces:
                row[:] = _adopted(platform, row)
        last = Process(platform, row, first=False)
        last.end()
        await last.sync.run()
        assert [platform.messages[name] for name in sorted(platform.messages)] == PAGES, seed


class WithCards(Growing):
    """Pages with a card after each of the first two."""

    def screen(self) -> Screen:
        first, second, *rest = (Reply(page) for page in self.pages)
        return first, PlanCard("card", "", key="one"), second, PlanCard("card", "", key="two"), *rest


@pytest.mark.parametrize("noted", range(5))
async def test_pages_between_cards_are_found_by_their_nonces(noted: int) -> None:
    """A process that shows no cards any more posts no page again, whatever the one before could note of its posts."""
    platform, registry = Fragile(lambda: 1.0), Registry(retry=AT_ONCE)
    before, now = WithCards(*PAGES), Growing(*PAGES)
    before.ended = now.ended = True
    killed = _shown(registry, platform, before, Delivery("key-0", ADA))
    await killed.run()
    delivery = Delivery("key-0", ADA, killed.diff.replies[:noted], resumed=True)
    await _shown(registry, platform, now, delivery).run()
    assert [platform.messages[name] for name in sorted(platform.messages)] == [
        "first", "card", "second", "card", "third", "fourth",
    ]  # fmt: skip


def _adopted(platform: Fragile, row: list[str]) -> list[str]:
    own = [
        OwnMessage(MessageRef(THREAD, name), nonce)
        for nonce, name in platform.nonces.items()
        if name in platform.messages
    ]
    return [one.id for one in adopted("key-0", tuple(MessageRef(THREAD, name) for name in row), own)]


async def test_the_newer_of_two_wins() -> None:
    """An edit that is tried again never covers what somebody made of the message in the meantime."""
    down = True
    platform = Fragile(lambda: 0.0 if down else 1.0)
    platform.messages["card"] = "pending"
    registry, message = Registry(retry=AT_ONCE), (MessageRef(THREAD, "card"),)
    old, new = Growing("failed, press again"), Growing("done")
    old.ended = new.ended = True
    older = _shown(registry, platform, old, Delivery("key", ADA, message))
    trying = asyncio.create_task(older.run())
    await steps(10)
    newer = _shown(registry, platform, new, Delivery("key", ADA, message))
    down = False
    await newer.run()
    with pytest.raises(TakenOver):
        await trying
    assert platform.messages == {"card": "done"}


async def test_an_ended_one_is_in_nobodys_way() -> None:
    """What has shown its last screen is not waited for."""
    platform = Fragile(lambda: 1.0)
    platform.messages["card"] = "pending"
    registry, message = Registry(retry=AT_ONCE), (MessageRef(THREAD, "card"),)
    for text in ("busy", "done"):
        source = Growing(text)
        source.ended = True
        await _shown(registry, platform, source, Delivery("key", ADA, message)).run()
    assert platform.messages == {"card": "done"}


class Steady(PlainAdapter):
    """A platform that takes every call, and tells when an edit was made."""

    def __init__(self, gap: float) -> None:
        super().__init__()
        self.limits = Limits(1000, gap)
        self.shown = ""
        self.calls = 0
        self.changed = asyncio.Condition()

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        await self.edit(MessageRef(thread, nonce), content)
        return MessageRef(thread, nonce)

    async def edit(self, message: MessageRef, content: Content) -> None:
        assert isinstance(content, Reply)
        del message
        async with self.changed:
            self.shown = content.text
            self.calls += 1
            self.changed.notify_all()


class Counting(Growing):
    """Counts how often its screen is taken."""

    taken = 0

    def screen(self) -> Screen:
        self.taken += 1
        return super().screen()


async def test_a_screen_is_taken_once_a_step() -> None:
    """While a message may not be edited its text only gathers, and then its newest state is taken once."""
    platform, view = Steady(gap=0.05), Counting("word")
    sync = Registry().sync(Registry().thread(platform, THREAD), view, Delivery("key", ADA))
    showing = asyncio.create_task(sync.run())
    async with platform.changed:
        for number in range(1, 6):
            await platform.changed.wait_for(lambda number=number: platform.calls == number)  # type: ignore[misc]  # mypy infers no type for a default of a lambda
            for _ in range(10):
                view.pages = [view.pages[0] + " word"]
                sync.wake()
    view.ended = True
    sync.wake(urgent=True)
    await showing
    assert platform.shown == view.pages[0]
    assert platform.calls == 6
    assert view.taken <= platform.calls + 1  # and once more to see the end


async def test_a_plan_does_not_wait_for_the_next_edit() -> None:
    """What is urgent ends the wait in which text gathers."""
    platform, view = Steady(gap=3600.0), Growing("word")
    sync = Registry().sync(Registry().thread(platform, THREAD), view, Delivery("key", ADA))
    showing = asyncio.create_task(sync.run())
    async with platform.changed:
        await platform.changed.wait_for(lambda: platform.calls == 1)
    view.pages = ["word word"]
    sync.wake()
    await steps(5)
    view.pages, view.ended = ["all words"], True
    sync.wake(urgent=True)
    async with asyncio.timeout(60):
        await showing
    assert platform.shown == "all words"


async def test_the_length_of_an_answer_is_learned_once() -> None:
    """Not that of what an earlier process began, nor of a plan, which waits for people, nor again for a Retry button."""
    lengths, platform = AnswerLengths(), Fragile(lambda: 1.0)
    registry = Registry(retry=AT_ONCE, lengths=lengths)
    plan, answer = WithCards(*PAGES), Growing("word")
    plan.ended = answer.ended = True
    await _shown(registry, platform, plan, Delivery("key-0", ADA)).run()
    await _shown(registry, platform, answer, Delivery("key-1", ADA, resumed=True)).run()
    assert sum(lengths.weights) == 0
    sync = _shown(registry, platform, answer, Delivery("key-2", ADA))
    await sync.run()
    await sync.run()
    assert sum(lengths.weights) == 1
