"""The demo in a terminal: a person asks in either workspace, reads the threads, and decides plans."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from typing import Protocol, TextIO

from aion_bot.demo.transcript import Reader
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.workspace import ShownButton, SimulatedPerson, Workspace

HELP = """\
  any words     ask the bot: the first words open a thread, further words continue it
  /new          leave this thread; the next words open another
  {places}  go to another workspace
  /ada /ben /cy speak as somebody else             /press X   press a button by (part of) its label
  /help         show this again                    /quit      end"""


class LineReader(Protocol):
    """Where typed lines come from."""

    def readline(self) -> str:
        """Return the next line with its end, waiting for it; "" at the end of the input."""


class Keyboard:
    """Reads a terminal without Python's buffer: its lock, held by a waiting thread, would abort the end of the process."""

    def __init__(self, terminal: TextIO) -> None:
        self._raw = FileIO(terminal.fileno(), closefd=False)
        self._encoding = terminal.encoding

    def readline(self) -> str:
        """Return the next line; "" at the end of the input, also when the terminal is gone."""
        try:
            return self._raw.readline().decode(self._encoding, "replace")
        except OSError:
            return ""


class Terminal:
    """One person at a keyboard."""

    def __init__(self, services: SimulatedServices, keyboard: LineReader, screen: TextIO) -> None:
        self._services = services
        self._keyboard = keyboard
        self._screen = screen
        self._workspace: Workspace = services.workspaces[0]
        self._person: SimulatedPerson = self._workspace.people[0]
        self._threads: dict[str, str] = {}
        self._readers: dict[tuple[str, str], Reader] = {}

    async def converse(self) -> bool:
        """Process typed lines until /quit or the end of the input."""
        for workspace in self._services.workspaces:
            await workspace.connected()
        self._print(f"The bot is in {self._names()}, all simulated; its Aion knows a small building company.")
        self._print("Try: What is damaged on site 7?   or: Organize the photos of site 7 into folders")
        self._print(self._help())
        watching = asyncio.create_task(self._watch())
        try:
            while line := await self._read():
                if line.strip() == "/quit":
                    break
                await self._obey(line.strip())
        except asyncio.CancelledError:
            self._print("")  # the shell's prompt gets a line of its own
            raise
        finally:
            watching.cancel()
        return True

    def _names(self) -> str:
        return " and ".join(workspace.name for workspace in self._services.workspaces)

    def _help(self) -> str:
        return HELP.format(places=" ".join(f"/{one.name.lower()}" for one in self._services.workspaces))

    async def _read(self) -> str:
        """Wait for a line in a thread that does not keep the process alive: nothing interrupts its reading."""
        self._screen.write(f"{self._workspace.name}, {self._person.name}> ")
        self._screen.flush()
        loop = asyncio.get_running_loop()
        typed: asyncio.Future[str] = loop.create_future()

        def deliver(line: str) -> None:
            if not typed.done():
                typed.set_result(line)

        def read() -> None:
            line = self._keyboard.readline()
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(deliver, line)

        threading.Thread(target=read, name="keyboard", daemon=True).start()
        return await typed

    async def _obey(self, line: str) -> None:
        people = {f"/{someone.name.lower()}": someone for someone in self._workspace.people}
        places = {f"/{workspace.name.lower()}": workspace for workspace in self._services.workspaces}
        command, _, rest = line.partition(" ")
        if command in places:
            self._workspace = places[command]
            self._person = next(one for one in self._workspace.people if one.name == self._person.name)
        elif command in people:
            self._person = people[command]
        elif command == "/new":
            self._threads.pop(self._workspace.name, None)
        elif command == "/press":
            await self._press(rest)
        elif command.startswith("/"):
            self._print(self._help())
        elif line:
            await self._say(line)

    async def _say(self, words: str) -> None:
        name = self._workspace.name
        if name in self._threads:
            await self._workspace.reply(self._person, self._threads[name], words)
        else:
            self._threads[name] = await self._workspace.ask(self._person, words)

    async def _press(self, label: str) -> None:
        thread = self._threads.get(self._workspace.name)
        found = self._find(lambda button: label.strip().lower() in button.label.lower())
        if thread is None or found is None:
            self._print("No button of that name is in this thread.")
            return
        message, button = found
        await self._workspace.press(self._person, thread, message, button)

    def _find(self, fits: Callable[[ShownButton], bool]) -> tuple[str, str] | None:
        """The newest button with this label, as the ids of its message and its own."""
        thread = self._threads.get(self._workspace.name)
        for message in reversed(self._workspace.thread(thread)) if thread else ():
            for button in message.buttons:
                if fits(button):
                    return message.id, button.id
        return None

    async def _watch(self) -> None:
        """Print the changes of the open threads of all workspaces."""
        await asyncio.gather(*(self._follow(workspace) for workspace in self._services.workspaces))

    async def _follow(self, workspace: Workspace) -> None:
        lines: list[str] = []

        def changed() -> bool:
            thread = self._threads.get(workspace.name)
            if thread is not None:
                reader = self._readers.setdefault((workspace.name, thread), Reader())
                lines.extend(reader.changes(workspace.thread(thread)))
            return bool(lines)

        while True:
            await workspace.until(changed, timeout=float("inf"))
            for line in lines:
                self._print(f"  {workspace.name:<7} {line}")
            lines.clear()

    def _print(self, line: str) -> None:
        self._screen.write(line + "\n")
        self._screen.flush()
