"""Whose conversations there are, where they are used, and what their threads are about."""

import time
from dataclasses import replace

from aion_bot.domain.file_types import FileKind
from aion_bot.domain.turn import KEPT_FOR_RETRY, Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage import Store
from aion_bot.storage.choices import NEXT_HOLDS, Picked
from aion_bot.storage.conversations import Search

ADA, BEN = Person("U1", "Ada"), Person("U2", "Ben")
HERE = Place("T", "C")


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
    pump, lift = Picked("a", "A pump"), Picked("b", "A lift")
    assert await change.choose(where, (), [pump])
    assert not await change.choose(where, (), [lift])
    assert await change.chosen(where) == [pump]
    assert (await store.choices.binding(where)).ids(FileKind.IMAGE) == ["a"]
    assert await change.choose(where, [pump], ())
    assert await store.choices.binding(where) == (None, [], False, False)


async def test_a_choice_is_widened_after_a_crash(store: Store) -> None:
    """The session of a thread with a choice may see no other pictures since: the next start knows that."""
    where = await ask(store, "k1", "one", "s1")
    assert await store.galleries.narrowed() == set()
    await store.conversations.choose(where, (), [Picked("a", "A pump")])
    assert await store.galleries.narrowed() == {"s1"}


async def test_a_choice_has_pictures_and_files(store: Store) -> None:
    """All of it is one choice: a change of a part that somebody else has not seen is refused."""
    where = await ask(store, "k1", "one", "s1")
    pump = Picked("a", "A pump")
    report, film = Picked("d", "report.pdf", FileKind.DOCUMENT), Picked("v", "site.mp4", FileKind.VIDEO)
    change = store.conversations
    assert await change.choose(where, (), [report, pump, film])
    assert await change.chosen(where) == [pump, report, film]
    assert not await change.choose(where, [pump], ())
    assert await change.choose(where, [pump, report, film], [film])
    bound = await store.choices.binding(where)
    assert (bound.session, bound.ids(FileKind.IMAGE), bound.ids(FileKind.VIDEO)) == ("s1", [], ["v"])
    await store.threads.unbind(where)
    assert await store.choices.binding(where) == (None, [], False, False)


async def test_what_a_session_got_is_known_until_its_questions_are_gone(store: Store) -> None:
    """A thread knows that its session has files that somebody chose, which survives everything but the last question."""
    where = await ask(store, "k1", "one", "s1")
    await store.choices.note_session_files("s1", ["d"], ["v"])
    assert (await store.choices.binding(where)).holds
    assert await store.choices.session_documents("s1") == ["d"]
    assert await store.choices.session_documents("s2") == []
    await store.turns._do("DELETE FROM turn")
    assert not (await store.choices.binding(where)).holds


async def test_what_is_chosen_for_the_next_thread_is_taken_once(store: Store) -> None:
    """By its person's next question in that channel with the same key, for an hour; a later choice replaces an earlier one."""
    pump, lift = Picked("a", "A pump"), Picked("b", "A lift")
    for key, found in (("k1", pump), ("k2", lift)):
        await store.conversations.keep_search(Search(key, "slack", ADA, "", [found], "", "x", HERE))
        assert await store.choices.choose_for_next(key, HERE)
    assert not await store.choices.choose_for_next("k9", HERE)

    async def taken(person: Person, place: Place, key_name: str = "") -> list[Picked]:
        where = ThreadKey("slack", "new")
        prompt = Prompt("p", where, place, person, "What?")
        return await store.choices.take_next(Turn("t", where, person, "What?", origin=prompt), key_name)

    assert await taken(BEN, HERE) == []
    assert await taken(ADA, Place("T", "C2")) == []
    assert await taken(ADA, HERE, "SITE_KEY") == []
    assert await taken(ADA, HERE) == [lift]
    assert await taken(ADA, HERE) == []
    assert await store.choices.choose_for_next("k1", HERE)
    await store.turns._do("UPDATE search SET chosen_at = chosen_at - ?", NEXT_HOLDS + 60)
    assert await taken(ADA, HERE) == []


async def test_a_search_is_kept_for_its_person(store: Store) -> None:
    """Its pictures come back in order, for a day; another key finds nothing."""
    kept = Search(
        "k",
        "slack",
        Person("U1"),
        "",
        [Picked("b", "A lift"), Picked("v", "A film", FileKind.VIDEO)],
        "",
        "lift",
        HERE,
    )
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


async def test_what_was_asked_privately_makes_a_conversation_private(store: Store) -> None:
    """Also where it began in public; one in direct messages is its person's alone, but may be opened elsewhere."""
    private, direct = replace(HERE, private=True), replace(HERE, channel="D1", direct=True)
    for number, places in enumerate([(HERE,), (private,), (direct,), (HERE, private), (direct, private)]):
        for turn, place in enumerate(places):
            await ask(store, f"k{number}{turn}", f"t{number}{turn}", f"s{number}", place=place)
    begun = [await store.conversations.of_session("slack", f"s{number}") for number in range(5)]
    kinds = [None if one is None else (one.private, one.hidden) for one in begun]
    assert kinds == [(False, False), (True, True), (True, False), (True, True), (True, True)]


async def test_threads_that_one_person_reads_leave_a_session(store: Store) -> None:
    """Those of direct messages and of private questions; what others read goes on in it."""
    places = [HERE, replace(HERE, private=True), replace(HERE, channel="D1", direct=True)]
    threads = [
        await ask(store, f"k{number}", f"t{number}", "s1", place=place) for number, place in enumerate(places)
    ]
    other = await ask(store, "k4", "t4", "s4", place=places[2])
    assert await store.conversations.leave_private("s1")
    assert [await store.threads.session(one) for one in (*threads, other)] == ["s1", None, None, "s4"]
    assert not await store.conversations.leave_private("s1")


async def test_a_private_question_goes_on_where_it_was_asked_before(store: Store) -> None:
    """One thread holds the private questions of several: a session belongs to the thread that its questions came from."""
    direct, other = ThreadKey("slack", "dm"), ThreadKey("slack", "elsewhere")
    here, there = ThreadKey("slack", "a"), ThreadKey("slack", "b")

    async def asked(key: str, asked_in: ThreadKey | None, session: str) -> Turn:
        prompt = Prompt(f"p-{key}", direct, HERE, ADA, "What?", share_to=asked_in)
        turn = Turn(key, direct, ADA, "What?", origin=prompt)
        await store.turns.accept(turn, prompt)
        await store.turns.start_asking(key, session)
        return turn

    async def goes_on(session: str | None, asked_in: ThreadKey) -> bool:
        return await store.conversations.goes_on(turn, session, asked_in)

    turn = await asked("k0", None, "s0")
    assert not await goes_on("s0", here)
    await asked("k1", here, "s1")
    turn = await asked("k2", there, "s2")
    assert [await goes_on(one, here) for one in ("s1", "s2", None)] == [True, False, False]
    # A new one, by `/aion new` or in place of one that ran out, is of the thread that the last question came from.
    assert await goes_on(None, there)
    await asked("k3", None, "s3")
    assert await goes_on("s3", there)
    assert await store.conversations.last_session(direct, here) == "s1"
    assert await store.conversations.last_session(direct, other) is None
