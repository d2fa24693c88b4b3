"""Polling a session for what Aion has stored."""

from dataclasses import replace

import pytest

from aion_bot.aion import AionVision, ChatMessage, MessageRole
from aion_bot.conversation.session_history import Polling, SessionHistory
from aion_bot.conversation.stored_answer import stored_answer
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Action, MessageRef, Person, ThreadKey
from aion_bot.simulators.aion import API_KEY, SimulatedAion
from aion_bot.storage import Store

THREAD, ADA = ThreadKey("slack", "T/C/1"), Person("U1", "Ada")


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


@pytest.mark.slow
async def test_an_answer_that_is_never_named_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another question's plan that nobody decides keeps its stream open for hours: a card does not say "Working" for so long."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def nothing(_: object) -> None:
        raise AssertionError("whose a message is was not known")

    async def undecided() -> bool:
        return True

    async with SimulatedAion() as aion, AionVision(API_KEY, base_url=aion.base_url) as client:
        session = await client.chats.create_session(title="any")
        monkeypatch.setattr("aion_bot.conversation.session_history.asyncio.sleep", sleep)
        polling = Polling()
        looking = SessionHistory(client).wait(
            session.id, nothing, polling.in_doubt, undecided=undecided, unnamed=polling.unnamed
        )
        assert await looking is None
    assert sum(waited) == pytest.approx(600.0)


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
    assert await stored_answer(store, first, history(*said)) is None
    await store.turns.name_answer(later.key, "m2")
    assert await stored_answer(store, first, history(*said)) is None


async def test_an_answer_that_can_be_no_other_questions_is_taken(store: Store) -> None:
    """It is taken from right behind its question, and from behind a later one whose own answer has a name."""
    first = await asked(store, "t1", "What?")
    later = await asked(store, "t2", "And now?")
    found = await stored_answer(store, first, history("What?", "m1: A house.", "And now?"))
    assert found is not None
    assert found.id == "m1"
    await store.turns.name_answer(later.key, "m2")
    late = history("What?", "And now?", "m2: It rains.", "m1: A house.")
    found = await stored_answer(store, first, late)
    assert found is not None
    assert found.id == "m1"


async def test_a_question_that_was_refused_has_no_answer_to_keep(store: Store) -> None:
    """A later question that Aion refused does not keep the answer from the one before it."""
    first = await asked(store, "t1", "What?")
    await asked(store, "t2", "And now?")
    await store.turns.note_shown("t2", 0, EndReason.REFUSED)
    found = await stored_answer(store, first, history("What?", "And now?", "m1: A house."))
    assert found is not None
    assert found.id == "m1"


async def watched(
    store: Store, key: str, waits: PlanPhase, ended: PlanPhase | None, doubt: bool = True
) -> None:
    """A plan of session s1 whose decision Aion has, and whose watch has ended in `ended`, if it has."""
    await store.plans.add(Plan(key, f"aion's {key}", "s1", THREAD, ADA, "Sort them", turn="t0"))
    await store.plans.note_card(key, MessageRef(THREAD, f"card of {key}"))
    await store.plans.claim(key, Action.APPROVE, ADA)
    await store.plans.note_sent(key, [])
    await store.plans.move(key, waits, doubt=waits is PlanPhase.UNKNOWN)
    if ended is not None:
        await store.plans.move(key, ended, doubt=doubt)


@pytest.mark.parametrize("name", [None, "m2"])
@pytest.mark.parametrize(
    ("waits", "ended"),
    [
        (PlanPhase.RUNNING, None),
        (PlanPhase.RUNNING, PlanPhase.SETTLED),
        (PlanPhase.BUSY, PlanPhase.PENDING),
        (PlanPhase.UNKNOWN, PlanPhase.PENDING),
    ],
)
async def test_a_result_that_nobody_has_seen_is_no_answer(
    store: Store, waits: PlanPhase, ended: PlanPhase | None, name: str | None
) -> None:
    """While a result may still be stored for a plan, also one that was given up, a question takes only what has its name."""
    await watched(store, "p1", waits, ended)
    turn = replace(await asked(store, "t2", "What?"), answer_id=name)
    said = ("Sort them", "What?", "r1: Three photos are in two folders.")
    assert await stored_answer(store, turn, history(*said)) is None
    found = await stored_answer(store, turn, history(*said, "m2: A house."))
    assert (found.id if found else None) == name


@pytest.mark.parametrize("ended", [PlanPhase.DONE, PlanPhase.SETTLED])
async def test_a_plan_whose_end_is_known_costs_no_answer(store: Store, ended: PlanPhase) -> None:
    """Behind a plan that is done, or whose result a stream has told, an answer is found by its place."""
    await watched(store, "p1", PlanPhase.UNKNOWN, ended, doubt=ended is PlanPhase.DONE)
    found = await stored_answer(store, await asked(store, "t2", "What?"), history("What?", "m2: A house."))
    assert found is not None


async def test_results_in_front_of_a_question_cost_no_answer(store: Store) -> None:
    """As soon as each plan's result stands in front of a question, seen or not, what is behind it is its answer."""
    await watched(store, "p1", PlanPhase.RUNNING, PlanPhase.SETTLED)
    await watched(store, "p2", PlanPhase.UNKNOWN, PlanPhase.PENDING)
    turn = await asked(store, "t2", "What?")
    assert await stored_answer(store, turn, history("r1: Done.", "What?", "m2: A house.")) is None
    found = await stored_answer(store, turn, history("r1: Done.", "r2: Done.", "What?", "m2: A house."))
    assert found is not None
    assert found.id == "m2"
    await store.turns.end("t2", EndReason.INTERRUPTED)
    await store.plans.claim_result("p1", ["r1"])
    found = await stored_answer(store, turn, history("r1: Done.", "r2: Done.", "What?", "m2: A house."))
    assert found is not None


async def test_a_named_answer_that_was_never_stored_is_not_a_later_questions(store: Store) -> None:
    """A question whose answer has a name does not take a later question's answer, which has none yet."""
    first = await asked(store, "t1", "What?")
    await store.turns.name_answer("t1", "m1")
    await asked(store, "t2", "And now?")
    said = history("What?", "And now?", "m2: Now it rains.")
    assert await stored_answer(store, replace(first, answer_id="m1"), said) is None
