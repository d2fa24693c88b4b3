"""Polling a session for what Aion has stored."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aion_bot.aion import AionVision, ChatMessage, MessageRole
from aion_bot.conversation.aion_stream import stored_answer
from aion_bot.conversation.session_history import Polling, SessionHistory
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.simulators.aion import API_KEY, SimulatedAion
from aion_bot.storage import Store
from tests.support.databases import lay_database

THREAD, ADA = ThreadKey("slack", "T/C/1"), Person("U1", "Ada")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(lay_database(tmp_path / "bot.db"))
    yield opened
    await opened.close()


async def asked(store: Store, key: str, text: str) -> Turn:
    """A turn whose question Aion has, in session s1."""
    turn = Turn(key, THREAD, ADA, text, session_id="s1")
    await store.turns.accept(turn, Prompt(key, THREAD, Place("T", "C"), ADA, text))
    await store.turns.start_asking(key, "s1")
    return turn


def history(*said: str) -> list[ChatMessage]:
    """A session's messages: an answer begins with its id and a colon, anything else is a question."""
    return [
        ChatMessage(text.split(":")[0], MessageRole.ASSISTANT, text)
        if ":" in text
        else ChatMessage(f"u{number}", MessageRole.USER, text)
        for number, text in enumerate(said)
    ]


def test_polling_has_times_of_its_own() -> None:
    """An accepted plan action is watched for ten minutes, one with unknown outcome for a minute."""
    polling = Polling()
    assert sum(polling.accepted.delays()) == pytest.approx(600.0)
    assert sum(polling.in_doubt.delays()) == pytest.approx(60.0)
    assert sum(polling.stored_answer.delays()) == pytest.approx(30.0)


@pytest.mark.parametrize("retry_delay", [0.0, 10.0])
async def test_the_retry_delay_does_not_change_polling(
    retry_delay: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`AIONVISION_RETRY_DELAY` changes when a refused request is sent again, and no polling interval."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def nothing(_: object) -> None:
        return None

    async with (
        SimulatedAion() as aion,
        AionVision(API_KEY, base_url=aion.base_url, retry_delay=retry_delay) as client,
    ):
        session = await client.chats.create_session(title="any")
        history = SessionHistory(client)
        monkeypatch.setattr("aion_bot.conversation.session_history.asyncio.sleep", sleep)
        assert await history.wait(session.id, nothing, Polling().accepted) is None
    assert sum(waited) == pytest.approx(600.0)


@pytest.mark.parametrize(
    "said",
    [
        ("What?", "And now?", "m2: Now it rains."),
        ("What?", "What?", "m2: A house."),
        ("What?", "And now?", "And then?", "m2: Now it rains."),
    ],
)
async def test_an_answer_behind_a_later_question_is_not_an_earlier_ones(
    store: Store, said: tuple[str, ...]
) -> None:
    """A question that a stop cut off does not take what may answer a later one whose answer has no name yet."""
    first = await asked(store, "t1", "What?")
    await store.turns.end("t1", EndReason.INTERRUPTED)
    later = await asked(store, "t2", said[1])
    assert await stored_answer(store.turns, first, history(*said)) is None
    await store.turns.name_answer(later.key, "m2")
    assert await stored_answer(store.turns, first, history(*said)) is None


async def test_an_answer_that_can_be_no_other_questions_is_taken(store: Store) -> None:
    """It is taken from right behind its question, and from behind a later one whose own answer has a name."""
    first = await asked(store, "t1", "What?")
    later = await asked(store, "t2", "And now?")
    found = await stored_answer(store.turns, first, history("What?", "m1: A house.", "And now?"))
    assert found is not None
    assert found.id == "m1"
    await store.turns.name_answer(later.key, "m2")
    late = history("What?", "And now?", "m2: It rains.", "m1: A house.")
    found = await stored_answer(store.turns, first, late)
    assert found is not None
    assert found.id == "m1"


async def test_a_question_that_was_refused_has_no_answer_to_keep(store: Store) -> None:
    """A later question that Aion refused does not keep the answer from the one before it."""
    first = await asked(store, "t1", "What?")
    await asked(store, "t2", "And now?")
    await store.turns.note_shown("t2", 0, EndReason.REFUSED)
    found = await stored_answer(store.turns, first, history("What?", "And now?", "m1: A house."))
    assert found is not None
    assert found.id == "m1"
