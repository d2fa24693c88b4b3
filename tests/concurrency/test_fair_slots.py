"""Slots are shared fairly: nobody's many delay another's first, nobody starves, and nothing idles."""

import asyncio
from collections import defaultdict, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.concurrency.fair_slots import FairOrder, FairSlots
from aion_bot.concurrency.keyed_queue import KeyedQueue


class Simulation:
    """Threads with questions in order; the head of each thread wants a slot, as in the dispatcher."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.order: FairOrder[str] = FairOrder()
        self.threads: dict[int, deque[tuple[str, int]]] = defaultdict(deque)
        self.running: list[tuple[str, int]] = []
        self.started: list[tuple[str, int]] = []
        self.thread_of: dict[int, int] = {}

    def ask(self, person: str, thread: int) -> None:
        number = len(self.thread_of)
        self.thread_of[number] = thread
        self.threads[thread].append((person, number))
        if len(self.threads[thread]) == 1:
            self.order.add(person, number)
        self.start()

    def start(self) -> None:
        while len(self.running) < self.slots and (found := self.order.start()) is not None:
            self.running.append(found)
            self.started.append(found)

    def end(self, at: int) -> None:
        person, number = self.running.pop(at % len(self.running))
        self.order.end(person)
        thread = self.threads[self.thread_of[number]]
        thread.popleft()
        if thread:
            self.order.add(*thread[0])
        self.start()

    def waiting_at_heads(self) -> set[str]:
        """People with a question that could start."""
        return {thread[0][0] for thread in self.threads.values() if thread} - {""}


ASKS = st.tuples(st.just("ask"), st.sampled_from("abcde"), st.integers(0, 7))
ENDS = st.tuples(st.just("end"), st.just(""), st.integers(0, 9))


@pytest.mark.slow
@given(slots=st.integers(1, 4), steps=st.lists(ASKS | ENDS, max_size=80))
def test_nobody_starves_and_the_order_in_a_thread_is_kept(
    slots: int, steps: list[tuple[str, str, int]]
) -> None:
    """With drawn arrivals and ends, while a person waits with nothing running, each other person starts one question.

    A free slot is used, the questions of a thread start in order, and all start in the end.
    """
    simulated = Simulation(slots)
    overtaken: dict[str, dict[str, int]] = {}
    seen = 0
    for kind, person, number in [*steps, *([("end", "", 0)] * 200)]:
        if kind == "ask":
            simulated.ask(person, number)
        elif simulated.running:
            simulated.end(number)
        for starter, _ in simulated.started[seen:]:
            overtaken.pop(starter, None)
            for counts in overtaken.values():
                counts[starter] = counts.get(starter, 0) + 1
                assert counts[starter] <= 1
        seen = len(simulated.started)
        for one in "abcde":
            if one in simulated.order.waiting and not simulated.order.running[one]:
                overtaken.setdefault(one, {})
        assert len(simulated.running) == slots or not any(one in simulated.order.waiting for one in "abcde")
    assert len(simulated.started) == len(simulated.thread_of)
    by_thread: dict[int, list[int]] = defaultdict(list)
    for _, asked in simulated.started:
        by_thread[simulated.thread_of[asked]].append(asked)
    assert all(numbers == sorted(numbers) for numbers in by_thread.values())


@given(slots=st.integers(1, 8), others=st.integers(1, 5))
def test_fifty_questions_delay_anothers_first_by_one_finished_turn(slots: int, others: int) -> None:
    """Ada asks 50 questions in 50 threads; each person who asks later starts at the next turn that ends, in order."""
    simulated = Simulation(slots)
    for thread in range(50):
        simulated.ask("ada", thread)
    people = [f"p{number}" for number in range(min(others, slots))]
    for number, person in enumerate(people):
        simulated.ask(person, 100 + number)
    for person in people:
        simulated.end(0)
        assert simulated.started[-1][0] == person


def test_a_person_is_served_oldest_first() -> None:
    """Of one person's questions the oldest starts first, also where an older one came to the head of its thread later."""
    simulated = Simulation(1)
    simulated.ask("ada", 1)
    simulated.ask("ada", 1)
    simulated.ask("ada", 2)
    simulated.end(0)
    simulated.end(0)
    assert [number for _, number in simulated.started] == [0, 1, 2]


async def test_what_waits_is_told_once_for_each_owner() -> None:
    """Only what has to wait is told so, with whether it is the owner's first that waits."""
    slots, told = FairSlots[str](1), []
    assert await slots.acquire("ada", 0, told.append)
    waiting = [
        asyncio.create_task(slots.acquire(owner, number, told.append))
        for number, owner in enumerate(("ada", "ada", "ben"), 1)
    ]
    await asyncio.sleep(0)
    assert told == [True, False, True]
    assert slots.owners == {"ada"}
    slots.release("ada")
    assert await waiting[2]  # Ben began to wait before Ada's first ended
    slots.release("ben")
    assert await waiting[0]
    slots.close()
    assert not await waiting[1]
    assert not await slots.acquire("cy", 9)


async def test_what_is_cancelled_leaves_its_slot_to_others() -> None:
    """A task that is cancelled while it waits, or in the moment of its turn, keeps nothing."""
    slots = FairSlots[str](1)
    assert await slots.acquire("ada", 0)
    ben, cy, dan = (
        asyncio.create_task(slots.acquire(owner, number))
        for number, owner in enumerate(("ben", "cy", "dan"), 1)
    )
    await asyncio.sleep(0)
    ben.cancel()
    await asyncio.wait({ben})
    slots.release("ada")  # Cy's turn
    cy.cancel()
    await asyncio.wait({cy})
    assert await dan
    assert slots.owners == {"dan"}


async def test_threads_keep_their_order_with_slots() -> None:
    """Questions of two threads run one at a time, alternating between people, in order within each thread."""
    slots, queues, ran = FairSlots[str](1), KeyedQueue[str](), []

    def job(person: str, number: int) -> None:
        async def run() -> None:
            if await slots.acquire(person, number):
                ran.append((person, number))
                await asyncio.sleep(0)
                slots.release(person)

        queues.submit(person, run)

    for number in range(3):
        job("ada", number)
    for number in range(3, 6):
        job("ben", number)
    await queues.idle()
    assert ran == [("ada", 0), ("ben", 3), ("ada", 1), ("ben", 4), ("ada", 2), ("ben", 5)]


async def test_a_job_that_gives_up_is_passed_over() -> None:
    """It ends without a slot, and is ahead of nobody any more; one that runs, or never waited, is not touched."""
    slots: FairSlots[str] = FairSlots(1)
    assert await slots.acquire("a", 0)
    waiting = [asyncio.create_task(slots.acquire(owner, number)) for number, owner in enumerate("bcd", 1)]
    await asyncio.sleep(0)
    assert slots.ahead("d", 3, 5) == 2
    for owner, number in (("b", 1), ("a", 0), ("e", 9)):
        slots.give_up(owner, number)
    assert await waiting[0] is False
    assert slots.ahead("d", 3, 5) == 1
    slots.release("a")
    assert await waiting[1] is True
    assert not waiting[2].done()
    slots.release("c")
    assert await waiting[2] is True


def test_what_is_ahead_is_what_starts_before() -> None:
    """For each job that waits, whoever owns it, the count is the number of starts before its own, up to a bound."""
    for running in ({}, {"a": 2}, {"b": 1, "c": 3}):
        order: FairOrder[str] = FairOrder()
        order.running.update(running)
        jobs = [(owner, number) for number, owner in enumerate("aabcabbda")]
        for owner, number in jobs:
            order.add(owner, number)
        ahead = {job: order.ahead(*job, 20) for job in jobs}
        bounded = [order.ahead(*job, 2) for job in jobs]
        started = [order.start() for _ in jobs]
        assert {job: started.index(job) for job in jobs} == ahead
        assert bounded == [min(ahead[job], 3) for job in jobs]
