"""What the bot says of an answer in its own words: beside it, what it answers and was read; under it, how it ended, and buttons."""

import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import structlog

from aion_bot.aion import AionvisionError
from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.another_plan import asks_for_another
from aion_bot.conversation.first_contact import suggest
from aion_bot.conversation.services import Services
from aion_bot.delivery.sync import MessageSync
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.domain.observer import Observer
from aion_bot.domain.prompts import also_read
from aion_bot.domain.rule_keys import FEEDBACK
from aion_bot.domain.turn import RETRYABLE, EndReason, FirstSeen, Outcome, Turn, TurnPhase
from aion_bot.ports.capabilities import DirectThreads
from aion_bot.ports.events import Prompt
from aion_bot.ports.failures import with_reference
from aion_bot.ports.messages import Action, Button, Content, MessageRef, PostedOnce, Reply
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import one_line
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.pagination import MOST_TEXT
from aion_bot.storage import is_away
from aion_bot.storage.plans import Plans

_SAID = 400
"""Characters of an error event's words in a log at level debug."""


def answered_message(turn: Turn) -> MessageRef | None:
    """Return the message that shows the question, if there is one: a person's own, or what acknowledged a command."""
    return None if turn.origin is None else turn.origin.source or turn.origin.echo


def named(question: str) -> str:
    """Name a question by its first words, without secrets: struck before signs are taken out of it."""
    return strings.about(KNOWN.strike(question))


async def add_notices(
    view: AnswerView, thread: Thread, turn: Turn, services: Services, tasks: BackgroundTasks, *, crowded: bool
) -> None:
    """Put into the view of a new answer what its question calls for; `crowded`: other questions came between.

    What Aion has to be asked for comes while the answer grows, in `tasks`.
    """
    origin = turn.origin
    if origin is None:
        return
    if crowded and turn.text and (thread.replies is None or answered_message(turn) is None):
        view.notice(named(turn.text))
    beside_words = origin.attachments or origin.quotes or origin.pictures or origin.detailed
    if beside_words or Action.ANOTHER_PLAN in origin.key:
        _say_what_is_asked(view, origin)
    if thread.mentions_only and not origin.place.alone and await _holds(services.store.turns.is_first(turn)):
        view.footnote(strings.GO_ON)
    if services.month and services.month.short and (warning := await services.month.warning(turn)):
        view.footnote(warning)
    if origin.place.direct and await _holds(services.store.conversations.is_first_direct(turn)):
        if isinstance(thread.adapter, DirectThreads):
            view.footnote(strings.DIRECT_THREADS)
        suggest(view, services, origin.place, tasks)


async def _holds(reading: Awaitable[bool]) -> bool:
    """Return what the database says, on which a hint alone depends; False where it cannot be read: that costs no answer."""
    with suppress(sqlite3.Error):
        return await reading
    return False


def _say_what_is_asked(view: AnswerView, origin: Prompt) -> None:
    """Say above an answer what its question asks beside its words, and what of it was read."""
    # Those that can be read have a line of their own.
    if origin.attachments > len(origin.files):
        view.notice(strings.SOME_FILES if origin.files else strings.NO_FILES)
    if origin.pictures or origin.detailed:
        view.notice(strings.ABOUT_PICTURES if origin.pictures else strings.CLOSER_LOOK)
    if Action.ANOTHER_PLAN in origin.key and asks_for_another(origin):
        view.notice(strings.ANOTHER_PLAN_ASKED)
    if origin.quotes and (read := also_read(origin.quotes)):
        view.notice(read)


def outcome_of_failure(error: Exception, *, asked: bool, log: structlog.stdlib.BoundLogger) -> Outcome:
    """Return how a turn ended whose work raised; `asked` says whether Aion may have the question."""
    match error:
        case AionvisionError():
            kind = error_messages.kind(error)
            log.warning("turn failed", reason=kind, code=error.code)
            return Outcome(error_messages.end_reason(kind), error_messages.sentence(error))
        case sqlite3.Error():
            log.error("turn failed", reason="database write failed", error=str(error))
            return Outcome(EndReason.FAILED, unrecorded(error, asked=asked))
        case _:
            log.error("turn failed", reason="unexpected error", exc_info=error)
            return Outcome(EndReason.FAILED, strings.INTERNAL)


def unrecorded(error: sqlite3.Error, *, asked: bool = False) -> str:
    """Return what people are told where the database failed; `asked` says whether Aion may have been asked."""
    if is_away(error):
        return strings.STORAGE_LOST if asked else strings.STORAGE_AWAY
    return strings.NO_RECORD_ANY_MORE if asked else strings.NO_RECORD


def outcome_of_event(event: Mapping[str, object], log: structlog.stdlib.BoundLogger) -> Outcome:
    """Read an error event: its own words may hold an address, a key or a trace, so they reach no chat."""
    kind = error_messages.event_kind(event)
    log.warning("aion reported an error", reason=kind, code=error_messages.event_code(event))
    said = one_line(str(event.get("message") or event.get("error") or ""), _SAID)
    log.debug("error event", said=said)
    return Outcome(error_messages.end_reason(kind), strings.trouble(kind))


async def given_up(turn: Turn, plans: Plans, log: structlog.stdlib.BoundLogger) -> Outcome:
    """Return how a turn ends that was started too often; a plan's card that is shown has a way on of its own."""
    log.error("turn given up", starts=turn.starts)
    cards = [plan.message for plan in await plans.of_turn(turn.key)]
    if turn.phase is TurnPhase.PARKED and all(cards):
        return Outcome(untouched=True)
    return Outcome(EndReason.FAILED, strings.GIVEN_UP)


def as_shown(outcome: Outcome, view: AnswerView) -> Outcome:
    """Return how an answer ended by what there is to show of it."""
    if outcome.reason is EndReason.WITHDRAWN:
        view.retract()
    elif view.parked:
        return Outcome()  # the card's buttons let people go on
    elif outcome.answered and view.empty:
        return Outcome(EndReason.FAILED, strings.NO_ANSWER)
    elif outcome.answered and view.trouble:
        return Outcome(EndReason.FAILED, strings.PLAIN_TEXT)
    return outcome


def buttons_below(services: Services, turn: Turn, outcome: Outcome) -> tuple[Button, ...]:
    """Return the buttons under an answer that has ended whole: those that rate, unless ratings are off or the place is not known.

    A private one has one more, which shares it.
    """
    if outcome.reason is not EndReason.ANSWERED or turn.origin is None:
        return ()
    sharing = (Button(Action.SHARE, turn.key, strings.SHARE),) if turn.origin.share_to else ()
    if not services.access.rules.value(FEEDBACK, turn.origin.place):
        return sharing
    return *sharing, Button(Action.GOOD, turn.key, strings.GOOD), Button(Action.BAD, turn.key, strings.BAD)


def log_flaws(view: AnswerView, log: structlog.stdlib.BoundLogger) -> None:
    """Log what of an answer could not be shown as it should."""
    if view.refused is not None:
        log.warning("file refused", reason=view.refused)
    if view.cut:
        log.warning("answer cut", limit=MOST_TEXT)
    if view.trouble:
        log.error("rendering failed", reason=view.trouble)


def show_to(  # noqa: PLR0917  # `functools.partial` binds all but the last
    turn: Turn,
    view: AnswerView,
    sync: Callable[[], MessageSync],
    observer: Observer | None,
    seen: FirstSeen,
    content: Content | PostedOnce,
) -> None:
    """Note, and tell an observer, what a message of a turn shows; `sync` has the screen that it was taken from."""
    if observer is None and seen.text is not None:
        return
    text = not view.empty and not (isinstance(content, Reply) and not content.text)
    now = time.time()
    seen.sign, seen.text = seen.sign or now, seen.text or (now if text else None)
    if observer is None:
        return
    screen = sync().screen
    later = screen[screen.index(content) + 1 :] if content in screen else ()
    behind = sum(len(one.text) for one in later if isinstance(one, Reply))
    observer.showed(turn, text=text, until=sync().screen_at, behind=behind)


def receive_for(
    observer: Observer, turn: Turn, view: AnswerView, changed: Callable[[bool], None], urgent: bool = False
) -> None:
    """Tell an observer how long the answer has become, and then `changed`."""
    part, length, *_ = view.progress
    observer.received(turn, part, length)
    changed(urgent)


def told(outcome: Outcome, key: str, log: structlog.stdlib.BoundLogger, *, has_button: bool) -> str:
    """Return the sentence under an answer; that of a failure has the reference of the turn `key`, and is logged with it.

    Without `has_button` it says nothing of Retry: the words of a question whose writer deleted it are gone.
    """
    if outcome.reason not in RETRYABLE | {EndReason.REFUSED}:
        return outcome.sentence
    sentence = outcome.sentence if has_button else strings.without_retry(outcome.sentence)
    log.warning("failure told", outcome=outcome.reason, sentence=sentence)
    return with_reference(sentence, key)
