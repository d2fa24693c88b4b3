"""The whole bot against simulators, composed as the command line composes it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from aion_bot import app
from aion_bot.cli import compose
from aion_bot.conversation.session_history import Polling
from aion_bot.domain import strings
from aion_bot.domain.observer import Observer
from aion_bot.domain.rules import Rules
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.runtime.reloading import Reloading
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.workspace import FullWorkspace, Shown, SimulatedPerson
from tests.support.databases import lay_database
from tests.support.held_requests import nothing_sent
from tests.support.uses import Use, use_of


class Bot:
    """The bot in this process, with one workspace and one Aion. Every wait is for a condition, never for a time.

    `limits` replace those of the adapters: the simulators have no rate limits, and the tests need no long pauses.
    """

    def __init__(self, aion: SimulatedAion, workspace: FullWorkspace, folder: Path) -> None:
        self.aion = aion
        self.workspace = workspace
        self.ada, self.ben, self.cy = workspace.people
        self.limits: dict[str, Any] = {"edit_gap": 0.1, "budgets": {}}
        self.polling = Polling().scaled(0.01)
        self.reloading: Reloading | None = None
        self.observer: Observer | None = None
        self.watch: Callable[[PlatformAdapter], None] = lambda _: None
        self.database = lay_database(folder / "bot.db", swept=True)
        self._stop = asyncio.Event()
        self._serving: asyncio.Task[bool] | None = None

    @cached_property
    def uses(self) -> Use:
        """The workspace, used in the ways of its platform."""
        return use_of(self.workspace)

    def env(self, **more: str) -> Mapping[str, str]:
        """The settings of the bot, with short pauses."""
        short_waits = {"AIONVISION_RETRY_DELAY": "0.01", "AION_BOT_SHUTDOWN_GRACE": "0.1"}
        database = {"AION_BOT_DATABASE_URL": f"sqlite:///{self.database}"}
        return {**self.aion.env, **self.workspace.env, **short_waits, **database, **more}

    async def start(self, *, rules: Rules | None = None, check_aion: bool = False, **more: str) -> None:
        """Start the bot and wait until it listens; `rules` are those of its `aion-bot.toml`.

        Without `check_aion` Aion's requests are those of questions alone.
        """
        env = self.env(**more) if self.reloading is None else self.reloading.env
        settings, adapters, problems = compose(env)
        assert settings is not None, problems
        assert not problems
        for adapter in adapters:
            adapter.limits = replace(adapter.limits, **self.limits)
            self.watch(adapter)
        self._stop = asyncio.Event()
        serving = app.serve(
            settings,
            adapters,
            self._stop,
            self.polling,
            rules,
            check_aion=check_aion,
            observer=self.observer,
            reloading=self.reloading,
        )
        self._serving = asyncio.create_task(serving)
        await self.workspace.connected()

    async def stop(self) -> None:
        """Stop as SIGTERM would."""
        if self._serving is not None:
            self._stop.set()
            assert await self._serving
            self._serving = None

    async def kill(self) -> None:
        """End the bot at once, without what a stop does for the people in its threads."""
        if self._serving is not None:
            # It is cancelled, and what cleans up then would send what a process that is killed does not.
            with nothing_sent():
                self._serving.cancel()
                with suppress(asyncio.CancelledError):
                    await self._serving
            self._serving = None

    def bots(self, thread: str) -> list[Shown]:
        """The bot's messages in a thread that everybody sees."""
        return [one for one in self.workspace.thread(thread) if one.by_bot and one.only_for is None]

    def text(self, thread: str) -> str:
        """All that the bot's messages in a thread show now."""
        return "\n".join(one.text for one in self.bots(thread))

    def private_replies(self, thread: str, person: SimulatedPerson) -> list[str]:
        """The private replies to a person: in the thread, or as direct messages where the platform has no other way."""
        return [one.text for one in self.workspace.private_messages(thread, person)]

    async def replies_privately(self, thread: str, person: SimulatedPerson, sentence: str) -> None:
        """Wait until a person has a private reply that contains `sentence`."""
        await self.until(lambda: any(sentence in one for one in self.private_replies(thread, person)))

    def message_of(self, thread: str, words: str) -> str:
        """Find a person's message in a thread by its words; returns its id."""
        return next(one.id for one in self.workspace.thread(thread) if not one.by_bot and words in one.text)

    def queued_marker_count(self, thread: str) -> int:
        """Count the messages of people that carry the queued marker."""
        said = [one.id for one in self.workspace.thread(thread) if not one.by_bot]
        return sum(self.workspace.is_marked(one) for one in said)

    @property
    def asked_words(self) -> list[str]:
        """The questions that Aion was asked, without the quotes of what was said before them."""
        head = strings.EARLIER
        return [str(body["message"]).partition(f"\n\n{head}")[0] for body in self.aion.bodies("send_stream")]

    def pressable(self, thread: str) -> list[str]:
        """Labels of the buttons in a thread, but for those that rate a finished answer."""
        return [button.label for one in self.bots(thread) for button in one.offers]

    async def shows(self, thread: str, *parts: str, without: Sequence[str] = ()) -> str:
        """Wait until the thread shows every part and none of `without`."""
        await self.workspace.until(
            lambda: (
                all(part in self.text(thread) for part in parts)
                and not any(part in self.text(thread) for part in without)
            )
        )
        return self.text(thread)

    async def asked(self, person: SimulatedPerson, question: str, *parts: str) -> str:
        """Ask and wait until the thread shows every part; returns the thread."""
        thread = await self.workspace.ask(person, question)
        await self.shows(thread, *parts)
        return thread

    async def card(self, thread: str) -> Shown:
        """Wait for a plan's card with both buttons."""
        await self.until(lambda: self.pressable(thread) == ["Approve", "Cancel"])
        return next(one for one in self.bots(thread) if one.buttons)

    async def press(self, person: SimulatedPerson, thread: str, label: str) -> None:
        """Press the newest button of this label."""
        for message in reversed(self.bots(thread)):
            for button in message.buttons:
                if button.label == label:
                    await self.workspace.press(person, thread, message.id, button.id)
                    return
        raise AssertionError(f"no button {label}")

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds, looking again after every change of the workspace."""
        await self.workspace.until(condition)
