"""One load in one process: `python -m benchmarks.relay.load_run` reads a load as JSON and prints its figures.

Aion runs in a process of its own, so that sending thousands of tokens a second takes no CPU time from the bot. The
process prints `ready`, and asks when it reads a line. It prints `all_sent` when the last token was sent: what follows
needs little of the machine.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aion_bot.simulators.visible_changes import VisibleChange
from benchmarks.relay import bot, metrics, paced_aion
from benchmarks.relay.baseline_loop import BaselineLoops
from benchmarks.relay.discord_platform import DiscordPlatform
from benchmarks.relay.loads import Limiting, Load, Place, Relayer
from benchmarks.relay.observations import ObservedAnswer
from benchmarks.relay.platform import MeasuredPlatform, SentQuestion, run_competing
from benchmarks.relay.slack_platform import SlackPlatform

_REST = 1.0
"""Seconds without a change after which an answer has ended."""


class AionProcess:
    """The process of the paced Aion."""

    def __init__(self, process: asyncio.subprocess.Process, env: Mapping[str, str]) -> None:
        self.env = env
        self._process = process

    async def moments(self) -> Mapping[str, Any]:
        """Read the times of all tokens."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("Aion has no pipes")
        self._process.stdin.write(b"\n")
        aion: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return aion


@asynccontextmanager
async def _aion() -> AsyncIterator[AionProcess]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.relay.paced_aion", stdin=pipe, stdout=pipe, limit=256 * 1024**2
    )
    try:
        if process.stdout is None:
            raise RuntimeError("Aion has no pipes")
        yield AionProcess(process, json.loads(await process.stdout.readline()))
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class Measurement:
    """One load on its platform."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.platform: MeasuredPlatform = (
            DiscordPlatform() if load.place is Place.DISCORD else SlackPlatform(load.place)
        )
        self.asked: dict[int, SentQuestion] = {}
        self.seen: dict[int, ObservedAnswer] = {}
        self.cards: dict[int, float] = {}
        self._threads: dict[str, int] = {}

    def follow(self, change: VisibleChange) -> None:
        """Record a change that people see."""
        if (number := self._threads.get(change.thread)) is not None:
            self.seen[number].follow(change)

    def ask(self, number: int) -> SentQuestion:
        """Send the question with this number."""
        ask = self.load.asks[number]
        asked = self.platform.ask(number, paced_aion.question(number, ask))
        self.asked[number], self._threads[asked.thread] = asked, number
        self.seen[number] = ObservedAnswer.of(ask.tokens)
        return asked

    def at_rest(self) -> bool:
        """Whether every answer is complete, and nothing says that it continues."""
        last = max((one.last for one in self.seen.values()), default=0.0)
        return (
            len(self.seen) == len(self.load.asks)
            and all(self.seen[number].complete or ask.plan for number, ask in enumerate(self.load.asks))
            and time.monotonic() - last >= _REST
            and all(number in self.cards or self._plain(number) for number in self.seen)
        )

    def _plain(self, number: int) -> bool:
        return not self.load.asks[number].plan and self.platform.at_rest(self.asked[number].thread)

    def note_cards(self) -> None:
        """Record when a plan's card is first shown."""
        for number, asked in self.asked.items():
            wanted = self.load.asks[number].plan and number not in self.cards
            if wanted and "Approve" in self.platform.buttons(asked.thread):
                self.cards[number] = time.monotonic()


async def run(load: Load) -> dict[str, Any]:
    """Run a load and return its figures."""
    measurement = Measurement(load)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aion-bot-relay-")))
        aion = await stack.enter_async_context(_aion())
        await measurement.platform.start()
        stack.push_async_callback(measurement.platform.stop)
        env = {**aion.env, **measurement.platform.env}
        if load.relayer is Relayer.PLAIN:
            loops = await stack.enter_async_context(BaselineLoops(load.place, env))
            return {"load": load.to_json(), **await _play(measurement, aion, loops)}
        settings, adapters = bot.composed(env, folder)
        await stack.enter_async_context(bot.serving(settings, adapters))
        await measurement.platform.connected()
        return {"load": load.to_json(), "model": bot.model(adapters), **await _play(measurement, aion, None)}


async def _play(measurement: Measurement, aion: AionProcess, loops: BaselineLoops | None) -> dict[str, Any]:
    load, place = measurement.load, measurement.platform
    place.prepare(len(load.asks))
    place.watch(measurement.follow)
    print(json.dumps({"ready": True}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    place.limit(load.limits)
    competing_processes = place.competing_processes() if load.limits is Limiting.SHARED else ()
    competing = asyncio.create_task(run_competing(competing_processes))
    used, began = time.process_time(), time.monotonic()
    questions = asyncio.create_task(_ask(measurement, began, loops))
    await _until_at_rest(measurement, began, loops)
    competing.cancel()
    await questions
    lasted = time.monotonic() - began
    moments = await aion.moments()
    found = metrics.figures(
        measurement.load, measurement.asked, measurement.seen, moments["send_times"], place.indicators
    )
    found |= metrics.calls(place.calls, place.log, place.refused, began)
    found["cards"] = [
        at - moments["send_times"][str(number)]["plan"] for number, at in measurement.cards.items()
    ]
    found["failures"] = list(loops.failures) if loops else []
    return {**found, "cpu": (time.process_time() - used) / lasted, "lasted": lasted}


async def _ask(measurement: Measurement, began: float, loops: BaselineLoops | None) -> None:
    """Send all questions when they are due."""
    numbered: Sequence[tuple[float, int]] = sorted(
        (ask.at, number) for number, ask in enumerate(measurement.load.asks)
    )
    for at, number in numbered:
        if (pause := began + at - time.monotonic()) > 0:
            await asyncio.sleep(pause)
        asked = measurement.ask(number)
        if loops is not None:
            loops.relay(asked, paced_aion.question(number, measurement.load.asks[number]))


async def _until_at_rest(measurement: Measurement, began: float, loops: BaselineLoops | None) -> None:
    """Wait until everything is complete, or until the deadline; prints when all tokens were sent."""
    all_sent = began + measurement.load.ends + _REST
    step = 0.02 if any(ask.plan for ask in measurement.load.asks) else 0.2
    while time.monotonic() < all_sent:
        await asyncio.sleep(step)
        measurement.note_cards()
    print(json.dumps({"all_sent": True}), flush=True)
    while time.monotonic() < all_sent + measurement.load.deadline:
        if measurement.at_rest() if loops is None else loops.at_rest:
            return
        await asyncio.sleep(step)
        measurement.note_cards()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Load.from_json(json.loads(sys.stdin.readline()))))), flush=True)
