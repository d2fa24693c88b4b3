"""A core that records what an adapter delivers."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from aion_bot.ports.events import Click, InboundEvent, MessageChange, Prompt
from aion_bot.ports.host import Presence
from aion_bot.ports.messages import ThreadKey
from aion_bot.simulators.waiting import wait_until


class RecordingHost:
    """Keeps everything.

    `refusal` is raised instead of accepting an event; `away` and `known` are what it answers to `missed_since` and
    `known_threads`; nothing is accepted while `open` is cleared. `accept_calls` counts every attempt.
    """

    def __init__(self) -> None:
        self.inbound: list[InboundEvent] = []
        self.strangers: set[str] = set()
        self.allowed_apps: frozenset[str] = frozenset()
        self.signs_of_life = 0
        self.unread_replies: list[Prompt] = []
        self.presences: list[Presence] = []
        self.workspaces: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.signs: list[str] = []
        self.refused: str | None = None
        self.memory: dict[str, str] = {}
        self.refusal: Exception | None = None
        self.away: float | None = None
        self.known: list[ThreadKey] = []
        self.accept_calls = 0
        self.open = asyncio.Event()
        self.open.set()
        self._changed = asyncio.Event()

    async def accept(self, inbound: InboundEvent) -> None:
        self.accept_calls += 1
        self._changed.set()
        await self.open.wait()
        if self.refusal is not None:
            raise self.refusal
        self.inbound.append(inbound)
        self._changed.set()

    async def unread(self, reply: Prompt) -> None:
        """Keep the reply."""
        self.unread_replies.append(reply)

    async def takes_part(self, thread: ThreadKey) -> bool:
        """Know every thread but those in `strangers`."""
        return thread.id not in self.strangers

    def may_ask(self, apps: frozenset[str]) -> bool:
        """Serve the apps in `allowed_apps`."""
        return not apps.isdisjoint(self.allowed_apps)

    async def objection(self, prompt: Prompt) -> str | None:
        return self.refused if prompt.addressed else None

    async def connected(self, presence: Presence) -> None:
        self.presences.append(presence)
        self._changed.set()

    async def present(self, workspaces: Mapping[str, str]) -> None:
        """Keep the servers."""
        self.workspaces = dict(workspaces)

    async def joined(self, workspace: str, name: str) -> None:
        """Keep the server."""
        self.workspaces[workspace] = name

    async def knows(self, key: str) -> bool:
        """Know every key but those that a test makes unknown."""
        return key not in self.unknown

    def heard(self) -> None:
        """Count the signs of life."""
        self.signs_of_life += 1
        self._changed.set()

    async def second_process(self, sign: str) -> None:
        """Keep what shows another process."""
        self.signs.append(sign)
        self._changed.set()

    async def channel_renamed(self, old: str, new: str, renamed: Callable[[str], str]) -> None:
        """Keep the ids, and a renamed one."""
        self.signs.append(f"{old} {new} {renamed(f'T/{old}/1.1')}")

    async def known_threads(self) -> Sequence[ThreadKey]:
        return self.known

    async def missed_since(self) -> float | None:
        return self.away

    async def recall(self, name: str) -> str | None:
        return self.memory.get(name)

    async def remember(self, name: str, value: str) -> None:
        self.memory[name] = value

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds, looking again after everything delivered."""
        await wait_until(self._changed, condition)

    async def prompt(self, number: int = 1) -> Prompt:
        """Wait for so many events; the last is a question."""
        await self.until(lambda: len(self.inbound) >= number)
        last = self.inbound[number - 1]
        assert isinstance(last, Prompt)
        return last

    async def change(self, number: int = 1) -> MessageChange:
        """Wait for so many events; the last is an edit or a deletion."""
        await self.until(lambda: len(self.inbound) >= number)
        last = self.inbound[number - 1]
        assert isinstance(last, MessageChange)
        return last

    async def click(self, number: int = 1) -> Click:
        """Wait for so many events; the last is a press."""
        await self.until(lambda: len(self.inbound) >= number)
        last = self.inbound[number - 1]
        assert isinstance(last, Click)
        return last
