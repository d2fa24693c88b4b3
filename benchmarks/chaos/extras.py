"""What people do beside asking and deciding: they rate, explain, ask privately and share, and want another plan.

Verified by what must hold whatever happens: a private answer stands in direct messages alone and once, a share once in public, a
reason once, one rating a person, one question for each card that asks for another plan, and one file of a content.
"""

import asyncio
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from aion_bot.domain import strings
from aion_bot.ports.messages import Action
from aion_bot.simulators.workspace import FullWorkspace, Shown, SimulatedPerson
from aion_bot.storage import StoreError
from aion_bot.storage.beside import Beside, open_beside
from benchmarks.chaos import scenes
from benchmarks.chaos.environment import Environment, Record
from benchmarks.chaos.people import PATIENCE, People
from benchmarks.chaos.scenarios import Decision, Extra, Scenario
from benchmarks.chaos.workspaces import ShownMessage

_POLL_INTERVAL = 0.2
_LOOK_AFTER = 0.1
"""Seconds between two looks at what is open, times the number of databases."""
_ANSWERED_PRIVATELY = (
    "SELECT count(*) FROM turn WHERE json_extract(origin, '$.share_to') IS NOT NULL AND reason = 'answered'"
)
_OPEN_PRIVATELY = "SELECT count(*) FROM turn WHERE json_extract(origin, '$.share_to') IS NOT NULL AND phase NOT IN ('shown', 'cleared')"
_SHARED = "SELECT count(*) FROM share WHERE phase = 'shared'"
_SHARING = "SELECT count(*) FROM share WHERE phase <> 'shared'"
_ANOTHER = f"SELECT coalesce(sum(1 + attempt), 0) FROM turn WHERE prompt LIKE '%{Action.ANOTHER_PLAN}%'"  # noqa: S608  # a literal of ours
_REASONS_DUE = "SELECT count(*) FROM reason WHERE phase = 'due'"


class Extras:
    """What the people of one round do beside asking and deciding."""

    def __init__(self, environment: Environment, people: People) -> None:
        self._environment, self._people = environment, people
        self._rated: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        """What people pressed, by the turn's key and the person's id."""
        self._private: dict[int, Scenario] = {}
        self._pressed_share: set[int] = set()
        self._reasons: dict[int, Record] = {}
        self._looked, self._left = 0.0, 1
        self._forms: Mapping[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def after(self, scenario: Scenario) -> None:
        """Do what a scenario has beside its question, once people have followed that."""
        record = self._environment.records.get(scenario.number)
        with suppress(LookupError, TimeoutError):
            if scenario.extra is Extra.PRIVATE:
                await self._ask_privately(scenario)
            elif record is None:
                return
            elif scenario.extra is Extra.RATE:
                await self._rate(record)
            elif scenario.extra is Extra.REASON:
                await self._explain(record)
            elif scenario.extra is Extra.ANOTHER and scenario.decision is Decision.CANCEL:
                await self._want_another(record)

    async def _rate(self, record: Record) -> None:
        workspace = self._people.workspace(record)
        shown = [
            one
            for one in workspace.shown(record.thread)
            if strings.GOOD in one.buttons and f"q{record.scenario.number}a" in one.text
        ]
        for one in shown[-1:]:
            for at in range(4):
                person = workspace.people[(record.scenario.seed + at) % 3]
                label = (strings.GOOD, strings.BAD)[(record.scenario.seed >> at) % 2]
                self._rated[one.key][person.id].add("good" if label == strings.GOOD else "bad")
                await workspace.press(person, record.thread, one.id, one.buttons[label])

    async def _explain(self, record: Record) -> None:
        card = await self._card_with(record, strings.ADD_REASON)
        if card is None:
            return
        workspace, person = self._people.workspace(record), self._asker(record)
        full, number = self._environment.full(record.scenario.platform), record.scenario.number
        async with self._forms[person.id]:  # a person has one form open
            full.close_form(person)
            await workspace.press(person, record.thread, card.id, card.buttons[strings.ADD_REASON])
            if await self._until(lambda: full.open_form(person) is not None):
                self._reasons[number] = record
                await full.submit_form(person, f"because{number} it is so")

    async def _want_another(self, record: Record) -> None:
        card = await self._card_with(record, strings.ANOTHER_PLAN)
        if card is None:
            return
        workspace = self._people.workspace(record)
        # Its asker twice, who presses Retry where it fails: of two people whose presses come to two replicas, either may be first.
        asker = workspace.people[record.scenario.person]
        for _ in range(2):
            await workspace.press(asker, record.thread, card.id, card.buttons[strings.ANOTHER_PLAN])

    async def _ask_privately(self, scenario: Scenario) -> None:
        number, full = scenario.number, self._environment.full(scenario.platform)
        person = full.people[scenario.person]
        if scenario.platform == "discord":
            await self._environment.listening()
        self._private[number] = scenario
        await full.ask_privately(person, scenes.private_question(number))
        if scenario.seed % 3 == 0 or not await self._until(lambda: any(self._sharable(full, person, number))):
            return
        shown = next(self._sharable(full, person, number))
        button = next(one for one in shown.buttons if one.label == strings.SHARE)
        self._pressed_share.add(number)
        for _ in range(2):
            await full.press_private(person, shown.id, button.id)

    @staticmethod
    def _sharable(full: FullWorkspace, person: SimulatedPerson, number: int) -> Iterator[Shown]:
        for one in full.direct_messages(person):
            if _has(one.text, f"alone{number}") and strings.SHARE in {each.label for each in one.buttons}:
                yield one

    async def _card_with(self, record: Record, label: str) -> ShownMessage | None:
        """Wait for a button on the card of a question's plan; None where it does not come."""

        def card() -> ShownMessage | None:
            found = self._people.card(record)
            return found if found is not None and label in found.buttons else None

        return card() if await self._until(lambda: card() is not None) else None

    def _asker(self, record: Record) -> SimulatedPerson:
        return self._people.workspace(record).people[record.scenario.person]

    @staticmethod
    async def _until(condition: Callable[[], bool]) -> bool:
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE / 3:
            if condition():
                return True
            await asyncio.sleep(_POLL_INTERVAL)
        return False

    @property
    def open(self) -> int:
        """How many private questions, shares and reasons have not ended."""
        if time.monotonic() - self._looked > _LOOK_AFTER * len(self._environment.databases):
            with suppress(StoreError, sqlite3.Error):  # the database is away: as many as before
                self._left = self._count(_OPEN_PRIVATELY, _SHARING, _REASONS_DUE)
            self._looked = time.monotonic()
        return self._left

    def verify(self) -> Iterator[tuple[str, int, str]]:
        """Return every violation: its kind, the number of the question, and what is wrong."""
        yield from self._verify_private()
        yield from self._verify_reasons()
        yield from self._verify_rows()
        for database in self._environment.databases:
            with open_beside(database) as rows:
                yield from self._verify_ratings(rows)
        yield from self._verify_files()

    def _verify_private(self) -> Iterator[tuple[str, int, str]]:
        totals = self._environment.totals
        for platform in self._environment.workspaces:
            full = self._environment.full(platform)
            public = "\n".join(one.text for one in full.public_messages())
            read = {one.id: "\n".join(each.text for each in full.direct_messages(one)) for one in full.people}
            for number, scenario in self._private.items():
                if scenario.platform != platform:
                    continue
                words, asker = f"alone{number}", full.people[scenario.person].id
                answers, shares = _times(read[asker], words), _times(public, words)
                totals["private answers"] += answers
                totals["shares"] += shares
                if answers > 1:
                    yield "doubled", number, "a private answer stands twice"
                if shares > 1:
                    yield "doubled", number, f"a private answer was shared {shares} times"
                if shares and number not in self._pressed_share:
                    yield "doubled", number, "a private answer was shared though nobody pressed"
                if any(_times(text, words) for person, text in read.items() if person != asker):
                    yield "doubled", number, "a private answer reached somebody else"

    def _verify_reasons(self) -> Iterator[tuple[str, int, str]]:
        for number, record in self._reasons.items():
            shown = self._people.workspace(record).shown(record.thread)
            said = sum(_times(one.text, f"because{number}") for one in shown)
            self._environment.totals["reasons"] += said
            if said > 1:
                yield "doubled", number, f"a reason stands {said} times"

    def _verify_rows(self) -> Iterator[tuple[str, int, str]]:
        totals = self._environment.totals
        for name, sql in (
            ("private question", _OPEN_PRIVATELY),
            ("share", _SHARING),
            ("reason", _REASONS_DUE),
        ):
            if left := self._count(sql):
                yield "stuck", 0, f"{left} times a {name} has not ended"
        if (answered := self._count(_ANSWERED_PRIVATELY)) != totals["private answers"]:
            yield "lost", 0, f"{answered} private answers, {totals['private answers']} stand"
        if (shared := self._count(_SHARED)) != totals["shares"]:
            yield "lost", 0, f"{shared} shares, {totals['shares']} stand"
        asked = self._environment.aion.asked_beside["another plan"]
        totals["other plans"] = asked
        if asked > self._count(_ANOTHER):
            yield "doubled", 0, f"another plan was asked for {asked} times by {self._count(_ANOTHER)}"

    def _count(self, *statements: str) -> int:
        """Count rows in all databases."""
        found = 0
        for database in self._environment.databases:
            with open_beside(database) as rows:
                found += sum(int(rows.execute(sql).fetchone()[0]) for sql in statements)
        return found

    def _verify_ratings(self, rows: Beside) -> Iterator[tuple[str, int, str]]:
        totals = self._environment.totals
        for turn, person, rating in rows.execute("SELECT turn, person_id, rating FROM rating"):
            if turn in self._rated:
                totals["ratings"] += 1
                if rating not in self._rated[turn][person]:
                    yield "doubled", 0, f"{person} never rated {turn} as {rating}"

    def _verify_files(self) -> Iterator[tuple[str, int, str]]:
        totals = self._environment.totals
        stored = Counter(one.digest for one in self._environment.aion.files.uploaded)
        totals["files"] = stored.total()
        for digest, times in stored.items():
            if times > len(self._environment.workspaces):
                yield "doubled", 0, f"the library has {times} files {digest[:8]}"


def _times(text: str, word: str) -> int:
    return sum(part.strip(".,*_`>“”") == word for part in text.split())


def _has(text: str, word: str) -> bool:
    return _times(text, word) > 0
