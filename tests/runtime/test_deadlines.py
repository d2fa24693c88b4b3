"""Plans that wait, under a clock that jumps: a deadline is a no, and never a yes; a card shows the rules in force."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aion_bot.aion import AionVision, PlanActionResponse
from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.services import Services
from aion_bot.delivery.registry import Registry
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.domain.rules import Rule, Rules
from aion_bot.ports.messages import Action, Content, MessageRef, Person, PlanCard, Step, ThreadKey
from aion_bot.runtime.deadlines import Deadlines
from aion_bot.storage import Store
from tests.support.databases import lay_database
from tests.support.manual_clock import ManualClock
from tests.support.plain_adapter import PlainAdapter

HOUR = 3600
THREAD = ThreadKey("plain", "1")


class Board(PlainAdapter):
    """A platform that keeps how often each message was edited, and what was posted."""

    def __init__(self) -> None:
        super().__init__()
        self.edits: list[PlanCard] = []
        self.posts: list[Content] = []

    async def edit(self, message: MessageRef, content: Content) -> None:
        """Keep it."""
        assert isinstance(content, PlanCard), message
        self.edits.append(content)

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        """Keep it."""
        self.posts.append(content)
        return MessageRef(thread, nonce)


class Bench:
    """Deadlines over a real database, with clocks of their own; Aion takes each action."""

    def __init__(self, store: Store) -> None:
        self.store, self.board, self.acted = store, Board(), list[Action]()
        chats = SimpleNamespace(
            approve_plan=self._act(Action.APPROVE),
            cancel_plan=self._act(Action.CANCEL),
            get_session=self._session,
        )
        aion = cast("AionVision", SimpleNamespace(chats=chats, key_digest="key"))
        self.access = AccessControl({"plain": AccessPolicy()}, self.rules())
        services = Services(store, aion, Registry(), self.access)
        self.clock, self.running, self.tasks = ManualClock(), ManualClock(), BackgroundTasks()
        approvals = Approvals(services, self._no_stream)
        adapters: dict[str, Any] = {"plain": self.board}
        self.deadlines = Deadlines(
            services, adapters, approvals, self.tasks, clock=self.clock, running=self.running
        )

    @staticmethod
    def rules(*, expires: int = 24 * HOUR, reminder: int = 0, required: int = 1) -> Rules:
        """Rules that name these."""
        people = frozenset({"U1", "U2"})
        said = {
            "approvers": people, "approval_expires": expires, "approval_reminder": reminder, "approvals_required": required,
        }  # fmt: skip
        return Rules({name: Rule(value, "test") for name, value in said.items()})

    def _act(self, action: Action) -> Callable[[str, str], Any]:
        async def act(_session: str, plan: str) -> PlanActionResponse:
            self.acted.append(action)
            return PlanActionResponse(True, plan, "", action)

        return act

    @staticmethod
    async def _session(_session: str, **_limits: int) -> Any:
        return SimpleNamespace(messages=[])

    @staticmethod
    async def _no_stream(_key: str, _seconds: float) -> bool:
        return False

    async def propose(self, key: str, *, posted: bool = True) -> Plan:
        """Write a plan whose card is posted, or on its way."""
        step = Step("Folders", "sort them")
        await self.store.plans.add(Plan(key, f"p{key}", "s", THREAD, Person("U1"), "Sort", (step,)))
        if posted:
            await self.store.plans.note_card(key, MessageRef(THREAD, f"m{key}"))
        return await self.plan(key)

    async def plan(self, key: str) -> Plan:
        """Read it."""
        found = await self.store.plans.get(key)
        assert found is not None
        return found

    async def look(self) -> None:
        """Look once, and wait until what that began is over."""
        await self.deadlines.look()
        await self.tasks.wait(30)
        assert not self.tasks.running


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    made = Bench(store)
    plan = await made.propose("a")
    made.clock.now = float(plan.proposed_at)
    await made.look()
    yield made
    await made.tasks.cancel()
    await store.close()


async def test_a_clock_that_jumps_ahead_ends_a_plan_early_as_a_no(bench: Bench) -> None:
    """An hour ahead a plan of half an hour is cancelled, once; one that has more time goes on, and none is approved."""
    bench.access.rules = bench.rules(expires=2 * HOUR)
    bench.clock.now += HOUR
    await bench.look()
    assert bench.acted == []
    bench.access.rules = bench.rules(expires=HOUR // 2)
    for _ in range(3):
        await bench.look()
    assert bench.acted == [Action.CANCEL]
    assert (await bench.plan("a")).phase is PlanPhase.CANCELLED


async def test_a_clock_that_jumps_back_gives_a_plan_no_more_time(bench: Bench) -> None:
    """An hour back, a plan is reminded of and cancelled after its time by the machine's own count, neither earlier nor an hour later."""
    bench.access.rules = bench.rules(expires=HOUR, reminder=HOUR // 2)
    bench.clock.now -= HOUR
    reminded, over = HOUR // 2, HOUR
    for passed, reminders, acted in (
        (reminded - 1, 0, []),
        (reminded, 1, []),
        (over - 1, 1, []),
        (over, 1, [Action.CANCEL]),
    ):
        bench.running.now = 1_000.0 + passed
        await bench.look()
        assert (len(bench.board.posts), bench.acted) == (reminders, acted), passed


async def test_a_clock_that_jumps_ahead_and_back_reminds_once(bench: Bench) -> None:
    """A reminder that came early is not repeated, and the deadline stands by the time that passed."""
    bench.access.rules = bench.rules(expires=24 * HOUR, reminder=HOUR)
    for jump in (HOUR, -HOUR, HOUR, -HOUR):
        bench.clock.now += jump
        await bench.look()
    assert len(bench.board.posts) == 1
    assert bench.acted == []


async def test_new_rules_are_shown_on_each_card_once(bench: Bench) -> None:
    """A change of rules draws the card anew, and no look after it does; so it is for a key that may not decide plans."""
    drawn = len(bench.board.edits)
    bench.access.rules = bench.rules(required=2)
    for _ in range(2):
        await bench.look()
    assert len(bench.board.edits) == drawn + 1
    assert "2 people" in str(bench.board.edits[-1].facts)
    bench.access.refused_keys = {"key": bench.clock.now + 1}
    bench.access.key_in_use = lambda _: "key"
    for _ in range(2):
        await bench.look()
    assert len(bench.board.edits) == drawn + 2


async def test_a_card_that_was_on_its_way_shows_the_new_rules(bench: Bench) -> None:
    """What was drawn before a change of rules and is recorded after it is drawn anew; what is proposed later is not."""
    plan = await bench.propose("b", posted=False)
    bench.clock.now = float(plan.proposed_at)  # on a slow machine a second later than the first one
    bench.access.rules = bench.rules(required=2)
    await bench.look()
    drawn = len(bench.board.edits)
    await bench.store.plans.note_card("b", MessageRef(THREAD, "mb"))
    await bench.look()
    assert [one.key for one in bench.board.edits[drawn:]] == ["b"]
    bench.deadlines._changed_at -= 60  # as if a minute had passed
    await bench.propose("c")
    await bench.look()
    assert len(bench.board.edits) == drawn + 1
