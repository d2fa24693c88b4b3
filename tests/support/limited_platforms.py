"""Slack and Discord as their limits alone: each operation is the request that the adapter would make, and takes a while."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from adapters.discord import rate_limits as discord_limits
from adapters.slack import rate_limits as slack_limits
from adapters.slack.methods import Method
from aion_bot.ports.capabilities import StreamingMode
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.events import InboundEvent, Prompt
from aion_bot.ports.messages import Content, Line, MessageRef, Person, Reply, ThreadKey
from aion_bot.ports.rate_limits import (
    Limits,
    PlatformRequest,
    RequestObserver,
    RequestStatus,
    Scope,
)
from aion_bot.simulators.discord import rates as discord_rates
from aion_bot.simulators.discord.errors import ApiError
from aion_bot.simulators.slack import rates as slack_rates
from tests.support.plain_adapter import PlainAdapter

TAKES = 0.05
"""Seconds that a request takes."""


@dataclass
class Seen:
    """What people have seen: the signs of each question with their times and kinds, and when its answer ended."""

    asked: dict[str, float] = field(default_factory=dict)
    signs: defaultdict[str, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    ended: dict[str, float] = field(default_factory=dict)

    def sign(self, question: str, kind: str) -> None:
        """Note a sign of a question, in seconds since it was asked."""
        self.signs[question].append((time.monotonic() - self.asked[question], kind))

    def end(self, question: str) -> None:
        """Note that an answer stands whole."""
        self.ended.setdefault(question, time.monotonic() - self.asked[question])

    @property
    def first(self) -> dict[str, tuple[float, str]]:
        """The first sign of each question."""
        return {question: signs[0] for question, signs in self.signs.items()}

    def within(self, seconds: float) -> int:
        """Count the questions that had a sign by then."""
        return sum(at <= seconds for at, _ in self.first.values())

    @property
    def last(self) -> float:
        """When the last question had its sign."""
        return max(at for at, _ in self.first.values())


class LimitedPlatform(PlainAdapter):
    """A platform that refuses what exceeds its limits. A thread's id is `channel~question`."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.limits = limits
        self.seen = Seen()
        self.refused: list[str] = []
        self.statuses: set[str] = set()
        self.marks: set[str] = set()
        self.lines: set[str] = set()
        """Channels in which a line says that questions wait."""
        self.asked: defaultdict[str, list[str]] = defaultdict(list)
        """Questions by who asked them."""
        self.channels: dict[str, str] = {}
        """Where each question was asked."""
        self.told: set[str] = set()
        self._observer: RequestObserver | None = None

    def observe_requests(self, observer: RequestObserver) -> None:
        self._observer = observer

    def ask(self, person: str, question: str) -> None:
        """Note a question: whoever was told in private that many are asked knows that it arrived."""
        self.seen.asked[question] = time.monotonic()
        self.asked[person].append(question)
        if person in self.told:
            self.seen.sign(question, "remark")

    def tell(self, person: str) -> None:
        """Note that a person was told in private."""
        self.told.add(person)
        for question in self.asked[person]:
            self.seen.sign(question, "remark")

    async def request(self, request: PlatformRequest, take: Callable[[], float]) -> None:
        """Make a request that the limits take, or refuse: `take` counts it and returns the seconds to wait."""
        assert self._observer is not None
        self._observer.sent(request)
        retry_after = take()
        status = RequestStatus.RATE_LIMITED if retry_after else RequestStatus.OK
        try:
            await asyncio.sleep(TAKES)
        except asyncio.CancelledError:
            status = RequestStatus.ERROR
            raise
        finally:
            self._observer.answered(request, status, retry_after)
        if retry_after:
            self.refused.append(request.method)
            raise RateLimited(retry_after)


class LimitedSlack(LimitedPlatform):
    """Slack, where channels that begin with D are direct messages."""

    platform = "slack"

    def __init__(
        self, limits: slack_rates.SlackLimits | None = None, known: Limits = slack_limits.LIMITS
    ) -> None:
        super().__init__(known)
        self._rates = slack_rates.Rates(time.monotonic)
        self._rates.limits = limits or slack_rates.SlackLimits()

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        return slack_limits.scope_key(scope, "T", channel_of(thread))

    async def call(self, method: Method, channel: str) -> None:
        charges = slack_limits.charges(self.limits, method, "T", channel)
        await self.request(PlatformRequest(method, charges), lambda: self._rates.take(method, channel))

    def ask(self, person: str, question: str) -> None:
        """Note a question: who asks in a channel with a line sees that."""
        super().ask(person, question)
        if self.channels.get(question) in self.lines:
            self.seen.sign(question, "line")

    def line_channel(self, prompt: Prompt) -> ThreadKey | None:
        channel = channel_of(prompt.thread)
        return None if channel.startswith("D") else ThreadKey(self.platform, f"{channel}~")

    async def delete(self, message: MessageRef) -> None:
        await self.call(Method.CHAT_DELETE, channel_of(message.thread))
        self.lines.discard(channel_of(message.thread))

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        await self.call(Method.CHAT_POST_MESSAGE, channel_of(thread))
        if not question_of(thread):
            self._line(channel_of(thread))
            return MessageRef(thread, nonce)
        self._shown(thread, content, "post")
        return MessageRef(thread, nonce)

    async def edit(self, message: MessageRef, content: Content) -> None:
        await self.call(Method.CHAT_UPDATE, channel_of(message.thread))
        if question_of(message.thread):
            self._shown(message.thread, content, "edit")

    def _line(self, channel: str) -> None:
        """Note that a line stands, which all see who have asked in the channel."""
        self.lines.add(channel)
        for question in self.seen.asked:
            if self.channels.get(question) == channel:
                self.seen.sign(question, "line")

    def _shown(self, thread: ThreadKey, content: Content, kind: str) -> None:
        question = question_of(thread)
        self.seen.sign(question, kind)
        if isinstance(content, Reply) and content.text:
            self.seen.end(question)

    def streaming_mode(self, thread: ThreadKey) -> StreamingMode:
        direct = channel_of(thread).startswith("D")
        return StreamingMode.PREFERRED if direct else StreamingMode.WHEN_CROWDED

    async def start_stream(
        self,
        thread: ThreadKey,
        person: Person,  # noqa: ARG002  # the port's signature
        content: Reply,
        *,
        nonce: str,
    ) -> MessageRef:
        await self.call(Method.CHAT_START_STREAM, channel_of(thread))
        self._shown(thread, content, "stream")
        return MessageRef(thread, nonce)

    async def append_stream(self, message: MessageRef, shown: Reply, content: Reply) -> None:  # noqa: ARG002  # the port's signature
        await self.call(Method.CHAT_APPEND_STREAM, channel_of(message.thread))

    async def stop_stream(self, message: MessageRef, shown: Reply, content: Reply) -> None:  # noqa: ARG002  # the port's signature
        await self.call(Method.CHAT_STOP_STREAM, channel_of(message.thread))
        self._shown(message.thread, content, "stream")

    def stream_delta(self, shown: Reply | None, content: Reply, last: bool) -> str | None:  # noqa: ARG002  # the port's signature
        return content.text.removeprefix(shown.text if shown else "")

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        method = Method.REACTIONS_ADD if queued else Method.REACTIONS_REMOVE
        await self.call(method, channel_of(message.thread))
        if queued:
            self.seen.sign(message.id, "mark")
            self.marks.add(message.id)
        else:
            self.marks.discard(message.id)

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool, title: str = "") -> bool:  # fmt: skip  # noqa: ARG002  # the port's signature
        await self.call(Method.AGENTS_SESSIONS_SET_STATUS, channel_of(thread))
        if active:
            self.seen.sign(question_of(thread), "status")
            self.statuses.add(thread.id)
        else:
            self.statuses.discard(thread.id)
        return True

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:  # noqa: ARG002  # the port's signature
        direct = event.place.direct
        method = Method.CHAT_POST_MESSAGE if direct else Method.CHAT_POST_EPHEMERAL
        await self.call(method, channel_of(event.thread))
        self.tell(event.person.id)


class LimitedDiscord(LimitedPlatform):
    """Discord, where channels that begin with D are direct messages. A thread that is opened has limits of its own."""

    platform = "discord"

    def __init__(
        self, limits: discord_rates.DiscordLimits | None = None, known: Limits = discord_limits.LIMITS
    ) -> None:
        super().__init__(known)
        self._rates = discord_rates.Rates(time.monotonic)
        self._rates.limits = limits or discord_rates.DiscordLimits()
        self._direct = asyncio.Lock()
        self.waiting: dict[str, list[str]] = {}
        """Questions by the channel in which they were asked."""
        self._typed: dict[str, float] = {}

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        return discord_limits.scope_key(scope, thread.id)

    def ask(self, person: str, question: str) -> None:
        """Note a question: who asks while the bot is typing in the channel sees that."""
        super().ask(person, question)
        for channel, at in self._typed.items():
            if (
                question in self.waiting.get(channel, [])
                and time.monotonic() - at < self.limits.activity_lasts
            ):
                self.seen.sign(question, "typing")

    async def call(self, route: discord_limits.Method, channel: str, **path: str) -> None:
        verb, _, where = route.partition(" ")
        filled = where.format(channel_id=channel, message_id="1", emoji_name="x", user_id="1", **path)

        def take() -> float:
            try:
                self._rates.take(route, {"channel_id": channel})
            except ApiError as error:
                return error.pause or 0.0
            return 0.0

        await self.request(discord_limits.request(verb, filled), take)

    async def open_thread(self, prompt: Prompt, *, again: bool = False) -> None:  # noqa: ARG002  # the port's signature
        assert prompt.in_place is not None
        await self.call(discord_limits.Method.CREATE_THREAD, prompt.in_place.id)
        self.seen.sign(question_of(prompt.thread), "thread")

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        await self.call(discord_limits.Method.CREATE_MESSAGE, thread.id)
        self._shown(thread, content)
        return MessageRef(thread, nonce)

    async def edit(self, message: MessageRef, content: Content) -> None:
        await self.call(discord_limits.Method.EDIT_MESSAGE, message.thread.id)
        self._shown(message.thread, content)

    def _shown(self, thread: ThreadKey, content: Content) -> None:
        self.seen.sign(question_of(thread), "post")
        if isinstance(content, Reply) and content.text:
            self.seen.end(question_of(thread))

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        methods = discord_limits.Method
        await self.call(methods.ADD_REACTION if queued else methods.REMOVE_REACTION, message.thread.id)
        if queued:
            self.seen.sign(message.id, "mark")
            self.marks.add(message.id)
        else:
            self.marks.discard(message.id)

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool, title: str = "") -> bool:  # fmt: skip  # noqa: ARG002  # the port's signature
        if active:
            await self.call(discord_limits.Method.TRIGGER_TYPING, thread.id)
            self._typed[thread.id] = time.monotonic()
            for question in self.waiting.get(thread.id, [question_of(thread)]):
                if question in self.seen.asked:
                    self.seen.sign(question, "typing")
        return True

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:  # noqa: ARG002  # the port's signature
        if event.place.direct:
            await self.call(discord_limits.Method.CREATE_MESSAGE, event.thread.id)
        else:
            async with self._direct:  # as the adapter does
                await self.call(discord_limits.Method.CREATE_DM, "")
                await self.call(discord_limits.Method.CREATE_MESSAGE, f"D{event.person.id}")
        self.tell(event.person.id)


def channel_of(thread: ThreadKey) -> str:
    """The channel of a thread."""
    return thread.id.partition("~")[0]


def question_of(thread: ThreadKey) -> str:
    """The question that a thread is about."""
    return thread.id.partition("~")[2]
