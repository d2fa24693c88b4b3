"""Slack as the port knows a platform."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from adapters.slack import ids, rate_limits, rendering, stream_text
from adapters.slack.activity import Activity
from adapters.slack.client import WebApi
from adapters.slack.config import SlackSettings
from adapters.slack.handlers import Intake
from adapters.slack.methods import Method
from adapters.slack.native_streams import NativeStreams, is_direct
from adapters.slack.posts import Posts, whispered
from adapters.slack.socket_mode import SOCKETS, SocketMode
from adapters.slack.timeouts import Patience
from aion_bot.ports.adapter import Host, OwnMessage, Presence, Streams
from aion_bot.ports.errors import Forbidden, MessageGone
from aion_bot.ports.events import Amendment, Inbound, Prompt
from aion_bot.ports.messages import Content, Line, MessageRef, Person, Reply, ThreadKey
from aion_bot.ports.rate_limits import Limits, Per, Reading

_log = logging.getLogger(__name__)

_INERT: dict[str, Any] = {"parse": "none", "link_names": False}
"""Slack shall find no names in our text. `chat.update` falls back to its defaults where they are missing."""

_WAITING = "hourglass_flowing_sand"

_FOREIGN_SOCKETS = (
    f"Slack counts more connections of this app than the {SOCKETS} of this process, and gives each event to one of "
    "them: if another process uses the same SLACK_APP_TOKEN, stop it, or it takes a part of the questions"
)


class SlackAdapter:
    """One workspace over Socket Mode. `patience` is how long its sockets may take, from the next `listen` on."""

    platform = ids.PLATFORM
    limits: Limits = rate_limits.LIMITS

    def __init__(self, settings: SlackSettings, patience: Patience = Patience()) -> None:  # noqa: B008  frozen
        self.patience = patience
        self._web = WebApi(settings, timeout=patience.call)
        self._posts = Posts(self._web)
        self._streams = NativeStreams(self._web, self._posts)
        self._activity = Activity(self._web, patience.sign)

    async def listen(self, host: Host) -> None:
        """Serve until cancelled. Raises TokenRefused with the variable's name, or PlatformDown."""
        me = await self._web.identify()
        told = False

        async def greeted(sockets: int) -> None:
            nonlocal told
            notices = (_FOREIGN_SOCKETS,) if sockets > SOCKETS else ()
            if not told:
                told = True
                await host.connected(Presence((me.team_name,), f"@{me.name}", notices))
            elif notices:
                _log.warning(_FOREIGN_SOCKETS)

        intake = Intake(me, host, self._web, self.patience.again)
        await SocketMode(self._web, self.patience, intake, greeted).serve()

    async def close(self) -> None:
        """Close the pool of Web API connections; the sockets end with `listen`."""
        await self._web.close()

    async def open(self, prompt: Prompt) -> None:
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

    async def begin(self, thread: ThreadKey, person: Person, content: Reply, *, nonce: str) -> MessageRef:
        """Post a reply that grows, as `post` does. Raises Unsupported, once for a channel or a workspace."""
        return await self._streams.begin(thread, person, content, nonce)

    async def append(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """Let a stream of this process grow. Raises Unsupported where it has ended."""
        await self._streams.append(message, shown, content)

    async def conclude(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """End a stream of this process. Raises Unsupported where it had ended."""
        await self._streams.conclude(message, shown, content)

    def tail(self, shown: Reply | None, content: Reply, last: bool) -> str | None:
        """What has to be appended to a stream."""
        return stream_text.tail(shown, content, last=last)

    def streams(self, thread: ThreadKey) -> Streams:
        """Prefer streams in direct messages, where the sign of work comes before their first words."""
        channel = ids.thread(thread).channel
        if not self._streams.offered(channel):
            return Streams.NEVER
        first = is_direct(channel) and self._activity.offered(channel)
        return Streams.FIRST if first else Streams.CROWD

    async def delete(self, message: MessageRef) -> None:
        """Remove a message of the bot's own."""
        channel, ts = ids.message(message)
        await self._web.call(Method.DELETE, channel=channel, ts=ts)

    async def own_messages(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """Return the bot's newest twenty in a thread, newest first, as Slack has them: earlier processes' too."""
        return await self._posts.newest(thread)

    async def mark_waiting(self, message: MessageRef, *, waiting: bool) -> None:
        """Put an hourglass on a person's message, or take it away. Forbidden without the scope `reactions:write`."""
        channel, ts = ids.message(message)
        method, done = (Method.MARK, "already_reacted") if waiting else (Method.UNMARK, "no_reaction")
        await self._web.call(method, tolerated={done}, channel=channel, timestamp=ts, name=_WAITING)

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool) -> bool:
        """Make Slack show that the bot works, with its own Stop button; without delay and without failing."""
        return await self._activity.show(thread, person, active=active)

    async def whisper(self, inbound: Inbound, line: Line) -> None:
        """Show `line` to one person where they stand; by a direct message where the bot cannot."""
        place = ids.thread(inbound.thread)
        shown = {**_INERT, **rendering.sentence(line)}
        message = {**shown, "metadata": whispered(inbound.person.id)}
        try:
            if inbound.place.direct:
                await self._web.call(Method.POST, channel=place.channel, thread_ts=place.ts, **message)
            else:
                standing = _standing(inbound)
                person = inbound.person.id
                await self._web.call(Method.WHISPER, channel=place.channel, user=person, **standing, **shown)
        except (Forbidden, MessageGone):
            await self._web.call(Method.POST, channel=inbound.person.id, **message)

    def measure(self, content: Content) -> int:
        """Size of `content` against `limits.page`."""
        return rendering.measure(content)

    def scope(self, thread: ThreadKey, per: Per) -> str:
        """The channel or the workspace of a thread."""
        place = ids.thread(thread)
        return {Per.CHANNEL: place.channel, Per.WORKSPACE: place.team, Per.BOT: ""}[per]

    def watch_limits(self, heard: Callable[[Reading], None]) -> None:
        """Do nothing: Slack says nothing about its limits but how long to pause, where one is exceeded."""


def _standing(inbound: Inbound) -> dict[str, str]:
    """The thread in which the person behind `inbound` reads, if any."""
    if isinstance(inbound, Amendment) or not inbound.reply_token:
        return {}
    return {"thread_ts": inbound.reply_token}
