"""What was recorded of a channel follows it to its new id."""

from pathlib import Path

from adapters.slack import ids
from aion_bot.domain.plan import Plan
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import MessageRef, Person, ThreadKey
from aion_bot.storage import Store
from aion_bot.storage.beside import open_beside
from aion_bot.storage.galleries import DueGallery
from tests.support.databases import lay_database

OLD, NEW, OTHER = "G0OLD", "C0NEW", "C0OTHER"
ADA = Person("U0ADA", "Ada")


def thread(channel: str) -> ThreadKey:
    return ids.thread_key("T0", channel, "1.1")


async def record(store: Store, key: str, channel: str) -> None:
    """Record a turn with an answer, a plan and a session in a channel."""
    where = thread(channel)
    source = ids.message_ref(where, channel, "1.1")
    prompt = Prompt(
        ids.prompt_key("T0", channel, "1.1"), where, Place("T0", channel), ADA, "What?", source=source
    )
    await store.turns.accept(Turn(key, where, ADA, "What?", origin=prompt), prompt)
    shown = ids.message_ref(where, channel, "1.2")
    await store.turns.note_posted(key, 0, [shown], shown)
    plan = Plan(
        key=f"p{key}", plan_id="1", session_id=key, thread=where, requester=ADA, description="d", turn=key
    )
    await store.plans.add(plan)
    await store.plans.note_card(f"p{key}", MessageRef(where, f"{channel}/1.3"))
    await store.threads.bind(where, f"session-{key}")


async def test_threads_follow_their_channel(tmp_path: Path) -> None:
    """Turns, plans and sessions are found under the new id, those of other channels under their old one; twice is harmless."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    await record(store, "a", OLD)
    await record(store, "b", OTHER)
    for _ in range(2):
        await store.renaming.rename("slack", ids.renamed(OLD, NEW), (OLD, NEW))
    for key, channel in (("a", NEW), ("b", OTHER)):
        turn, plan = await store.turns.get(key), await store.plans.get(f"p{key}")
        assert turn is not None
        assert plan is not None
        assert turn.origin is not None
        assert turn.thread == plan.thread == thread(channel)
        assert [one.id for one in turn.posted] == [f"{channel}/1.2"]
        assert turn.file == turn.posted[0]
        assert plan.message == MessageRef(thread(channel), f"{channel}/1.3")
        assert turn.origin.place.channel == channel
        assert turn.origin.source == MessageRef(thread(channel), f"{channel}/1.1")
        assert await store.turns.accepted(ids.prompt_key("T0", channel, "1.1"))
        assert await store.threads.session(thread(channel)) == f"session-{key}"
    assert not await store.threads.known(thread(OLD))
    with open_beside(store.location, write=True) as connection:
        channels = [one for (one,) in connection.execute("SELECT channel FROM turn ORDER BY key")]
    assert channels == [NEW, OTHER]  # for the allowance of a channel
    await store.close()


async def test_what_is_still_to_be_posted_follows_its_channel(tmp_path: Path) -> None:
    """A mention and pictures that are due are posted under the new id, and a share goes on behind the messages that stand."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    for key, channel in (("a", OLD), ("b", OTHER)):
        await record(store, key, channel)
        await store.galleries.add(DueGallery(key, thread(channel), ADA, [{"id": "i1"}]))
        await store.turns.note_shown(key, 0)
        await store.shares.claim(key)
        await store.shares.note_posted(key, [MessageRef(thread(channel), f"{channel}/1.4")])
    with open_beside(store.location, write=True) as connection:
        connection.execute(
            "INSERT INTO mention (owner, platform, thread, person_id) SELECT key, platform, thread, asker_id FROM turn"
        )
    for _ in range(2):
        await store.renaming.rename("slack", ids.renamed(OLD, NEW), (OLD, NEW))
    for key, channel in (("a", NEW), ("b", OTHER)):
        assert [one.thread for one in await store.mentions.due(key)] == [thread(channel)]
        assert [one.thread for one in await store.galleries.due(key)] == [thread(channel)]
    assert [one.posted for one in await store.shares.unfinished()] == [(f"{NEW}/1.4",), (f"{OTHER}/1.4",)]
    await store.close()
