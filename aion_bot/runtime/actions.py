"""What people press: each click gets a private sentence, and none waits behind a running answer."""

import sqlite3
from collections.abc import Callable, Sequence

import structlog

from aion_bot.concurrency.background import Tasks
from aion_bot.config import Settings
from aion_bot.conversation.aion_stream import Ending
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.private_reply import tell
from aion_bot.conversation.retry import Retries
from aion_bot.conversation.turn import Answering
from aion_bot.delivery.registry import Desk
from aion_bot.domain import access, strings
from aion_bot.domain.access import may_stop
from aion_bot.domain.turn import Turn
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.events import Click, Inbound, StopRequest
from aion_bot.ports.messages import Action, Line
from aion_bot.runtime.active_turns import Running

_log = structlog.get_logger(__name__)

AskAgain = Callable[[PlatformAdapter, Turn], None]
"""Puts a question into its lane."""


class Clicks:
    """Judges clicks and carries them out."""

    def __init__(
        self,
        *,
        settings: Settings,
        desk: Desk,
        tasks: Tasks,
        running: Running,
        approvals: Approvals,
        retries: Retries,
        ask_again: AskAgain,
    ) -> None:
        self._settings = settings
        self._desk = desk
        self._tasks = tasks
        self._running = running
        self._approvals = approvals
        self._retries = retries
        self._ask_again = ask_again

    async def take(self, adapter: PlatformAdapter, click: Click) -> None:
        """Answer a click."""
        try:
            await self._take(adapter, click)
        except sqlite3.Error as error:
            _log.error("click could not be recorded", platform=adapter.platform, reason=str(error))
            await tell(self._desk, adapter, click, (strings.NO_RECORD,))

    async def _take(self, adapter: PlatformAdapter, click: Click) -> None:
        refusal = access.refusal(self._settings, click.place, click.person)
        if refusal is not None:
            await tell(self._desk, adapter, click, (refusal,))
        elif click.action is Action.RETRY:
            line, turn = await self._retries.claim(click)
            if turn is not None:
                self._ask_again(adapter, turn)
            await tell(self._desk, adapter, click, line)
        elif click.action is Action.STOP:
            await self._stop(adapter, click, self._running.find(turn=click.key))
        else:
            await self._approvals.click(adapter, click)

    async def stop_thread(self, adapter: PlatformAdapter, request: StopRequest) -> None:
        """Stop whatever is answered in a thread."""
        await self._stop(adapter, request, self._running.find(thread=request.thread))

    async def _stop(
        self, adapter: PlatformAdapter, inbound: Click | StopRequest, found: Sequence[Answering]
    ) -> None:
        """Stop answers at once, and cancel the plans they brought."""
        person, approvers = inbound.person, self._settings.approvers
        allowed = [one for one in found if may_stop(approvers, person, one.turn.asker)]
        for answering in allowed:
            answering.interrupt(Ending(byline=strings.stopped_by(person)))
        self._tell(adapter, inbound, _stopping(found, allowed))
        for answering in allowed:
            await answering.ended.wait()
            for key in answering.plans:
                await self._approvals.stop(adapter, key, person)

    def _tell(self, adapter: PlatformAdapter, inbound: Inbound, line: Line) -> None:
        self._tasks.spawn(tell(self._desk, adapter, inbound, line))


def _stopping(found: Sequence[Answering], allowed: Sequence[Answering]) -> Line:
    if not found:
        return (strings.STOP_GONE,)
    return (strings.STOPPING if allowed else strings.STOP_NOT_YOURS,)
