"""The bot's own messages in a thread: posting each of them once, finding them again, edits, and native streams.

Slack knows no nonce. So each post carries its nonce in its metadata, and after a request whose outcome is unknown the
thread is searched for it: https://docs.slack.dev/messaging/message-metadata. A stream can carry metadata only from its
end on. One that a lost request may have started is recognised by having none, and by being newer than that request.

A native stream grows by what is appended: https://docs.slack.dev/reference/methods/chat.startStream. In a channel only
the recipient sees it grow; everybody else sees the first piece until it ends. Slack ends a stream by itself after about
five minutes, and refuses `chat.update` for one that has not ended.
"""

import logging
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from adapters.slack import ids
from adapters.slack.client import WebApi, field
from adapters.slack.content import files, is_text_alone, items
from adapters.slack.earlier import Threads
from adapters.slack.errors import UNAVAILABLE, StreamRefused
from adapters.slack.events import is_direct, is_own
from adapters.slack.files import AttachedFiles, Files
from adapters.slack.identity import BotIdentity
from adapters.slack.markdown import delta
from adapters.slack.message_metadata import NONCE_EVENT, own_message
from adapters.slack.methods import Method
from adapters.slack.rendering import below_words
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import CannotEdit, PlatformDown, PlatformError, Unsupported
from aion_bot.ports.messages import MessageRef, Person, Reply, ThreadKey
from aion_bot.ports.thread_files import ThreadFiles

_log = logging.getLogger(__name__)

_KEPT = 1_000
"""Nonces and streams that are remembered; far more than one process has open at a time."""
_CLOCK_SKEW = 300.0
"""Seconds by which Slack's clock may differ from this machine's, for as long as Slack has named no time yet."""
_TS_SKEW = 2.0
"""Seconds by which two `ts` that Slack named one after the other may be out of order."""
_PAGE = 200
"""Messages of a page of `conversations.replies`. Slack may send fewer: 15 for some apps since 2025-05-29."""
_NEWEST = 20
_CONFLICT = "streaming_state_conflict"
_MOST_CONFLICTS = 4
"""Edits that may fail with it one after the other: with the core's pauses some seconds, in which Slack ends what was stopped."""

Arguments = Mapping[str, Any]


@dataclass(slots=True)
class _Unknown:
    """Requests of one nonce whose outcome is unknown.

    None of them arrived before `since`, in seconds by Slack's clock. `streamed`: one of them may have started a stream.
    """

    since: float
    streamed: bool = False


@dataclass(slots=True)
class _Stream:
    """A message that this process started as a stream.

    `text_known`: it shows what the core believes. `live`: nothing that this process knows of has ended it.
    """

    nonce: str
    text_known: bool
    live: bool = True


class Messages:
    """Messages by one workspace's bot token. Unknown outcomes and live streams are known to this process alone.

    `streams_refused` holds where Slack refuses native streams: channels, or the team for the whole workspace.
    """

    def __init__(self, web: WebApi) -> None:
        self.streams_refused: set[str] = set()
        self._web = web
        self._unknown: OrderedDict[str, _Unknown] = OrderedDict()
        self._started: OrderedDict[str, None] = OrderedDict()
        self._streams: OrderedDict[str, _Stream] = OrderedDict()
        self._conflicts: Counter[str] = Counter()
        """How often in a row an edit was refused because Slack saw a stream, by the message."""
        self._newest_ts = 0.0
        self.threads = Threads(web)
        self.files = Files(web, self._own_messages)
        self.attached = AttachedFiles(web, self._note_files)

    async def post(self, thread: ThreadKey, nonce: str, shown: Arguments) -> MessageRef:
        """Post a reply; looks in the thread first where the outcome of an earlier request with this nonce is unknown."""
        found = await self._find(thread, nonce) if nonce in self._unknown else None
        if found is not None:
            return found
        metadata = {"event_type": NONCE_EVENT, "event_payload": {"nonce": nonce}}
        # No link previews: the links are a model's, and Slack would fetch them.
        rest = {"metadata": metadata, "unfurl_links": False, "unfurl_media": False}
        return await self._create(Method.CHAT_POST_MESSAGE, thread, nonce, {**rest, **shown})

    async def edit(self, message: MessageRef, shown: Arguments) -> None:
        """Edit a message. One that is still a stream, of this process or an earlier one, is stopped first.

        One request edits a message. Two edit a live stream of this process: stop, edit. Three edit a stream of an
        earlier process: the refused edit shows that it is a stream. Four are needed where Slack still sees a stream
        after the first stop. Raises CannotEdit where Slack goes on seeing one: a new message may take its place.
        """
        stream = self._streams.get(message.id)
        if stream is not None and stream.live:
            await self._stop_if_live(message)
        team, channel, ts = ids.message(message)
        where = {"channel": channel, "ts": ts}
        # Twice: the first refusal shows that the message is a stream, which is stopped in between.
        for is_last in (False, True):
            answer = await self._web.call(Method.CHAT_UPDATE, team, tolerated={_CONFLICT}, **where, **shown)
            if answer.get("error") != _CONFLICT:
                # A `Counter` deletes what it does not have without an error.
                del self._conflicts[message.id]
                return
            if not is_last:
                await self._stop_if_live(message)
        text = f"{Method.CHAT_UPDATE}: {_CONFLICT}"
        if self._conflicts[message.id] >= _MOST_CONFLICTS:
            del self._conflicts[message.id]
            raise CannotEdit(text)
        if len(self._conflicts) > _KEPT:
            # What is forgotten is only tried a few times more.
            self._conflicts.clear()
        self._conflicts[message.id] += 1
        # Slack ends every stream sooner or later, so this is worth another try.
        raise PlatformDown(text)

    async def newest(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """The bot's newest messages in a thread, at most twenty, newest first; also those of earlier processes."""
        return (await self._own_messages(thread))[: -_NEWEST - 1 : -1]

    async def start_stream(self, thread: ThreadKey, person: Person, content: Reply, nonce: str) -> MessageRef:
        """Post a stream; looks in the thread first where the outcome of an earlier request is unknown.

        A stream that is found that way may show less than `content`: it takes nothing more, and is edited.
        """
        place = ids.thread(thread)
        text = delta(None, content, last=False)
        if not text:
            raise Unsupported(f"{Method.CHAT_START_STREAM}: no text to begin with")
        # An app has no client in which a stream could grow.
        if person.id in person.apps:
            raise Unsupported(f"{Method.CHAT_START_STREAM}: no person to show it to")
        # Searched before the request, and not caught below: a failed search says nothing about streams here.
        found = await self._find(thread, nonce) if nonce in self._unknown else None
        shown: dict[str, Any] = {"chunks": _chunks(text)}
        if not is_direct(place.channel):
            # Slack requires both in a channel. They name who sees the stream grow.
            shown |= {"recipient_user_id": person.id, "recipient_team_id": place.team}
        try:
            message = found or await self._create(Method.CHAT_START_STREAM, thread, nonce, shown)
        except StreamRefused as refused:
            # Kept until the process ends, so that not every answer costs a refused request.
            self.streams_refused.add(place.team if refused.code in UNAVAILABLE else place.channel)
            raise
        self._remember_started(message)
        self._streams[message.id] = _Stream(nonce, text_known=found is None)
        if len(self._streams) > _KEPT:
            self._streams.popitem(last=False)
        return message

    async def append_stream(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """Let a stream grow. Raises Unsupported where it has ended, or where appending cannot do it."""
        self._check_live(message)
        text = delta(shown, content, last=False)
        if text is None:
            raise Unsupported(f"{Method.CHAT_APPEND_STREAM}: this cannot be appended")
        if text:
            await self._change_stream(Method.CHAT_APPEND_STREAM, message, chunks=_chunks(text))

    async def stop_stream(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """End a stream, with its rest and what stands below it where that can be appended. Raises Unsupported where it had ended."""
        self._check_live(message)
        text = delta(shown, content, last=True)
        # `blocks` stand below what was streamed: https://docs.slack.dev/reference/methods/chat.stopStream
        below = [] if text is None else list(below_words(content))
        rest = {"chunks": _chunks(text) if text else [], "blocks": below}
        await self._stop(message, **{name: value for name, value in rest.items() if value})

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
        if stream is not None:
            # `chat.stopStream` is the first request of a stream that takes metadata.
            rest["metadata"] = {"event_type": NONCE_EVENT, "event_payload": {"nonce": stream.nonce}}
        await self._change_stream(Method.CHAT_STOP_STREAM, message, **rest)
        # Not before the answer: after a lost one the edit has to stop the stream again.
        if stream is not None:
            stream.live = False

    async def _change_stream(self, method: Method, message: MessageRef, **arguments: Any) -> None:
        team, channel, ts = ids.message(message)
        try:
            await self._web.call(method, team, channel=channel, ts=ts, **arguments)
        except Unsupported:
            # Slack ended it after five minutes, or a person stopped it. What it shows can only be edited now.
            if message.id in self._streams:
                self._streams[message.id].live = False
            raise

    async def _find(self, thread: ThreadKey, nonce: str) -> MessageRef | None:
        """Search the thread for what an earlier request of unknown outcome posted with this nonce."""
        unknown = self._unknown[nonce]
        own = await self._own_messages(thread, unknown.since)
        found = next((one for one in own if one.nonce == nonce), None)
        if found is None and unknown.streamed:
            # The newest one that may be a stream, and that no other nonce of this process started.
            candidates = (one for one in reversed(own) if one.stream and one.message.id not in self._started)
            # A stream has no nonce before its end, so its time is all that tells it.
            found = next(candidates, None)
        if found is None:
            # The nonce stays unknown: the request may still arrive.
            return None
        self._unknown.pop(nonce, None)
        self._remember_started(found.message)
        return found.message

    async def _create(self, method: Method, thread: ThreadKey, nonce: str, shown: Arguments) -> MessageRef:
        """Post; the outcome stays unknown unless Slack told what became of it, also if this task is cancelled."""
        place, first_try = ids.thread(thread), nonce not in self._unknown
        # Recorded before the request is sent, because a cancelled task has no later moment.
        since = max(time.time() - _CLOCK_SKEW, self._newest_ts - _TS_SKEW)
        unknown = self._unknown.setdefault(nonce, _Unknown(since))
        unknown.streamed |= method is Method.CHAT_START_STREAM
        if len(self._unknown) > _KEPT:
            self._unknown.popitem(last=False)
        where = {"channel": place.channel, **({"thread_ts": place.ts} if place.ts else {})}
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
            # Slack's own clock: the next search need not allow for the difference to this machine's.
            self._newest_ts = max(self._newest_ts, float(ts))
        return ids.message_ref(thread, answer.get("channel") or place.channel, ts)

    def _remember_started(self, message: MessageRef) -> None:
        self._started[message.id] = None
        if len(self._started) > _KEPT:
            self._started.popitem(last=False)

    async def _own_messages(self, thread: ThreadKey, oldest: float = 0.0) -> list[OwnMessage]:
        """The bot's messages in a thread since `oldest` in seconds since the epoch, oldest first as Slack has them."""
        if not ids.is_open(thread):
            return []
        me, place = await self._web.me(), ids.thread(thread)
        # One without `ts` could not be edited.
        return [
            own_message(thread, place.channel, message)
            async for page in self._pages(thread, oldest)
            for message in items(page, "messages")
            if message.get("ts") and is_own(message, me)
        ]

    async def _pages(self, thread: ThreadKey, oldest: float) -> AsyncGenerator[Arguments, None]:
        """Read the messages of a thread since `oldest` in seconds since the epoch, a page by a request."""
        place, cursor = ids.thread(thread), ""
        if not place.ts:  # the channel itself, which Slack lists from its newest message on
            page = await self._web.call(
                Method.CONVERSATIONS_HISTORY,
                place.team,
                channel=place.channel,
                oldest=f"{oldest:.6f}",
                include_all_metadata=True,
                limit=_PAGE,
            )
            yield {**page, "messages": items(page, "messages")[::-1]}
            return
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
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    async def _note_files(
        self, thread: ThreadKey, seen: ThreadFiles, before: MessageRef | None, since: float
    ) -> None:
        """Note the files of a thread's messages for a question, since a time in seconds since the epoch, by one request.

        Raises PlatformError where they are more than a page: Slack lists a thread from its beginning, so that the newest ones
        are missing, and what is noted must have no gap.
        """
        me = await self._web.me()
        page = await self.threads.page(thread, before, since)
        if page.get("has_more"):
            raise PlatformError(f"{Method.CONVERSATIONS_REPLIES}: more than a page")
        for message in items(page, "messages"):
            # Slack lists the message that begins a thread always: one before `since` has a gap behind it.
            if float(message.get("ts") or 0) >= since:
                note_files(seen, thread, message, me)


def note_files(seen: ThreadFiles, thread: ThreadKey, message: Arguments, me: BotIdentity) -> None:
    """Note the files of a message. Those of apps are no files that somebody attached."""
    try:
        number = ids.number(str(message.get("ts")))
    except ValueError:
        return
    attached = not (message.get("bot_id") or message.get("hidden") or is_text_alone(message))
    found = files(message, me.team) if attached else ()
    seen.note(
        thread, number, found, own=is_own(message, me), first=message.get("ts") == ids.thread(thread).ts
    )


def _chunks(text: str) -> list[dict[str, str]]:
    return [{"type": "markdown_text", "text": text}]
