"""Whose questions count together when the process is full."""

from pathlib import Path

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.indicators import Indicators
from aion_bot.domain import strings
from aion_bot.ports.messages import Person
from aion_bot.runtime.active_turns import MOST_IN_PROCESS, MOST_OF_PERSON, TurnSlots
from aion_bot.storage import Store


async def test_an_app_takes_turns_as_one(tmp_path: Path) -> None:
    """Webhooks of one app have one share of a process that is half full; a person, and another app, have their own."""
    store, tasks = await Store.open(tmp_path / "bot.db"), BackgroundTasks()
    await store.close()  # nothing is written here
    slots = TurnSlots(Indicators(store, tasks), tasks)
    first, second, other = (
        Person(name, name, frozenset({name, app})) for name, app in (("B1", "A1"), ("B2", "A1"), ("B3", "A2"))
    )
    for number in range(MOST_IN_PROCESS // 2 - MOST_OF_PERSON):
        slots.enter("slack", Person(f"U{number}"))
    for asker in (first, second):
        for _ in range(MOST_OF_PERSON // 2):
            slots.enter("slack", asker)
    assert slots.too_busy("slack", first) == slots.too_busy("slack", second) == strings.FULL_PERSON
    assert slots.too_busy("slack", other) is None
    slots.leave("slack", first)
    slots.enter("slack", other)
    assert slots.too_busy("slack", second) is None
