"""Answers on Discord where no thread can be opened, or nothing can be written."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aion_bot.conversation.turn import TurnRunner
from aion_bot.domain import strings
from aion_bot.ports.errors import Hindrance
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import spoken
from aion_bot.simulators.discord import SimulatedDiscord
from tests.end_to_end.bot import Bot
from tests.support.cases import rest_slow

CREATE_THREAD = "POST /channels/{channel_id}/messages/{message_id}/threads"
CREATE_MESSAGE = "POST /channels/{channel_id}/messages"


@pytest.fixture
async def bot(aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path) -> AsyncIterator[Bot]:
    """A running bot on Discord."""
    made = Bot(aion, discord, tmp_path)
    await made.start()
    yield made
    await made.stop()


def hanging(patched: pytest.MonkeyPatch) -> asyncio.Event:
    """Let no answer be shown; the event is set once one would be."""
    reached = asyncio.Event()

    async def hang(_: TurnRunner) -> None:
        reached.set()
        await asyncio.Event().wait()

    patched.setattr(TurnRunner, "_show", hang)
    return reached


async def test_a_command_is_answered_in_place(bot: Bot, discord: SimulatedDiscord) -> None:
    """Where the bot may write but open no threads, `/ask` is answered in the channel, and no request is refused."""
    general = discord.world.named("general").id
    discord.world.without_threads.add(general)
    bot.aion.play(spoken("The answer."))
    await discord.ask(bot.ada, "What is damaged?")
    await bot.shows(general, "The answer.")
    assert discord.server.calls[CREATE_THREAD] == 0


@pytest.mark.parametrize(
    ("status", "code"), rest_slow([(403, 50013), (400, 160006), (400, 50035), (400, 50024), (400, 30033)])
)
async def test_a_mention_is_answered_in_place(
    bot: Bot, discord: SimulatedDiscord, status: int, code: int
) -> None:
    """A mention whose thread Discord refuses is answered in the channel, and its plan can be decided there."""
    general = discord.world.named("general").id
    discord.fail_next(CREATE_THREAD, times=2, status=status, code=code)
    await discord.mention(bot.ada, "Sort the photos of site 7")
    await bot.card(general)
    await bot.press(bot.ada, general, "Approve")
    await bot.shows(general, strings.DONE)


async def test_an_answer_in_place_is_resumed_after_a_restart(
    bot: Bot, discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn that was moved to the channel is answered there by the next process."""
    general = discord.world.named("general").id
    discord.world.without_threads.add(general)
    bot.aion.play(spoken("The answer."))
    with monkeypatch.context() as patched:
        reached = hanging(patched)
        await discord.mention(bot.ada, "What?")
        await reached.wait()
        await bot.kill()
    await bot.start()
    await bot.shows(general, "The answer.")


async def test_a_place_that_takes_nothing_is_told_privately(bot: Bot, discord: SimulatedDiscord) -> None:
    """Where Discord takes neither thread nor message, the person reads which permission is missing, and the echo goes."""
    general = discord.world.named("general").id
    discord.fail_next(CREATE_THREAD, status=403, code=50013)
    discord.fail_next(CREATE_MESSAGE, status=403, code=50013)
    discord.interact(2, bot.ada, discord.world.channel(general), ask(discord, "What?"))
    sentence = strings.cannot_write(Hindrance.PERMISSION, "Create Public Threads")
    await bot.until(
        lambda: any(one.text.startswith(sentence) for one in discord.private_messages(general, bot.ada))
    )
    await bot.until(lambda: bot.bots(general) == [])


async def test_closed_direct_messages_leave_nobody_without_an_answer(
    bot: Bot, discord: SimulatedDiscord
) -> None:
    """A command is answered by its token, a mention by a sign where nothing else is taken."""
    general = discord.world.named("general").id
    discord.world.closed_to_bot.add(bot.ada.id)
    discord.fail_next(CREATE_THREAD, status=403, code=50013)
    discord.fail_next(CREATE_MESSAGE, times=20, status=403, code=50013)
    question = await discord.mention(bot.ada, "What?")
    await bot.until(lambda: bool(discord.world.anywhere(question).reactions))
    assert bot.bots(general) == []


async def test_an_interactions_token_serves_after_a_restart(
    bot: Bot, discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that an earlier process took is answered privately by its token, with closed direct messages."""
    discord.world.closed_to_bot.add(bot.ada.id)
    with monkeypatch.context() as patched:
        reached = hanging(patched)
        thread = await discord.ask(bot.ada, "What?")
        await reached.wait()
        await bot.kill()
    discord.fail_next(CREATE_MESSAGE, times=20, status=404, code=10003)
    await bot.start()
    await bot.replies_privately(thread, bot.ada, strings.PLACE_GONE)


async def test_an_acknowledgement_goes_after_a_restart(
    bot: Bot, discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The public echo of a command that an earlier process took is deleted by its token, as its own access was taken."""
    general = discord.world.named("general").id
    with monkeypatch.context() as patched:
        reached = hanging(patched)
        echo = await discord.ask(bot.ada, "What?")
        await reached.wait()
        await bot.kill()
    for route in (CREATE_MESSAGE, "DELETE /channels/{channel_id}/messages/{message_id}"):
        discord.fail_next(route, times=20, status=403, code=50001)
    await bot.start()
    await bot.until(lambda: all(one.id != echo for one in discord.thread(general)))
    told = [one.text for one in discord.private_messages(echo, bot.ada)]
    assert told[0].startswith(strings.cannot_write(Hindrance.PERMISSION, "View Channel"))


async def test_an_acknowledgement_goes_where_the_bot_has_no_access(
    bot: Bot, discord: SimulatedDiscord
) -> None:
    """The public echo of a command is deleted by its token where Discord lets the bot do nothing in the channel."""
    general = discord.world.named("general").id
    for route in (CREATE_THREAD, CREATE_MESSAGE, "DELETE /channels/{channel_id}/messages/{message_id}"):
        discord.fail_next(route, times=9, status=403, code=50001)
    discord.interact(2, bot.ada, discord.world.channel(general), ask(discord, "What?"))
    sentence = strings.cannot_write(Hindrance.PERMISSION, "View Channel")
    await bot.until(
        lambda: any(one.text.startswith(sentence) for one in discord.private_messages(general, bot.ada))
    )
    await bot.until(lambda: bot.bots(general) == [])


def ask(discord: SimulatedDiscord, text: str) -> dict[str, object]:
    """What a client sends for `/ask`."""
    known = discord.world.command("ask", 1)
    option = {"name": "prompt", "type": 3, "value": text}
    return {"id": known["id"], "name": "ask", "type": 1, "options": [option]}
