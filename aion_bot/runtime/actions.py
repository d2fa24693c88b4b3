"""What people press: each press gets a private sentence, and none waits behind a running answer."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

import structlog

from aion_bot.aion import AionvisionError
from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.another_plan import question_after
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.failed_answer import show_deleted
from aion_bot.conversation.first_contact import greet
from aion_bot.conversation.home import show_home
from aion_bot.conversation.home_facts import HomeFacts
from aion_bot.conversation.manage.management import ACTIONS as OF_COMMANDS
from aion_bot.conversation.manage.management import Management
from aion_bot.conversation.notices import unrecorded
from aion_bot.conversation.picture_questions import question_of
from aion_bot.conversation.private_plans import where_it_counts
from aion_bot.conversation.private_questions import counts_at
from aion_bot.conversation.private_reply import answer_privately, failed, refused, reply_privately
from aion_bot.conversation.ratings import rate
from aion_bot.conversation.reasons import add_reason
from aion_bot.conversation.retry import Retries
from aion_bot.conversation.services import Services
from aion_bot.conversation.sharing import share
from aion_bot.conversation.turn import TurnRunner
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.domain.access import Intent
from aion_bot.domain.turn import EndReason, Outcome, Turn
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.events import Click, HomeOpened, Invited, ManageCommand, Prompt, Reaction, StopRequest
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.messages import Action, Line
from aion_bot.ports.rounds import read_round
from aion_bot.ratelimit.request_pace import ASKER, Asker
from aion_bot.runtime.active_turns import ActiveTurns
from aion_bot.runtime.reactions import ReactionShortcuts
from aion_bot.runtime.waiting import WaitingQuestions
from aion_bot.storage import FOR_A_DAY, recorded, retry_write

_log = structlog.get_logger(__name__)

_INTENTS = {
    Action.APPROVE: Intent.DECIDE,
    Action.CANCEL: Intent.DECIDE,
    Action.RETRY: Intent.RETRY,
    Action.STOP: Intent.STOP,
    Action.UPLOAD: Intent.RETRY,
    Action.SUGGEST: Intent.RETRY,
    Action.ONLY_THESE: Intent.FOLLOW_UP,
    Action.CLOSER: Intent.FOLLOW_UP,
    Action.ANOTHER_PLAN: Intent.FOLLOW_UP,
    Action.WITHDRAW: Intent.WITHDRAW,
    Action.GOOD: Intent.RATE,
    Action.BAD: Intent.RATE,
    Action.WHY: Intent.RATE,
    Action.REASON: Intent.EXPLAIN,
}

_URGENT = frozenset({Intent.DECIDE, Intent.STOP})

Ask = Callable[[Thread, Prompt], Awaitable[None]]
"""Takes a question over, or tells its asker why not."""

Enqueue = Callable[[Thread, Turn], object]
"""Puts a turn into its thread's queue."""


class Actions:
    """Decides presses and carries them out."""

    def __init__(
        self,
        *,
        access: AccessControl,
        tasks: BackgroundTasks,
        active: ActiveTurns,
        approvals: Approvals,
        retries: Retries,
        ask_again: Enqueue,
        waiting: WaitingQuestions,
        services: Services,
        ask: Ask,
    ) -> None:
        self._services, self._ask = services, ask
        self.management, self._home = Management(services), HomeFacts()
        self._reasons = partial(add_reason, services)
        self._reactions = ReactionShortcuts(services, self.click)
        self._asking: set[str] = set()
        """Keys of questions that a press asks just now: their rows are not written yet."""
        self._access = access
        self._tasks = tasks
        self._active = active
        self._approvals = approvals
        self._retries = retries
        self._ask_again, self._waiting = ask_again, waiting

    async def act(
        self, thread: Thread, event: Click | Reaction | ManageCommand | StopRequest | HomeOpened | Invited
    ) -> None:
        """Do what somebody wants who asks nothing."""
        match event:
            case Click():
                await self.click(thread, event)
            case Reaction():
                await self._reactions.take(thread, event)
            case ManageCommand():
                await self.management.command(thread, event)
            case StopRequest():
                await self.stop_thread(thread, event)
            case HomeOpened():
                await show_home(self._services, self._home, thread, event)
            case Invited():
                await greet(self._services, thread, event)

    async def click(self, thread: Thread, click: Click) -> None:
        """Answer a press; a decision goes to Aion before all else."""
        key, number = read_round(click.key)
        click = replace(click, key=key, round=number)
        ASKER.set(Asker((thread.platform, click.person.id), urgent=_INTENTS.get(click.action) in _URGENT))
        try:
            await (self._share if click.action is Action.SHARE else self._click)(thread, click)
        except sqlite3.Error as error:
            ref = reference(click.key)
            _log.error("press not recorded", platform=thread.platform, reason=str(error), ref=ref)
            told = with_reference(unrecorded(error), click.key)
            await reply_privately(thread, click, (told,), hidden=True)

    async def stop_thread(self, thread: Thread, request: StopRequest) -> None:
        """Stop whatever is answered in a thread."""
        ASKER.set(Asker((thread.platform, request.person.id), urgent=True))
        place = await counts_at(self._services, request.thread, request.place, request.person)
        request = replace(request, place=place)
        refusal = await self._access.refusal(thread.platform, Intent.STOP, request.place, request.person)
        if refusal is not None:
            await reply_privately(thread, request, (refused(thread.platform, request, refusal),), hidden=True)
        else:
            found = self._active.find(thread=request.thread)
            # The event may come seconds late, as while a scope has no owner: what was asked after it goes on.
            await self._stop(thread, request, [one for one in found if _is_meant(request, one.turn)])

    async def take_retry_away(self, adapter: PlatformAdapter, prompt: str) -> None:
        """Show that a failed question cannot be asked again, as its writer deleted it."""
        turns = self._services.store.turns
        try:
            turn = await retry_write(lambda: turns.of_prompt(prompt), FOR_A_DAY)
            for runner in () if turn is None else self._active.find(turn=turn.key):
                await runner.ended.wait()
                # Read anew: only its end says whether there is a Retry to take away.
                turn = await retry_write(partial(turns.get, runner.turn.key), FOR_A_DAY) or runner.turn
            if turn is not None and turn.retryable and turn.erased:
                thread = self._services.registry.thread(adapter, turn.thread)
                await show_deleted(self._services, thread, turn)
        except sqlite3.Error as error:  # a press of it is refused all the same, as the row says why
            _log.error("retry button not removed", platform=adapter.platform, reason=str(error))

    async def _share(self, thread: Thread, click: Click) -> None:
        """Share a private answer, which is about the place where it was asked."""
        await reply_privately(thread, click, (await share(self._services, thread, click),), hidden=True)

    async def _click(self, thread: Thread, click: Click) -> None:
        if click.action in OF_COMMANDS:
            await self.management.click(thread, click)
            return
        click, intent = await where_it_counts(self._services, click), _INTENTS[click.action]
        refusal = await self._access.refusal(thread.platform, intent, click.place, click.person)
        if refusal is not None:
            if intent is Intent.DECIDE:
                audit = self._services.store.audit
                noted = audit.note_refusal(click.key, click.action, click.person, refusal.value)
                await recorded(_log, noted, "refusal")
            await reply_privately(thread, click, (refused(thread.platform, click, refusal),), hidden=True)
        else:
            await self._press(thread, click, intent)

    async def _press(self, thread: Thread, click: Click, intent: Intent) -> None:
        """Do what was pressed by somebody who may use the bot there; whether it is theirs is decided where its row is read."""
        if intent is Intent.RETRY:
            line, turn = await self._retries.claim(click)
            if turn is not None:
                self._ask_again(thread, turn)
            if line:
                await reply_privately(thread, click, line, hidden=True)
        elif intent is Intent.FOLLOW_UP:
            await self._follow_up(thread, click)
        elif intent is Intent.WITHDRAW:
            await reply_privately(thread, click, (await self._waiting.withdraw(click),), hidden=True)
        elif intent is Intent.RATE:
            await answer_privately(thread, click, await rate(self._services, thread, click))
        elif click.action is Action.STOP:
            found = self._active.find(turn=click.key)
            # A press that comes late stops no attempt that began after it.
            await self._stop(thread, click, [one for one in found if click.round in {None, one.turn.attempt}])
        else:
            about_plan = self._approvals.click if intent is Intent.DECIDE else self._reasons
            await about_plan(thread, click)

    async def _follow_up(self, thread: Thread, click: Click) -> None:
        """Ask what a button under an answer or a plan asks; its key tells a second press, which asks nothing."""
        question = question_after if click.action is Action.ANOTHER_PLAN else question_of
        try:
            prompt = await question(self._services, click)
        except AionvisionError as error:
            _log.warning("pictures not found", platform=thread.platform, code=error.code)
            gone = error_messages.session_gone(error)
            prompt = strings.PICTURES_GONE if gone else error_messages.sentence(error, retry=False)
        if isinstance(prompt, str):
            await reply_privately(thread, click, (failed(thread.platform, click, prompt),), hidden=True)
            return
        # Of two presses at once both would find no row; the one that came second must not let a third one in at its end.
        is_first = prompt.key not in self._asking
        self._asking.add(prompt.key)
        try:
            if is_first and not await self._services.store.turns.accepted(prompt.key):
                await self._ask(thread, prompt)
                return
        finally:
            if is_first:
                self._asking.discard(prompt.key)
        await reply_privately(thread, click, (strings.ASKED_ALREADY,), hidden=True)

    async def _stop(self, thread: Thread, event: Click | StopRequest, found: Sequence[TurnRunner]) -> None:
        """Stop answers at once, and cancel the plans they brought where the person may decide them."""
        person = event.person

        async def may(intent: Intent, runner: TurnRunner) -> bool:
            return await self._access.allows(thread.platform, intent, event.place, person, runner.turn.asker)

        # Access is decided for each answer: a person may stop their own and not the others of the thread.
        allowed = [one for one in found if await may(Intent.STOP, one)]
        plan_stays = any([one.plans and not await may(Intent.DECIDE, one) for one in allowed])
        for runner in allowed:
            _log.info("answer stopped", turn=runner.turn.key, platform=thread.platform, person=person.id)
            runner.interrupt(Outcome(EndReason.STOPPED, byline=strings.stopped_by(person)))
        if found and not allowed:
            _log.info("stop refused", platform=thread.platform, person=person.id)
        # Told in the background: the plans are cancelled as soon as their answers have ended.
        if line := _beside(found, allowed, plan_stays):
            self._tasks.spawn(reply_privately(thread, event, line, hidden=True))
        for runner in allowed:
            # After the end of the answer: only then are all plans that it brought known.
            await runner.ended.wait()
            # A plan that only others may decide waits for them, with its card.
            if runner.plans and await may(Intent.DECIDE, runner):
                for key in runner.plans:
                    await self._approvals.stop(thread, key, person)


def _is_meant(request: StopRequest, turn: Turn) -> bool:
    """Whether a Stop is about a turn: not where its question was written later."""
    origin = turn.origin
    return request.at is None or origin is None or not origin.written_at or origin.written_at <= request.at


def _beside(found: Sequence[TurnRunner], allowed: Sequence[TurnRunner], plan_stays: bool) -> Line:
    """Return a sentence about the effects of a Stop that the messages do not show; empty where they show all."""
    if not found:
        return (strings.STOP_GONE,)
    if not allowed:
        return (strings.STOP_NOT_YOURS,)
    return (strings.STOPPING_BUT_PLAN,) if plan_stays else ()
