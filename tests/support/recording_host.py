"""A host that records what an adapter reports."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from aion_bot.ports.events import InboundEvent, Prompt
from aion_bot.ports.host import Presence
from aion_bot.ports.messages import ThreadKey
from aion_bot.simulators.waiting import wait_until

Event = TypeVar("Event", bound=InboundEvent)


class RecordingHost:
    """Accepts every event at once and keeps it."""

    def __init__(self) -> None:
        self.events: list[InboundEvent] = []
        self.strangers: set[str] = set()
        self.allowed_apps: frozenset[str] = frozenset()
        self.signs_of_life = 0
        self.unread_replies: list[Prompt] = []
        self.presences: list[Presence] = []
        self.workspaces: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.signs: list[str] = []
        self.refused: str | None = None
        self._facts: dict[str, str] = {}
        self._happened = asyncio.Event()

    async def accept(self, event: InboundEvent) -> None:
        self.events.append(event)
        self._happened.set()

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
        self._happened.set()

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
        self._happened.set()

    async def second_process(self, sign: str) -> None:
        """Keep what shows another process."""
        self.signs.append(sign)
        self._happened.set()

    async def channel_renamed(self, old: str, new: str, renamed: Callable[[str], str]) -> None:
        """Keep the ids, and a renamed one."""
        self.signs.append(f"{old} {new} {renamed(f'T/{old}/1.1')}")

    async def known_threads(self) -> Sequence[ThreadKey]:
        return ()

    async def missed_since(self) -> float | None:
        return None

    async def recall(self, name: str) -> str | None:
        return self._facts.get(name)

    async def remember(self, name: str, value: str) -> None:
        self._facts[name] = value

    def of_kind(self, kind: type[Event]) -> list[Event]:
        """The events of one kind, oldest first, without duplicates: a platform may report an event repeatedly."""
        return list(dict.fromkeys(event for event in self.events if isinstance(event, kind)))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds, looking again after every report. Raises TimeoutError."""
        await wait_until(self._happened, condition)

    async def newest(self, kind: type[Event], number: int = 1) -> Event:
        """Wait until there are `number` events of a kind; returns the last of them."""
        await self.until(lambda: len(self.of_kind(kind)) >= number)
        return self.of_kind(kind)[number - 1]
