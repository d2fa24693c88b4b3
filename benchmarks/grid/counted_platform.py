"""A platform as its limits alone: each operation is the request that the adapter would make, and takes a while.

The limits are those of the simulators, which count windows as documented. What people see changes when the platform takes a
request.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from aion_bot.ports.adapter import OwnMessage, PlatformAdapter
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.events import Prompt
from aion_bot.ports.host import Host
from aion_bot.ports.messages import Content, MessageRef, Reply, ThreadKey
from aion_bot.ports.rate_limits import Limits, PlatformRequest, RequestObserver, RequestStatus
from aion_bot.simulators.discord import rates as discord_rates
from aion_bot.simulators.slack import rates as slack_rates
from aion_bot.simulators.workspace import Logged
from benchmarks.grid.cells import Limiting
from benchmarks.grid.seen import Seen
from benchmarks.relay.platform import CompetingProcess

EVERYWHERE = "everywhere"
"""Stands for the bot's own status among channels with a line."""
TAKES = 0.05
"""Seconds that a request takes: the platform counts and shows it after half of them."""
Documented = TypeVar("Documented", slack_rates.SlackLimits, discord_rates.DiscordLimits)


class CountedPlatform(PlatformAdapter):
    """A platform that refuses what exceeds its limits. A thread's id is `channel~number of the question`."""

    refused: Sequence[Logged]
    """The refused requests."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.seen: dict[str, Seen] = {}
        self.lines: set[str] = set()
        """Channels in which a line says how many questions wait."""
        self.made: Counter[str] = Counter()
        """All requests, by method, refused ones too."""
        self._observer: RequestObserver | None = None
        self._numbers = 0

    def restrict(self, limiting: Limiting) -> None:
        """Set the limits."""
        raise NotImplementedError

    def competing_processes(self, threads: Sequence[ThreadKey]) -> Sequence[CompetingProcess]:
        """The use of each budget by a second process: half of it."""
        raise NotImplementedError

    def observe_requests(self, observer: RequestObserver) -> None:
        self._observer = observer

    def measure(self, content: Content) -> int:
        return len(_text(content))

    async def listen(self, host: Host) -> None:
        """Hear nothing: questions are put to the bot's parts directly."""

    async def close(self) -> None:
        """Close nothing."""

    async def open_thread(self, prompt: Prompt, *, again: bool = False) -> None:
        """Open nothing: each thread exists."""

    async def delete(self, message: MessageRef) -> None:
        """Remove a message that another one has replaced."""
        raise NotImplementedError

    async def own_messages(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """Find nothing: no earlier process posted anything."""
        raise NotImplementedError

    async def request(
        self, request: PlatformRequest, take: Callable[[], object], shown: Callable[[float], None]
    ) -> None:
        """Make a request that the limits take, or refuse: `take` counts it, and raises `RateLimited`."""
        self.made[request.method] += 1
        if self._observer is not None:
            self._observer.sent(request)
        status, refusal = RequestStatus.ERROR, None
        try:
            await asyncio.sleep(TAKES / 2)
            try:
                take()
            except RateLimited as error:
                refusal = error
            else:
                shown(time.monotonic())
            await asyncio.sleep(TAKES / 2)
            status = RequestStatus.OK if refusal is None else RequestStatus.RATE_LIMITED
        finally:
            if self._observer is not None:
                self._observer.answered(request, status, 0.0 if refusal is None else refusal.retry_after)
        if refusal is not None:
            raise refusal

    def new_message(self, thread: ThreadKey, nonce: str) -> MessageRef:
        """Name a message that is about to be posted: what its nonce begins with is the same for one that it replaces."""
        self._numbers += 1
        return MessageRef(thread, f"{nonce.rpartition('-')[0]}#{self._numbers}")

    def shows(
        self, message: MessageRef, content: Content, kind: str, *, to_all: bool = True
    ) -> Callable[[float], None]:
        """Return what notes that a message shows a content."""

        def note(at: float) -> None:
            seen = self.seen[question_of(message.thread)]
            seen.sign(at, kind)
            place, _, number = message.id.partition("#")
            seen.read(at, place, number, _text(content), to_all=to_all)
            seen.settled_at = at

        return note

    def removes(self, message: MessageRef) -> Callable[[float], None]:
        """Return what notes that a message is gone."""
        place, _, number = message.id.partition("#")

        def note(at: float) -> None:
            seen = self.seen[question_of(message.thread)]
            seen.remove(place, number)
            seen.settled_at = at

        return note

    def asks(self, question: str, seen: Seen) -> None:
        """Note that a question is asked: a line that stands in its channel is a sign."""
        self.seen[question] = seen
        if {f"C{seen.ask.channel}", EVERYWHERE} & self.lines:
            seen.sign(time.monotonic(), "line")

    def line_stands(self, channel: str) -> Callable[[float], None]:
        """Return what notes that a line says in a channel how many wait: a sign of each question there."""

        def note(at: float) -> None:
            self.lines.add(channel)
            for seen in self.seen.values():
                if f"C{seen.ask.channel}" == channel:
                    seen.sign(at, "line")

        return note

    def signs(self, question: str, kind: str) -> Callable[[float], None]:
        """Return what notes a sign of a question."""
        return lambda at: self.seen[question].sign(at, kind)


def _text(content: Content) -> str:
    return content.text if isinstance(content, Reply) else ""


def restricted(limits: Documented, limiting: Limiting) -> Documented | None:
    """Return what a cell leaves of the documented limits; None for no limit."""
    if limiting is Limiting.NONE:
        return None
    return limits.scaled(0.5) if limiting is Limiting.HALF else limits


def nothing(at: float) -> None:  # as what is shown
    """Show nothing."""


def channel_of(thread: ThreadKey) -> str:
    """The channel of a thread."""
    return thread.id.partition("~")[0]


def question_of(thread: ThreadKey) -> str:
    """The number of the question that a thread is about."""
    return thread.id.partition("~")[2]
