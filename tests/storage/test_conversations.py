"""Whose conversations there are, where they are used, and what their threads are about."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from aion_bot.domain.turn import KEPT_FOR_RETRY, Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage import Store
from aion_bot.storage.conversations import Search
from tests.support.databases import lay_database

ADA, BEN = Person("U1", "Ada"), Person("U2", "Ben")
HERE = Place("T", "C")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(lay_database(tmp_path / "bot.db"))
    yield opened
    await opened.close()


async def ask(
    store: Store, key: str, thread: str, session: str, person: Person = ADA, place: Place = HERE
) -> ThreadKey:
    """Record a question that Aion was asked."""
    where = ThreadKey("slack", thread)
    prompt = Prompt(f"p-{key}", where, place, person, "What?")
    await store.turns.accept(Turn(key, where, person, "What?", origin=prompt), prompt)
    await store.threads.bind(where, session)
    await store.turns.start_asking(key, session)
    return where


async def test_a_conversation_is_of_whoever_asked_first_in_it(store: Store) -> None:
    """Who joins later has not begun it, and it is not in their list."""
    where = await ask(store, "k1", "one", "s1")
    await ask(store, "k2", "one", "s1", BEN)
    begun = await store.conversations.of_session("slack", "s1")
    assert begun is not None
    assert (begun.turn, begun.thread, begun.owner) == ("k1", where, ADA)
    assert await store.conversations.of_person("slack", HERE, BEN, 5, 0) == []
    assert await store.conversations.of_session("discord", "s1") is None


async def test_a_person_s_conversations_come_newest_first_and_in_pages(store: Store) -> None:
    """By their newest question, also where that was asked in another thread; of one workspace alone."""
    for number in range(4):
        await ask(store, f"k{number}", f"t{number}", f"s{number}")
    await ask(store, "again", "elsewhere", "s1")
    await ask(store, "other", "t9", "s9", place=Place("T2", "C9"))

    async def page(most: int, behind: int) -> list[str]:
        found = await store.conversations.of_person("slack", HERE, ADA, most, behind)
        return [one.session for one in found]

    assert await page(3, 0) == ["s1", "s3", "s2"]
    assert await page(3, 3) == ["s0"]


async def test_the_newest_thread_of_a_person_in_a_channel(store: Store) -> None:
    """Threads of other people, channels and workspaces do not count."""
    first = await ask(store, "k1", "one", "s1")
    await ask(store, "k2", "two", "s2", BEN)
    await ask(store, "k3", "three", "s3", place=Place("T", "C2"))
    newest = store.conversations.newest_thread
    assert await newest("slack", HERE, ADA) == first
    second = await ask(store, "k4", "four", "s4")
    assert await newest("slack", HERE, ADA) == second
    assert await newest("slack", replace(HERE, workspace="T2"), ADA) is None


async def test_of_two_people_who_change_a_thread_one_is_first(store: Store) -> None:
    """The second one's change is refused, and what the first one wanted stays."""
    where = await ask(store, "k1", "one", "s1")
    change = store.conversations
    assert await change.switch(where, "s1", None)
    assert not await change.switch(where, "s1", "s2")
    assert await store.threads.session(where) is None
    pump, lift = ("a", "A pump"), ("b", "A lift")
    assert await change.choose(where, (), [pump])
    assert not await change.choose(where, (), [lift])
    assert await change.pictures(where) == [pump]
    assert await store.threads.binding(where) == (None, ["a"])
    assert await change.choose(where, [pump], ())
    assert await store.threads.binding(where) == (None, [])


async def test_a_choice_is_widened_after_a_crash(store: Store) -> None:
    """The session of a thread with a choice may see no other pictures since: the next start knows that."""
    where = await ask(store, "k1", "one", "s1")
    assert await store.galleries.narrowed() == set()
    await store.conversations.choose(where, (), [("a", "A pump")])
    assert await store.galleries.narrowed() == {"s1"}


async def test_a_search_is_kept_for_its_person(store: Store) -> None:
    """Its pictures come back in order, for a day; another key finds nothing."""
    kept = Search("k", "slack", Person("U1"), "", [("b", "A lift"), ("a", "A pump")])
    await store.conversations.keep_search(kept)
    assert await store.conversations.search("k") == kept
    assert await store.conversations.search("x") is None
    now = time.time()
    assert await store.retention.erase_expired(now + KEPT_FOR_RETRY - 60) == 0
    assert await store.retention.erase_expired(now + KEPT_FOR_RETRY + 60) == 1
    assert await store.conversations.search("k") is None


async def test_each_key_has_its_own_list(store: Store) -> None:
    """Sessions of another key are not among a person's conversations, and a search says which key found it."""
    await ask(store, "k1", "one", "s1")
    await store.session_keys.note("s2", "SITE_KEY")
    await ask(store, "k2", "two", "s2")
    of = store.conversations.of_person
    assert [one.session for one in await of("slack", HERE, ADA, 5, 0)] == ["s1"]
    assert [one.session for one in await of("slack", HERE, ADA, 5, 0, key_name="SITE_KEY")] == ["s2"]
    await store.conversations.keep_search(Search("f1", "slack", ADA, "", [], "SITE_KEY"))
    found = await store.conversations.search("f1")
    assert found is not None
    assert found.key_name == "SITE_KEY"


async def test_the_key_of_a_session_is_known_for_as_long_as_anything_needs_it(store: Store) -> None:
    """A thread that still has the session keeps it; once the thread has another one and its questions are gone, so is it."""
    await store.session_keys.note("s1", "SITE_KEY")
    thread = await ask(store, "k1", "one", "s1")
    await store.threads.unbind(thread)
    assert await store.session_keys.name_of("s1") == "SITE_KEY"
    await store.threads.bind(thread, "s1")
    await store.turns._do("DELETE FROM turn")
    assert await store.session_keys.any()
    await store.threads.unbind(thread)
    assert not await store.session_keys.any()
