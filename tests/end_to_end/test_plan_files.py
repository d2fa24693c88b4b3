"""A plan that is too long for messages: its whole text in a file, and a card below it that can be decided."""

import asyncio
from pathlib import Path

import pytest

from aion_bot.delivery.executor import Executor
from aion_bot.delivery.steps import Post, PostFile, StartStream
from aion_bot.domain import strings
from aion_bot.ports.messages import Document, MessageRef, PlanCard
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Operation, Plan, proposed, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot
from tests.support.cases import rest_slow

pytestmark = pytest.mark.slow


def plan_of(steps: int) -> Plan:
    """A plan of so many steps, each of some 380 characters."""
    return Plan(
        "Tidy up. Everything goes into folders.",
        tuple(Operation("folder", f"Sort folder {number:03d} {'by date ' * 45}") for number in range(steps)),
        "Sorted.",
    )


PLAN = plan_of(300)
"""Too long for messages on both platforms, at less cost than 400 steps."""


def file_and_card(bot: Bot, thread: str) -> tuple[int, int]:
    """Where the plan's only file and its only card stand among the bot's messages."""
    shown = bot.bots(thread)
    (file,) = (at for at, one in enumerate(shown) if one.files)
    (card,) = (at for at, one in enumerate(shown) if strings.PLAN_TITLE in one.text)
    return file, card


@pytest.mark.slow
async def test_a_plan_of_400_steps_is_decided_below_its_file(idle: Bot) -> None:
    """All steps are in one file directly above the card, whose Approve works and which says where they are."""
    await idle.start()
    idle.aion.play(proposed(plan_of(400), stays_open=True))
    thread = await idle.workspace.mention(idle.ada, "Tidy up")
    card = await idle.card(thread)
    assert "in the file above: 400 steps" in card.text
    file, at = file_and_card(idle, thread)
    assert at == file + 1
    (text,) = idle.bots(thread)[file].files.values()
    assert text.count("Sort folder ") == 400
    assert len(idle.bots(thread)) <= 4
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "Approved by", "Sorted.", "in the file above: 400 steps")
    assert idle.aion.count("plan_action") == 1


async def killed_at(bot: Bot, monkeypatch: pytest.MonkeyPatch, kind: str, *, after: bool) -> str:
    """Ask for the plan, and kill the bot right before or after it posts `kind`: its file or its card."""
    perform, reached = Executor._post, asyncio.Event()

    async def post_and_hang(self: Executor, step: Post | PostFile | StartStream) -> MessageRef:
        fatal = isinstance(step.content, PlanCard if kind == "card" else Document)
        message = None if fatal and not after else await perform(self, step)
        if fatal or message is None:
            reached.set()
            await asyncio.Event().wait()
        assert message is not None
        return message

    with monkeypatch.context() as patch:
        patch.setattr(Executor, "_post", post_and_hang)
        await bot.start()
        bot.aion.play(proposed(PLAN, stays_open=True))
        thread = await bot.workspace.mention(bot.ada, "Tidy up")
        await reached.wait()
        await bot.kill()
    return thread


async def is_decided(bot: Bot, thread: str) -> None:
    """Approve the plan of a thread that has one file directly above one card, and has them still at the end."""
    await bot.card(thread)
    file, card = file_and_card(bot, thread)
    assert card == file + 1
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", "in the file above: 300 steps")
    file_and_card(bot, thread)


@pytest.mark.parametrize(
    ("kind", "after"), rest_slow([("file", False), ("file", True), ("card", True)], quick=1)
)
@pytest.mark.slow
async def test_a_kill_around_the_file_costs_neither_it_nor_the_card(
    idle: Bot, monkeypatch: pytest.MonkeyPatch, kind: str, after: bool
) -> None:
    """Killed before or after the file, or after the card, the bot shows each once after a restart, and Approve works."""
    thread = await killed_at(idle, monkeypatch, kind, after=after)
    await idle.start()
    await is_decided(idle, thread)


async def test_a_file_is_found_when_no_nonce_tells_it_any_more(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the file and the card, and started long after, the bot posts the card and no second file."""
    bot = Bot(aion, discord, tmp_path)
    thread = await killed_at(bot, monkeypatch, "card", after=False)
    discord.backend.forget()
    await bot.start()
    await is_decided(bot, thread)
    await bot.stop()


async def test_a_card_follows_although_aion_stored_no_answer(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the file while Aion has stored nothing of the answer, the bot posts the card all the same."""
    thread = await killed_at(idle, monkeypatch, "file", after=True)
    await idle.aion.until(lambda: idle.aion.streaming == 0)
    for session in idle.aion.sessions:
        session.messages[:] = [one for one in session.messages if one.role == "user"]
    await idle.start()
    await is_decided(idle, thread)


async def test_no_card_is_shown_where_the_file_is_refused(without_files: Bot) -> None:
    """Without Discord's permission Attach Files nobody can approve what nobody can read, and the answer says so."""
    bot = without_files
    await bot.start()
    bot.aion.play(proposed(PLAN), spoken("The next."))
    thread = await bot.workspace.mention(bot.ada, "Tidy up")
    await bot.shows(thread, strings.PLAN_NO_ROOM, without=[strings.PLAN_TITLE])
    await bot.workspace.reply(bot.ada, thread, "And more?")
    await bot.shows(thread, "The next.", without=[strings.PLAN_TITLE])
    assert "Approve" not in bot.pressable(thread)
    await bot.stop()


async def test_no_card_is_shown_without_the_scope_for_files(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Without Slack's scope `files:write` there is no card either, and the answer says so."""
    await on_slack.start()
    on_slack.aion.play(proposed(PLAN))
    slack.fail_next("files.getUploadURLExternal", error="missing_scope")
    thread = await on_slack.workspace.mention(on_slack.ada, "Tidy up")
    await on_slack.shows(thread, strings.PLAN_NO_ROOM, without=[strings.PLAN_TITLE])
    await on_slack.until(lambda: on_slack.pressable(thread) == [])
