"""Races of presses, deadlines, new rules and restarts about one plan: drawn by a seed, through the real store and rules."""

import asyncio
import os
import random
import sys
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aion_bot.aion import AionVision, AionvisionError, PlanActionResponse
from aion_bot.aion.errors import ServerError
from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.services import Services
from aion_bot.delivery.registry import Registry
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.plan import DEADLINE, Plan
from aion_bot.domain.rules import Rule, Rules
from aion_bot.ports.events import Click, InboundEvent, Place
from aion_bot.ports.messages import Action, Content, Line, MessageRef, Person, Step, ThreadKey
from aion_bot.storage import Store
from tests.support.databases import lay_database
from tests.support.plain_adapter import PlainAdapter

PEOPLE = tuple(Person(f"U{number}") for number in range(5))
REQUESTER = PEOPLE[0]
PLACE = Place("T1", "C1")
QUICK, MANY = 60, int(os.environ.get("RACES", "2000"))
_AT_ONCE = 20


class Silent(PlainAdapter):
    """A platform that takes everything."""

    async def edit(self, message: MessageRef, content: Content) -> None:
        pass

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:
        pass


@dataclass
class Race:
    """One plan, what is drawn about it, and what Aion saw."""

    draw: random.Random
    store: Store
    key: str
    sent: list[tuple[Action, bool | None]] = field(default_factory=list)
    """Requests, and whether Aion refused each; None: its answer never arrived."""
    pressed: set[str] = field(default_factory=set)
    pressed_in: set[tuple[str, Action, int | None]] = field(default_factory=set)
    """In which rounds people pressed what; None: the button said no round."""
    wrong: list[str] = field(default_factory=list)
    policies: list[tuple[int, bool, frozenset[str]]] = field(default_factory=list)

    def rules(self) -> Rules:
        """Draw other rules."""
        people = frozenset(one.id for one in self.draw.sample(PEOPLE, self.draw.randint(2, 5)))
        drawn = self.draw.randint(1, 3), self.draw.random() < 0.3, people
        self.policies.append(drawn)
        said = dict(zip(("approvals_required", "four_eyes", "approvers"), drawn, strict=True))
        return Rules({name: Rule(value, "drawn") for name, value in said.items()})

    def approve_plan(self, _session: str, plan: str) -> Awaitable[PlanActionResponse]:
        # The rules of this moment count, and not those of the moment at which somebody else has read a row.
        return self._approve(plan, *self.policies[-1])

    async def _approve(
        self, plan: str, required: int, eyes: bool, approvers: frozenset[str]
    ) -> PlanActionResponse:
        rows = await self.store.plans.get(self.key)
        assert rows is not None
        assert rows.decider is not None
        people = {one.id for one in (*rows.approvals, rows.decider)}
        if not people <= self.pressed:
            self.wrong.append(f"{people - self.pressed} never approved")
        if len(people & approvers - ({REQUESTER.id} if eyes else set())) < required:
            self.wrong.append(f"{sorted(people)} are too few by {self.policies[-1]}")
        return await self._act(Action.APPROVE, plan)

    async def cancel_plan(self, _session: str, plan: str) -> PlanActionResponse:
        return await self._act(Action.CANCEL, plan)

    async def get_session(self, _session: str, **_limits: int) -> Any:
        return SimpleNamespace(messages=[])

    async def _act(self, action: Action, plan: str) -> PlanActionResponse:
        row = await self.store.plans.get(self.key)
        assert row is not None
        assert row.decider is not None
        told = {(row.decider.id, action, number) for number in (None, row.round - 1)}
        if row.decider != DEADLINE and not told & self.pressed_in:
            self.wrong.append(f"{action} in round {row.round - 1}, pressed in {self.pressed_in}")
        if any(refused is not True for _, refused in self.sent):
            self.wrong.append(f"{action} after {self.sent}")
        at = len(self.sent)
        self.sent.append((action, None))
        await pause(self)
        if self.draw.random() < 0.3:
            self.sent[at] = action, True
            error: AionvisionError = ServerError()
            error.status_code = 500
            raise error
        self.sent[at] = action, False
        return PlanActionResponse(True, plan, "", action)


async def pause(race: "Race") -> None:
    """Let others go first, for as many reads of the store as is drawn."""
    for _ in range(race.draw.choice((0, 0, 1, 3, 8, 20))):
        await read(race.store)


async def read(store: Store) -> None:
    """Read the least there is: what is read does not matter to a pause."""
    await store.kv.get("plain", "nothing")


class Process:
    """What one process of the bot has."""

    def __init__(self, race: Race, rules: Rules) -> None:
        adapter = Silent()
        self.access = AccessControl({"plain": AccessPolicy()}, rules)
        aion = cast("AionVision", SimpleNamespace(chats=race, key_digest="key"))
        services = Services(race.store, aion, Registry(), self.access)
        self.thread = services.registry.thread(adapter, ThreadKey("plain", "1"))
        self.race, self.tasks = race, set[asyncio.Task[None]]()
        self.approvals = Approvals(services, self._no_stream)

    @staticmethod
    async def _no_stream(_key: str, _seconds: float) -> bool:
        return False

    def do(self, event: str) -> None:
        """Begin one drawn event."""
        self.tasks.add(asyncio.create_task(self._do(event)))

    async def _do(self, event: str) -> None:
        draw, key = self.race.draw, self.race.key
        if event == "deadline":
            await self.approvals.stop(self.thread, key, DEADLINE)
            return
        person, action = draw.choice(PEOPLE), Action(event)
        if action is Action.APPROVE:
            self.race.pressed.add(person.id)
        message = MessageRef(self.thread.key, "m")
        # A press arrives some time after it was made, on the card of that moment.
        plan = await self.race.store.plans.get(key)
        number = draw.choice((None, plan.round, plan.round)) if plan is not None else None
        self.race.pressed_in.add((person.id, action, number))
        await pause(self.race)
        await self.approvals.click(self.thread, Click(action, key, message, PLACE, person, round=number))

    async def resume(self) -> None:
        """Go on with what an earlier process left."""
        for plan in await self.race.store.plans.not_shown():
            if plan.key == self.race.key and plan.message is not None:
                self.tasks.add(
                    asyncio.create_task(self.approvals.resume(self.thread, plan, (plan.message,), None))
                )

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        for one in self.tasks:
            one.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def run(store: Store, seed: int) -> Race:
    """Run one race."""
    race = Race(random.Random(seed), store, f"k{seed}")
    thread = ThreadKey("plain", "1")
    plan = Plan(race.key, f"p{seed}", f"s{seed}", thread, REQUESTER, "Sort", (Step("Folders", "sort them"),))
    await store.plans.add(plan)
    await store.plans.note_card(race.key, MessageRef(thread, "m"))
    process = Process(race, race.rules())
    for _ in range(race.draw.randint(4, 12)):
        event = race.draw.choices(("approve", "cancel", "deadline", "rules", "restart"), (12, 1, 1, 2, 1))[0]
        if event == "rules":
            process.access.rules = race.rules()
        elif event == "restart":
            await process.kill()
            process = Process(race, process.access.rules)
            await process.resume()
        else:
            process.do(event)
        await pause(race)
    for _ in range(200):  # what watches a session would wait for minutes
        if all(one.done() for one in process.tasks):
            break
        await read(store)
    done = [one for one in process.tasks if one.done()]
    race.wrong += [repr(one.exception()) for one in done if one.exception()]
    await process.kill()
    return race


async def races(folder: Path, seeds: Sequence[int]) -> list[Race]:
    """Run races on one database, each about a plan of its own."""
    store = await Store.open(lay_database(folder / "bot.db"))
    try:
        found: list[Race] = []
        for at in range(0, len(seeds), _AT_ONCE):
            found += await asyncio.gather(*(run(store, seed) for seed in seeds[at : at + _AT_ONCE]))
        return found
    finally:
        await store.close()


@pytest.mark.parametrize("count", [QUICK, pytest.param(MANY, marks=[pytest.mark.slow, pytest.mark.long])])
async def test_races_of_approvals(tmp_path: Path, count: int) -> None:
    """At most one action may have reached Aion without a refusal, and an approval has as many different people as it needs."""
    found = await races(tmp_path, range(count))
    assert {race.key: race.wrong for race in found if race.wrong} == {}
    sent = [action for race in found for action, _ in race.sent]
    several = sum(len(race.sent) > 1 for race in found)
    unknown = sum(refused is None for race in found for _, refused in race.sent)
    sys.stdout.write(
        f"{count} races, seeds 0 to {count - 1}: {sent.count(Action.APPROVE)} approvals, "
        f"{sent.count(Action.CANCEL)} cancellations, {unknown} without an answer, {several} plans with several attempts\n"
    )
    assert sent.count(Action.APPROVE) >= count // 10
    assert sent.count(Action.CANCEL) >= count // 20
    assert several
    assert unknown
