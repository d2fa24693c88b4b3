"""Native streams: messages that grow by what is appended. https://docs.slack.dev/reference/methods/chat.startStream

In a channel one person sees them grow; everybody else sees the first piece until they end. Slack ends a stream by
itself after about five minutes, and edits none that goes on.
"""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from adapters.slack import ids
from adapters.slack.client import WebApi
from adapters.slack.errors import UNAVAILABLE, StreamRefused
from adapters.slack.methods import Method
from adapters.slack.posts import Posts, marked
from adapters.slack.stream_text import tail
from aion_bot.ports.errors import PlatformDown, Unsupported
from aion_bot.ports.messages import MessageRef, Person, Reply, ThreadKey

_KEPT = 1_000
_CONFLICT = "streaming_state_conflict"


@dataclass(slots=True)
class _Stream:
    """A message that began as a stream of this process.

    `known`: what it shows is what the core believes. `going`: nothing has ended it that this process knows of.
    """

    nonce: str
    known: bool
    going: bool = True


class NativeStreams:
    """Streams by one workspace's bot token, and where there are none. Both are known to this process alone."""

    def __init__(self, web: WebApi, posts: Posts) -> None:
        self._web = web
        self._posts = posts
        self._streams: OrderedDict[str, _Stream] = OrderedDict()
        self._never = False
        self._not_here: set[str] = set()

    def offered(self, channel: str) -> bool:
        """Tell whether Slack has not refused a stream in a channel yet."""
        return not self._never and channel not in self._not_here

    async def begin(self, thread: ThreadKey, person: Person, content: Reply, nonce: str) -> MessageRef:
        """Post a stream; looks in the thread first if an earlier try with this nonce ended in doubt.

        What such a try began may show less than `content`: it takes nothing more, and is edited.
        """
        place = ids.thread(thread)
        text = tail(None, content, last=False)
        if not text:
            raise Unsupported(f"{Method.CHAT_START_STREAM}: no text to begin with")
        reader = {} if is_direct(place.channel) else _reader(person, place.team)
        found = await self._posts.earlier(thread, nonce)
        try:
            message = found or await self._posts.begin(thread, nonce, {"chunks": _chunks(text), **reader})
        except StreamRefused as refused:
            self._learn(place.channel, refused.code)
            raise
        self._streams[message.id] = _Stream(nonce, known=found is None)
        if len(self._streams) > _KEPT:
            self._streams.popitem(last=False)
        return message

    async def append(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """Let a stream grow. Raises Unsupported where it has ended, or where appending cannot do it."""
        text = tail(shown, content, last=False)
        self._check(message)
        if text is None:
            raise Unsupported(f"{Method.CHAT_APPEND_STREAM}: this cannot be appended")
        if text:
            await self._change(Method.CHAT_APPEND_STREAM, message, chunks=_chunks(text))

    async def conclude(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """End a stream, with its rest where that can be appended. Raises Unsupported where it had ended."""
        self._check(message)
        text = tail(shown, content, last=True)
        await self._stop(message, **({"chunks": _chunks(text)} if text else {}))

    async def replace(self, message: MessageRef, shown: Mapping[str, Any]) -> None:
        """Edit a message; one that is still a stream, of this process or an earlier one, is ended first."""
        stream = self._streams.get(message.id)
        if stream is not None and stream.going:
            await self._settle(message)
        if not await self._update(message, shown):
            await self._settle(message)
            if not await self._update(message, shown):
                raise PlatformDown(f"{Method.CHAT_UPDATE}: {_CONFLICT}")

    def _check(self, message: MessageRef) -> None:
        """Raise Unsupported unless this process began the stream and knows what it shows."""
        stream = self._streams.get(message.id)
        if stream is None or not stream.known or not stream.going:
            raise Unsupported("what this stream shows is not known")

    async def _settle(self, message: MessageRef) -> None:
        """End a stream if it goes on."""
        with suppress(Unsupported):  # it had ended
            await self._stop(message)

    async def _stop(self, message: MessageRef, **rest: Any) -> None:
        stream = self._streams.get(message.id)
        mark = {"metadata": marked(stream.nonce)} if stream is not None else {}
        await self._change(Method.CHAT_STOP_STREAM, message, **mark, **rest)
        if stream is not None:
            stream.going = False

    async def _change(self, method: Method, message: MessageRef, **arguments: Any) -> None:
        channel, ts = ids.message(message)
        try:
            await self._web.call(method, ids.team(message), channel=channel, ts=ts, **arguments)
        except Unsupported:
            if message.id in self._streams:
                self._streams[message.id].going = False
            raise

    async def _update(self, message: MessageRef, shown: Mapping[str, Any]) -> bool:
        channel, ts = ids.message(message)
        answer = await self._web.call(
            Method.CHAT_UPDATE,
            ids.team(message),
            tolerated={_CONFLICT},
            channel=channel,
            ts=ts,
            **shown,
        )
        return answer.get("error") != _CONFLICT

    def _learn(self, channel: str, error: str) -> None:
        if error in UNAVAILABLE:
            self._never = True
        else:
            self._not_here.add(channel)


def is_direct(channel: str) -> bool:
    """Tell whether a channel is one person's conversation with the bot."""
    return channel.startswith("D")


def _reader(person: Person, team: str) -> dict[str, str]:
    return {"recipient_user_id": person.id, "recipient_team_id": team}


def _chunks(text: str) -> list[dict[str, str]]:
    return [{"type": "markdown_text", "text": text}]
