"""Slack as the port knows a platform."""

import logging
from collections.abc import Sequence
from typing import Any

from adapters.slack import ids, rate_limits, rendering, stream_text, strings
from adapters.slack.activity import Activity
from adapters.slack.client import WebApi
from adapters.slack.config import SlackSettings
from adapters.slack.handlers import EventHandlers
from adapters.slack.methods import Method
from adapters.slack.native_streams import NativeStreams, is_direct
from adapters.slack.posts import Posts, private_metadata
from adapters.slack.socket_mode import CONNECTIONS, SocketMode
from adapters.slack.timeouts import Timeouts
from aion_bot.ports.adapter import OwnMessage, StreamingMode
from aion_bot.ports.errors import Forbidden, MessageGone
from aion_bot.ports.events import InboundEvent, MessageChange, Prompt
from aion_bot.ports.host import Host, Presence
from aion_bot.ports.messages import Content, Line, MessageRef, Person, Reply, ThreadKey
from aion_bot.ports.rate_limits import Limits, RequestObserver, Scope

_log = logging.getLogger(__name__)

_INERT: dict[str, Any] = {"parse": "none", "link_names": False}
"""Slack shall find no names in our text. `chat.update` falls back to its defaults where they are missing."""

_WAITING = "hourglass_flowing_sand"


class SlackAdapter:
    """One workspace over Socket Mode. `timeouts` apply to the connections from the next `listen` on."""

    platform = ids.PLATFORM
    limits: Limits = rate_limits.LIMITS

    def __init__(self, settings: SlackSettings, timeouts: Timeouts = Timeouts()) -> None:  # noqa: B008  frozen
        self.timeouts = timeouts
        # `limits` is read at each request, because it may be replaced on the instance later.
        self._web = WebApi(settings, lambda: self.limits, timeout=timeouts.request)
        self._posts = Posts(self._web)
        self._streams = NativeStreams(self._web, self._posts)
        self._activity = Activity(self._web, timeouts.indicator)

    async def listen(self, host: Host) -> None:
        """Serve until cancelled. Raises TokenRefused with the variable's name, or PlatformDown."""
        me = await self._web.identify()
        told = False

        async def on_hello(connections: int) -> None:
            nonlocal told
            foreign = connections > CONNECTIONS
            notices = (strings.foreign_connections(CONNECTIONS),) if foreign else ()
            if not told:
                told = True
                await host.connected(Presence((me.team_name,), f"@{me.name}", notices))
            elif foreign:
                _log.warning(strings.foreign_connections(CONNECTIONS))

        handlers = EventHandlers(me, host, self._web, self.timeouts.accept_retries)
        await SocketMode(self._web, self.timeouts, handlers, on_hello).serve()

    async def close(self) -> None:
        """Close the pool of Web API connections; the sockets end with `listen`."""
        await self._web.close()

    async def open_thread(self, prompt: Prompt) -> None:
        """Do nothing: a Slack thread begins with the first reply."""

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        """Post a reply; looks in the thread first if an earlier try with this nonce ended in doubt.

        What is in doubt is known to this process alone.
        """
        return await self._posts.post(thread, nonce, {**_INERT, **rendering.arguments(content)})

    async def edit(self, message: MessageRef, content: Content) -> None:
        """Replace a message by one call of `chat.update`.

        One that is still a stream takes two calls, and three if an earlier process began it: Slack edits no stream.
        """
        await self._streams.replace(message, {**_INERT, **rendering.arguments(content)})

    async def start_stream(
        self, thread: ThreadKey, person: Person, content: Reply, *, nonce: str
    ) -> MessageRef:
        """Post a reply that grows, as `post` does. Raises Unsupported, once for a channel or a workspace."""
        return await self._streams.begin(thread, person, content, nonce)

    async def append_stream(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """Let a stream of this process grow. Raises Unsupported where it has ended."""
        await self._streams.append(message, shown, content)

    async def stop_stream(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """End a stream of this process. Raises Unsupported where it had ended."""
        await self._streams.conclude(message, shown, content)

    def stream_delta(self, shown: Reply | None, content: Reply, last: bool) -> str | None:
        """What has to be appended to a stream."""
        return stream_text.tail(shown, content, last=last)

    def streaming_mode(self, thread: ThreadKey) -> StreamingMode:
        """Prefer streams in direct messages, where the sign of work comes before their first words."""
        channel = ids.thread(thread).channel
        if not self._streams.offered(channel):
            return StreamingMode.NEVER
        first = is_direct(channel) and self._activity.offered(channel)
        return StreamingMode.PREFERRED if first else StreamingMode.WHEN_CROWDED

    async def delete(self, message: MessageRef) -> None:
        """Remove a message of the bot's own."""
        channel, ts = ids.message(message)
        await self._web.call(Method.CHAT_DELETE, ids.team(message), channel=channel, ts=ts)

    async def own_messages(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """Return the bot's newest twenty in a thread, newest first, as Slack has them: earlier processes' too."""
        return await self._posts.newest(thread)

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        """Put an hourglass on a person's message, or take it away. Forbidden without the scope `reactions:write`."""
        channel, ts = ids.message(message)
        method, done = (
            (Method.REACTIONS_ADD, "already_reacted") if queued else (Method.REACTIONS_REMOVE, "no_reaction")
        )
        await self._web.call(
            method,
            ids.team(message),
            tolerated={done},
            channel=channel,
            timestamp=ts,
            name=_WAITING,
        )

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool) -> bool:
        """Make Slack show that the bot works, with its own Stop button; without delay and without failing."""
        return await self._activity.show(thread, person, active=active)

    async def reply_privately(self, inbound: InboundEvent, line: Line) -> None:
        """Show `line` to one person where they stand; by a direct message where the bot cannot."""
        place = ids.thread(inbound.thread)
        shown = {**_INERT, **rendering.sentence(line)}
        message = {**shown, "metadata": private_metadata(inbound.person.id)}
        try:
            if inbound.place.direct:
                await self._web.call(
                    Method.CHAT_POST_MESSAGE, place.team, channel=place.channel, thread_ts=place.ts, **message
                )
            else:
                standing = _standing(inbound)
                person = inbound.person.id
                await self._web.call(
                    Method.CHAT_POST_EPHEMERAL,
                    place.team,
                    channel=place.channel,
                    user=person,
                    **standing,
                    **shown,
                )
        except (Forbidden, MessageGone):
            await self._web.call(Method.CHAT_POST_MESSAGE, place.team, channel=inbound.person.id, **message)

    def measure(self, content: Content) -> int:
        """Size of `content` against `limits.page`."""
        return rendering.measure(content)

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        """The channel or the workspace of a thread."""
        place = ids.thread(thread)
        return rate_limits.scope_key(scope, place.team, place.channel)

    def observe_requests(self, observer: RequestObserver) -> None:
        """Report every request to `observer` from now on, and to no earlier one any more."""
        self._web.observer = observer


def _standing(inbound: InboundEvent) -> dict[str, str]:
    """The thread in which the person behind `inbound` reads, if any."""
    if isinstance(inbound, MessageChange) or not inbound.reply_token:
        return {}
    return {"thread_ts": inbound.reply_token}
