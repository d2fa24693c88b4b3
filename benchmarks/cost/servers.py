"""The simulated Aion, Slack and Discord in a process of their own."""

import asyncio
import resource
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import count, cycle
from multiprocessing.connection import Connection
from typing import Any

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.pictures import png
from aion_bot.simulators.aion.scene import ENDING, Answer, Scene, Speak
from aion_bot.simulators.aion.sessions import Session
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.state import Message
from aion_bot.simulators.workspace import SimulatedFile
from benchmarks.cost.load import (
    AnswerRecord,
    Load,
    Operation,
    Replay,
    RunRecord,
    calls_of,
    without_whitespace,
)
from benchmarks.cost.processes import Orders, obey

_SHOWING = {"chat.postMessage", "chat.update"}
_PATIENCE = 600.0
_QUIET = 0.5
"""Seconds without a request after which no more is expected."""
_OVER = 30.0
"""Seconds without a request and a stream after which what is not shown will not be."""
_UNLIMITED = 1_000_000
"""Requests a minute that Aion allows."""


class _Aion(SimulatedAion):
    """A simulated Aion with one answer to every question."""

    scene = Scene(())

    def script(self, question: str, session: Session) -> Scene:
        """Return the scene of the answer."""
        del question, session
        return self.scene


class Servers:
    """Both servers, their questions, and a record of the requests that show something."""

    def __init__(self) -> None:
        self._aion = _Aion()
        # More than any tier has, and so no limit: what is measured are the costs, and not the pace of a hundred requests a minute.
        self._aion.files.limits = replace(self._aion.files.limits, calls=_UNLIMITED)
        self._slack = SimulatedSlack(inspector=self._note)
        self._discord = SimulatedDiscord()
        self._workspace: SimulatedSlack | SimulatedDiscord = self._slack
        self._numbers = count()
        self._calls: list[Operation] = []
        self._begun = 0.0

    async def env(self, platform: str = "slack") -> Mapping[str, str]:
        """Start Aion and a platform; returns the settings that connect a bot."""
        if platform == "discord":
            self._workspace = self._discord
        await self._aion.start()
        await self._workspace.start()
        return {**self._aion.env, **self._workspace.env}

    async def connected(self) -> None:
        """Wait until the bot listens."""
        await self._workspace.connected(timeout=30)

    async def ask(self, load: Load) -> RunRecord:
        """Ask, and wait until all answers are shown or the time is up."""
        self._play(load)
        asking = asyncio.create_task(self._ask_all(load))
        at_once = 0
        while time.monotonic() < self._begun + _PATIENCE:
            await asyncio.sleep(0.5)
            at_once = max(at_once, self._aion.streaming)
            if asking.done() and not self._aion.streaming and self._all_whole(asking.result(), load.shown):
                break
        threads = await asking
        seconds = time.monotonic() - self._begun
        await self._quiet()
        seen = RunRecord(self._asked(threads, load.shown), seconds, at_once)
        await self.forget()
        return seen

    async def answer(self, load: Load) -> float:
        """Ask, wait until all answers are shown and nothing more comes, and forget them; returns the share that is whole.

        One that has a note below it, as where a stall of the machine cost it the earlier messages, does not become whole: it is
        waited for until nothing was shown for a while.
        """
        self._play(load)
        threads = await self._ask_all(load)
        calls, since = 0, time.monotonic()
        # Not after each change of the workspace: that would cost more than what is measured.
        while (
            not self._all_whole(threads, load.shown) and time.monotonic() < since + _OVER
        ):  # the simulators keep lists, without events
            await asyncio.sleep(0.1)
            if len(self._calls) != calls or self._aion.streaming:
                calls, since = len(self._calls), time.monotonic()
        await self._quiet()
        said = self._said()
        share = sum(self._whole(said[thread], load.shown) for thread in threads) / load.answers
        await self.forget()
        return share

    async def upload(self, questions: Sequence[Sequence[int]]) -> int:
        """Ask questions at once, people in turn, each with pictures of about these sizes in bytes.

        Waits until all are asked of Aion; returns how many pictures it has byte for byte.
        """
        self._aion.scene = Scene((Speak("Seen."), *ENDING), Answer("Seen."))
        asked, digests, asking = self._aion.count("send_stream"), set[str](), []
        for person, sizes in zip(cycle(self._workspace.people), questions, strict=False):
            files = []
            for size in sizes:
                name = f"{next(self._numbers)}.png"
                content = png(name, padding=size)
                digests.add(sha256(content).hexdigest())
                files.append(SimulatedFile(name, content))
            asking.append(self._workspace.mention(person, "What is this?", files=files))
        await asyncio.gather(*asking)
        wanted = asked + len(questions)
        await self._aion.until(lambda: self._aion.count("send_stream") >= wanted, timeout=_PATIENCE)
        return len(digests & {one.digest for one in self._aion.files.uploaded})

    async def prepare(self, load: Load, seen: RunRecord) -> list[Replay]:
        """Open a session and a thread for each answer of `seen`, so that another program can show the same."""
        self._play(load)
        replays = []
        for number, asked in enumerate(seen.answers):
            session = self._aion.sessions.create({"title": "ReferenceProgram"})
            root = self._slack.say(self._slack.people[0], self._slack.general, f"Bare {number}")
            begin = number / load.arrivals
            replays.append(Replay(session.id, root.channel, root.ts, begin, asked.calls))
        return replays

    async def forget(self) -> int:
        """Delete all messages, because reading a thread searches all of them; returns how many requests showed them."""
        calls = len(self._calls)
        self._calls.clear()
        self._slack.conversations.messages.clear()
        self._slack.sockets.deliveries.clear()
        self._slack.api.bodies.clear()
        self._aion.requests.clear()
        return calls

    async def _quiet(self) -> None:
        """Wait until nothing more is shown: the buttons below a finished answer come after its words."""
        calls = -1
        while calls != len(self._calls):
            calls = len(self._calls)
            await asyncio.sleep(_QUIET)

    def _play(self, load: Load) -> None:
        self._aion.scene = load.scene
        self._aion.token_delay = 1 / load.rate
        self._begun = time.monotonic()

    async def _ask_all(self, load: Load) -> list[str]:
        threads = []
        for number in range(load.answers):
            await asyncio.sleep(max(0.0, self._begun + number / load.arrivals - time.monotonic()))
            threads.append(await self._slack.ask(self._slack.people[0], f"Question {number}"))
        return threads

    def _note(self, method: str, body: Mapping[str, Any]) -> None:
        if method in _SHOWING:
            self._calls.append(Operation(time.monotonic() - self._begun, method, body))

    def _all_whole(self, threads: list[str], shown: str) -> bool:
        said = self._said()
        return all(self._whole(said[thread], shown) for thread in threads)

    def _whole(self, messages: list[Message], shown: str) -> bool:
        words = (without_whitespace(self._words(message)) for message in messages)
        return "".join(words) == shown

    def _words(self, message: Message) -> str:
        blocks = message.body.get("blocks") or ()
        return "\n".join(block["text"] for block in blocks if block["type"] == "markdown")

    def _said(self) -> dict[str, list[Message]]:
        said = defaultdict(list)
        for message in self._slack.conversations.messages:
            if message.by_bot and message.thread_ts is not None:
                said[message.thread_ts].append(message)
        return said

    def _asked(self, threads: list[str], shown: str) -> tuple[AnswerRecord, ...]:
        said = self._said()
        messages = {thread: [message.ts for message in said[thread]] for thread in threads}
        calls = calls_of(self._calls, messages)
        channel = self._slack.general.id
        return tuple(
            AnswerRecord(channel, thread, self._whole(said[thread], shown), tuple(calls.get(thread, ())))
            for thread in threads
        )


async def _serve(pipe: Connection) -> None:
    servers = Servers()
    orders: Orders = {
        "env": servers.env,
        "connected": servers.connected,
        "ask": servers.ask,
        "answer": servers.answer,
        "upload": servers.upload,
        "prepare": servers.prepare,
        "forget": servers.forget,
    }
    await obey(pipe, orders)


def run(pipe: Connection) -> None:
    """Obey the main process until it closes the pipe."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(_serve(pipe))
