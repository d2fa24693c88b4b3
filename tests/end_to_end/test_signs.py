"""Signs of life: people see that their question arrived, for as long as they wait. `benchmarks/signs.py` measures bursts."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from aion_bot.conversation import bursts, indicators, silence
from aion_bot.domain import strings
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.rates import DiscordLimits
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot

TYPING = "POST /channels/{channel_id}/typing"
CREATE_THREAD = "POST /channels/{channel_id}/messages/{message_id}/threads"


def real_limits(bot: Bot) -> None:
    """Let the adapters keep the limits of their platform."""
    bot.limits = {}


async def test_a_mark_is_shown_at_discords_own_limits(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path
) -> None:
    """A question that waits behind another one is marked, although Discord's limit of reactions is one call."""
    bot = Bot(aion, discord, tmp_path)
    real_limits(bot)
    discord.rates.limits = DiscordLimits()
    await bot.start()
    aion.play(spoken("The first.", Hold("go", pings=True)), spoken("The second."))
    thread = await discord.mention(bot.ada, "What?")
    await bot.until(lambda: bool(bot.bots(thread)))
    await discord.reply(bot.ada, thread, "And what else?")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    aion.release("go")
    await bot.shows(thread, "The second.")
    await bot.until(lambda: bot.queued_marker_count(thread) == 0)
    await bot.stop()


async def asked_while_no_thread_opens(bot: Bot, discord: SimulatedDiscord) -> str:
    """Start the bot and ask while Discord limits the creation of threads; returns the message's id, which is the thread's."""
    real_limits(bot)
    await bot.start()
    discord.fail_next(CREATE_THREAD, status=429, retry_after=0.2, times=1_000)
    bot.aion.play(spoken("The answer."))
    return await discord.mention(bot.ada, "What?")


async def test_a_question_whose_thread_waits_is_marked(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While Discord limits the creation of threads a mention has its mark, which goes with the answer."""
    monkeypatch.setattr(indicators, "_OPENING", 0.02)
    bot = Bot(aion, discord, tmp_path)
    thread = await asked_while_no_thread_opens(bot, discord)
    await bot.until(lambda: discord.is_marked(thread))
    await bot.until(lambda: discord.world.named("general").id in discord.world.typing)
    discord.server.faults.clear()
    await bot.shows(thread, "The answer.")
    await bot.until(lambda: not discord.is_marked(thread))
    await bot.stop()


async def test_a_thread_that_is_limited_again_and_again_is_opened(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """However often Discord asks to wait before it opens a thread, the question is answered."""
    await on_discord.start()
    discord.fail_next(CREATE_THREAD, status=429, retry_after=0.01, times=12)
    on_discord.aion.play(spoken("The answer."))
    thread = await discord.mention(on_discord.ada, "What?")
    await on_discord.shows(thread, "The answer.")


async def test_typing_is_renewed_while_aion_is_silent(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path
) -> None:
    """Discord's typing is shown again before it would disappear, and not after the end."""
    bot = Bot(aion, discord, tmp_path)
    bot.limits["activity_lasts"] = 0.1
    await bot.start()
    aion.play(spoken("The answer.", Hold("go", pings=True)))
    thread = await discord.mention(bot.ada, "What?")
    await bot.until(lambda: discord.world.typing.count(thread) >= 3)
    aion.release("go")
    await bot.shows(thread, "The answer.")
    await bot.until(lambda: bot.pressable(thread) == [])
    await bot.stop()
    ended = discord.server.calls[TYPING]
    await asyncio.sleep(0)
    assert discord.server.calls[TYPING] == ended


async def test_long_silence_is_told(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Aion says nothing for long, the answer's message says that the bot still works."""
    monkeypatch.setattr(silence, "LONG", 0.1)
    monkeypatch.setattr(silence, "_SHORTEST_LOOK", 0.02)
    bot.aion.play(spoken("The answer.", Hold("go", pings=True)))
    thread = await bot.workspace.ask(bot.ada, "What?")
    await bot.shows(thread, strings.STILL_WORKING)
    bot.aion.release("go")
    await bot.shows(thread, "The answer.", without=[strings.STILL_WORKING])


async def test_a_long_wait_for_a_thread_is_told(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits long for a thread that cannot be opened yet is told."""
    monkeypatch.setattr(silence, "LONG", 0.1)
    bot = Bot(aion, discord, tmp_path)
    thread = await asked_while_no_thread_opens(bot, discord)
    await bot.replies_privately(thread, bot.ada, strings.STILL_WAITING)
    discord.server.faults.clear()
    await bot.shows(thread, "The answer.")
    await bot.stop()


@pytest.mark.slow
async def test_a_long_wait_in_the_queue_is_told(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits long behind somebody else's question is told, once for all of theirs, and nobody whose turn has come."""
    bot.aion.play(*(spoken(f"Answer {n}.", Hold(f"go {n}", pings=True)) for n in range(4)))
    thread = await bot.workspace.mention(bot.ada, "first")
    await bot.aion.until(lambda: bot.aion.streaming == 1)
    monkeypatch.setattr(silence, "LONG", 0.05)
    await bot.workspace.reply(bot.ben, thread, "second")
    await bot.workspace.reply(bot.ben, thread, "third")
    await bot.replies_privately(thread, bot.ben, strings.STILL_QUEUED)
    monkeypatch.setattr(silence, "LONG", 30.0)
    await bot.workspace.reply(bot.cy, thread, "fourth")
    for n in range(4):
        bot.aion.release(f"go {n}")
    await bot.shows(thread, "Answer 3.")
    assert bot.private_replies(thread, bot.ben).count(strings.STILL_QUEUED) == 1
    assert bot.private_replies(thread, bot.ada) == bot.private_replies(thread, bot.cy) == []


@pytest.mark.slow
async def test_a_channel_where_many_ask_at_once_shows_activity(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Questions are written one after the other: those at the end of a crowd have a sign before they are read."""
    monkeypatch.setattr(indicators, "_OPENING", 30.0)
    monkeypatch.setattr(bursts, "_COMES", 30.0)
    bot, seen, accept = Bot(aion, discord, tmp_path), asyncio.Event(), Turns.accept
    general, accepted = discord.world.named("general").id, 0

    async def held(store: Turns, *arguments: Any) -> bool:
        nonlocal accepted
        accepted += 1
        if accepted > bursts.CROWD:  # the sixth is not written before its sign is there
            await seen.wait()
        return await accept(store, *arguments)

    monkeypatch.setattr(Turns, "accept", held)
    await bot.start()
    for number in range(8):
        await discord.mention(bot.ada, f"Question {number}?")
    await bot.until(lambda: general in discord.world.typing)
    assert accepted == bursts.CROWD + 1
    seen.set()
    await bot.until(lambda: aion.count("send_stream") == 8)
    await bot.stop()
