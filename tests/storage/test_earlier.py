"""The words of others behind a question: kept until nobody can need them, read anew by a retry, erased with their author."""

from aion_bot.domain.turn import EndReason, Turn
from aion_bot.environment.database_location import Location
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage import Store
from aion_bot.storage.erasure import Erasure, erase

THREAD = ThreadKey("slack", "T1/C1/1.0")


async def asked(store: Store, key: str, *, thread: ThreadKey = THREAD, written_at: float = 1.0) -> Turn:
    """Accept a question with words of others behind it."""
    prompt = Prompt(f"p-{key}", thread, Place("T1", "C1"), Person("U1"), "What?", written_at=written_at)
    turn = Turn(key, thread, prompt.person, "What?", origin=prompt)
    await store.turns.accept(turn, prompt)
    await store.earlier.keep(key, "\n\nBen wrote:\n> no", 1, {"U2", "U1"})
    return turn


async def attached(store: Store, key: str) -> str:
    turn = await store.turns.get(key)
    assert turn is not None
    return turn.attached


async def test_they_are_behind_the_question_until_it_is_answered(store: Store) -> None:
    """What is told is written down first; the words go with those of the question."""
    await asked(store, "a")
    known = await store.earlier.known("a", THREAD)
    assert (known.words, known.count, known.since) == ("\n\nBen wrote:\n> no", 1, 0.0)
    assert await attached(store, "a") == known.words
    await store.turns.start_asking("a", "s1")
    await store.turns.note_shown("a", 0, EndReason.ANSWERED)
    assert ((await store.earlier.known("a", THREAD)).words, await attached(store, "a")) == (None, "")


async def test_a_retry_reads_them_anew(store: Store) -> None:
    """Some may have been deleted since; a failed question keeps them until then."""
    await asked(store, "a")
    await store.turns.start_asking("a", "s1")
    await store.turns.end("a", EndReason.FAILED)
    assert (await store.earlier.known("a", THREAD)).count == 1
    assert await store.turns.claim_retry("a")
    assert ((await store.earlier.known("a", THREAD)).words, await attached(store, "a")) == (None, "")


async def test_only_what_aion_got_before_counts(store: Store) -> None:
    """Since when others' words are new: since the newest question of the thread that Aion got."""
    await asked(store, "a", written_at=5.0)
    await asked(store, "b", written_at=6.5)
    await asked(store, "c", written_at=7.0)
    await asked(store, "x", thread=ThreadKey("slack", "T1/C1/9.0"), written_at=6.9)
    assert (await store.earlier.known("c", THREAD)).since == 0.0
    await store.turns.start_asking("a", "s1")
    await store.turns.start_asking("x", "s2")
    assert (await store.earlier.known("c", THREAD)).since == 5.0
    keys = [f"p-{one}" for one in "abcxy"]
    assert await store.earlier.asked(keys, THREAD) == {"p-a", "p-x"}


async def test_they_are_erased_with_their_author(store: Store, path: Location) -> None:
    """`aion-bot erase --user` removes what somebody wrote from the questions of others, too."""
    await asked(store, "a")
    await store.turns.start_asking("a", "s1")
    await store.turns.end("a", EndReason.FAILED)
    erase(path, Erasure(user="U2"), wait=0.0)
    assert ((await store.earlier.known("a", THREAD)).words, await attached(store, "a")) == (None, "")
