"""Many workspaces in one deployment, each with words of its own: nothing of one is found where another one's things are.

Sentence 6 of the issue about many workspaces: files, sessions, plans, names, caches, log fields, rows and requests.
"""

import asyncio
import json
import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest
import structlog
from structlog.testing import capture_logs

from aion_bot.domain import strings
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.pictures import png
from aion_bot.simulators.aion.scene import Operation, Plan, PlanEnd, proposed, spoken
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import Shown, SimulatedFile, SimulatedPerson
from aion_bot.storage.hosting import open_shared
from tests.end_to_end.deployment import Deployment, FileScopes
from tests.support.databases import contents_of
from tests.support.postgres import lay_shared
from tests.support.scope_database import MemoryServer
from tests.support.shared_values import MemoryValues

pytestmark = pytest.mark.slow

_SEEDED = re.compile(r"zq0*(\d+)qz")
_IDS = re.compile(r"\b[TUCDGB](\d{4})(?:TEAM|AION|ADA|BEN|CY|GENERAL)\b", re.IGNORECASE)
_NAMES = re.compile(r"\b(?:Ada|Ben|Cy|Company) (\d+)\b")


_STRANGER = "U0007ADA"
"""Whom somebody in another workspace mentions by id (`names_of_strangers_stay_unknown`)."""


def seeded(kind: str, number: int) -> str:
    """Return a word that stands for one workspace alone."""
    return f"{kind}zq{number}qz"


def foreign(text: str, number: int) -> set[str]:
    """Return what in a text belongs to another workspace than the one with this number; 0: to any."""
    found = (match for form in (_SEEDED, _IDS, _NAMES) for match in form.finditer(text))
    return {match[0] for match in found if int(match[1]) != number and match[0] != _STRANGER}


@dataclass
class Company:
    """A workspace with its Aion. In every second one only Ben may use the bot."""

    number: int
    slack: SimulatedSlack
    aion: SimulatedAion

    @property
    def team(self) -> str:
        return self.slack.conversations.team.id

    @property
    def asker(self) -> SimulatedPerson:
        return self.slack.people[1 if only_ben(self.number) else 0]

    def word(self, kind: str) -> str:
        return seeded(kind, self.number)

    async def shows(self, thread: str, *parts: str) -> None:
        """Wait until the bot's messages in a thread have these parts."""
        await self.slack.until(
            lambda: all(any(part in one.text for one in self.bots(thread)) for part in parts)
        )

    def bots(self, thread: str) -> list[Shown]:
        return [one for one in self.slack.thread(thread) if one.by_bot]

    async def card(self, thread: str, label: str) -> Shown:
        """Wait for a message of the bot's with this button."""

        def found() -> Shown | None:
            return next(
                (one for one in self.bots(thread) if label in [each.label for each in one.buttons]), None
            )

        await self.slack.until(lambda: found() is not None)
        shown = found()
        assert shown is not None
        return shown

    async def press(self, thread: str, label: str) -> None:
        shown = await self.card(thread, label)
        button = next(one for one in shown.buttons if one.label == label)
        await self.slack.press(self.asker, thread, shown.id, button.id)

    async def ask(self) -> str:
        """Ask about a picture; returns the thread."""
        self.aion.play(spoken(f"I see {self.word('answer')}."))
        picture = SimulatedFile(f"{self.word('file')}.png", png(self.word("pixels")))
        thread = await self.slack.mention(
            self.asker, f"What is {self.word('question')}, {self.asker.name}?", files=[picture]
        )
        await self.shows(thread, self.word("answer"))
        return thread

    async def plan(self) -> str:
        """Have a plan made and approve it; returns its thread."""
        steps = (Operation("FolderOrganizationAgent", f"Make {self.word('step')}"),)
        result = f"Done: there is {self.word('result')}."
        self.aion.play(proposed(Plan(f"Tidy {self.word('plan')}", steps, result, (PlanEnd.DONE,))))
        thread = await self.slack.mention(self.asker, f"Tidy up {self.word('wish')}")
        await self.press(thread, strings.APPROVE)
        await self.shows(thread, self.word("result"))
        return thread

    async def ask_alone(self) -> None:
        """Ask in private, and in a direct message."""

        def answered() -> int:
            return sum(self.word("whisper") in one.text for one in self.slack.direct_messages(self.asker))

        before = answered()
        self.aion.play(spoken(f"Only {self.word('whisper')}."))
        await self.slack.ask_privately(self.asker, f"Whisper {self.word('secret')}")
        await self.slack.until(lambda: answered() > before)
        self.aion.play(spoken(f"Here {self.word('direct')}."))
        thread = await self.slack.direct_message(self.asker, f"Tell {self.word('dm')}")
        await self.shows(thread, self.word("direct"))

    async def commands(self, thread: str) -> None:
        """Use commands that show names and sessions, and what was asked before."""
        before = len(self.slack.command_answers(self.asker))
        for words in ("sessions", "status", "context"):
            await self.slack.command(self.asker, words, thread=thread)
        self.slack.open_home(self.asker)
        await self.slack.until(
            lambda: (
                len(self.slack.command_answers(self.asker)) >= before + 3
                and bool(self.slack.home(self.asker))
            )
        )

    async def journey(self) -> None:
        """All of it, one after the other."""
        thread = await self.ask()
        await self.plan()
        await self.ask_alone()
        await self.commands(thread)
        if only_ben(self.number):
            refused = await self.slack.mention(self.slack.people[0], f"And I {self.word('refused')}?")
            await self.slack.until(lambda: bool(self.slack.private_messages(refused, self.slack.people[0])))

    def shown(self) -> str:
        """All that is in the workspace, and all that its Web API was told."""
        held = self.slack.conversations
        messages = [[one.author.id, one.versions, list(one.files), one.metadata] for one in held.messages]
        titles = list(held.session_titles.values())
        return json.dumps([messages, titles, held.homes, self.slack.api.bodies], default=str)

    def asked(self) -> list[str]:
        """The questions, without what was said before them."""
        return [str(body["message"]).partition("\n\n")[0] for body in self.aion.bodies("send_stream")]

    def told_to_aion(self) -> str:
        """All that its Aion was told."""
        sent = [[one.operation, dict(one.path), one.body, dict(one.headers)] for one in self.aion.requests]
        return json.dumps([sent, [one.filename for one in self.aion.files]], default=str)


def only_ben(number: int) -> bool:
    return number % 2 == 0


def rules(team: str) -> str:
    """Every second workspace lets only Ben use the bot."""
    number = int(team[1:5])
    return f'allow_users = ["U{number:04d}BEN"]\n' if only_ben(number) else ""


def companies(deployment: Deployment) -> list[Company]:
    return [
        Company(int(team[1:5]), slack, deployment.aion_of(team))
        for team, slack in deployment.teams.teams.items()
    ]


def give_all_the_same_times(deployment: Deployment) -> None:
    """Let messages of different workspaces have the same ids: an id of Slack's is unique in its channel alone."""
    for slack in deployment.teams.teams.values():
        slack.conversations.clock.begin_at(deployment.began + 60)


async def metrics(deployment: Deployment) -> str:
    """What a replica tells of itself."""
    url = f"http://127.0.0.1:{deployment.teams.http.ports[0]}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()


def crossed(deployment: Deployment, logs: list[MutableMapping[str, Any]]) -> Iterator[str]:
    """Return everything of one workspace that stands where another one's things are."""
    for one in companies(deployment):
        for what, text in (("Slack", one.shown()), ("Aion", one.told_to_aion())):
            yield from (f"{hit} in {what} of {one.team}" for hit in foreign(text, one.number))
    for event in logs:
        scope = str(event.get("scope", ""))
        number = int(scope.partition(":")[2][1:5]) if scope else 0
        text = json.dumps({name: value for name, value in event.items() if name != "scope"}, default=str)
        yield from (f"{hit} in {event['event']} of {scope or 'no scope'}" for hit in foreign(text, number))
        yield from (f"{hit[0]} in {event['event']}" for hit in _SEEDED.finditer(text))
    yield from (f"{taken.operation} with {key[:8]}" for key, taken in deployment.aion.crossed)


async def forge(mine: Company, other: Company) -> None:
    """Send in one workspace the press of a plan's button of another one: nothing comes of it there."""
    other.aion.play(proposed(Plan("Tidy up", (Operation("FolderOrganizationAgent", "Make one"),), "Done.")))
    there = await other.slack.mention(other.asker, "Tidy up once more")
    card = await other.card(there, strings.APPROVE)
    button = next(one for one in card.buttons if one.label == strings.APPROVE)
    mine.aion.play(spoken("Nothing."))
    here = await mine.slack.mention(mine.asker, "What now?")
    await mine.shows(here, "Nothing.")
    before = other.aion.count("plan_action"), mine.aion.count("plan_action")
    answered = len(mine.slack.command_answers(mine.asker))
    await mine.slack.press_forged(mine.asker, here, mine.bots(here)[-1].id, button)
    await mine.slack.until(lambda: len(mine.slack.command_answers(mine.asker)) > answered)
    assert (other.aion.count("plan_action"), mine.aion.count("plan_action")) == before
    await other.card(there, strings.APPROVE)


async def names_of_strangers_stay_unknown(mine: Company, other: Company) -> None:
    """A mention of somebody who is in another workspace is not told to Aion by that name."""
    stranger, asked = other.slack.people[0], other.slack.api.calls["users.info"]
    assert stranger.id == _STRANGER
    mine.aion.play(spoken("Nobody."))
    text = f"{mine.slack.mention_of_bot} who is <@{stranger.id}>?"
    thread = mine.slack.say(mine.asker, mine.slack.general, text).ts
    await mine.shows(thread, "Nobody.")
    assert stranger.name not in mine.told_to_aion()
    assert other.slack.api.calls["users.info"] == asked


async def test_nothing_crosses_between_a_few_workspaces(tmp_path: Path) -> None:
    """Five workspaces of one replica ask about pictures at the same time: requests, logs, metrics and rows are each one's own."""
    server, values = MemoryServer(), MemoryValues()

    async def opens(_: object, replica: str) -> FileScopes:
        made = FileScopes(server, replica, values)
        made.folder = tmp_path
        return made

    async with Deployment(5, tmp_path, opens, rules=rules) as deployment:
        await deployment.install(values)
        give_all_the_same_times(deployment)
        with capture_logs([structlog.contextvars.merge_contextvars]) as logs:
            await deployment.start()
            await asyncio.gather(*(one.ask() for one in companies(deployment)))
            told = await metrics(deployment)
            await deployment.stop()
        assert list(crossed(deployment, logs)) == []
        assert foreign(told, 0) == set()
        for one in companies(deployment):
            assert one.word("answer") in one.shown()
            assert one.word("question") in one.told_to_aion()
            assert f"slack:{one.team}" in {event.get("scope") for event in logs}
            rows = contents_of(tmp_path / f"slack_{one.team}.db").decode(errors="replace")
            assert one.team in rows
            assert foreign(rows, one.number) == set()


def rows_in(location: PostgresUrl, schema: str) -> str:
    """Return all rows of a schema."""
    with psycopg.connect(location.url) as connection:
        sql = "SELECT tablename FROM pg_tables WHERE schemaname = %s"
        tables = [name for (name,) in connection.execute(sql, (schema,))]
        assert tables
        return "\n".join(
            text
            for one in tables
            for (text,) in connection.execute(f"SELECT row::text FROM {schema}.{one} AS row".encode())  # noqa: S608  # names of ours
        )


@pytest.mark.slow
@pytest.mark.long
async def test_nothing_crosses_between_fifty_workspaces(tmp_path: Path) -> None:
    """Two replicas on a Postgres server, each workspace with a key and a policy of its own, which does all that it can do.

    Then the replicas are stopped, and others go on with some; and somebody in one workspace tries to press another one's button.
    """
    location = lay_shared()
    async with Deployment(
        50, tmp_path, open_shared, location=location, replicas=2, rules=rules
    ) as deployment:
        shared = await open_shared(location, "installer")
        await deployment.install(shared.values)
        await shared.close()
        give_all_the_same_times(deployment)
        everybody = companies(deployment)
        with capture_logs([structlog.contextvars.merge_contextvars]) as logs:
            for some in (everybody, everybody[::5]):
                await deployment.start()
                await in_turn(some)
                told = await metrics(deployment)
                await forge(everybody[0], everybody[2])
                await names_of_strangers_stay_unknown(everybody[4], everybody[6])
                await deployment.stop()
        assert list(crossed(deployment, logs)) == []
        assert foreign(told, 0) == set()
        for one in everybody:
            assert one.word("whisper") in one.shown()
            assert one.word("wish") in one.told_to_aion()
            assert not any(one.word("refused") in question for question in one.asked())
            rows = rows_in(location, f"aion_bot_slack_{one.team.lower()}")
            assert one.team in rows
            assert foreign(rows, one.number) == set()
        assert _SEEDED.search(rows_in(location, "aion_bot_shared")) is None


async def in_turn(everybody: list[Company]) -> None:
    """Let ten at a time go their ways."""
    slots = asyncio.Semaphore(10)

    async def go(one: Company) -> None:
        async with slots:
            await one.journey()

    await asyncio.gather(*(go(one) for one in everybody))
