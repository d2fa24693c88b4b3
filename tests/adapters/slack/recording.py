"""A Host and a RequestObserver that keep what an adapter tells them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aion_bot.ports.events import Click, InboundEvent, MessageChange, Prompt, StopRequest
from aion_bot.ports.host import Presence
from aion_bot.ports.messages import ThreadKey
from aion_bot.ports.rate_limits import LimitReading, PlatformRequest, RequestStatus
from aion_bot.simulators.waiting import wait_until


class RecordingHost:
    """Takes everything over, unless told to fail or to take its time."""

    def __init__(self) -> None:
        self.inbounds: list[InboundEvent] = []
        self.strangers: set[str] = set()
        self.allowed_apps: frozenset[str] = frozenset()
        self.signs_of_life = 0
        self.unread_replies: list[Prompt] = []
        self.presences: list[Presence] = []
        self.workspaces: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.signs: list[str] = []
        self.facts: dict[str, str] = {}
        self.failures = 0
        self.failure: Exception = OSError("the disk is full of secret words")
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = 0
        self._happened = asyncio.Event()

    async def accept(self, inbound: InboundEvent) -> None:
        """Keep `inbound`, once the gate is open."""
        self.entered += 1
        self._happened.set()
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            self._happened.set()
            raise self.failure
        self.inbounds.append(inbound)
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
        """Take every question."""

    async def connected(self, presence: Presence) -> None:
        """Keep `presence`."""
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
        self._happened.set()

    async def known_threads(self) -> Sequence[ThreadKey]:
        """None: Slack sends again by itself what was missed."""
        return ()

    async def missed_since(self) -> float | None:
        """Never away."""
        return None

    async def recall(self, name: str) -> str | None:
        """Give back what was stored."""
        return self.facts.get(name)

    async def remember(self, name: str, value: str) -> None:
        """Store a fact."""
        self.facts[name] = value

    @property
    def prompts(self) -> list[Prompt]:
        """The questions so far."""
        return [inbound for inbound in self.inbounds if isinstance(inbound, Prompt)]

    @property
    def clicks(self) -> list[Click]:
        """The clicks so far."""
        return [inbound for inbound in self.inbounds if isinstance(inbound, Click)]

    @property
    def changes(self) -> list[MessageChange]:
        """The edits and deletions so far."""
        return [inbound for inbound in self.inbounds if isinstance(inbound, MessageChange)]

    @property
    def stops(self) -> list[StopRequest]:
        """The uses of Slack's own Stop so far."""
        return [inbound for inbound in self.inbounds if isinstance(inbound, StopRequest)]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds. Raises TimeoutError."""
        await wait_until(self._happened, condition)


@dataclass(slots=True)
class RecordingObserver:
    """A `RequestObserver` that keeps every request and what came of it, in their order."""

    requests: list[PlatformRequest] = field(default_factory=list)
    outcomes: list[tuple[PlatformRequest, RequestStatus, float]] = field(default_factory=list)

    def sent(self, request: PlatformRequest) -> None:
        """Keep a request."""
        self.requests.append(request)

    def answered(self, request: PlatformRequest, status: RequestStatus, retry_after: float = 0.0) -> None:
        """Keep an outcome; a request has one, and not before it was sent."""
        assert request in self.requests
        assert request not in [known for known, _, _ in self.outcomes]
        self.outcomes.append((request, status, retry_after))

    def limit_read(self, reading: LimitReading) -> None:
        """Slack's answers say nothing about limits but refusals."""
        raise AssertionError(reading)

    @property
    def methods(self) -> Counter[str]:
        """How many requests of each method were sent."""
        return Counter(request.method for request in self.requests)

    @property
    def statuses(self) -> list[tuple[str, RequestStatus, float]]:
        """Method, status and pause of each request that was answered."""
        return [(request.method, status, retry_after) for request, status, retry_after in self.outcomes]

    def charges(self, method: str) -> list[list[tuple[str, str]]]:
        """For each request of `method`, the names and scope keys of the budgets that it counts against."""
        return [
            [(budget.name, key) for budget, key in request.charges]
            for request in self.requests
            if request.method == method
        ]
