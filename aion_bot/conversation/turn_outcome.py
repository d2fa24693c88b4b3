"""How a turn ended: what a failure means, what there is to show of the answer, and the sentence under it."""

import sqlite3

import structlog

from aion_bot.aion import AionvisionError
from aion_bot.domain import error_messages, strings
from aion_bot.domain.turn import EndReason, Outcome
from aion_bot.ports.failures import with_reference
from aion_bot.rendering.answer import AnswerView


def outcome_of_failure(error: Exception, *, asked: bool, log: structlog.stdlib.BoundLogger) -> Outcome:
    """Return how a turn ended whose work raised; `asked` says whether Aion may have the question."""
    match error:
        case AionvisionError():
            kind = error_messages.kind(error)
            log.warning("turn failed", reason=kind, code=error.code)
            return Outcome(error_messages.end_reason(kind), error_messages.sentence(error))
        case sqlite3.Error():
            log.error("turn failed", reason="database write failed", error=str(error))
            return Outcome(EndReason.FAILED, strings.NO_RECORD_ANY_MORE if asked else strings.NO_RECORD)
        case _:
            log.error("turn failed", reason="unexpected error", exc_info=error)
            return Outcome(EndReason.FAILED, strings.INTERNAL)


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


def told(outcome: Outcome, key: str, log: structlog.stdlib.BoundLogger, *, has_button: bool) -> str:
    """Return the sentence under an answer; that of a failure has the reference of the turn `key`, and is logged with it.

    Without `has_button` it says nothing of Retry: the words of a question whose writer deleted it are gone.
    """
    if not outcome.failed:
        return outcome.sentence
    sentence = outcome.sentence if has_button else strings.without_retry(outcome.sentence)
    log.warning("failure told", outcome=outcome.reason, sentence=sentence)
    return with_reference(sentence, key)
