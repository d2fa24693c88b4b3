"""The line about a slow or failed turn: when there is one, and what it says."""

import time

import pytest
from structlog.testing import capture_logs

from aion_bot.conversation.turn_log import SLOW, durations, is_slow, log_turn
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.failures import reference
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage import Store
from tests.support.databases import lay_database

THREAD = ThreadKey("slack", "T1/C1/1.1")
ADA = Person("U1", "Ada")


def turn(*, asked_ago: float = 0.0, attempt: int = 0) -> Turn:
    prompt = Prompt("p", THREAD, Place("T1", "C1"), ADA, "a secret", written_at=time.time() - asked_ago)
    return Turn("a" * 16, THREAD, ADA, "a secret", origin=prompt, attempt=attempt)


@pytest.mark.parametrize(
    ("asked_ago", "ran", "attempt", "slow"),
    [
        (1, 1, 0, False),
        (SLOW + 1, 1, 0, True),
        (SLOW + 1, SLOW + 1, 0, True),
        (100_000, 1, 1, False),
        (100_000, SLOW + 1, 1, True),
    ],
)
def test_the_wait_of_a_question_counts(asked_ago: float, ran: float, attempt: int, slow: bool) -> None:
    """A turn is slow from 30 s on, its wait included; a retry counts from its own beginning."""
    assert is_slow(turn(asked_ago=asked_ago, attempt=attempt), time.monotonic() - ran) is slow


def test_each_part_that_happened_has_a_duration() -> None:
    """Parts go from the first event of one kind to the first one of another; what did not happen is left out."""
    answered = [
        (10.0, "accepted"),
        (12.0, "asking"),
        (15.0, "streaming"),
        (16.5, "first message"),
        (50.0, "shown"),
    ]
    assert durations(answered) == {
        "queue": 2.0, "aion": 3.0, "first_message": 1.5, "answer": 33.5, "total": 40.0,
    }  # fmt: skip
    seen = [(10.0, "accepted"), (10.5, "first sign"), (12.0, "asking"), (16.0, "first text"), (20.0, "shown")]
    assert durations(seen) == {"first_sign": 0.5, "first_text": 6.0, "queue": 2.0, "total": 10.0}
    failed = [(10.0, "queued"), (11.0, "asking"), (12.0, "ended"), (12.5, "shown")]
    assert durations(failed) == {"queue": 1.0, "deliver": 0.5, "total": 2.5}
    assert durations([]) == {}


async def test_a_failed_turn_is_one_line_without_words(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It has the reference that people are told, the outcome and the durations; no words, no person."""
    store = await Store.open(lay_database(tmp_path_factory.mktemp("log") / "bot.db"))
    try:
        asked = turn()
        assert asked.origin is not None
        await store.turns.accept(asked, asked.origin)
        await store.turns.note_shown(asked.key, 0, EndReason.REFUSED, None)
        with capture_logs() as lines:
            await log_turn(store.timeline, asked, EndReason.REFUSED)
    finally:
        await store.close()
    (line,) = lines
    assert line["event"] == "turn slow or failed"
    assert (line["log_level"], line["ref"], line["outcome"]) == ("warning", reference(asked.key), "refused")
    assert line["total"] >= 0
    assert not any(word in str(line) for word in ("secret", "Ada", "U1", asked.key))
