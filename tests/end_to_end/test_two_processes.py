"""Two real processes with one token and two databases: each question is answered once, each press counts once."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot
from tests.end_to_end.program import Program
from tests.support.databases import lay_database

pytestmark = pytest.mark.slow  # each starts two whole programs

LEFT = "left to another process"
OVERVIEW = "I can look at"
on_discord = pytest.mark.parametrize("workspace", ["discord"], indirect=True)


class Pair:
    """Two processes. `told` is how often they said so far that they keep out of something."""

    def __init__(self, bot: Bot, folder: Path) -> None:
        self.bot, self.folder = bot, folder
        self.programs: list[Program] = []
        self.told = 0

    def env(self, number: int) -> dict[str, str]:
        """The settings of a process: all are those of the other one but the database."""
        database = lay_database(self.folder / str(number) / "bot.db")
        return dict(self.bot.env(AION_BOT_DATABASE_URL=f"sqlite:///{database}", AION_BOT_LOG_LEVEL="info"))

    async def start(self) -> None:
        """Start one, then the other."""
        for number in range(2):
            (self.folder / str(number)).mkdir()
            program = Program(self.folder / str(number))
            self.programs.append(program)
            await program.start(self.env(number))
            await program.prints("event=connected")

    async def output_has(self, condition: Callable[[str], bool]) -> None:
        """Wait until what both have printed fulfils `condition`."""
        async with asyncio.timeout(30):
            while not condition("".join(one.output for one in self.programs)):  # noqa: ASYNC110  # as in `Program.prints`
                await asyncio.sleep(0.02)

    async def once(self, doing: Awaitable[str], done: Callable[[str], bool]) -> str:
        """Do something, and wait until one process has done its part and the other said that it keeps out."""
        thread = await doing
        await self.bot.until(lambda: done(thread))
        self.told += 1
        await self.output_has(lambda output: output.count(f'event="{LEFT}"') >= self.told)
        return thread

    async def asked_once(self, asking: Awaitable[str], thread: str = "", words: str = OVERVIEW) -> str:
        """Ask, and check that there is one new message and Aion was asked once; the very first time each may ask Aion."""
        before, asks = (len(self.bot.bots(thread)) if thread else 0), self.bot.aion.count("send_stream")
        most = 1 if self.told else 2

        def ended(where: str) -> bool:
            shown = words in self.bot.text(where) and self.bots(where) > before
            return shown and self.bot.aion.count("send_stream") > asks and not self.bot.pressable(where)

        where = await self.once(asking, lambda one: ended(thread or one))
        assert self.bots(thread or where) == before + 1
        assert 1 <= self.bot.aion.count("send_stream") - asks <= most
        return where

    def bots(self, thread: str) -> int:
        """The messages of the bot in a thread, but what acknowledges a command."""
        return sum(one.text.startswith("> ") is False for one in self.bot.bots(thread))


@pytest.fixture
async def pair(idle: Bot, tmp_path: Path) -> AsyncIterator[Pair]:
    made = Pair(idle, tmp_path)
    await made.start()
    yield made
    for program in made.programs:
        await program.kill()


@on_discord
async def test_each_question_is_answered_once(pair: Pair, discord: SimulatedDiscord) -> None:
    """Direct messages, mentions, follow-ups, `/ask` and edits: one answer, one thread, one acknowledgement each."""
    ada, ben, _ = discord.people
    direct = await pair.asked_once(discord.direct_message(ada, "Hello"))
    await pair.asked_once(discord.direct_message(ada, "Hello again"), direct)
    await pair.asked_once(discord.direct_message(ben, "Hello"))
    thread = await pair.asked_once(discord.mention(ada, "Tell me"))
    await pair.asked_once(_reply(discord, thread, "and now?"), thread)
    talk = discord.backend.open_thread(discord.say(ben, "a talk"), {"name": "talk"}, by=ben).id
    await pair.asked_once(_reply(discord, talk, "hello"), talk)
    await pair.asked_once(_reply(discord, talk, "and again?"), talk)
    command = await pair.asked_once(discord.ask(ada, "Tell me more"))
    assert [one.answered for one in discord.world.interactions.values()] == [True]
    asks, posts = pair.bot.aion.count("send_stream"), len(discord.world.everything())
    for where in (direct, thread, talk):
        question = next(one for one in discord.world.messages[where] if one.author in discord.people)
        discord.edit_message(question.id, "Tell me, in other words")
    for where in (direct, thread, talk):  # behind the edits: they were handled
        await pair.asked_once(_reply(discord, where, "the last one"), where)
    assert (pair.bot.aion.count("send_stream") - asks, len(discord.world.everything()) - posts) == (3, 6)
    owned = [one.id for one in discord.world.channels.values() if one.owner == discord.world.bot.id]
    assert sorted(owned) == sorted([thread, command])
    await _is_told(pair)


async def _reply(discord: SimulatedDiscord, thread: str, text: str) -> str:
    await discord.reply(discord.people[0], thread, text)
    return thread


async def _is_told(pair: Pair) -> None:
    """One of the two at least says in its log and to `doctor` that there is another one."""
    told = [number for number, one in enumerate(pair.programs) if 'event="second process"' in one.output]
    assert told
    doctor = Program(pair.folder / str(told[0]))
    await doctor.start(pair.env(told[0]), "doctor")
    assert (await doctor.end())[0] == 1
    assert strings.SECOND_PROCESS in doctor.output


@on_discord
@pytest.mark.parametrize("owner", [0, 1])
async def test_a_press_counts_once(pair: Pair, discord: SimulatedDiscord, owner: int) -> None:
    """Approve, Stop and Retry on messages of either process: one acknowledgement, one decision, one new attempt."""
    bot, ada = pair.bot, discord.people[0]
    parts = (Speak("The first part. "), Hold("go"), Speak("The end."), *ENDING)
    other = pair.programs[1 - owner]

    async def asked_of_owner(question: str, *labels: str) -> str:
        """Ask while the other process is suspended; it comes second when it goes on."""
        other.send(signal.SIGSTOP)
        thread = await discord.mention(ada, question)
        await bot.until(lambda: bot.pressable(thread) == list(labels) and "Thinking" not in bot.text(thread))

        async def resumed() -> str:
            other.send(signal.SIGCONT)
            return thread

        return await pair.once(resumed(), lambda _: True)

    async def pressed(thread: str, label: str) -> str:
        await bot.press(ada, thread, label)
        return thread

    plan = await asked_of_owner("organize the photos", "Approve", "Cancel")
    await pair.once(pressed(plan, "Approve"), lambda one: "3 photos are in" in bot.text(one))
    bot.aion.play(Scene(parts, Answer("The first part. The end.")))
    held = await asked_of_owner("something long", "Stop")
    await pair.once(pressed(held, "Stop"), lambda one: not bot.pressable(one))
    bot.aion.release("go")
    failed = await asked_of_owner("an outage", "Retry")
    bot.aion.play(Scene((Speak("Now it works."), *ENDING), Answer("Now it works.")))
    await pair.once(pressed(failed, "Retry"), lambda one: "Now it works." in bot.text(one))
    assert len(bot.bots(failed)) == 1
    assert bot.aion.count("plan_action") == 1
    assert [one.answered for one in discord.world.interactions.values()] == [True] * 3


@on_discord
async def test_what_one_missed_is_not_answered_again(pair: Pair, discord: SimulatedDiscord) -> None:
    """A process that was away catches up with what the other one has answered meanwhile, and keeps out of it."""
    ada = discord.people[0]
    first, second = pair.programs
    away = discord.gateway.listening[1]  # the second one's, which connected later
    first.send(signal.SIGSTOP)
    thread = await discord.mention(ada, "Tell me")  # in a thread of the second one
    await pair.bot.shows(thread, OVERVIEW)
    first.send(signal.SIGCONT)
    await pair.once(_same(thread), lambda _: True)
    second.send(signal.SIGSTOP)
    discord.gateway.sessions.pop(away.id)
    await _reply(discord, thread, "and now?")
    await pair.bot.until(lambda: pair.bots(thread) == 2)

    async def back() -> str:
        second.send(signal.SIGCONT)
        if away.socket is not None:
            await away.socket.close(code=4000)
        return thread

    await pair.once(back(), lambda _: True)
    await pair.asked_once(_reply(discord, thread, "and then?"), thread)
    assert pair.bots(thread) == 3


async def _same(thread: str) -> str:
    return thread


@on_discord
async def test_a_process_that_is_gone_leaves_its_threads_to_the_other(
    pair: Pair, discord: SimulatedDiscord
) -> None:
    """After the end of the process that answered in a thread, the other one answers there: nothing is lost."""
    first, second = pair.programs
    first.send(signal.SIGSTOP)
    thread = await discord.mention(discord.people[0], "Tell me")
    await pair.bot.shows(thread, OVERVIEW)
    first.send(signal.SIGCONT)
    await pair.once(_same(thread), lambda _: True)
    await second.kill()
    await _reply(discord, thread, "and now?")
    await pair.bot.until(lambda: pair.bots(thread) == 2)
    await pair.bot.shows(thread, OVERVIEW)


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_on_slack_the_second_process_says_so(pair: Pair, slack: SimulatedSlack) -> None:
    """Slack gives each event to one of them: questions are answered, and the process that came second tells its operator."""
    await slack.until(lambda: slack.sockets.open == 4)
    await pair.bot.asked(slack.people[0], "Tell me", OVERVIEW)
    await pair.output_has(lambda output: 'event="second process"' in output)
    await _is_told(pair)
