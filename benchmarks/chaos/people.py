"""What people do in the soak: ask, wait, and press what stands there. They look again every moment, as people do."""

import asyncio
import time
from collections import Counter, defaultdict
from contextlib import suppress

from aion_bot.domain import strings
from aion_bot.simulators.aion.sessions import Proposed
from benchmarks.chaos import scenes
from benchmarks.chaos.environment import Record, World
from benchmarks.chaos.scenarios import Amends, Course, Decision, Fate, Way
from benchmarks.chaos.workspaces import Asked, Place, Seen

PATIENCE = 15.0
"""Seconds that somebody keeps looking; what is not there by then is looked for in the end."""

_LOOK = 0.2
_UNDER_WAY = (strings.ASKING_AION, strings.RUNNING, strings.BUSY, strings.UNKNOWN)
_EPISODES = 4
_DISTURBED = {Course.STOPPED, Course.DELETED, Course.FORBIDDEN, Course.ARCHIVED}


class People:
    """Everybody in both workspaces. `retried` counts presses of Retry by thread, `reasons` keeps their sentences by key."""

    def __init__(self, world: World) -> None:
        self.retried: Counter[str] = Counter()
        self.reasons: dict[str, list[str]] = defaultdict(list)
        self._world = world

    async def turn(self, fate: Fate) -> None:
        """Ask a question, and do about it what was drawn."""
        record = self._world.records[fate.number] = Record(fate)
        asked = await self._ask(record)
        if asked is None:
            if not record.calls:
                del self._world.records[fate.number]
            return
        record.thread, record.message = asked.thread, asked.message
        await self._amend(record)
        if not record.withdrawn:
            await self._follow(record)

    async def _ask(self, record: Record) -> Asked | None:
        fate, place = record.fate, self._world.places[record.fate.platform]
        text = scenes.question(fate.number)
        if fate.way is not Way.REPLY:
            if fate.platform == "discord" and fate.way is not Way.DIRECT:
                await self._world.listening()
            return await place.ask(fate, text)
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE:
            first = self._world.records.get(fate.conversation)
            # Without a mention it is a question only where the bot takes part already: a person sees whether it does.
            if first is not None and first.thread and place.shown(first.thread):
                asked = await place.reply(place.people[fate.person], first.thread, text)
                if asked is not None:
                    return asked
            await asyncio.sleep(_LOOK)
        return None

    async def _amend(self, record: Record) -> None:
        """Edit or delete a question soon after it was asked."""
        place, fate = self.place(record), record.fate
        if fate.amends is Amends.NOTHING:
            return
        await asyncio.sleep(fate.seed % 5 / 10)
        if fate.amends is Amends.EDIT:
            place.rewrite(record.message, scenes.edited(fate.number))
        else:
            record.withdrawn = True
            place.withdraw(record.message)

    async def _follow(self, record: Record) -> None:
        """Watch one's question for a while."""
        course = record.fate.course
        begun, disturbed = time.monotonic(), False
        while time.monotonic() - begun < PATIENCE:
            await asyncio.sleep(_LOOK)
            shown = self.place(record).shown(record.thread)
            mine = [one for one in shown if scenes.labels([one.text]).keys() & self._attempts(record)]
            if course in _DISTURBED and mine and not disturbed:
                disturbed = await self._disturb(record, mine[-1])
            if course in {Course.PLAN, Course.OPEN_PLAN} and mine:
                await self._decide(record)
                return
            if record.fate.impatient:
                await self.retry(record, shown)
            if mine and not any("Stop" in one.buttons for one in mine) and self.is_whole(record, shown):
                return

    async def _disturb(self, record: Record, shown: Seen) -> bool:
        place = self.place(record)
        match record.fate.course:
            case _ if "Stop" not in shown.buttons:
                return False  # too late: it has ended
            case Course.DELETED:
                place.delete(record.thread, shown.id)
            case Course.FORBIDDEN:
                record.forbidden = True
                place.forbid(record.thread)
            case Course.ARCHIVED:
                place.archive(record.thread)
            case _:
                record.stopped = True
                if not (self._is_alone(record) and await place.stop(place.people[0], record.thread)):
                    await self._press(record, shown, "Stop")
        return True

    def _is_alone(self, record: Record) -> bool:
        """Whether the platform's own Stop, which stops all that runs in a thread, stops this question alone."""
        inside = (one for one in self._world.records.values() if one.thread == record.thread)
        return all(
            one is record or self.is_whole(one, self.place(one).shown(one.thread)) for one in inside
        ) and (record.fate.seed % 2 == 0)

    async def retry(self, record: Record, shown: list[Seen]) -> bool:
        """Press Retry wherever it stands in the thread; tell whether it does."""
        failed = [one for one in shown if "Retry" in one.buttons]
        for one in failed:
            if self.reasons[one.key][-1:] != [_sentence(one.text)]:  # somebody may press the same one again
                self.reasons[one.key].append(_sentence(one.text))
            self.retried[record.thread] += 1
            await self._press(record, one, "Retry")
        return bool(failed)

    async def _decide(self, record: Record) -> None:
        """Decide a plan as drawn, and again while the card comes back."""
        if record.fate.decision is Decision.NOBODY:
            return
        begun = time.monotonic()
        while len(record.episodes) < _EPISODES and time.monotonic() - begun < PATIENCE:
            card = self.card(record)
            if card is not None and "Approve" in card.buttons:
                await self.decide(record, card)
            elif card is not None and is_decided(card):
                return
            await asyncio.sleep(_LOOK)

    async def decide(self, record: Record, card: Seen) -> None:
        """Press what was drawn; the second time and later, Approve."""
        place, decision = self.place(record), record.fate.decision
        asker = place.people[record.fate.person]
        if decision is Decision.STRANGER and not record.episodes:
            other = place.people[(record.fate.person + 1) % len(place.people)]
            await self._press(record, card, "Approve", other)
        pressed = {
            Decision.CANCEL: ("Cancel",),
            Decision.DOUBLE: ("Approve", "Approve"),
            Decision.BOTH: ("Approve", "Cancel"),
        }.get(decision, ("Approve",))
        pressed = pressed if not record.episodes else pressed[:1]
        record.episodes.append((self.times_told(record), len(pressed)))
        for label in pressed:
            await self._press(record, card, label, asker)
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE / 2:
            await asyncio.sleep(_LOOK)
            now = self.card(record)
            if now is None or is_decided(now):
                return
            if "Approve" in now.buttons and now.text != card.text:
                return

    async def approve(self, record: Record, card: Seen) -> None:
        """Press Approve once."""
        record.episodes.append((self.times_told(record), 1))
        await self._press(record, card, "Approve")

    def times_told(self, record: Record) -> int:
        """How often Aion was told to decide this question's plan."""
        return len(self._world.aion.told[plan.id]) if (plan := self.plan(record)) else 0

    def plan(self, record: Record) -> Proposed | None:
        """The newest plan that Aion proposed for a question."""
        words = f"as question {record.fate.number} says"
        for session in self._world.aion.sessions:
            for plan in session.plans.values():
                if plan.plan.description.endswith(words):
                    return plan
        return None

    def card(self, record: Record) -> Seen | None:
        """The card of a question's plan."""
        words = f"as question {record.fate.number} says"
        shown = self.place(record).shown(record.thread)
        return next((one for one in reversed(shown) if words in one.text), None)

    def place(self, record: Record) -> Place:
        """Where a question was asked."""
        return self._world.places[record.fate.platform]

    def is_whole(self, record: Record, shown: list[Seen]) -> bool:
        """Whether the newest attempt's answer is shown in full."""
        return scenes.is_whole(
            scenes.labels(one.text for one in shown).get((record.fate.number, record.accepted), [])
        )

    def _attempts(self, record: Record) -> set[scenes.Attempt]:
        return {(record.fate.number, attempt) for attempt in range(1, record.accepted + 1)}

    async def _press(self, record: Record, shown: Seen, label: str, person: object = None) -> None:
        place = self.place(record)
        someone = next((one for one in place.people if one == person), place.people[record.fate.person])
        with suppress(LookupError):  # it may be gone since one looked
            await place.press(someone, record.thread, shown.id, shown.buttons[label])


def is_decided(card: Seen) -> bool:
    """Whether a card records how its plan ended."""
    record = "Approved by" in card.text or "Cancelled by" in card.text
    return record and not card.buttons and not is_under_way(card)


def is_under_way(card: Seen) -> bool:
    """Whether a card says that its decision is being carried out."""
    return any(words in card.text for words in _UNDER_WAY)


def _sentence(text: str) -> str:
    """What the bot says about a failure, without what is there of the answer."""
    return text.rpartition("⚠️")[2].strip() or "(no sentence)"
