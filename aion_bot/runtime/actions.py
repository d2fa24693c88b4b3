"""What people press: each click gets a private sentence, and none waits behind a running answer."""

import sqlite3
from collections.abc import Callable, Sequence

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.config import Settings
from aion_bot.conversation.aion_stream import Outcome
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.private_reply import reply_privately
from aion_bot.conversation.retry import Retries
from aion_bot.conversation.turn import TurnRunner
from aion_bot.delivery.thread import Thread
from aion_bot.domain import access, strings
from aion_bot.domain.access import may_stop
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Click, InboundEvent, StopRequest
from aion_bot.ports.messages import Action, Line
from aion_bot.runtime.active_turns import ActiveTurns

_log = structlog.get_logger(__name__)

AskAgain = Callable[[Thread, Turn], None]
"""Puts a question into its lane."""


class Actions:
    """Judges clicks and carries them out."""

    def __init__(
        self,
        *,
        settings: Settings,
        tasks: BackgroundTasks,
        running: ActiveTurns,
        approvals: Approvals,
        retries: Retries,
        ask_again: AskAgain,
    ) -> None:
        self._settings = settings
        self._tasks = tasks
        self._running = running
        self._approvals = approvals
        self._retries = retries
        self._ask_again = ask_again

    async def take(self, thread: Thread, click: Click) -> None:
        """Answer a click."""
        try:
            await self._take(thread, click)
        except sqlite3.Error as error:
            _log.error("click could not be recorded", platform=thread.platform, reason=str(error))
            await reply_privately(thread, click, (strings.NO_RECORD,))

    async def _take(self, thread: Thread, click: Click) -> None:
        refusal = access.refusal(self._settings, click.place, click.person)
        if refusal is not None:
            await reply_privately(thread, click, (refusal,))
        elif click.action is Action.RETRY:
            line, turn = await self._retries.claim(click)
            if turn is not None:
                self._ask_again(thread, turn)
            await reply_privately(thread, click, line)
        elif click.action is Action.STOP:
            await self._stop(thread, click, self._running.find(turn=click.key))
        else:
            await self._approvals.click(thread, click)

    async def stop_thread(self, thread: Thread, request: StopRequest) -> None:
        """Stop whatever is answered in a thread."""
        await self._stop(thread, request, self._running.find(thread=request.thread))

    async def _stop(self, thread: Thread, event: Click | StopRequest, found: Sequence[TurnRunner]) -> None:
        """Stop answers at once, and cancel the plans they brought."""
        person, approvers = event.person, self._settings.approvers
        allowed = [one for one in found if may_stop(approvers, person, one.turn.asker)]
        for runner in allowed:
            runner.interrupt(Outcome(byline=strings.stopped_by(person)))
        self._tell(thread, event, _stopping(found, allowed))
        for runner in allowed:
            await runner.ended.wait()
            for key in runner.plans:
                await self._approvals.stop(thread, key, person)

    def _tell(self, thread: Thread, event: InboundEvent, line: Line) -> None:
        self._tasks.spawn(reply_privately(thread, event, line))


def _stopping(found: Sequence[TurnRunner], allowed: Sequence[TurnRunner]) -> Line:
    if not found:
        return (strings.STOP_GONE,)
    return (strings.STOPPING if allowed else strings.STOP_NOT_YOURS,)
