"""Native streams: messages that grow by what is appended. https://docs.slack.dev/reference/methods/chat.startStream

In a channel only the recipient sees them grow; everybody else sees the first piece until they end. Slack ends a
stream by itself after about five minutes, and refuses `chat.update` for one that has not ended.
"""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from adapters.slack import ids
from adapters.slack.client import WebApi
from adapters.slack.errors import UNAVAILABLE, StreamRefused
from adapters.slack.events import is_direct
from adapters.slack.methods import Method
from adapters.slack.posts import Posts, nonce_metadata
from adapters.slack.stream_text import delta
from aion_bot.ports.errors import PlatformDown, Unsupported
from aion_bot.ports.messages import MessageRef, Person, Reply, ThreadKey

_KEPT = 1_000
"""Streams that are remembered; far more than one process has open at a time."""
_CONFLICT = "streaming_state_conflict"


@dataclass(slots=True)
class _Stream:
    """A message that this process started as a stream.

    `text_known`: it shows what the core believes. `live`: nothing that this process knows of has ended it.
    """

    nonce: str
    text_known: bool
    live: bool = True


class NativeStreams:
    """Streams by one workspace's bot token, and where Slack refuses them. Both are known to this process alone."""

    def __init__(self, web: WebApi, posts: Posts) -> None:
        self._web = web
        self._posts = posts
        self._streams: OrderedDict[str, _Stream] = OrderedDict()
        self._unavailable = False
        self._unavailable_in: set[str] = set()

    def offered(self, channel: str) -> bool:
        """Tell whether Slack has not refused a stream in a channel yet."""
        return not self._unavailable and channel not in self._unavailable_in

    async def start(self, thread: ThreadKey, person: Person, content: Reply, nonce: str) -> MessageRef:
        """Post a stream; looks in the thread first where the outcome of an earlier request is unknown.

        A stream that is found that way may show less than `content`: it takes nothing more, and is edited.
        """
        place = ids.thread(thread)
        text = delta(None, content, last=False)
        if not text:
            raise Unsupported(f"{Method.CHAT_START_STREAM}: no text to begin with")
        # Searched before the request, and not caught below: a failed search says nothing about streams here.
        found = await self._posts.find(thread, nonce)
        shown: dict[str, Any] = {"chunks": _chunks(text)}
        if not is_direct(place.channel):
            # Slack requires both in a channel. They name who sees the stream grow.
            shown |= {"recipient_user_id": person.id, "recipient_team_id": place.team}
        try:
            message = found or await self._posts.start_stream(thread, nonce, shown)
        except StreamRefused as refused:
            if refused.code in UNAVAILABLE:
                self._unavailable = True
            else:
                self._unavailable_in.add(place.channel)
            raise
        self._streams[message.id] = _Stream(nonce, text_known=found is None)
        if len(self._streams) > _KEPT:
            self._streams.popitem(last=False)
        return message

    async def append(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """Let a stream grow. Raises Unsupported where it has ended, or where appending cannot do it."""
        self._check_live(message)
        text = delta(shown, content, last=False)
        if text is None:
            raise Unsupported(f"{Method.CHAT_APPEND_STREAM}: this cannot be appended")
        if text:
            await self._change(Method.CHAT_APPEND_STREAM, message, chunks=_chunks(text))

    async def stop(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """End a stream, with its rest where that can be appended. Raises Unsupported where it had ended."""
        self._check_live(message)
        text = delta(shown, content, last=True)
        await self._stop(message, **({"chunks": _chunks(text)} if text else {}))

    async def edit(self, message: MessageRef, shown: Mapping[str, Any]) -> None:
        """Edit a message. One that is still a stream, of this process or an earlier one, is stopped first.

        That takes one request, two for a live stream of this process, and three for one of an earlier process, which
        only the refused edit shows to be a stream. It takes four where Slack still sees a stream after the first stop.
        """
        stream = self._streams.get(message.id)
        if stream is not None and stream.live:
            await self._stop_if_live(message)
        if not await self._update(message, shown):
            await self._stop_if_live(message)
            if not await self._update(message, shown):
                # Slack ends every stream sooner or later, so this is worth another try.
                raise PlatformDown(f"{Method.CHAT_UPDATE}: {_CONFLICT}")

    def _check_live(self, message: MessageRef) -> None:
        """Raise Unsupported unless this process started the stream and knows what it shows."""
        stream = self._streams.get(message.id)
        if stream is None or not stream.text_known or not stream.live:
            raise Unsupported("what this stream shows is not known")

    async def _stop_if_live(self, message: MessageRef) -> None:
        with suppress(Unsupported):  # it had ended by itself, or a person stopped it
            await self._stop(message)

    async def _stop(self, message: MessageRef, **rest: Any) -> None:
        stream = self._streams.get(message.id)
        # `chat.stopStream` is the first request of a stream that takes metadata.
        metadata = {"metadata": nonce_metadata(stream.nonce)} if stream is not None else {}
        await self._change(Method.CHAT_STOP_STREAM, message, **metadata, **rest)
        if stream is not None:
            stream.live = False

    async def _change(self, method: Method, message: MessageRef, **arguments: Any) -> None:
        channel, ts = ids.message(message)
        try:
            await self._web.call(method, ids.team(message), channel=channel, ts=ts, **arguments)
        except Unsupported:
            # Slack ended it after five minutes, or a person stopped it. What it shows can only be edited now.
            if message.id in self._streams:
                self._streams[message.id].live = False
            raise

    async def _update(self, message: MessageRef, shown: Mapping[str, Any]) -> bool:
        """Edit a message; false where Slack refuses because it is a live stream."""
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


def _chunks(text: str) -> list[dict[str, str]]:
    return [{"type": "markdown_text", "text": text}]
