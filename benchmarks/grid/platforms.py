"""Slack and Discord as their limits alone, as `counted_platform` says."""

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from adapters.discord import rate_limits as discord_limits
from adapters.slack import rate_limits as slack_limits
from adapters.slack.methods import Method
from aion_bot.ports.capabilities import StreamingMode
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.events import InboundEvent, Prompt
from aion_bot.ports.messages import Content, Line, MessageRef, Person, Reply, ThreadKey
from aion_bot.ports.rate_limits import PlatformRequest, Scope
from aion_bot.simulators.discord import rates as discord_rates
from aion_bot.simulators.discord.errors import ApiError
from aion_bot.simulators.slack import rates as slack_rates
from benchmarks.grid.cells import Limiting, Platform
from benchmarks.grid.counted_platform import (
    EVERYWHERE,
    CountedPlatform,
    channel_of,
    nothing,
    question_of,
    restricted,
)
from benchmarks.relay.platform import CompetingProcess

BURST = 3
"""Posts that a channel of Slack takes at once after a pause, as people report."""


_WHOLE_BOT = discord_rates.DiscordLimits().everything.calls


@dataclass(slots=True)
class RequestsWithin:
    """Makes at most `most` requests in any `seconds`, in whatever channel; `make` makes some there and returns how many were taken."""

    most: int
    seconds: float
    make: Callable[[str, int], int]
    _made: deque[float] = field(default_factory=deque)

    def use(self, channel: str, calls: int) -> int:
        """Make as many of these requests as there is room for; returns how many were taken."""
        now = time.monotonic()
        while self._made and now - self._made[0] >= self.seconds:
            self._made.popleft()
        taken = self.make(channel, min(calls, self.most - len(self._made)))
        self._made.extend([now] * taken)
        return taken


class CountedSlack(CountedPlatform):
    """Slack."""

    platform = "slack"

    def __init__(self) -> None:
        super().__init__(slack_limits.LIMITS)
        self._rates = slack_rates.Rates(time.monotonic)
        self.refused = self._rates.refused

    def restrict(self, limiting: Limiting) -> None:
        self._rates.limits = restricted(slack_rates.SlackLimits(burst=BURST), limiting)

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

    async def call(self, method: Method, channel: str, shown: Callable[[float], None] = nothing) -> None:
        charges = slack_limits.charges(self.limits, method, "T", channel)

        def take() -> None:
            if pause := self._rates.take(method, channel):
                raise RateLimited(pause)

        await self.request(PlatformRequest(method, charges), take, shown)

    def line_channel(self, prompt: Prompt) -> ThreadKey:
        """All are asked in the channel itself."""
        return ThreadKey(self.platform, f"{channel_of(prompt.thread)}~")

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        message = self.new_message(thread, nonce)
        line = self.line_stands(channel_of(thread))
        shown = self.shows(message, content, "post") if question_of(thread) else line
        await self.call(Method.CHAT_POST_MESSAGE, channel_of(thread), shown)
        return message

    async def edit(self, message: MessageRef, content: Content) -> None:
        shown = self.shows(message, content, "edit") if question_of(message.thread) else nothing
        await self.call(Method.CHAT_UPDATE, channel_of(message.thread), shown)

    async def delete(self, message: MessageRef) -> None:
        channel, of_answer = channel_of(message.thread), question_of(message.thread)
        if not of_answer:
            self.lines.discard(channel)
        await self.call(Method.CHAT_DELETE, channel, self.removes(message) if of_answer else nothing)

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
            method, channel_of(message.thread), self.signs(message.id, "mark") if queued else nothing
        )

    async def show_activity(
        self,
        thread: ThreadKey,
        person: Person,  # noqa: ARG002  # the port's signature
        *,
        active: bool,
        title: str = "",  # noqa: ARG002  # the port's signature
    ) -> bool:
        shown = self.signs(question_of(thread), "status") if active else nothing
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
        self._rates.limits = restricted(discord_rates.DiscordLimits(edits_apart=True), limiting)

    def competing_processes(self, threads: Sequence[ThreadKey]) -> Sequence[CompetingProcess]:
        # Half of each channel's limit and, in all channels together, half of the whole bot's.
        within = RequestsWithin(_WHOLE_BOT // 2, 1.0, self._rates.use)
        return [
            CompetingProcess(2, 5.0, partial(within.use, one.id), random.Random(number))
            for number, one in enumerate(threads)
        ]

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        return discord_limits.scope_key(scope, thread.id)

    async def call(
        self, route: discord_limits.Method, channel: str, shown: Callable[[float], None] = nothing
    ) -> None:
        verb, _, where = route.partition(" ")
        path = where.format(channel_id=channel, message_id="1", emoji_name="x", user_id="1")
        request = discord_limits.request(verb, path)

        def take() -> None:
            try:
                headers = self._rates.take(route, {"channel_id": channel})
            except ApiError as error:
                # As the adapter does: a refusal by the whole bot's limit says nothing of the channel's.
                exceeded = discord_limits.GLOBAL if "X-RateLimit-Global" in error.headers else ""
                raise RateLimited(error.pause or 0.0, exceeded) from None
            if self._observer is not None and (reading := discord_limits.reading(request, headers)):
                self._observer.limit_read(reading)

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
        shown = self.signs(message.id, "mark") if queued else nothing
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

    async def show_status(self, words: str) -> bool:
        """Over the gateway: no request."""
        (self.lines.add if words else self.lines.discard)(EVERYWHERE)
        for one in self.seen.values() if words else ():
            one.sign(time.monotonic(), "bot status")
        return True

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:  # noqa: ARG002  # the port's signature
        shown = self.signs(question_of(event.thread), "remark")
        await self.call(discord_limits.Method.CREATE_MESSAGE, event.thread.id, shown)


def counted(platform: Platform) -> CountedPlatform:
    """Return a platform that counts."""
    return CountedSlack() if platform is Platform.SLACK else CountedDiscord()
