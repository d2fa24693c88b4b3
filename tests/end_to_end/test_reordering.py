"""A reply that arrives before the message that began its thread."""

import asyncio

import pytest

from aion_bot.domain.allowance import Allowance
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import ThreadKey
from aion_bot.runtime.replies import ReorderBuffer, opens
from aion_bot.simulators.aion.scene import spoken
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.storage.store import Threads
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot

THREAD, OTHER = ThreadKey("slack", "T/C/1"), ThreadKey("slack", "T/C/2")


async def test_a_reply_that_overtakes_its_mention_is_answered(
    on_slack: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply without a mention that arrives before the mention is answered after it."""
    bot = on_slack
    looked, accept, knows = asyncio.Event(), Turns.accept, Threads.known

    async def late(store: Turns, turn: object, prompt: Prompt, allowance: Allowance) -> bool:
        if prompt.addressed:
            await looked.wait()
        return await accept(store, turn, prompt, allowance)  # type: ignore[arg-type]  # the arguments of the wrapped method

    async def looking(store: Threads, thread: ThreadKey) -> bool:
        known = await knows(store, thread)
        looked.set()
        return known

    monkeypatch.setattr(Turns, "accept", late)
    monkeypatch.setattr(Threads, "known", looking)
    await bot.start()
    bot.aion.play(spoken("The first answer."), spoken("The second answer."))
    thread = await bot.workspace.ask(bot.ada, "What is first?")
    await bot.workspace.reply(bot.ada, thread, "What is second?")
    text = await bot.shows(thread, "The first answer.", "The second answer.")
    assert text.index("The first answer.") < text.index("The second answer.")


async def test_replies_among_people_are_ignored(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Replies among people get no answer, and nothing of them is kept."""
    bot = on_slack
    await bot.start()
    channel = next(iter(slack.conversations.channels.values()))
    root = slack.say(bot.ada, channel, "Good morning")
    for number in range(8):
        slack.say(bot.ben, channel, f"Chatter {number}", thread=root.ts)
    await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    assert bot.bots(root.ts) == []
    assert bot.aion.count("send_stream") == 1


async def test_the_number_of_waiting_replies_is_bounded() -> None:
    """A thread buffers replies up to its bound; other threads are not affected, and the buffer is empty afterwards."""
    openings = ReorderBuffer()
    held = [openings.expecting(THREAD) for _ in range(6)]
    events = [one.__enter__() for one in held]
    assert [event is None for event in events] == [False] * 5 + [True]
    with openings.expecting(OTHER) as other:
        openings.opened(THREAD)
        assert await opens(events[0])
        assert not await opens(events[5])
        assert other is not None
        assert not other.is_set()
    for one in held:
        one.__exit__(None, None, None)
    assert openings.waiting == {}
