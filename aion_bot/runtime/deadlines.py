"""Plans that wait: each is cancelled when its time is over, those who may decide are reminded, and cards show new rules."""

import asyncio
import contextlib
import hashlib
import json
import math
import sqlite3
import time
from collections.abc import Callable, Mapping

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.departures import look_for_requester
from aion_bot.conversation.quorum import overdue, show_open
from aion_bot.conversation.reminders import remind
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain.plan import DEADLINE, Plan
from aion_bot.ports.adapter import PlatformAdapter

_log = structlog.get_logger(__name__)

_LOOK, _AFTER_CHANGE = 15.0, 1.0
"""Seconds between two looks at the plans that wait, and between a change of rules and the next one."""

_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 3600.0
"""Seconds until a cancellation that Aion did not take is tried again; each pause is twice the one before."""

_STILL_HERE = 600.0
"""Seconds between two looks whether the requester of a plan that waits is still there, and before the first one."""

_RULES = "rules shown"
"""Name of the value that holds a digest of the rules which open cards show."""


class Deadlines:
    """One task for all plans: no timer for each. What is due runs in `tasks`. `clock`: seconds since 1970; `running`: those that nobody sets.

    A clock that jumps ahead lets plans end early, which is a no. One that jumps back does not let them wait longer than their
    time by the machine's own count, as long as the process runs.
    """

    def __init__(
        self,
        services: Services,
        adapters: Mapping[str, PlatformAdapter],
        approvals: Approvals,
        tasks: BackgroundTasks,
        *,
        clock: Callable[[], float] = time.time,
        running: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services, self._adapters, self._approvals = services, adapters, approvals
        self._clock, self._running = clock, running
        self._plans = services.store.plans
        self._tasks = tasks
        self._seen: dict[str, tuple[float, float]] = {}
        """By the keys of plans: how old each was when it was seen first, and when that was by `running`."""
        self._again: dict[str, tuple[float, float]] = {}
        """By the keys of plans whose cancellation was tried: from when on, by `running`, and after which pause."""
        self._looked_for: dict[tuple[str, str], float] = {}
        """When it was looked last, by `running`, whether a requester is still there: by platform and person."""
        self._changed_at = 0.0
        """When other rules were seen last, by `clock`."""

    async def run(self) -> None:
        """Look until cancelled. A database that cannot be read is tried again at the next look."""
        changed = self._services.access.changed
        while True:
            # Before the look: rules that change during it are looked at once more.
            changed.clear()
            pause = _LOOK
            try:
                pause = _AFTER_CHANGE if await self.look() else _LOOK
            except sqlite3.Error as error:
                _log.error("plans that wait not read", reason=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await changed.wait()

    async def look(self) -> bool:
        """Cancel what is overdue, remind once, and show new rules; returns whether there are such."""
        # First: a card that is not among those that wait yet shows the rules of before.
        new = await self._rules_are_new()
        if new:
            self._changed_at = self._clock()
        waiting = await self._plans.waiting()
        for plan in waiting:
            adapter = self._adapters.get(plan.thread.platform)
            if adapter is None:
                continue
            thread = self._services.registry.thread(adapter, plan.thread)
            # Also a card that was on its way, or whose decision came back, when the rules changed.
            redraw = new or (plan.key not in self._seen and plan.proposed_at <= self._changed_at)
            if self._due(thread, plan):
                continue
            if redraw:
                self._tasks.spawn(show_open(self._services, thread, plan.key))
            if self._asks_for_requester(thread, plan):
                self._tasks.spawn(look_for_requester(self._services, thread, plan))
        keys = {plan.key for plan in waiting}
        self._seen = {key: seen for key, seen in self._seen.items() if key in keys}
        self._again = {key: again for key, again in self._again.items() if key in keys}
        people = {(plan.thread.platform, plan.requester.id) for plan in waiting}
        self._looked_for = {who: at for who, at in self._looked_for.items() if who in people}
        return new

    def _due(self, thread: Thread, plan: Plan) -> bool:
        """Begin what is due for a plan; returns whether it is being cancelled."""
        policy = self._services.access.policy(thread.platform, plan.place)
        now, age = self._running(), self._age(plan)
        if overdue(plan, policy, plan.proposed_at + age):
            due, pause = self._again.get(plan.key, (now, _FIRST_PAUSE))
            if due <= now:
                self._again[plan.key] = now + pause, min(2 * pause, _LONGEST_PAUSE)
                _log.info("plan not approved in time", plan=plan.key, platform=thread.platform)
                self._tasks.spawn(self._approvals.stop(thread, plan.key, DEADLINE))
            return True
        if 0 < policy.approval_reminder <= age and not plan.reminded:
            # Perhaps once more before this has ended, which reminds nobody twice: it is claimed in the plan's row.
            self._tasks.spawn(remind(self._services, thread, plan))
        return False

    def _asks_for_requester(self, thread: Thread, plan: Plan) -> bool:
        """Return whether it is time to ask the platform whether a requester is still there who alone may decide."""
        policy, now = self._services.access.policy(thread.platform, plan.place), self._running()
        who = thread.platform, plan.requester.id
        due = self._looked_for.get(who, -math.inf) + _STILL_HERE <= now
        if policy.approvers != "requester" or self._age(plan) < _STILL_HERE or not due:
            return False
        self._looked_for[who] = now
        return True

    def _age(self, plan: Plan) -> float:
        """Return for how many seconds a plan has waited, whichever clock says more."""
        age, now = self._clock() - plan.proposed_at, self._running()
        first, since = self._seen.setdefault(plan.key, (max(0.0, age), now))
        return max(age, first + now - since)

    async def _rules_are_new(self) -> bool:
        """Return whether open cards may show older rules, once for each change, also one while nobody ran."""
        access, keys = self._services.access, self._services.keys
        in_use = [self._services] if keys is None else [*keys.in_use.values()]
        refused = sorted(
            one.aion.key_digest for one in in_use if access.refuses_plans(one.aion.key_digest, self._clock())
        )
        rules = access.rules.as_json({one: one for one in access.rules.people})
        written = json.dumps([rules, refused], sort_keys=True)
        digest = hashlib.sha256(written.encode()).hexdigest()
        kv = self._services.store.kv
        if await kv.get("", _RULES) == digest:
            return False
        await kv.set("", _RULES, digest)
        return True
