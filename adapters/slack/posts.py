"""The bot's own messages in a thread: posting each of them once, and finding them again.

Slack knows no nonce. So each post carries its nonce in its metadata, and after a request whose outcome is unknown the
thread is searched for it: https://docs.slack.dev/messaging/message-metadata. A stream can carry metadata only from its
end on. One that a lost request may have started is recognised by having none, and by being newer than that request.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from adapters.slack import ids
from adapters.slack.client import WebApi, field
from adapters.slack.methods import Method
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import PlatformDown, PlatformError
from aion_bot.ports.messages import MessageRef, ThreadKey

_NONCE_EVENT = "aion_post"
_PRIVATE_EVENT = "aion_private_reply"
"""Event types of the metadata of what the bot posts; nothing subscribes to them."""

_KEPT = 1_000
"""Nonces and streams that are remembered; far more than one process has open at a time."""
_CLOCK_SKEW = 300.0
"""Seconds by which Slack's clock may differ from this machine's, for as long as Slack has named no time yet."""
_TS_SKEW = 2.0
"""Seconds by which two `ts` that Slack named one after the other may be out of order."""
_PAGE = 200
"""Messages of a page of `conversations.replies`. Slack may send fewer: 15 for some apps since 2025-05-29."""
_NEWEST = 20

Arguments = Mapping[str, Any]


@dataclass(slots=True)
class _Unknown:
    """Requests of one nonce whose outcome is unknown.

    None of them arrived before `since`, in seconds by Slack's clock. `streamed`: one of them may have started a stream.
    """

    since: float
    streamed: bool = False


class Posts:
    """Posts by one workspace's bot token. Which outcomes are unknown is known to this process alone."""

    def __init__(self, web: WebApi) -> None:
        self._web = web
        self._unknown: OrderedDict[str, _Unknown] = OrderedDict()
        self._started: OrderedDict[str, None] = OrderedDict()
        self._newest_ts = 0.0

    async def post(self, thread: ThreadKey, nonce: str, shown: Arguments) -> MessageRef:
        """Post a reply; looks in the thread first where the outcome of an earlier request with this nonce is unknown."""
        message = await self.find(thread, nonce)
        if message is not None:
            return message
        rest = {"metadata": nonce_metadata(nonce), "unfurl_links": False, "unfurl_media": False}
        return await self._create(Method.CHAT_POST_MESSAGE, thread, nonce, {**rest, **shown})

    async def start_stream(self, thread: ThreadKey, nonce: str, shown: Arguments) -> MessageRef:
        """Post a reply as a stream. `find` an earlier one first."""
        message = await self._create(Method.CHAT_START_STREAM, thread, nonce, shown)
        self._remember_started(message)
        return message

    async def find(self, thread: ThreadKey, nonce: str) -> MessageRef | None:
        """What an earlier request with this nonce posted, if its outcome is unknown. Asks Slack only then."""
        unknown = self._unknown.get(nonce)
        if unknown is None:
            return None
        own = await self._own_messages(thread, oldest=unknown.since)
        found = next((one for one in own if one.nonce == nonce), None)
        if found is None and unknown.streamed:
            # The newest one that may be a stream, and that no other nonce of this process started.
            candidates = (one for one in reversed(own) if one.stream and one.message.id not in self._started)
            found = next(candidates, None)
        if found is None:
            # The nonce stays unknown: the request may still arrive.
            return None
        self._unknown.pop(nonce, None)
        self._remember_started(found.message)
        return found.message

    async def newest(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """The bot's newest messages in a thread, at most twenty, newest first; also those of earlier processes."""
        return (await self._own_messages(thread))[: -_NEWEST - 1 : -1]

    async def _create(self, method: Method, thread: ThreadKey, nonce: str, shown: Arguments) -> MessageRef:
        """Post; the outcome stays unknown unless Slack told what became of it, also if this task is cancelled."""
        place, first_try = ids.thread(thread), nonce not in self._unknown
        # Recorded before the request is sent, because a cancelled task has no later moment.
        since = max(time.time() - _CLOCK_SKEW, self._newest_ts - _TS_SKEW)
        unknown = self._unknown.setdefault(nonce, _Unknown(since))
        unknown.streamed |= method is Method.CHAT_START_STREAM
        if len(self._unknown) > _KEPT:
            self._unknown.popitem(last=False)
        where = {"channel": place.channel, "thread_ts": place.ts}
        try:
            answer = await self._web.call(method, place.team, **where, **shown)
            ts = field(answer, "ts", method)
        except PlatformDown:
            raise
        except PlatformError:
            # A refusal tells nothing about an earlier request, which may still arrive.
            if first_try:
                self._unknown.pop(nonce, None)
            raise
        self._unknown.pop(nonce, None)
        with suppress(ValueError):
            self._newest_ts = max(self._newest_ts, float(ts))
        return ids.message_ref(thread, answer.get("channel") or place.channel, ts)

    def _remember_started(self, message: MessageRef) -> None:
        self._started[message.id] = None
        if len(self._started) > _KEPT:
            self._started.popitem(last=False)

    async def _own_messages(self, thread: ThreadKey, *, oldest: float = 0.0) -> list[OwnMessage]:
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
                limit=_PAGE,
                cursor=cursor,
            )
            for message in page.get("messages") or ():
                by_bot = bool(me.bot) and message.get("bot_id") == me.bot
                if by_bot or message.get("user") == me.user:
                    own.append(_own_message(thread, place.channel, message))
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return own


def nonce_metadata(nonce: str) -> Mapping[str, Any]:
    """The metadata of a post."""
    return {"event_type": _NONCE_EVENT, "event_payload": {"nonce": nonce}}


def private_metadata(person: str) -> Mapping[str, Any]:
    """The metadata of a message that is for one person. It tells the message from a stream, which has none."""
    return {"event_type": _PRIVATE_EVENT, "event_payload": {"to": person}}


def _own_message(thread: ThreadKey, channel: str, message: Arguments) -> OwnMessage:
    """Read a message of the bot's own as `conversations.replies` shows it."""
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    nonce = payload.get("nonce") if metadata.get("event_type") == _NONCE_EVENT else None
    # Slack does not show whether a message is a live stream. A reply without metadata may be one: the bot gives
    # metadata to everything else that it posts, and to a stream when it stops it.
    may_stream = message.get("thread_ts") not in {None, message["ts"]} and not metadata
    ref = ids.message_ref(thread, channel, message["ts"])
    return OwnMessage(ref, str(nonce) if nonce else None, stream=may_stream)
