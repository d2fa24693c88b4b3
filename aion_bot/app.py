"""The bot: what comes in goes to its lane; platforms are supervised; on the way out, work is drained in order."""

import asyncio
import contextlib
import functools
import secrets
from collections import OrderedDict
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import structlog

from aion_bot import permissions, wording
from aion_bot.aion import AionVision
from aion_bot.asking import Bench, Ending
from aion_bot.config import Settings
from aion_bot.flows.approval import Approvals
from aion_bot.flows.retry import Retries
from aion_bot.flows.turn import Answering
from aion_bot.lanes import Lanes
from aion_bot.platforms import supervise
from aion_bot.port.adapter import PlatformAdapter
from aion_bot.port.errors import PlatformError
from aion_bot.port.messages import Action, Click, Inbound, Line, Prompt, ThreadKey
from aion_bot.records import Turn
from aion_bot.relay.desk import Desk
from aion_bot.sessions import Sessions
from aion_bot.store import Store

_log = structlog.get_logger(__name__)

MESSAGE_LIMIT = 10_000
"""Characters of a question that Aion takes: facts/aion.md, POST sessions/{id}/messages."""

_TOLD = 1000
"""How many refused or empty messages are remembered, so that their second delivery is not answered again."""

_MARKING = 2.5
"""Seconds after the grace in which interrupted answers are marked."""


class App:
    """Everything between the platforms and Aion."""

    def __init__(
        self, settings: Settings, store: Store, aion: AionVision, adapters: Sequence[PlatformAdapter]
    ) -> None:
        self._settings = settings
        self._store = store
        self._adapters: Mapping[str, PlatformAdapter] = {adapter.platform: adapter for adapter in adapters}
        self._lanes: Lanes[ThreadKey] = Lanes()
        self._answering: dict[ThreadKey, list[Answering]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._told: OrderedDict[str, None] = OrderedDict()
        sessions = Sessions(aion, settings.retry_delay)
        desk = Desk(self._adapters)
        self._bench = Bench(store, aion, sessions, desk, settings.approvers)
        self._approvals = Approvals(store, aion, sessions, desk, settings.approvers, self._stream_end)
        self._retries = Retries(store, settings.approvers)

    # What comes in.

    async def accept(self, adapter: PlatformAdapter, inbound: Inbound) -> None:
        """Take over what happened on a platform. When this returns a question is durable."""
        if isinstance(inbound, Click):
            self._spawn(self._click(adapter, inbound))
        elif inbound.addressed or await self._store.knows(inbound.thread):
            await self._prompt(adapter, inbound)

    async def _prompt(self, adapter: PlatformAdapter, prompt: Prompt) -> None:
        objection = self._objection(prompt)
        if objection is not None:
            self._tell_once(adapter, prompt, objection)
            return
        turn = Turn(secrets.token_hex(8), prompt.thread, prompt.person, _question(prompt))
        if not await self._store.accept(turn, prompt.key):
            return
        if self._settings.busy == "replace":
            self._interrupt(Ending(wording.REPLACED), prompt.thread)
        self._lanes.submit(
            prompt.thread, lambda: self._answer(Answering(self._bench, adapter, turn, prompt=prompt))
        )

    def _objection(self, prompt: Prompt) -> str | None:
        """Return the sentence that a prompt gets instead of an answer; "" where it is passed over in silence."""
        if prompt.key in self._told:
            return ""
        refusal = permissions.refusal(self._settings, prompt.place, prompt.person)
        if refusal is not None:
            return refusal if prompt.addressed else ""
        question = _question(prompt)
        if not question:
            return wording.ONLY_FILES if prompt.attachments else wording.HINT
        if len(question) > MESSAGE_LIMIT:
            return wording.TOO_LONG
        if self._settings.busy == "reject" and self._lanes.busy(prompt.thread):
            return wording.WAIT
        return None

    def _tell_once(self, adapter: PlatformAdapter, prompt: Prompt, sentence: str) -> None:
        if not sentence:
            return
        self._told[prompt.key] = None
        if len(self._told) > _TOLD:
            self._told.popitem(last=False)
        self._spawn(self._whisper(adapter, prompt, (sentence,)))

    async def _whisper(self, adapter: PlatformAdapter, inbound: Inbound, line: Line) -> None:
        try:
            await adapter.whisper(inbound, line)
        except PlatformError as error:
            _log.warning("nobody could be told", platform=adapter.platform, reason=repr(error))

    async def _answer(self, answering: Answering) -> None:
        """Hold the thread's lane until the answer has ended or waits at a plan."""
        self._start(answering, answering.run())
        await answering.parked.wait()

    def _start(self, answering: Answering, work: Coroutine[Any, Any, None]) -> None:
        running = self._answering.setdefault(answering.thread, [])
        running.append(answering)

        def ended(_: asyncio.Task[None]) -> None:
            running.remove(answering)
            if not running and self._answering.get(answering.thread) is running:
                del self._answering[answering.thread]

        self._spawn(work).add_done_callback(ended)

    async def _click(self, adapter: PlatformAdapter, click: Click) -> None:
        refusal = permissions.refusal(self._settings, click.place, click.person)
        if refusal is not None:
            await self._whisper(adapter, click, (refusal,))
        elif click.action is Action.RETRY:
            line, turn = await self._retries.claim(click)
            if turn is not None:
                self._lanes.submit(turn.thread, lambda: self._answer(Answering(self._bench, adapter, turn)))
            await self._whisper(adapter, click, line)
        else:
            await self._approvals.click(adapter, click)

    async def _stream_end(self, plan_key: str, patience: float) -> bool:
        """Wait until the stream that brought a plan has ended; tell whether text came after the plan."""
        for answering in [one for running in self._answering.values() for one in running]:
            if answering.brought(plan_key):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(patience * self._settings.retry_delay):
                        await answering.ended.wait()
                return answering.went_on
        return False

    # From start to end.

    async def recover(self) -> None:
        """Take up what an earlier process left open: questions in the order they were asked, then decisions."""
        for turn in await self._store.open_turns():
            if (adapter := self._adapters.get(turn.thread.platform)) is not None:
                answering = Answering(self._bench, adapter, turn)
                work = answering.restore if turn.session_id else answering.run
                self._lanes.submit(turn.thread, lambda one=answering, work=work: self._take_up(one, work()))  # type: ignore[misc]  # mypy does not infer defaults of a lambda
        for plan in await self._store.unfinished_plans():
            if (adapter := self._adapters.get(plan.thread.platform)) is not None:
                self._spawn(self._approvals.resume(adapter, plan))

    async def _take_up(self, answering: Answering, work: Coroutine[Any, Any, None]) -> None:
        self._start(answering, work)
        await answering.parked.wait()

    async def serve(self, stop: asyncio.Event) -> bool:
        """Serve until `stop` is set or no platform is left; False if every platform refused its token.

        Cancelling it ends everything where it is, as a crash would; the next start takes it up.
        """
        await self.recover()
        listening = {asyncio.create_task(self._listen(adapter)) for adapter in self._adapters.values()}
        try:
            stopped = await _until_set(stop, listening)
            await _cancel(listening)
            await self._drain()
        finally:
            await _cancel(listening | self._tasks)
            await self._lanes.cancel()
        return stopped

    async def _listen(self, adapter: PlatformAdapter) -> None:
        accept = functools.partial(self.accept, adapter)
        await supervise(adapter, self._store, accept, many_welcome=bool(self._settings.allow_workspaces))

    async def _drain(self) -> None:
        """Let answers end within the grace, then mark those that did not; nothing waits for a plan."""
        self._lanes.drop_waiting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.shutdown_grace):
                await self._lanes.idle()
                while self._approvals.acting:
                    await asyncio.wait(self._approvals.acting)
        self._interrupt(Ending(wording.INTERRUPTED, retry=True))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_MARKING)

    def _interrupt(self, ending: Ending, thread: ThreadKey | None = None) -> None:
        threads = list(self._answering) if thread is None else [thread]
        for one in threads:
            for answering in self._answering.get(one, ()):
                answering.interrupt(ending)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task failed", exc_info=error)


def _question(prompt: Prompt) -> str:
    """The words that Aion is asked."""
    text, quote = prompt.text.strip(), prompt.quote.strip()
    if not quote:
        return text
    return f"{text or wording.ASK_ABOUT}\n\n{quote}"


async def _until_set(stop: asyncio.Event, listening: set[asyncio.Task[None]]) -> bool:
    """Wait for `stop`, or until nothing listens any more; tell which."""
    stopping = asyncio.create_task(stop.wait())
    try:
        pending = set(listening)
        while pending and not stop.is_set():
            done, _ = await asyncio.wait({stopping, *pending}, return_when=asyncio.FIRST_COMPLETED)
            pending -= done
        return stop.is_set()
    finally:
        stopping.cancel()


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
