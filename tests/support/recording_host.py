"""A host that records what an adapter reports."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from aion_bot.ports.events import Click, InboundEvent, MessageChange, Place, Prompt, StopRequest
from aion_bot.ports.forms import Form
from aion_bot.ports.host import Presence
from aion_bot.ports.messages import Action, ThreadKey
from aion_bot.simulators.waiting import wait_until

Event = TypeVar("Event", bound=InboundEvent)


class RecordingHost:
    """Accepts every event at once and keeps it, unless a test says otherwise.

    `accept` waits while `open` is cleared, and raises after `fail`; `accept_calls` counts every call of it. `away` and
    `known` are the answers to `missed_since` and `known_threads`, `refused` the answer to `objection`.
    """

    def __init__(self) -> None:
        self.events: list[InboundEvent] = []
        self.accept_calls = 0
        self.open = asyncio.Event()
        self.open.set()
        self.strangers: set[str] = set()
        self.allowed_apps: frozenset[str] = frozenset()
        self.signs_of_life = 0
        self.unread_replies: list[Prompt] = []
        self.presences: list[Presence] = []
        self.workspaces: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.begun: set[str] = set()
        self.signs: list[str] = []
        self.refused: str | None = None
        self.forms: dict[Action, Form] = {}
        self.private: set[str] = set()
        self.away: float | None = None
        self.known: list[ThreadKey] = []
        self.facts: dict[str, str] = {}
        self._failure: Exception = OSError()
        self._failures = 0.0
        self._happened = asyncio.Event()

    def fail(self, times: float = math.inf, failure: Exception | None = None) -> None:
        """Let the next `times` calls of `accept` raise `failure`, as of a full disk; 0: none any more."""
        self._failures, self._failure = times, failure or OSError("the disk is full of secret words")

    async def accept(self, event: InboundEvent) -> None:
        """Keep `event`, once the host is open."""
        self.accept_calls += 1
        self._happened.set()
        await self.open.wait()
        if self._failures:
            self._failures -= 1
            raise self._failure
        self.events.append(event)
        self._happened.set()

    def answers_privately(self, place: Place) -> bool:
        """Say so of the channels in `private`."""
        return place.channel in self.private

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
        """Object with `refused` to a question that addresses the bot."""
        return self.refused if prompt.addressed else None

    async def form(self, click: Click) -> Form | None:
        """Return what a test has put into `forms`."""
        return self.forms.get(click.action)

    async def connected(self, presence: Presence) -> None:
        """Keep `presence`."""
        self.presences.append(presence)
        self._happened.set()

    async def present(self, workspaces: Mapping[str, str]) -> None:
        """Keep the workspaces."""
        self.workspaces = dict(workspaces)

    async def joined(self, workspace: str, name: str) -> None:
        """Keep the workspace."""
        self.workspaces[workspace] = name

    async def knows(self, key: str) -> bool:
        """Know every key but those that a test makes unknown."""
        return key not in self.unknown

    async def answered_before(self, prompt: str) -> bool:
        """Only what a test says."""
        return prompt in self.begun

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
        self._happened.set()

    async def known_threads(self) -> Sequence[ThreadKey]:
        """Return `known`."""
        return self.known

    async def missed_since(self) -> float | None:
        """Return `away`."""
        return self.away

    async def recall(self, name: str) -> str | None:
        """Give back what was stored."""
        return self.facts.get(name)

    async def remember(self, name: str, value: str) -> None:
        """Store a fact."""
        self.facts[name] = value

    @property
    def prompts(self) -> list[Prompt]:
        """The questions so far."""
        return self._of_kind(Prompt)

    @property
    def clicks(self) -> list[Click]:
        """The presses so far."""
        return self._of_kind(Click)

    @property
    def changes(self) -> list[MessageChange]:
        """The edits and deletions so far."""
        return self._of_kind(MessageChange)

    @property
    def stops(self) -> list[StopRequest]:
        """The uses of the platform's own Stop so far."""
        return self._of_kind(StopRequest)

    def distinct(self, kind: type[Event]) -> list[Event]:
        """The events of one kind, oldest first, without duplicates: a platform may report an event repeatedly."""
        return list(dict.fromkeys(self._of_kind(kind)))

    def _of_kind(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds, looking again after every report. Raises TimeoutError."""
        await wait_until(self._happened, condition)

    async def newest(self, kind: type[Event], number: int = 1) -> Event:
        """Wait until there are `number` distinct events of a kind; returns the last of them."""
        await self.until(lambda: len(self.distinct(kind)) >= number)
        return self.distinct(kind)[number - 1]

    async def prompt(self, number: int = 1) -> Prompt:
        """Wait for `number` events of any kind; returns the last of them, which is a question."""
        return await self._event(number, Prompt)

    async def change(self, number: int = 1) -> MessageChange:
        """Wait for `number` events of any kind; returns the last of them, which is an edit or a deletion."""
        return await self._event(number, MessageChange)

    async def click(self, number: int = 1) -> Click:
        """Wait for `number` events of any kind; returns the last of them, which is a press."""
        return await self._event(number, Click)

    async def _event(self, number: int, kind: type[Event]) -> Event:
        await self.until(lambda: len(self.events) >= number)
        last = self.events[number - 1]
        assert isinstance(last, kind)
        return last
