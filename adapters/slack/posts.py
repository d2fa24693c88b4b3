"""Posts of the bot's own in a thread: making each of them once, and finding them again.

Slack knows no nonce. Each post carries one in its metadata, and after a try whose outcome nobody knows the thread is
searched for it: https://docs.slack.dev/messaging/message-metadata. A stream can carry none before it ends; what such
a try may have begun is known by having none, and by being newer than the try.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.slack import ids
from adapters.slack.client import WebApi, field
from adapters.slack.events import Identity
from adapters.slack.methods import Method
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import PlatformDown, PlatformError
from aion_bot.ports.messages import MessageRef, ThreadKey

_MARK = "aion_post"
_WHISPER = "aion_whisper"
_KEPT = 1_000
_CLOCKS_APART = 300.0
"""Seconds by which Slack's clock may differ from this machine's, while Slack has named no time yet."""
_SERVERS_APART = 2.0
"""Seconds by which two times that Slack named may be out of order."""
_LOOKED_AT_ONCE = 200
_NEWEST = 20

Arguments = Mapping[str, Any]


@dataclass(slots=True)
class _Doubt:
    """Tries whose outcome nobody knows: none arrived before `since` by Slack's clock; one may have begun a stream."""

    since: float
    streamed: bool = False


class Posts:
    """Posts by one workspace's bot token. What is in doubt is known to this process alone."""

    def __init__(self, web: WebApi) -> None:
        self._web = web
        self._in_doubt: OrderedDict[str, _Doubt] = OrderedDict()
        self._begun: OrderedDict[str, None] = OrderedDict()
        self._newest = 0.0

    async def post(self, thread: ThreadKey, nonce: str, shown: Arguments) -> MessageRef:
        """Post a reply; looks in the thread first if an earlier try with this nonce ended in doubt."""
        message = await self.earlier(thread, nonce)
        if message is not None:
            return message
        rest = {"metadata": marked(nonce), "unfurl_links": False, "unfurl_media": False}
        return await self._try(Method.CHAT_POST_MESSAGE, thread, nonce, {**rest, **shown})

    async def begin(self, thread: ThreadKey, nonce: str, shown: Arguments) -> MessageRef:
        """Post a reply as a stream. Ask for an `earlier` one first."""
        message = await self._try(Method.CHAT_START_STREAM, thread, nonce, shown)
        self._keep(message)
        return message

    async def earlier(self, thread: ThreadKey, nonce: str) -> MessageRef | None:
        """What an earlier try with this nonce posted, if it ended in doubt."""
        doubt = self._in_doubt.get(nonce)
        if doubt is None:
            return None
        own = await self._own(thread, oldest=doubt.since)
        found = next((one for one in own if one.nonce == nonce), None)
        if found is None and doubt.streamed:
            unknown = (one for one in reversed(own) if one.stream and one.message.id not in self._begun)
            found = next(unknown, None)
        if found is None:
            return None
        self._in_doubt.pop(nonce, None)
        self._keep(found.message)
        return found.message

    async def newest(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """The bot's newest messages in a thread, at most twenty, newest first; also those of earlier processes."""
        return (await self._own(thread))[: -_NEWEST - 1 : -1]

    async def _try(self, method: Method, thread: ThreadKey, nonce: str, shown: Arguments) -> MessageRef:
        """Post; `nonce` stays in doubt unless Slack said what became of it, also if this task is cancelled.

        A refusal says nothing about an earlier try, which may arrive late.
        """
        place, first_try = ids.thread(thread), nonce not in self._in_doubt
        self._doubt(nonce).streamed |= method is Method.CHAT_START_STREAM
        try:
            answer = await self._web.call(
                method, place.team, channel=place.channel, thread_ts=place.ts, **shown
            )
            ts = field(answer, "ts", method)
        except PlatformDown:
            raise
        except PlatformError:
            if first_try:
                self._in_doubt.pop(nonce, None)
            raise
        self._in_doubt.pop(nonce, None)
        self._newest = max(self._newest, _seconds(ts))
        return ids.message_ref(thread, answer.get("channel") or place.channel, ts)

    def _doubt(self, nonce: str) -> _Doubt:
        since = max(time.time() - _CLOCKS_APART, self._newest - _SERVERS_APART)
        doubt = self._in_doubt.setdefault(nonce, _Doubt(since))
        if len(self._in_doubt) > _KEPT:
            self._in_doubt.popitem(last=False)
        return doubt

    def _keep(self, message: MessageRef) -> None:
        self._begun[message.id] = None
        if len(self._begun) > _KEPT:
            self._begun.popitem(last=False)

    async def _own(self, thread: ThreadKey, *, oldest: float = 0.0) -> list[OwnMessage]:
        """The bot's messages in a thread since `oldest` in seconds since the epoch, oldest first as Slack has them."""
        me, place = await self._web.me(), ids.thread(thread)
        own: list[OwnMessage] = []
        cursor = ""
        while True:
            page = await self._web.call(
                Method.CONVERSATIONS_REPLIES,
                place.team,
                channel=place.channel,
                ts=place.ts,
                oldest=f"{oldest:.6f}",
                include_all_metadata=True,
                limit=_LOOKED_AT_ONCE,
                cursor=cursor,
            )
            for message in page.get("messages") or ():
                if _is_own(message, me):
                    ref = ids.message_ref(thread, place.channel, message["ts"])
                    own.append(OwnMessage(ref, _nonce(message), stream=_may_stream(message)))
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return own


def marked(nonce: str) -> Mapping[str, Any]:
    """The metadata of a post."""
    return {"event_type": _MARK, "event_payload": {"nonce": nonce}}


def private_metadata(person: str) -> Mapping[str, Any]:
    """The metadata of a message that is for one person, and no answer."""
    return {"event_type": _WHISPER, "event_payload": {"to": person}}


def _is_own(message: Arguments, me: Identity) -> bool:
    return message.get("user") == me.user or (bool(me.bot) and message.get("bot_id") == me.bot)


def _nonce(message: Arguments) -> str | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != _MARK:
        return None
    nonce = (metadata.get("event_payload") or {}).get("nonce")
    return str(nonce) if nonce else None


def _may_stream(message: Arguments) -> bool:
    """Tell whether a message may be a stream that did not end by our doing: a reply without metadata."""
    return message.get("thread_ts") not in {None, message["ts"]} and not message.get("metadata")


def _seconds(ts: str) -> float:
    try:
        return float(ts)
    except ValueError:
        return 0.0
