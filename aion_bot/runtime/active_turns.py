"""The turns that run in this process, by thread; how many run at once, in which order, and what people are told who wait."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.concurrency.fair_slots import FairSlots
from aion_bot.conversation.indicators import Indicators
from aion_bot.conversation.mentions import send_due
from aion_bot.conversation.private_reply import reply_privately
from aion_bot.conversation.progress import Progress
from aion_bot.conversation.services import Services
from aion_bot.conversation.turn import TurnRunner
from aion_bot.conversation.turn_log import AS_WANTED, is_slow, log_turn
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.access import Intent
from aion_bot.domain.turn import EndReason, Outcome, Turn
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.ratelimit.request_pace import ASKER, Asker

_log = structlog.get_logger(__name__)

_EARLIER = 10.0
"""Seconds for which a retry waits at most until its earlier attempt has ended: a full disk can hold that up for long."""

MOST_ACTIVE = 1000
"""Answers that run at once; `make cost` measures what so many need. One that is parked at a plan does not count."""

MOST_IN_PROCESS = 2000
"""Questions that may wait or be answered in the whole process."""

MOST_OF_PERSON = 50
"""Questions of one person that may wait or be answered once the process is half full: the other half is for others."""


class ActiveTurns:
    """Runs turns, finds them and ends them."""

    def __init__(self, tasks: BackgroundTasks, indicators: Indicators, services: Services) -> None:
        self._tasks = tasks
        self._services = services
        self._indicators = indicators
        self._runners: dict[ThreadKey, list[TurnRunner]] = {}

    async def run(self, runner: TurnRunner) -> None:
        """Run a turn, and return when it has ended or is parked at a plan."""
        # Before its task starts: a Stop that comes at this instant finds it.
        self._runners.setdefault(runner.turn.thread, []).append(runner)
        # In the background: a turn that is parked at a plan goes on after this has returned.
        self._tasks.spawn(self._run(runner))
        await runner.parked.wait()

    async def _run(self, runner: TurnRunner) -> None:
        thread, turn, sync = runner.thread, runner.turn, runner.sync
        progress = Progress(runner.started, runner.opened, runner.ended, runner.silence.lasts, sync.must_post)
        began = time.monotonic()
        ASKER.set(Asker(_owner(thread.platform, turn.asker), runner.silence.waits_for_aion))
        if (observer := self._services.observer if runner.counts else None) is not None:
            observer.began(turn)
        runner.before_end = partial(self._indicators.end_activity, thread, turn)
        opens = turn.origin is not None and turn.origin.opening is not None
        if not opens:
            runner.opened.set()  # no sign waits for the work
        try:
            async with self._indicators.working(thread, turn, progress, sync.may_wait):
                if not opens:  # an opened thread is a sign by itself
                    await self._indicators.first_signs.passed()
                await runner.run()
            slow = not runner.plans and is_slow(turn, began)
            # Before the rest is written: a database that is away for long says nothing of how fast the bot is.
            if observer is not None and runner.reason is not None:
                observer.ended(turn, runner.reason, timed=not runner.plans)
            if await runner.record_rest():
                # The indicators were cleared before the row could say that the end is shown.
                await self._indicators.clear(thread, turn)
            if runner.reason is not None and runner.counts:
                if slow or runner.reason not in AS_WANTED:
                    await log_turn(self._services.store.timeline, turn, runner.reason)
                if turn.notify_after:
                    # An earlier process, or the card of a plan, may have posted what is due.
                    again = runner.resumed or bool(runner.plans)
                    await send_due(self._services, thread, turn.key, again=again)
        finally:
            self._runners[turn.thread].remove(runner)
            if not self._runners[turn.thread]:
                del self._runners[turn.thread]

    async def await_earlier(self, turn: Turn) -> None:
        """Wait until the earlier attempts at a turn show nothing more: what they have posted is in its row then.

        A press on Retry can arrive before the answer to the request that has posted the button.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_EARLIER):
                for runner in self.find(turn=turn.key):
                    await runner.ended.wait()

    def running(self, platform: str) -> int:
        """Count the turns of a platform that are answered now; one that waits at a plan is not."""
        return sum(
            not runner.parked.is_set()
            for where, running in self._runners.items()
            for runner in running
            if where.platform == platform
        )

    def withdraw(self, platform: str, prompt: str) -> None:
        """End the turn of a withdrawn question that is not asked yet: its files go no further."""
        _log.info("question withdrawn", platform=platform)
        for runner in self.find():
            if runner.turn.origin is not None and runner.turn.origin.key == prompt:
                runner.interrupt(Outcome(EndReason.WITHDRAWN))

    def find(self, *, thread: ThreadKey | None = None, turn: str | None = None) -> Sequence[TurnRunner]:
        """Return the turns of a thread, the one with this key, or all."""
        return [
            runner
            for where, running in self._runners.items()
            for runner in running
            if thread in {None, where} and turn in {None, runner.turn.key} and not runner.ended.is_set()
        ]

    def interrupt(self, outcome: Outcome, thread: ThreadKey | None = None) -> None:
        """End the turns of a thread, or all."""
        for runner in self.find(thread=thread):
            runner.interrupt(outcome)

    async def replace(self, prompt: Prompt) -> None:
        """End the answers to the person's own questions in a thread; others' go on, and the new one waits for them."""
        access, platform = self._services.access, prompt.thread.platform
        for runner in self.find(thread=prompt.thread):
            # Not logged: nobody asked for the end of somebody else's answer.
            if await access.allows(platform, Intent.REPLACE, prompt.place, prompt.person, runner.turn.asker):
                runner.interrupt(Outcome(EndReason.STOPPED, strings.REPLACED))

    async def stream_end(self, plan_key: str, seconds: float) -> bool:
        """Wait until the stream that brought a plan has ended; returns whether text came after the plan."""
        # Also just after the end of the answer: the runner stays in the list until everything is recorded.
        runners = (one for running in self._runners.values() for one in running if plan_key in one.plans)
        runner = next(runners, None)
        if runner is None:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await runner.ended.wait()
        return runner.went_on


_Owner = tuple[str, str]
"""A platform, and the id of a person there."""


def _owner(platform: str, person: Person) -> _Owner:
    """Name who takes turns: of an app its oldest id, as a rule that of the app itself and not of one of its webhooks."""
    # By length first: ids of Discord are numbers that grow with time, and are compared as text here.
    return platform, min(person.apps, key=lambda one: (len(one), one), default=person.id)


@dataclass(frozen=True, slots=True)
class SlotWait:
    """A question that waits for its slot.

    `ahead` counts the questions before it, as far as a number and one more; `give_up` lets it end without a slot.
    """

    ahead: Callable[[int], int]
    give_up: Callable[[], None]


class TurnSlots:
    """Lets at most `MOST_ACTIVE` questions be answered at once. People take turns, each with their oldest first."""

    def __init__(self, indicators: Indicators, tasks: BackgroundTasks) -> None:
        self._indicators = indicators
        self._tasks = tasks
        self._slots: FairSlots[_Owner] = FairSlots(MOST_ACTIVE)
        self._numbers = itertools.count()
        self._loads: Counter[_Owner] = Counter()

    @property
    def full(self) -> bool:
        """Whether a question that comes now has to wait for its slot."""
        return self._slots.full

    def enter(self, platform: str, person: Person) -> int:
        """Count a question that waits in its thread's queue from now on; returns its place, older ones have lower ones."""
        self._loads[_owner(platform, person)] += 1
        # One sequence for all people: a number tells only which of one person's questions is older.
        return next(self._numbers)

    def leave(self, platform: str, person: Person) -> None:
        """Stop counting a question that `enter` counted."""
        self._loads -= Counter([_owner(platform, person)])  # which drops what is zero

    def load(self, platform: str) -> int:
        """Return how many questions of a platform wait or are answered."""
        return sum(count for (where, _), count in self._loads.items() if where == platform)

    def too_busy(self, platform: str, person: Person) -> str | None:
        """Return the sentence for a person who asks while the process, or their share of it, is full."""
        load = self._loads.total()
        if load >= MOST_IN_PROCESS:
            return strings.FULL_PROCESS
        own = self._loads[_owner(platform, person)]
        # A person's share is bounded only in a process that is half full: an idle one serves a single person, too.
        return strings.FULL_PERSON if 2 * load >= MOST_IN_PROCESS and own >= MOST_OF_PERSON else None

    @asynccontextmanager
    async def slot(
        self,
        thread: Thread,
        turn: Turn,
        number: int,
        *,
        tell: bool = True,
        note: Callable[[SlotWait], object] = lambda _: None,
    ) -> AsyncIterator[bool]:
        """Wait until the question at the head of its thread may be asked; False where it is not, as nothing is any more.

        While it waits its message is marked, and the person is told once for all of theirs that wait, if `tell`. `note` is
        called if it has to wait.
        """
        owner = _owner(thread.platform, turn.asker)

        def waits(first: bool) -> None:
            self._indicators.queued(thread, turn)
            slots = self._slots
            note(SlotWait(partial(slots.ahead, owner, number), partial(slots.give_up, owner, number)))
            if first and tell and turn.origin is not None:
                sentence = strings.answering_others(len(self._slots.owners), own=owner in self._slots.owners)
                origin = replace(turn.origin, source=None)  # its message is marked already
                self._tasks.spawn(reply_privately(thread, origin, (sentence,), hidden=True))

        started = await self._slots.acquire(owner, number, waits)
        try:
            yield started
        finally:
            if started:
                self._slots.release(owner)

    def close(self) -> None:
        """Let no more questions be asked; the next start goes on with those that wait."""
        self._slots.close()
