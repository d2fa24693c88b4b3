"""The requests a minute that Aion allows: learned, shared fairly, and never exceeded where it says what is left."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Mapping

import pytest

from aion_bot.ratelimit import request_pace
from aion_bot.ratelimit.request_pace import ASKER, AT_FIRST, MINUTE, Asker, RequestPace
from benchmarks.crowd import Figures
from tests.support.virtual_time import run_in_virtual_time


class Server:
    """Aion's limit as documented: so many requests in any minute, with headers, and 429 with Retry-After beyond it."""

    def __init__(self, limit: int, *, headers: bool = True, latency: float = 0.1) -> None:
        self.limit, self.latency, self._headers = limit, latency, headers
        self.taken: list[tuple[float, object]] = []
        self._counted: deque[float] = deque()
        self.refusals = 0

    def _recent(self) -> int:
        now = asyncio.get_running_loop().time()
        while self._counted and self._counted[0] <= now - MINUTE:
            self._counted.popleft()
        return len(self._counted)

    def take(self, owner: object) -> bool:
        """Take a request, or refuse it."""
        if self._recent() >= self.limit:
            self.refusals += 1
            return False
        now = asyncio.get_running_loop().time()
        self._counted.append(now)
        self.taken.append((now, owner))
        return True

    def headers(self) -> Mapping[str, str]:
        """What an answer says."""
        if not self._headers:
            return {}
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(0, self.limit - self._recent())),
        }


async def send(pace: RequestPace, server: Server, asker: Asker) -> float:
    """Send one request until it is taken, as the client does; returns when that was."""
    ASKER.set(asker)
    while True:
        passage = pace.begin() or await pace.wait()
        taken = server.take(asker.owner)
        await asyncio.sleep(server.latency)
        if taken:
            passage.answered(server.headers())
            return asyncio.get_running_loop().time()
        passage.refused(5.0, None)


async def question(pace: RequestPace, server: Server, asker: Asker, requests: int = 2) -> float:
    """Send what a question sends, one after the other; returns when the last one was taken."""
    for _ in range(requests):
        ended = await send(pace, server, asker)
    return ended


def test_fifty_people_share_thirty_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is refused, nobody has more than twice the fair share at any time, and everybody learns how long it takes."""

    async def work() -> None:
        pace, server, told = RequestPace(), Server(30), Counter[int]()
        await send(pace, server, Asker("start"))

        async def person(number: int) -> None:
            greedy = 10 if number < 5 else 1
            asker = Asker(number, lambda _: told.update([number]))
            await asyncio.gather(*(asyncio.create_task(question(pace, server, asker)) for _ in range(greedy)))

        people = [asyncio.create_task(person(number)) for number in range(50)]
        began = asyncio.get_running_loop().time()
        modest = await asyncio.gather(*(asyncio.shield(one) for one in people[5:]))
        waited = asyncio.get_running_loop().time() - began
        so_far = Counter(owner for _, owner in server.taken)
        await asyncio.gather(*people)
        assert len(modest) == 45
        assert server.refusals == 0
        # A hundred requests of fifty people, two of them each, at 28 a minute.
        fair = so_far.total() / 50
        assert max(so_far.values()) <= 2 * fair
        assert waited < 5 * MINUTE
        assert len(told) >= 20

    run_in_virtual_time(monkeypatch, work())


@pytest.mark.slow
def test_the_crowd_of_the_benchmark_has_fair_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `benchmarks.crowd`: fifty ask three questions, two of them 21; in no five minutes has anybody twice the fair share."""

    async def work() -> None:
        pace, server, figures = RequestPace(), Server(30, latency=0.5), Figures(1.0)
        await send(pace, server, Asker("start"))
        now = asyncio.get_running_loop().time

        async def ask(owner: int) -> None:
            for _ in range(2):  # a session, and the answer
                since = now()
                await send(pace, server, Asker(owner))
                figures.waits.append((since, now(), owner))

        await asyncio.gather(*(ask(owner) for owner in range(50) for _ in range(21 if owner < 2 else 3)))
        figures.sent = server.taken
        assert server.refusals == 0
        assert len(figures.waits) == 372
        assert 1 <= figures.largest_share <= 2

    run_in_virtual_time(monkeypatch, work())


@pytest.mark.parametrize("seed", range(3))
def test_shares_stay_within_twice_the_fair_one(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Whoever waits has at least half of what anybody else gets in the same minute, whatever the limit and the load."""

    async def work() -> None:
        drawn = random.Random(seed)
        pace, server = RequestPace(), Server(drawn.choice([10, 30, 100]), latency=drawn.uniform(0.05, 3.0))
        await send(pace, server, Asker("start"))
        loads = {number: drawn.randint(1, 40) for number in range(drawn.randint(2, 20))}
        for owner, count in loads.items():
            for _ in range(count):
                asyncio.get_running_loop().create_task(send(pace, server, Asker(owner)))
        await asyncio.sleep(5 * MINUTE)
        assert server.refusals == 0
        waiting = {
            owner for owner, count in loads.items() if count > Counter(o for _, o in server.taken)[owner]
        }
        got = Counter(owner for _, owner in server.taken)
        for owner in waiting:
            assert got[owner] * 2 + 2 >= max(got.values())
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    run_in_virtual_time(monkeypatch, work())


def test_a_decision_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """While others wait for a minute, an urgent request finds a place that is kept, and further ones go before all else."""

    async def work() -> None:
        pace, server = RequestPace(), Server(30)
        await send(pace, server, Asker("start"))
        others = [asyncio.create_task(send(pace, server, Asker(number))) for number in range(60)]
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        hurry = Asker("ada", urgent=True)
        await send(pace, server, hurry)
        await send(pace, server, hurry)
        assert asyncio.get_running_loop().time() - began < 1
        third = asyncio.create_task(send(pace, server, hurry))
        await third
        assert sum(one.done() for one in others) == 30 - 1 - 2
        await asyncio.gather(*others)
        assert server.refusals == 0

    run_in_virtual_time(monkeypatch, work())


@pytest.mark.parametrize("headers", [True, False])
def test_a_limit_that_falls_loses_nothing(monkeypatch: pytest.MonkeyPatch, headers: bool) -> None:
    """A limit that falls, and a second process that takes half, cost few refusals, and every request is taken in the end."""

    async def work() -> None:
        pace, server = RequestPace(), Server(30, headers=headers)
        await send(pace, server, Asker("start"))

        async def another() -> None:
            while True:
                server.take("another process")
                await asyncio.sleep(MINUTE / 15)

        process = asyncio.create_task(another())
        sending = [asyncio.create_task(send(pace, server, Asker(number))) for number in range(90)]
        await asyncio.sleep(70)
        server.limit = 20
        await asyncio.gather(*sending)
        process.cancel()
        mine = [owner for _, owner in server.taken if owner != "another process"]
        assert len(mine) == 91
        assert (pace.limit is not None) is headers
        assert pace.waiting == 0

    run_in_virtual_time(monkeypatch, work())


def test_nothing_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few are sent until the first answer; where Aion names no limit and refuses nothing, all are sent at once."""

    async def work() -> None:
        pace, server = RequestPace(), Server(1_000, headers=False)
        sending = [asyncio.create_task(send(pace, server, Asker(number))) for number in range(200)]
        await asyncio.sleep(0.05)
        assert len(server.taken) == AT_FIRST
        await asyncio.gather(*sending)
        assert asyncio.get_running_loop().time() < 1_000.5
        assert pace.limit is None

    run_in_virtual_time(monkeypatch, work())


def test_an_estimate_comes_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first estimate of each of fifty people is right within ten seconds, and it is told again while they wait."""

    async def work() -> None:
        pace, server = RequestPace(), Server(10)
        await send(pace, server, Asker("start"))
        estimates: dict[int, list[float]] = {}

        async def person(number: int) -> None:
            began = asyncio.get_running_loop().time()
            await send(
                pace, server, Asker(number, lambda seconds: estimates.setdefault(number, []).append(seconds))
            )
            taken = asyncio.get_running_loop().time() - began
            if number in estimates:
                assert estimates[number][0] == pytest.approx(taken, abs=10)
                assert len(estimates[number]) >= taken // request_pace.TELL_EVERY

        people = [asyncio.create_task(person(number)) for number in range(50)]
        await asyncio.gather(*people)
        assert len(estimates) == 50 - 8

    run_in_virtual_time(monkeypatch, work())


def test_a_wait_that_ends_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops waiting gives up the place, also in the moment in which it came; another key starts anew."""

    async def work() -> None:
        pace, server = RequestPace(), Server(10)
        await send(pace, server, Asker("start"))
        sending = [asyncio.create_task(send(pace, server, Asker(number))) for number in range(20)]
        await asyncio.sleep(30)
        for one in sending[10:]:
            one.cancel()
        await asyncio.sleep(0)
        await asyncio.gather(*sending, return_exceptions=True)
        assert pace.waiting == 0
        waits = [asyncio.create_task(send(pace, server, Asker(number))) for number in range(20)]
        await asyncio.sleep(1)
        pace.forget()
        assert pace.limit is None
        await asyncio.gather(*waits)
        assert pace.limit == 10
        assert pace.waiting == 0

    run_in_virtual_time(monkeypatch, work())


@pytest.mark.parametrize("value", ["", "-1", "nine", "0", "99999999999999999999", "1e3", "٣"])
def test_headers_that_make_no_sense_teach_nothing(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A number that is none, or beyond all tiers, changes nothing."""

    async def work() -> None:
        pace = RequestPace()
        passage = pace.begin()
        assert passage is not None
        passage.answered(
            {"x-ratelimit-limit": value, "x-ratelimit-remaining": value, "x-ratelimit-reset": value}
        )
        assert pace.limit is None

    run_in_virtual_time(monkeypatch, work())


def test_a_refusal_without_a_number_closes_for_its_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy server, or one moment of too many requests, holds nobody back for minutes."""

    async def work() -> None:
        pace, server = RequestPace(), Server(1_000, headers=False)
        await send(pace, server, Asker("start"))
        server.limit = 0
        refused = asyncio.create_task(send(pace, server, Asker("first")))
        await asyncio.sleep(1)
        server.limit = 1_000
        sending = [asyncio.create_task(send(pace, server, Asker(number))) for number in range(100)]
        began = asyncio.get_running_loop().time()
        await asyncio.gather(refused, *sending)
        assert asyncio.get_running_loop().time() - began < 6
        assert pace.limit is None

    run_in_virtual_time(monkeypatch, work())


def test_the_minute_of_a_key_that_others_use_up_stays_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal in a minute in which this bot sent nothing tells of somebody else, and not of a longer window."""

    async def work() -> None:
        pace, server = RequestPace(), Server(10)
        await send(pace, server, Asker("start"))
        await asyncio.sleep(1.5 * MINUTE)
        for _ in range(10):
            assert server.take("another process")
        await send(pace, server, Asker("ada"))
        assert server.refusals > 0
        await asyncio.sleep(3 * MINUTE)
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(send(pace, server, Asker(number)) for number in range(18)))
        # Nine a minute: one of the ten places is kept for what is urgent.
        assert asyncio.get_running_loop().time() - began < 1.1 * MINUTE

    run_in_virtual_time(monkeypatch, work())


@pytest.mark.parametrize("retry_after", [None, 0.0])
def test_a_refusal_closes_the_limit_for_a_moment(
    monkeypatch: pytest.MonkeyPatch, retry_after: float | None
) -> None:
    """Also where Aion names no time, or one that is over: what follows would be refused in the same moment."""

    async def work() -> None:
        pace = RequestPace()
        passage = pace.begin()
        assert passage is not None
        passage.refused(retry_after, None)
        assert pace.begin() is None
        await asyncio.sleep(request_pace.SHORTEST_PAUSE)
        assert pace.begin() is not None

    run_in_virtual_time(monkeypatch, work())


@pytest.mark.slow
def test_a_busy_key_keeps_few_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of requests of the last five minutes are numbers of a moment; what was taken back, and what is older, counts for nobody."""

    async def work() -> None:
        pace, server = RequestPace(), Server(1_000_000, headers=False, latency=0.0)
        for number in range(4_000):
            await send(pace, server, Asker(("slack", f"U{number % 2}")))
            await asyncio.sleep(0.07)
        assert len(pace._sent) <= 300
        assert sum(pace._order.running.values()) == 4_000
        for _ in range(3):
            passage = pace.begin() or await pace.wait()
            passage.give_back()
        assert sum(pace._order.running.values()) == 4_000
        await asyncio.sleep(request_pace.SHARED_OVER + 2.0)
        await send(pace, server, Asker("another"))
        assert pace._order.running == Counter({"another": 1})

    run_in_virtual_time(monkeypatch, work())
