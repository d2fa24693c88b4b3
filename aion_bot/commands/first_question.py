"""The first question of a new set-up: through the bot, as people ask, or without a chat to Aion itself."""

import asyncio
import time
from collections.abc import Callable, Sequence

from aion_bot import app
from aion_bot.aion import AionVision, AionvisionError
from aion_bot.config import Settings
from aion_bot.domain import strings
from aion_bot.domain.observer import Observer
from aion_bot.domain.rules import Rules
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.monitoring import CannotListen
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.failures import reference
from aion_bot.ports.text import one_line
from aion_bot.storage import StoreError

_WAIT = 300.0
"""Seconds that a person has to write to the bot."""
_ANSWER = 120.0
"""Seconds that an answer may take."""
_SHOWN = 300
"""Characters of the first answer that are shown."""

_ANSWERED = frozenset({EndReason.ANSWERED, EndReason.INCOMPLETE})


class _Watch(Observer):
    """Waits for the first question that the bot takes, and for the end of its answer."""

    def __init__(self, say: Callable[[object], None]) -> None:
        self._say = say
        self._heard: set[str] = set()
        self._turn, self._began = "", 0.0
        self.asked, self.answered = asyncio.Event(), asyncio.Event()

    def heard(self, platform: str) -> None:
        if platform not in self._heard:
            self._heard.add(platform)
            self._say(strings.write_to_bot(platform.title()))

    def accepted(self, turn: Turn) -> None:
        if not self._turn:
            self._turn, self._began = turn.key, time.monotonic()
            self._say(strings.question_came(turn.thread.platform.title()))
            self.asked.set()

    def ended(self, turn: Turn, reason: EndReason, *, timed: bool = True) -> None:  # noqa: ARG002  # as the observer has it
        if turn.key == self._turn and not self.answered.is_set():
            seconds = time.monotonic() - self._began
            ref = "" if reason in _ANSWERED else reference(turn.key)
            self._say(strings.answered_in_chat(seconds, ref))
            self.answered.set()


async def ask_through_bot(
    settings: Settings,
    platforms: Sequence[PlatformAdapter],
    rules: Rules,
    say: Callable[[object], None],
    *,
    wait: float = _WAIT,
) -> None:
    """Run the bot until the first question that somebody writes to it is answered, `wait` seconds at most for the question.

    Posts nothing by itself. Serves no health address: a bot that runs may have it. Says why where the bot cannot run.
    """
    stop, watch = asyncio.Event(), _Watch(say)
    settings = settings.model_copy(update={"http_address": None})
    serving = asyncio.create_task(
        app.serve(settings, platforms, stop, rules=rules, check_aion=False, observer=watch)
    )
    try:
        if await _comes(watch.asked, serving, wait):
            if not await _comes(watch.answered, serving, _ANSWER):
                say(strings.STILL_ANSWERING)
        elif not serving.done():
            say(strings.NO_QUESTION)
    finally:
        stop.set()
        try:
            await serving
        except (StoreError, CannotListen) as error:
            say(strings.bot_cannot_run(str(error)))


async def _comes(event: asyncio.Event, serving: asyncio.Task[bool], seconds: float) -> bool:
    """Wait for an event while the bot serves; whether it came."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({waiting, serving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return event.is_set()


async def ask_aion(settings: Settings) -> str:
    """Ask Aion one question, in a session that is closed again, and say how long the answer took."""
    began = time.monotonic()
    try:
        async with (
            asyncio.timeout(_ANSWER),
            AionVision.from_settings(settings) as client,
            client.chat_session() as session,
        ):
            answer = await session.send(strings.FIRST_QUESTION)
    except (AionvisionError, TimeoutError) as error:
        return strings.no_first_answer(getattr(error, "code", "") or type(error).__name__)
    return strings.first_answer(time.monotonic() - began, one_line(answer.content, _SHOWN))
