"""Posts of the bot's own in a thread: making each of them once, and finding them again.

Slack knows no nonce. Each post carries one in its metadata, and after a try whose outcome nobody knows the thread is
searched for it: https://docs.slack.dev/messaging/message-metadata
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.slack import ids
from adapters.slack.inbound import Identity
from adapters.slack.scopes import Method
from adapters.slack.web import WebApi, field
from aion_bot.port.adapter import OwnMessage
from aion_bot.port.errors import PlatformDown, PlatformError
from aion_bot.port.messages import MessageRef, ThreadKey

_MARK = "aion_post"
_DOUBTS_KEPT = 1_000
_CLOCKS_APART = 300.0
_LOOKED_AT_ONCE = 200
_NEWEST = 20


class Posts:
    """Posts by one workspace's bot token. What is in doubt is known to this process alone."""

    def __init__(self, web: WebApi) -> None:
        self._web = web
        self._in_doubt: dict[str, float] = {}

    async def post(self, thread: ThreadKey, nonce: str, shown: Mapping[str, Any]) -> MessageRef:
        """Post a reply; looks in the thread first if an earlier try with this nonce ended in doubt."""
        if nonce in self._in_doubt and (found := await self._find(thread, nonce)):
            del self._in_doubt[nonce]
            return found
        place = ids.thread(thread)
        answer = await self._try(
            nonce,
            channel=place.channel,
            thread_ts=place.ts,
            metadata={"event_type": _MARK, "event_payload": {"nonce": nonce}},
            unfurl_links=False,
            unfurl_media=False,
            **shown,
        )
        return ids.message_ref(thread, answer.get("channel") or place.channel, str(answer["ts"]))

    async def newest(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """The bot's newest messages in a thread, at most twenty, newest first; also those of earlier processes."""
        return (await self._own(thread))[: -_NEWEST - 1 : -1]

    async def _try(self, nonce: str, **arguments: Any) -> Mapping[str, Any]:
        """Post; `nonce` stays in doubt unless Slack said what became of it, also if this task is cancelled.

        A refusal says nothing about an earlier try, which may arrive late.
        """
        first_try = nonce not in self._in_doubt
        self._in_doubt.setdefault(nonce, time.time())
        while len(self._in_doubt) > _DOUBTS_KEPT:
            del self._in_doubt[next(iter(self._in_doubt))]
        try:
            answer = await self._web.call(Method.POST, **arguments)
            field(answer, "ts", Method.POST)
        except PlatformDown:
            raise
        except PlatformError:
            if first_try:
                self._in_doubt.pop(nonce, None)
            raise
        self._in_doubt.pop(nonce, None)
        return answer

    async def _find(self, thread: ThreadKey, nonce: str) -> MessageRef | None:
        """The message that carries `nonce`, among those since it was first tried."""
        own = await self._own(thread, oldest=self._in_doubt[nonce] - _CLOCKS_APART)
        return next((one.message for one in own if one.nonce == nonce), None)

    async def _own(self, thread: ThreadKey, *, oldest: float = 0.0) -> list[OwnMessage]:
        """The bot's messages in a thread since `oldest` in seconds since the epoch, oldest first as Slack has them."""
        me, place = await self._web.me(), ids.thread(thread)
        own: list[OwnMessage] = []
        cursor = ""
        while True:
            page = await self._web.call(
                Method.REPLIES,
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
                    own.append(OwnMessage(ref, _nonce(message)))
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return own


def _is_own(message: Mapping[str, Any], me: Identity) -> bool:
    return message.get("user") == me.user or (bool(me.bot) and message.get("bot_id") == me.bot)


def _nonce(message: Mapping[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != _MARK:
        return None
    nonce = (metadata.get("event_payload") or {}).get("nonce")
    return str(nonce) if nonce else None
