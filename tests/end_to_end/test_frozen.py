"""No text stops the bot: what cannot be rendered is shown as plain text, and what stops the process is given up."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.discord import rendering as discord_rendering
from adapters.slack import mrkdwn
from aion_bot.domain import strings
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.rendering import time_limit
from aion_bot.rendering.pagination import Pages
from aion_bot.rendering.plain_pages import PlainPages
from aion_bot.runtime.watchdog import Watchdog
from aion_bot.simulators.aion.scene import ENDING, Answer, Scene, Speak, spoken
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow

HEADING = "Before.\n#### a" + " " * 1_700 + "b\nAfter."
TABLE = "Before.\n\n| a |\n|-" + " " * 900 + "-|x\n\nAfter."
POISON = "poison"

MOST_LAG = 5.0
"""Seconds that the loop may be late on a busy machine; these texts once blocked it for 15 to 34 s."""


def raises(*_: object) -> None:
    """Fail as a parser does that has a bug."""
    raise RuntimeError("the words of a person")


def blocks(*_: object) -> None:
    """Never return, as a regular expression of exponential time."""
    while True:
        pass


def sleeps(*_: object) -> None:
    """Block outside of Python's own code."""
    time.sleep(600)


FAILURES = pytest.mark.parametrize("failure", [raises, blocks, sleeps])


@pytest.fixture
def lags(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How late the loop was, as the watchdog of the bot saw it."""
    seen: list[float] = []
    monkeypatch.setattr("aion_bot.composition.watching.Watchdog", lambda: Watchdog(seen.append, every=0.02))
    return seen


@pytest.fixture
def short_time_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendering is given up after a moment."""
    monkeypatch.setattr(time_limit, "LONGEST", 0.2)
    monkeypatch.setattr(time_limit, "LONGEST_WAIT", 1.0)


def poisoned(failure: Callable[..., None], real: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function fail where its arguments hold the poison."""

    def render(*args: Any, **kwargs: Any) -> Any:
        if any(POISON in str(one) for one in args):
            failure()
        return real(*args, **kwargs)

    return render


class Poison:
    """Lets an adapter stop for ever at the poison, as if the process were blocked there."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()

    def watch(self, adapter: PlatformAdapter) -> None:
        """Put it into an adapter."""
        for name in ("post", "edit"):
            setattr(adapter, name, self._stopping(getattr(adapter, name)))

    def _stopping(self, real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def perform(*args: Any, **kwargs: Any) -> Any:
            if POISON in str(args):
                self.reached.set()
                await asyncio.Event().wait()
            return await real(*args, **kwargs)

        return perform


@pytest.mark.parametrize("text", [HEADING, TABLE])
async def test_an_answer_does_not_freeze_the_bot(idle: Bot, lags: list[float], text: str) -> None:
    """It is shown to its end, and the loop goes on meanwhile."""
    await idle.start()
    idle.aion.play(spoken(text))
    await idle.asked(idle.ada, "What?", "After.")
    await idle.until(lambda: bool(lags))
    assert max(lags) < MOST_LAG


async def test_a_question_full_of_commands(idle: Bot, lags: list[float]) -> None:
    """What looks like the beginnings of a thousand mentions is read at once."""
    await idle.start()
    idle.aion.play(spoken("Here."))
    await idle.asked(idle.ada, "What? " + "</" * 900, "Here.")
    await idle.until(lambda: bool(lags))
    assert max(lags) < MOST_LAG


async def test_an_edit_by_a_stranger(idle: Bot, lags: list[float]) -> None:
    """A message of blanks that somebody edits who never addressed the bot delays nobody."""
    blanks = " " * idle.uses.blanks
    await idle.start()
    idle.workspace.edit_message(idle.workspace.remark(idle.ben, f"a{blanks}b"), f"a{blanks}c")
    # On Discord an edit reaches the bot only with a mention of it, which makes it a question of its own.
    idle.aion.play(spoken("Here."), spoken("Here."))
    await idle.asked(idle.ada, "What?", "Here.")  # it comes behind the edit
    await idle.until(lambda: bool(lags))
    assert max(lags) < MOST_LAG


@FAILURES
@pytest.mark.usefixtures("short_time_limits")
@pytest.mark.slow
async def test_what_cannot_be_cut_into_pages(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, failure: Callable[..., None]
) -> None:
    """The answer ends as failed, once, with its plain text and Retry; another answer is rendered as ever."""
    monkeypatch.setattr(Pages, "update", poisoned(failure, Pages.update))
    bot.aion.play(spoken(f"It is **{POISON}** here."), spoken("It is **fine** here."))
    thread = await bot.asked(bot.ada, "What?", POISON, strings.PLAIN_TEXT)
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])
    assert bot.text(thread).count("It is") == 1
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "fine", without=[strings.PLAIN_TEXT, POISON])
    await bot.until(lambda: bot.pressable(thread) == [])


@FAILURES
@pytest.mark.usefixtures("short_time_limits")
@pytest.mark.slow
async def test_what_an_adapter_cannot_render(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, failure: Callable[..., None]
) -> None:
    """The same where the platform's own conversion fails."""
    monkeypatch.setattr(discord_rendering, "convert", poisoned(failure, discord_rendering.convert))
    monkeypatch.setattr(mrkdwn, "in_markdown", poisoned(failure, mrkdwn.in_markdown))
    bot.aion.play(spoken(f"It is **{POISON}** here."))
    thread = await bot.asked(bot.ada, "What?", POISON, strings.PLAIN_TEXT)
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])


async def test_what_fails_at_the_last_screen(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole answer is the first that cannot be rendered."""
    monkeypatch.setattr(Pages, "update", poisoned(raises, Pages.update))
    bot.aion.play(Scene((Speak("It is "), *ENDING), Answer(f"It is {POISON}.")))
    thread = await bot.asked(bot.ada, "What?", POISON, strings.PLAIN_TEXT)
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])


async def test_what_stops_the_process_is_given_up(idle: Bot) -> None:
    """It is taken up twice, and at the third start it ends as failed, with Retry; Aion was asked once."""
    poison = Poison()
    reached = poison.reached
    idle.watch = poison.watch
    idle.aion.play(spoken(f"It is {POISON}."), spoken("It is fine."))
    await idle.start()
    thread = await idle.workspace.ask(idle.ada, "What?")
    for _ in range(2):
        async with asyncio.timeout(60):
            await reached.wait()
        await idle.kill()
        reached.clear()
        await idle.start()
    await idle.shows(thread, strings.GIVEN_UP, without=[POISON])
    await idle.until(lambda: idle.pressable(thread) == ["Retry"])
    assert not reached.is_set()
    assert idle.aion.count("send_stream") == 1
    await idle.press(idle.ada, thread, "Retry")
    await idle.shows(thread, "It is fine.", without=[strings.GIVEN_UP])
    await idle.until(lambda: idle.pressable(thread) == [])


async def test_what_not_even_plain_text_can_show(idle: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The turn ends as failed, the person is told alone, and the next start leaves it alone."""
    monkeypatch.setattr(Pages, "update", poisoned(raises, Pages.update))
    monkeypatch.setattr(PlainPages, "update", poisoned(raises, PlainPages.update))
    await idle.start()
    idle.aion.play(spoken(f"It is {POISON}."), spoken("It is fine."))
    thread = await idle.workspace.ask(idle.ada, "What?")
    await idle.replies_privately(thread, idle.ada, strings.INTERNAL)
    await idle.workspace.reply(idle.ada, thread, "And now?")
    await idle.shows(thread, "It is fine.")
    await idle.stop()
    await idle.start()
    idle.aion.play(spoken("Still fine."))
    await idle.asked(idle.ada, "Still?", "Still fine.")
    assert idle.aion.count("send_stream") == 3
