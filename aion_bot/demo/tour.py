"""A fixed tour of the bot's features, played by simulated people on both platforms and checked at each step."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aion_bot.demo.transcript import Reader, final
from aion_bot.simulators.aion.long_report import LONG_REPORT
from aion_bot.simulators.aion.photos import ROOF_LEAK
from aion_bot.simulators.aion.script import LEAK
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.workspace import FullWorkspace, Shown, Workspace

PATIENCE = 60.0
"""Seconds to wait for one check of the tour."""

Seen = Callable[[Sequence[Shown]], bool]


@dataclass(frozen=True, slots=True)
class Stop:
    """A step that was played, and the thread that shows it."""

    title: str
    workspace: Workspace
    thread: str


class Tour:
    """Plays every step in each workspace; prints the changes of the threads, and every check that failed."""

    def __init__(
        self,
        services: SimulatedServices,
        say: Callable[[str], None],
        *,
        retries: int = 3,
        patience: float = PATIENCE,
    ) -> None:
        self._services = services
        self._say = say
        self._retries = retries
        self._patience = patience
        self._wrong: list[str] = []
        self.stops: list[Stop] = []

    async def play(self) -> bool:
        """Play all steps; returns whether every check passed."""
        for workspace in self._services.workspaces:
            await workspace.connected(timeout=PATIENCE)
            visit = _Visit(self._services, workspace, self._say, self._retries, self._patience)
            await visit.play()
            self._wrong += visit.wrong
            self.stops += visit.stops
        self._say("")
        self._say("Everything came out right." if not self._wrong else f"{len(self._wrong)} came out wrong:")
        for wrong in self._wrong:
            self._say(f"  - {wrong}")
        return not self._wrong


class _Visit:
    """The tour in one workspace."""

    def __init__(
        self,
        services: SimulatedServices,
        workspace: FullWorkspace,
        say: Callable[[str], None],
        retries: int,
        patience: float,
    ) -> None:
        self.wrong: list[str] = []
        self.stops: list[Stop] = []
        self._step = ""
        self._services = services
        self._workspace = workspace
        self._say = say
        self._retries = retries
        self._patience = patience
        self._ada, self._ben = workspace.people[0], workspace.people[1]
        self._readers: dict[str, Reader] = {}
        self._began = time.monotonic()

    async def play(self) -> None:
        steps = (
            self._question,
            self._approved,
            self._file,
            self._cancelled,
            self._shouted,
            self._long,
            self._failed,
        )
        for step in steps:
            thread = await step()
            await self._watch(thread, "nothing of it goes on", _has_ended)
            self.stops.append(Stop(self._step, self._workspace, thread))
            self._say(f"{'':8}In the end the thread shows:")
            for line in final(self._workspace.thread(thread)):
                self._say(f"{'':8}│ {line}")

    async def _question(self) -> str:
        self._title("A question, and another one in its thread")
        thread = await self._workspace.ask(self._ada, "What is damaged on site 7?")
        answered = await self._watch(
            thread,
            "the answer is whole, its references in words",
            _says("I found 3 pieces", "site7_lift_gate.jpg", "named the hoist"),
        )
        if not answered:  # on Discord the bot opens the thread, so that after a failure there may be none
            return thread
        grew = any(len(message.versions) > 2 for message in self._bots(thread))
        self._expect("the answer grew in place", grew)
        await self._watch(thread, "its pictures stand under it, each with a description", _shows_pictures)
        await self._workspace.reply(self._ada, thread, "Which of them is the most urgent?")
        await self._watch(
            thread,
            "the thread's session knows what was said before",
            _says("Of the three, the", "says how", "pp.3-7)"),
        )
        return thread

    async def _file(self) -> str:
        self._title("A question about a picture that is attached")
        thread = await self._workspace.mention(self._ada, "What is wrong here?", files=[ROOF_LEAK])
        # One library has the files of both platforms: the second upload finds the first one's.
        became = "added" if self._workspace is self._services.workspaces[0] else "already there"
        await self._watch(thread, "a line says what became of it", _says(ROOF_LEAK.name, became))
        await self._watch(thread, "the answer is about it", _says(LEAK))
        return thread

    async def _approved(self) -> str:
        self._title("A plan, refused to a colleague and approved by the person who asked")
        thread = await self._workspace.ask(self._ada, "Please organize the photos of site 7 into folders.")
        card = await self._card(thread)
        if card is None:
            return thread
        await self._workspace.press(self._ben, thread, card.id, card.buttons[0].id)
        await self._watch(
            thread,
            "the colleague gets a private reply",
            lambda shown: any(one.only_for == self._ben.id for one in shown),
        )
        await self._workspace.press(self._ada, thread, card.id, card.buttons[0].id)
        await self._watch(
            thread,
            "the card records who approved and how it ended",
            _says("Approved by", "Done", pressable=False),
        )
        return thread

    async def _cancelled(self) -> str:
        self._title("A plan cancelled")
        thread = await self._workspace.ask(self._ben, "Please archive the photos of site 7.")
        card = await self._card(thread)
        if card is None:
            return thread
        await self._workspace.press(self._ben, thread, card.id, card.buttons[1].id)
        await self._watch(
            thread,
            "the card records who cancelled",
            _says("🚫 Cancelled", "By @Ben", "Nothing was changed.", pressable=False),
        )
        return thread

    async def _shouted(self) -> str:
        self._title("Words that would ping everybody")
        thread = await self._workspace.ask(self._ben, "What does the sign on the fence say?")
        await self._watch(thread, "the answer is shown", _says("Nobody has to come."))
        self._expect("nobody is pinged", not any(one.pings for one in self._bots(thread)))
        return thread

    async def _long(self) -> str:
        self._title("An answer longer than a message")
        self._services.aion.token_delay /= 5
        thread = await self._workspace.ask(self._ada, "Give me a long report on everything, please.")
        words = "".join(word for word in LONG_REPORT.split() if word.isalnum())[-200:]
        await self._watch(
            thread, "the long report is there to its end", lambda shown: words[-40:] in _letters(shown)
        )
        self._expect(
            "nothing of it is missing", not _missing(LONG_REPORT, _letters(self._workspace.thread(thread)))
        )
        self._services.aion.token_delay *= 5
        self._expect("it took several messages", len(self._bots(thread)) > 1)
        return thread

    async def _failed(self) -> str:
        self._title("A failure, and a retry")
        self._services.aion.fail_next("send_stream", 503, times=self._retries + 1)
        thread = await self._workspace.ask(self._ada, "What does the safety report say?")
        await self._watch(
            thread, "the failure is a sentence with a way on", lambda _: self._retriable(thread) is not None
        )
        failed = self._retriable(thread)
        if failed is not None:
            await self._workspace.press(self._ada, thread, failed.id, failed.buttons[0].id)
            await self._watch(
                thread, "asking again brings the answer", _says("Both are due this week", pressable=False)
            )
        return thread

    def _retriable(self, thread: str) -> Shown | None:
        return next(
            (one for one in self._bots(thread) for button in one.buttons if button.label == "Retry"), None
        )

    async def _card(self, thread: str) -> Shown | None:
        def found() -> Shown | None:
            return next((one for one in self._bots(thread) if len(one.offers) == 2), None)

        await self._watch(thread, "a card with two buttons waits", lambda _: found() is not None)
        return found()

    async def _watch(self, thread: str, what: str, seen: Seen) -> bool:
        """Print the changes of the thread until `seen` holds; returns whether it did in time."""
        reader = self._readers.setdefault(thread, Reader(brief=True))

        def look() -> bool:
            shown = self._workspace.thread(thread)
            for line in reader.changes(shown):
                self._say(f"{time.monotonic() - self._began:5.1f}s  {line}")
            return seen(shown)

        try:
            await self._workspace.until(look, timeout=self._patience)
        except TimeoutError:
            self._expect(what, False)
            return False
        self._expect(what, True)
        return True

    def _bots(self, thread: str) -> list[Shown]:
        return [one for one in self._workspace.thread(thread) if one.by_bot and one.only_for is None]

    def _title(self, title: str) -> None:
        self._step = title
        self._say(f"\n── {self._workspace.name}: {title} " + "─" * max(4, 70 - len(title)))

    def _expect(self, what: str, holds: bool) -> None:
        self._say(f"{'':8}{'✓' if holds else '✗'} {what}")
        if not holds:
            self.wrong.append(f"{self._workspace.name}: {what}")


def _has_ended(thread: Sequence[Shown]) -> bool:
    return not any(button.label == "Stop" for one in thread for button in one.buttons)


def _says(*parts: str, pressable: bool | None = None) -> Seen:
    """Expect these words in the bot's messages; with `pressable` False also no button but those that rate."""

    def seen(shown: Sequence[Shown]) -> bool:
        text = "\n".join(one.text for one in shown if one.by_bot)
        return all(part in text for part in parts) and (
            pressable is None or any(one.offers for one in shown) is pressable
        )

    return seen


def _shows_pictures(shown: Sequence[Shown]) -> bool:
    """Expect a gallery, with words for people who do not see it."""
    found = [picture for one in shown for picture in one.pictures]
    return bool(found) and all(one.description for one in found)


def _letters(shown: Sequence[Shown]) -> str:
    return "".join(word for one in shown if one.by_bot for word in one.text.split() if word.isalnum())


def _missing(text: str, letters: str) -> list[str]:
    return [word for word in text.split() if word.isalnum() and word not in letters]
