"""Slack and Discord as their limits alone: each operation is the request that the adapter would make, and takes a while.

The limits are those of the simulators, which count windows as documented. What people see changes when the platform takes a
request.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from adapters.discord import rate_limits as discord_limits
from adapters.slack import rate_limits as slack_limits
from adapters.slack.methods import Method
from aion_bot.ports.adapter import OwnMessage, PlatformAdapter
from aion_bot.ports.capabilities import StreamingMode
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.events import InboundEvent, Prompt
from aion_bot.ports.host import Host
from aion_bot.ports.messages import Content, Line, MessageRef, Person, Reply, ThreadKey
from aion_bot.ports.rate_limits import Limits, PlatformRequest, RequestObserver, RequestStatus, Scope
from aion_bot.simulators.discord import rates as discord_rates
from aion_bot.simulators.discord.errors import ApiError
from aion_bot.simulators.slack import rates as slack_rates
from aion_bot.simulators.workspace import Logged
from benchmarks.grid.cells import Limiting, Platform
from benchmarks.grid.seen import Seen
from benchmarks.relay.platform import CompetingProcess

TAKES = 0.05
"""Seconds that a request takes: the platform counts and shows it after half of them."""
_Documented = TypeVar("_Documented", slack_rates.SlackLimits, discord_rates.DiscordLimits)
BURST = 3
"""Posts that a channel of Slack takes at once after a pause, as people report."""


class CountedPlatform(PlatformAdapter):
    """A platform that refuses what exceeds its limits. A thread's id is `channel~number of the question`."""

    refused: Sequence[Logged]
    """The refused requests."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.seen: dict[str, Seen] = {}
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
        self, request: PlatformRequest, take: Callable[[], float], shown: Callable[[float], None]
    ) -> None:
        """Make a request that the limits take, or refuse: `take` counts it and returns the seconds to wait."""
        self.made[request.method] += 1
        if self._observer is not None:
            self._observer.sent(request)
        status, retry_after = RequestStatus.ERROR, 0.0
        try:
            await asyncio.sleep(TAKES / 2)
            retry_after = take()
            if not retry_after:
                shown(time.monotonic())
            await asyncio.sleep(TAKES / 2)
            status = RequestStatus.RATE_LIMITED if retry_after else RequestStatus.OK
        finally:
            if self._observer is not None:
                self._observer.answered(request, status, retry_after)
        if retry_after:
            raise RateLimited(retry_after)

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

    def signs(self, question: str, kind: str) -> Callable[[float], None]:
        """Return what notes a sign of a question."""
        return lambda at: self.seen[question].sign(at, kind)


def _text(content: Content) -> str:
    return content.text if isinstance(content, Reply) else ""


def _restricted(limits: _Documented, limiting: Limiting) -> _Documented | None:
    """Return what a cell leaves of the documented limits; None for no limit."""
    if limiting is Limiting.NONE:
        return None
    return limits.scaled(0.5) if limiting is Limiting.HALF else limits


def _nothing(at: float) -> None:  # as what is shown
    """Show nothing."""


class CountedSlack(CountedPlatform):
    """Slack."""

    platform = "slack"

    def __init__(self) -> None:
        super().__init__(slack_limits.LIMITS)
        self._rates = slack_rates.Rates(time.monotonic)
        self.refused = self._rates.refused

    def restrict(self, limiting: Limiting) -> None:
        self._rates.limits = _restricted(slack_rates.SlackLimits(burst=BURST), limiting)

    def competing_processes(self, threads: Sequence[ThreadKey]) -> Sequence[CompetingProcess]:
        rng, use = random.Random(5), self._rates.use
        methods = [
            one for one in slack_rates.DOCUMENTED if one.startswith(("chat.", "reactions.", "agents."))
        ]
        channels = sorted({channel_of(one) for one in threads})
        return [
            CompetingProcess(slack_rates.DOCUMENTED[one] / 2, 60.0, partial(use, one), rng)
            for one in methods
            if one != slack_rates.POST
        ] + [
            CompetingProcess(1, 2.0, partial(use, slack_rates.POST, channel=one), random.Random(number))
            for number, one in enumerate(channels)
        ]

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        return slack_limits.scope_key(scope, "T", channel_of(thread))

    async def call(self, method: Method, channel: str, shown: Callable[[float], None] = _nothing) -> None:
        charges = slack_limits.charges(self.limits, method, "T", channel)
        await self.request(PlatformRequest(method, charges), lambda: self._rates.take(method, channel), shown)

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        message = self.new_message(thread, nonce)
        await self.call(Method.CHAT_POST_MESSAGE, channel_of(thread), self.shows(message, content, "post"))
        return message

    async def edit(self, message: MessageRef, content: Content) -> None:
        shown = self.shows(message, content, "edit")
        await self.call(Method.CHAT_UPDATE, channel_of(message.thread), shown)

    async def delete(self, message: MessageRef) -> None:
        await self.call(Method.CHAT_DELETE, channel_of(message.thread), self.removes(message))

    def streaming_mode(self, thread: ThreadKey) -> StreamingMode:  # noqa: ARG002  # the port's signature
        return StreamingMode.WHEN_CROWDED

    async def start_stream(
        self, thread: ThreadKey, person: Person, content: Reply, *, nonce: str  # noqa: ARG002  # the port's signature
    ) -> MessageRef:  # fmt: skip
        message = self.new_message(thread, nonce)
        await self.call(Method.CHAT_START_STREAM, channel_of(thread), self.shows(message, content, "stream"))
        return message

    async def append_stream(self, message: MessageRef, shown: Reply, content: Reply) -> None:  # noqa: ARG002  # the port's signature
        shows = self.shows(message, content, "stream", to_all=False)
        await self.call(Method.CHAT_APPEND_STREAM, channel_of(message.thread), shows)

    async def stop_stream(self, message: MessageRef, shown: Reply, content: Reply) -> None:  # noqa: ARG002  # the port's signature
        shows = self.shows(message, content, "stream")
        await self.call(Method.CHAT_STOP_STREAM, channel_of(message.thread), shows)

    def stream_delta(self, shown: Reply | None, content: Reply, last: bool) -> str | None:  # noqa: ARG002  # the port's signature
        return content.text.removeprefix(shown.text if shown else "")

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        method = Method.REACTIONS_ADD if queued else Method.REACTIONS_REMOVE
        await self.call(
            method, channel_of(message.thread), self.signs(message.id, "mark") if queued else _nothing
        )

    async def show_activity(
        self,
        thread: ThreadKey,
        person: Person,  # noqa: ARG002  # the port's signature
        *,
        active: bool,
        title: str = "",  # noqa: ARG002  # the port's signature
    ) -> bool:
        shown = self.signs(question_of(thread), "status") if active else _nothing
        await self.call(Method.AGENTS_SESSIONS_SET_STATUS, channel_of(thread), shown)
        return True

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:  # noqa: ARG002  # the port's signature
        shown = self.signs(question_of(event.thread), "remark")
        await self.call(Method.CHAT_POST_EPHEMERAL, channel_of(event.thread), shown)


class CountedDiscord(CountedPlatform):
    """Discord, where each thread has limits of its own. Messages are created and edited out of one bucket each."""

    platform = "discord"

    def __init__(self) -> None:
        super().__init__(discord_limits.LIMITS)
        self._rates = discord_rates.Rates(time.monotonic)
        self.refused = self._rates.refused

    def restrict(self, limiting: Limiting) -> None:
        self._rates.limits = _restricted(discord_rates.DiscordLimits(edits_apart=True), limiting)

    def competing_processes(self, threads: Sequence[ThreadKey]) -> Sequence[CompetingProcess]:
        use = self._rates.use
        return [
            CompetingProcess(2, 5.0, partial(use, one.id), random.Random(number))
            for number, one in enumerate(threads)
        ]

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        return discord_limits.scope_key(scope, thread.id)

    async def call(
        self, route: discord_limits.Method, channel: str, shown: Callable[[float], None] = _nothing
    ) -> None:
        verb, _, where = route.partition(" ")
        path = where.format(channel_id=channel, message_id="1", emoji_name="x", user_id="1")
        request = discord_limits.request(verb, path)

        def take() -> float:
            try:
                headers = self._rates.take(route, {"channel_id": channel})
            except ApiError as error:
                return error.pause or 0.0
            if self._observer is not None and (reading := discord_limits.reading(request, headers)):
                self._observer.limit_read(reading)
            return 0.0

        await self.request(request, take, shown)

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        message = self.new_message(thread, nonce)
        await self.call(discord_limits.Method.CREATE_MESSAGE, thread.id, self.shows(message, content, "post"))
        return message

    async def edit(self, message: MessageRef, content: Content) -> None:
        shown = self.shows(message, content, "edit")
        await self.call(discord_limits.Method.EDIT_MESSAGE, message.thread.id, shown)

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        methods = discord_limits.Method
        shown = self.signs(message.id, "mark") if queued else _nothing
        await self.call(methods.ADD_REACTION if queued else methods.REMOVE_REACTION, message.thread.id, shown)

    async def show_activity(
        self,
        thread: ThreadKey,
        person: Person,  # noqa: ARG002  # the port's signature
        *,
        active: bool,
        title: str = "",  # noqa: ARG002  # the port's signature
    ) -> bool:
        if active:
            shown = self.signs(question_of(thread), "typing")
            await self.call(discord_limits.Method.TRIGGER_TYPING, thread.id, shown)
        return True

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:  # noqa: ARG002  # the port's signature
        shown = self.signs(question_of(event.thread), "remark")
        await self.call(discord_limits.Method.CREATE_MESSAGE, event.thread.id, shown)


def counted(platform: Platform) -> CountedPlatform:
    """Return a platform that counts."""
    return CountedSlack() if platform is Platform.SLACK else CountedDiscord()


def channel_of(thread: ThreadKey) -> str:
    """The channel of a thread."""
    return thread.id.partition("~")[0]


def question_of(thread: ThreadKey) -> str:
    """The number of the question that a thread is about."""
    return thread.id.partition("~")[2]
