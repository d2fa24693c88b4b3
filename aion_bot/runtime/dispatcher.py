"""The bot: what comes in goes to its lane; on the way out, work is drained in order."""

import asyncio
import contextlib
import functools
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import structlog

from aion_bot.aion import AionVision
from aion_bot.concurrency.background import Tasks, cancel, until_set
from aion_bot.concurrency.keyed_queue import Lanes
from aion_bot.config import Settings
from aion_bot.conversation.aion_stream import Bench, Ending
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.indicators import Signs
from aion_bot.conversation.private_reply import tell
from aion_bot.conversation.retry import Retries
from aion_bot.conversation.session_history import Sessions
from aion_bot.conversation.turn import Answering
from aion_bot.delivery.registry import Desk
from aion_bot.domain import access, strings
from aion_bot.domain.prompts import question, readable, unaskable
from aion_bot.domain.turn import Turn, TurnState
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.events import Amendment, Click, Inbound, Prompt, StopRequest
from aion_bot.ports.messages import ThreadKey
from aion_bot.runtime.actions import Clicks
from aion_bot.runtime.active_turns import Running
from aion_bot.runtime.reorder_buffer import Openings, comes
from aion_bot.runtime.startup_recovery import TakingUp
from aion_bot.runtime.supervisor import supervise
from aion_bot.storage import Store

_log = structlog.get_logger(__name__)

WAITING = 20
"""Questions that may wait in one thread."""

LOAD = 2000
"""Questions that may wait or be answered in the whole process."""

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
        self._tasks = Tasks()
        self._told: OrderedDict[str, None] = OrderedDict()
        self._openings = Openings()
        sessions, desk, approvers = Sessions(aion, settings.retry_delay), Desk(), settings.approvers
        self._desk = desk
        self._signs = Signs(store, self._tasks, desk)
        self._running = Running(self._tasks, self._signs, settings.retry_delay)
        self._bench = Bench(store, aion, sessions, desk, approvers)
        self._approvals = Approvals(store, aion, sessions, desk, approvers, self._running.stream_end)
        self._clicks = Clicks(
            settings=settings,
            desk=desk,
            tasks=self._tasks,
            running=self._running,
            approvals=self._approvals,
            retries=Retries(store, approvers),
            ask_again=self._submit,
        )
        self._taking_up = TakingUp(
            bench=self._bench,
            adapters=self._adapters,
            lanes=self._lanes,
            tasks=self._tasks,
            signs=self._signs,
            running=self._running,
            approvals=self._approvals,
        )

    # What comes in.

    async def accept(self, adapter: PlatformAdapter, inbound: Inbound) -> None:
        """Take over what happened on a platform. When this returns a question is durable."""
        match inbound:
            case Click():
                self._tasks.spawn(self._clicks.take(adapter, inbound))
            case StopRequest():
                self._tasks.spawn(self._clicks.stop_thread(adapter, inbound))
            case Amendment():
                await self._amend(adapter, inbound)
            case Prompt():
                if inbound.addressed or await self._takes_part(inbound):
                    await self._prompt(adapter, inbound)

    async def _takes_part(self, prompt: Prompt) -> bool:
        """Tell whether a thread is the bot's; of a young one that may turn out in a moment."""
        if not prompt.young:
            return await self._store.knows(prompt.thread)
        with self._openings.expecting(prompt.thread) as opened:
            return await self._store.knows(prompt.thread) or await comes(opened)

    async def _prompt(self, adapter: PlatformAdapter, prompt: Prompt) -> None:
        objection = self._objection(prompt)
        if objection is None and not await self._store.accepted(prompt.key):
            objection = self._crowded(prompt.thread)
        if objection is not None:
            self._tell_once(adapter, prompt, objection)
            return
        turn = Turn(secrets.token_hex(8), prompt.thread, prompt.person, question(prompt), origin=prompt)
        if not await self._store.accept(turn, prompt):
            return
        if self._settings.busy == "replace":
            self._running.interrupt(Ending(strings.REPLACED), prompt.thread)
        if self._lanes.busy(prompt.thread):
            self._signs.waits(adapter, turn)
        self._submit(adapter, turn)
        self._openings.opened(prompt.thread)

    def _objection(self, prompt: Prompt) -> str | None:
        """Return the sentence that a prompt gets instead of an answer; "" where it is passed over in silence."""
        if prompt.key in self._told:
            return ""
        refusal = access.refusal(self._settings, prompt.place, prompt.person)
        if refusal is not None:
            return refusal if prompt.addressed else ""
        return unaskable(prompt)

    def _crowded(self, thread: ThreadKey) -> str | None:
        if self._settings.busy == "reject" and self._lanes.busy(thread):
            return strings.WAIT
        full = self._lanes.waiting(thread) >= WAITING or self._lanes.load >= LOAD
        return strings.FULL if full else None

    def _tell_once(self, adapter: PlatformAdapter, prompt: Prompt, sentence: str) -> None:
        if not sentence:
            return
        self._told[prompt.key] = None
        if len(self._told) > _TOLD:
            self._told.popitem(last=False)
        self._tasks.spawn(tell(self._desk, adapter, prompt, (sentence,)))

    async def _amend(self, adapter: PlatformAdapter, amendment: Amendment) -> None:
        """Change or withdraw a question that still waits; one that has begun stays as it was asked."""
        text = readable(amendment.text or "")
        if text:
            await self._store.amend(amendment.prompt, text)
        elif await self._store.withdraw(amendment.prompt):
            _log.info("question withdrawn", platform=adapter.platform)

    # Turns.

    def _submit(self, adapter: PlatformAdapter, turn: Turn) -> None:
        self._lanes.submit(turn.thread, functools.partial(self._take_turn, adapter, turn.key))

    async def _take_turn(self, adapter: PlatformAdapter, key: str) -> None:
        """Answer a question when its lane has come to it, as its words are now; a withdrawn one is passed over."""
        turn = await self._store.turn(key)
        if turn is None:
            return
        await self._signs.begins(adapter, turn)
        if turn.state is not TurnState.OPEN:
            await self._store.settle_turn(turn.key, turn.attempt)
            self._tasks.spawn(self._signs.tidy(adapter, turn))
            return
        answering = Answering(self._bench, adapter, turn)
        await self._running.hold(adapter, answering, answering.run())

    # From start to end.

    async def serve(self, stop: asyncio.Event) -> bool:
        """Serve until `stop` is set or no platform is left; False if every platform refused its token.

        Cancelling it ends everything where it is, as a crash would; the next start takes it up.
        """
        await self._taking_up.begin()
        listening = {asyncio.create_task(self._listen(adapter)) for adapter in self._adapters.values()}
        try:
            stopped = await until_set(stop, listening)
            await cancel(listening)
            await self._taking_up.end()
            await self._drain()
        finally:
            await self._taking_up.end()
            await self._lanes.close()  # first: a lane whose answer ends would begin with the next
            await cancel(listening)
            await self._tasks.cancel()
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
        self._running.interrupt(Ending(strings.INTERRUPTED, retry=True, may_come=True))
        await self._tasks.wait(_MARKING)
