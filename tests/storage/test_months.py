"""The month's questions by key, as the database counts them."""

from aion_bot.domain.allowance import Allowance
from aion_bot.domain.month import Month
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage import Store
from aion_bot.storage.months import ChannelUse

ADA = Person("U1", "Ada")


async def ask(store: Store, name: str, channel: str = "C1") -> None:
    """Ask a question, which goes to Aion, and again in a new session, as Aion has forgotten the first one."""
    thread = ThreadKey("slack", name)
    prompt = Prompt(f"slack:{name}", thread, Place("T1", channel), ADA, "What?")
    assert await store.turns.accept(Turn(name, thread, ADA, "What?"), prompt, Allowance())
    assert await store.turns.start_asking(name, "session 1")
    assert await store.turns.start_asking(name, "session 2")


async def test_what_goes_to_aion_counts_once_for_its_key(store: Store) -> None:
    """Questions count by channel, the second session of a question does not, and another key has its own count."""
    await store.months.use_key("first")
    for name, channel in (("a", "C1"), ("b", "C1"), ("c", "C2")):
        await ask(store, name, channel)
    assert await store.months.of_channel("slack", "C1") == ChannelUse(3, 2, 2)
    assert await store.months.of_channel("slack", "C9") == ChannelUse(3, 0, 3)
    await store.months.use_key("second")
    assert await store.months.own() == 0
    await ask(store, "d")
    await store.months.use_key("first")
    assert await store.months.own() == 3


async def test_aions_number_and_the_own_count_go_together(store: Store) -> None:
    """What others asked with the key is in Aion's number; what the bot asks after that is added until the next one."""
    await ask(store, "a")
    assert await store.months.now() is None
    await store.months.note(100, 41)
    assert await store.months.now() == Month(100, 41)
    await ask(store, "b")
    assert await store.months.now() == Month(100, 42)
    await store.months.note(200, 50)
    assert await store.months.now() == Month(200, 50)


async def test_each_is_warned_once_of_each_percentage(store: Store) -> None:
    """Another channel, the operator, a higher percentage and another key are warned; a lower one after it is not."""
    assert [await store.months.warn(80, "slack", "C1") for _ in range(2)] == [True, False]
    assert await store.months.warn(95, "slack", "C2")
    assert not await store.months.warn(80, "slack", "C2")
    assert await store.months.warn(95, "slack", "C1")
    assert await store.months.warn(80)
    await store.months.use_key("another")
    assert await store.months.warn(80, "slack", "C1")


async def test_a_question_counts_for_the_key_of_its_session(store: Store) -> None:
    """The month of one key is not that of another; a session that is not noted is of the main key."""
    site = store.months.of_key("SITE_KEY")
    await store.months.use_key("main")
    await site.use_key("other")
    await store.session_keys.note("session 1", "SITE_KEY")
    await ask(store, "a", "C7")
    assert (await store.months.own(), await site.own()) == (0, 1)
    await site.note(10, 10)
    assert (await store.months.now(), await site.now()) == (None, Month(10, 10))
    assert await site.warn(95)
    assert await store.months.warn(95)
    assert not await site.warn(95)
