"""The simulated people of the soak test: they ask, wait, and press buttons. They look at their thread at intervals."""

import asyncio
import time
from collections import Counter, defaultdict
from contextlib import suppress

from aion_bot.domain import strings
from aion_bot.simulators.aion.sessions import Proposed
from benchmarks.chaos import scenes
from benchmarks.chaos.environment import Environment, Record
from benchmarks.chaos.scenarios import AskMethod, Behaviour, Change, Decision, Extra, Scenario
from benchmarks.chaos.workspaces import AskedQuestion, ShownMessage, Workspace

PATIENCE = 15.0
"""Seconds that a person waits for something; the rest is done at the end of the round."""

_POLL_INTERVAL = 0.2
_IN_PROGRESS = (strings.ASKING_AION, strings.RUNNING, strings.BUSY, strings.UNKNOWN)
_EPISODES = 4
_DISTURBED = {Behaviour.STOPPED, Behaviour.DELETED, Behaviour.FORBIDDEN, Behaviour.ARCHIVED}


class People:
    """The people of both workspaces. `retried` counts presses of Retry by thread, `reasons` has their sentences by key."""

    def __init__(self, environment: Environment) -> None:
        self.retried: Counter[str] = Counter()
        self.reasons: dict[str, list[str]] = defaultdict(list)
        self._environment = environment

    async def turn(self, scenario: Scenario) -> None:
        """Ask a question and follow its scenario."""
        record = self._environment.records[scenario.number] = Record(scenario)
        asked = await self._ask(record)
        if asked is None:
            if not record.calls:
                del self._environment.records[scenario.number]
            return
        record.thread, record.message = asked.thread, asked.message
        await self._change(record)
        if not record.withdrawn:
            await self._follow(record)

    async def _ask(self, record: Record) -> AskedQuestion | None:
        scenario, workspace = record.scenario, self._environment.workspaces[record.scenario.platform]
        text = scenes.question(scenario.number)
        if scenario.method is not AskMethod.REPLY:
            if scenario.platform == "discord" and scenario.method is not AskMethod.DIRECT:
                await self._environment.listening()
            return await workspace.ask(scenario, text)
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE:
            first = self._environment.records.get(scenario.conversation)
            # Without a mention the bot answers only in threads where it has posted. People see whether it has.
            if first is not None and first.thread and workspace.shown(first.thread):
                asked = await workspace.reply(workspace.people[scenario.person], first.thread, text)
                if asked is not None:
                    return asked
            await asyncio.sleep(_POLL_INTERVAL)
        return None

    async def _change(self, record: Record) -> None:
        """Edit or delete a question soon after it was asked."""
        workspace, scenario = self.workspace(record), record.scenario
        if scenario.change is Change.NOTHING and scenario.extra is Extra.TAKE_BACK:
            await self._take_back(record)
        if scenario.change is Change.NOTHING:
            return
        await asyncio.sleep(scenario.seed % 5 / 10)
        if scenario.change is Change.EDIT:
            workspace.rewrite(record.message, scenes.edited(scenario.number))
        else:
            record.withdrawn = True
            workspace.withdraw(record.message)

    async def _take_back(self, record: Record) -> None:
        """Press Withdraw under a question that waits; whether that counts is told by its row."""
        workspace, begun, pressed = self.workspace(record), time.monotonic(), False
        while time.monotonic() - begun < (PATIENCE if pressed else PATIENCE / 5):
            asked, reason = self._environment.question_of(record.scenario.platform, record.message)
            if reason:
                record.withdrawn = reason == "withdrawn"
                return
            for one in workspace.shown(record.thread):
                if strings.WITHDRAW in one.buttons and asked and one.key.startswith(asked) and not pressed:
                    pressed = True
                    await self._press(record, one, strings.WITHDRAW)
            await asyncio.sleep(_POLL_INTERVAL)

    async def _follow(self, record: Record) -> None:
        """Watch a question for a while."""
        behaviour = record.scenario.behaviour
        begun, disturbed = time.monotonic(), False
        while time.monotonic() - begun < PATIENCE:
            await asyncio.sleep(_POLL_INTERVAL)
            shown = self.workspace(record).shown(record.thread)
            mine = [one for one in shown if scenes.labels([one.text]).keys() & self._attempts(record)]
            if behaviour in _DISTURBED and mine and not disturbed:
                disturbed = await self._disturb(record, mine[-1])
            if behaviour in {Behaviour.PLAN, Behaviour.OPEN_PLAN} and mine:
                await self._decide(record)
                return
            if record.scenario.impatient:
                await self.retry(record, shown)
            if mine and not any("Stop" in one.buttons for one in mine) and self.is_whole(record, shown):
                return

    async def _disturb(self, record: Record, shown: ShownMessage) -> bool:
        workspace = self.workspace(record)
        match record.scenario.behaviour:
            case _ if "Stop" not in shown.buttons:
                return False  # the answer has ended already
            case Behaviour.DELETED:
                workspace.delete(record.thread, shown.id)
            case Behaviour.FORBIDDEN:
                record.forbidden = True
                workspace.forbid(record.thread)
            case Behaviour.ARCHIVED:
                workspace.archive(record.thread)
            case _:
                record.stopped = True
                if not (self._is_alone(record) and await workspace.stop(workspace.people[0], record.thread)):
                    await self._press(record, shown, "Stop")
        return True

    def _is_alone(self, record: Record) -> bool:
        """Whether the platform's own Stop, which stops all answers of a thread, would stop only this question."""
        inside = (one for one in self._environment.records.values() if one.thread == record.thread)
        return all(
            one is record or self.is_whole(one, self.workspace(one).shown(one.thread)) for one in inside
        ) and (record.scenario.seed % 2 == 0)

    async def retry(self, record: Record, shown: list[ShownMessage]) -> bool:
        """Press every Retry button of the thread; returns whether there is one."""
        failed = [one for one in shown if "Retry" in one.buttons]
        for one in failed:
            if self.reasons[one.key][-1:] != [_sentence(one.text)]:  # the same button may be pressed again
                self.reasons[one.key].append(_sentence(one.text))
            self.retried[record.thread] += 1
            await self._press(record, one, "Retry")
        return bool(failed)

    async def _decide(self, record: Record) -> None:
        """Decide a plan as the scenario says, and again when the card's buttons return."""
        if record.scenario.decision is Decision.NOBODY:
            return
        begun = time.monotonic()
        while len(record.episodes) < _EPISODES and time.monotonic() - begun < PATIENCE:
            card = self.card(record)
            if card is not None and "Approve" in card.buttons:
                await self.decide(record, card)
            elif card is not None and is_decided(card):
                return
            await asyncio.sleep(_POLL_INTERVAL)

    async def decide(self, record: Record, card: ShownMessage) -> None:
        """Press the buttons of the scenario; from the second time on, Approve."""
        workspace, decision = self.workspace(record), record.scenario.decision
        asker = workspace.people[record.scenario.person]
        if decision is Decision.SOMEBODY_ELSE and not record.episodes:
            other = workspace.people[(record.scenario.person + 1) % len(workspace.people)]
            await self._press(record, card, "Approve", other)
        pressed = {
            Decision.CANCEL: ("Cancel",),
            Decision.DOUBLE: ("Approve", "Approve"),
            Decision.BOTH: ("Approve", "Cancel"),
        }.get(decision, ("Approve",))
        pressed = pressed if not record.episodes else pressed[:1]
        record.episodes.append((self.decision_count(record), len(pressed)))
        for label in pressed:
            await self._press(record, card, label, asker)
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE / 2:
            await asyncio.sleep(_POLL_INTERVAL)
            now = self.card(record)
            if now is None or is_decided(now):
                return
            if "Approve" in now.buttons and now.text != card.text:
                return

    async def approve(self, record: Record, card: ShownMessage) -> None:
        """Press Approve once."""
        record.episodes.append((self.decision_count(record), 1))
        await self._press(record, card, "Approve")

    def decision_count(self, record: Record) -> int:
        """How often Aion was asked to decide this question's plan."""
        return len(self._environment.aion.decision_responses[plan.id]) if (plan := self.plan(record)) else 0

    def plan(self, record: Record) -> Proposed | None:
        """The newest plan that Aion proposed for a question."""
        words = f"as question {record.scenario.number} says"
        for session in self._environment.aion.sessions:
            for plan in session.plans.values():
                if plan.plan.description.endswith(words):
                    return plan
        return None

    def card(self, record: Record) -> ShownMessage | None:
        """The card of a question's plan."""
        words = f"as question {record.scenario.number} says"
        shown = self.workspace(record).shown(record.thread)
        return next((one for one in reversed(shown) if words in one.text), None)

    def workspace(self, record: Record) -> Workspace:
        """Where a question was asked."""
        return self._environment.workspaces[record.scenario.platform]

    def is_whole(self, record: Record, shown: list[ShownMessage]) -> bool:
        """Whether the newest attempt's answer is shown in full."""
        return scenes.is_whole(
            scenes.labels(one.text for one in shown).get((record.scenario.number, record.accepted), [])
        )

    def _attempts(self, record: Record) -> set[scenes.Attempt]:
        return {(record.scenario.number, attempt) for attempt in range(1, record.accepted + 1)}

    async def _press(self, record: Record, shown: ShownMessage, label: str, person: object = None) -> None:
        workspace = self.workspace(record)
        person_pressing = next(
            (one for one in workspace.people if one == person), workspace.people[record.scenario.person]
        )
        with suppress(LookupError):  # the message may have changed since it was read
            await workspace.press(person_pressing, record.thread, shown.id, shown.buttons[label])


def is_decided(card: ShownMessage) -> bool:
    """Whether a card records how its plan ended."""
    # A press that did not do what its button says, such as Cancel on an expired plan, is recorded as "pressed by".
    record = any(words in card.text for words in ("Approved by", "Cancelled by", "pressed by"))
    return record and not card.buttons and not is_in_progress(card)


def is_in_progress(card: ShownMessage) -> bool:
    """Whether a card says that its decision is being carried out."""
    return any(words in card.text for words in _IN_PROGRESS)


def _sentence(text: str) -> str:
    """The sentence about a failure, without the partial answer, its reference and what follows."""
    sentence = text.rpartition("⚠️")[2].strip().partition("\n")[0].partition(" (ref ")[0]
    return sentence or "(no sentence)"
