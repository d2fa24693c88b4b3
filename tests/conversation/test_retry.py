"""Who has a failed question asked again, and how often."""

from pathlib import Path

from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.retry import Retries
from aion_bot.domain import strings
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.allowance import MOST_OF_APP
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.ports.events import Click, Place, Prompt
from aion_bot.ports.messages import Action, Line, MessageRef, Person, ThreadKey
from aion_bot.storage import Store
from tests.support.databases import lay_database

HERE = Place("T1", "C1")
ADA, FLOW = Person("U1", "Ada"), Person("B1", "Site round", frozenset({"B1", "A1"}))


async def ask(store: Store, key: str) -> ThreadKey:
    """Let the app ask a question, in a thread of its own."""
    thread = ThreadKey("slack", f"T1/C1/{key}")
    prompt = Prompt(f"slack:{key}", thread, HERE, FLOW, "What?")
    assert await store.turns.accept(Turn(key, thread, FLOW, "What?"), prompt)
    return thread


async def press(store: Store, key: str, thread: ThreadKey) -> tuple[Line, Turn | None]:
    """Press Retry under a question of the app's, as somebody else."""
    retries = Retries(store, AccessControl({"slack": AccessPolicy(allow_apps=frozenset({"A1"}))}))
    return await retries.claim(Click(Action.RETRY, key, MessageRef(thread, "1"), HERE, ADA))


async def test_a_retry_is_in_the_allowance_of_the_app_that_asked(tmp_path: Path) -> None:
    """Where nobody is limited an app still is, whoever has its question asked again."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    try:
        thread = await ask(store, "failed")
        assert await store.turns.end("failed", EndReason.FAILED)
        for number in range(MOST_OF_APP):
            await ask(store, f"t{number}")
        line, turn = await press(store, "failed", thread)
        assert turn is None
        assert "The person who asked has used their 30 questions an hour." in str(line)
        await store.turns.withdraw("slack:t0")
        line, turn = await press(store, "failed", thread)
        assert line == ()
        assert turn is not None
        assert (await press(store, "failed", thread))[0] == (strings.RETRY_GONE,)
    finally:
        await store.close()
