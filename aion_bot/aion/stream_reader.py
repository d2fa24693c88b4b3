"""From the bytes of an answer's stream to its tokens. No I/O.

Each token event repeats the whole text so far. The newest therefore says all that the ones before it said: of
token events that arrive in one read, only the newest is decoded, and it carries the words of all of them.
"""

import codecs
import json
from collections.abc import Callable, Iterable
from typing import Any

from httpx_sse import ServerSentEvent

# httpx-sse publishes only readers that pull from a response, one event at a time; which events came in one read is
# not to be seen through them. These two are the parser itself.
from httpx_sse._decoders import SSEDecoder, SSELineDecoder

from aion_bot.aion.errors import AionvisionError, AionvisionTimeoutError, SSEStreamError
from aion_bot.aion.events import ChatToken, ChatTokenType
from aion_bot.aion.token_decoder import TokenDecoder

_TOKEN = ChatTokenType.TOKEN.value
_KNOWN = {kind.value: kind for kind in ChatTokenType}
_ANSWERED = {
    ChatTokenType.COMPLETE,
    ChatTokenType.ERROR,
    ChatTokenType.AUTH_ERROR,
    ChatTokenType.CLOSE,
}
_DECIDING = _ANSWERED | {ChatTokenType.PLAN_PENDING_APPROVAL, ChatTokenType.TOKEN}


class StreamReader:
    """Reads one stream. `warn` is told of every event that is skipped; never what it held.

    Attributes:
        events_received: Events that arrived, skipped ones included.
        malformed: Events that were skipped because they were no JSON object or a token without text.
        last_event_id: Id of the newest event that had one.
        closed: Whether the server said that nothing follows.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self.events_received = 0
        self.malformed = 0
        self.last_event_id: str | None = None
        self.closed = False
        self._last: ChatTokenType | None = None
        self._so_far = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._lines = SSELineDecoder()
        self._events = SSEDecoder()
        self._decoding = TokenDecoder()

    def feed(self, chunk: bytes) -> list[ChatToken]:
        """Return the tokens that one read completes; bytes may be cut anywhere."""
        return self._read(self._lines.decode(self._decoder.decode(chunk)))

    def finish(self) -> list[ChatToken]:
        """Return what the end of the stream completes."""
        return self._read([*self._lines.decode(self._decoder.decode(b"", final=True)), *self._lines.flush()])

    def check_end(self) -> None:
        """Raise `SSEStreamError` unless the stream may end here: the answer is whole, or a plan waits."""
        if self._last not in _ANSWERED and self._last is not ChatTokenType.PLAN_PENDING_APPROVAL:
            raise self._broken("The stream ended before the answer did")

    def check_cut(self, failure: AionvisionError) -> None:
        """Raise what a failure of the connection means here: nothing, once the answer is whole."""
        if self._last in _ANSWERED:
            return
        raise failure if isinstance(failure, AionvisionTimeoutError) else self._broken("The stream broke off")

    def _broken(self, why: str) -> SSEStreamError:
        return SSEStreamError(why, last_event_id=self.last_event_id, events_received=self.events_received)

    def _read(self, lines: Iterable[str]) -> list[ChatToken]:
        tokens: list[ChatToken] = []
        run: list[ServerSentEvent] = []
        for line in lines:
            event = self._events.decode(line)
            # Comments and retry lines come out of httpx-sse as events without data.
            if event is None or not event.data:
                continue
            self.events_received += 1
            # httpx-sse repeats the newest id for events without one.
            self.last_event_id = event.id or None
            if event.event == _TOKEN:
                run.append(event)
                continue
            tokens += self._words(run) + self._one(event)
            run = []
        return tokens + self._words(run)

    def _words(self, run: list[ServerSentEvent]) -> list[ChatToken]:
        """Return the tokens of consecutive token events: one, if the newest holds the words of all."""
        if len(run) == 1:
            return self._one(run[0])
        if run:
            newest = self._object(run[-1])
            if newest is not None and self._holds_all(newest):
                return self._token(newest)
        return [token for event in run for token in self._one(event)]

    def _holds_all(self, data: dict[str, Any]) -> bool:
        accumulated = data.get("accumulated")
        return (
            data.get("type", _TOKEN) == _TOKEN
            and isinstance(accumulated, str)
            and accumulated.startswith(self._so_far)
            and _agree(data.get("content"), accumulated)
        )

    def _one(self, event: ServerSentEvent) -> list[ChatToken]:
        data = self._object(event)
        if data is None:
            return self._skip(event, "is no JSON object")
        name = data.get("type")
        if not isinstance(name, str) or not name:
            name = data["type"] = event.event
        if name == _TOKEN:
            return self._token(data) or self._skip(event, "is a token without text")
        kind = _KNOWN.get(name, ChatTokenType.UNKNOWN)
        if kind in _DECIDING:
            self._last = kind
        self.closed = self.closed or kind is ChatTokenType.CLOSE
        return [ChatToken(kind, None, data)]

    def _token(self, data: dict[str, Any]) -> list[ChatToken]:
        content, accumulated = data.get("content"), data.get("accumulated")
        if isinstance(accumulated, str) and _agree(content, accumulated):
            if accumulated.startswith(self._so_far):
                content = accumulated[len(self._so_far) :]
            elif not isinstance(content, str):
                content = accumulated
        elif isinstance(content, str):
            accumulated = self._so_far + content
        else:
            return []
        data["type"], data["content"], data["accumulated"] = _TOKEN, content, accumulated
        self._so_far, self._last = accumulated, ChatTokenType.TOKEN
        return [ChatToken(ChatTokenType.TOKEN, content, data)]

    def _skip(self, event: ServerSentEvent, why: str) -> list[ChatToken]:
        self.malformed += 1
        # The type is the server's word, and may be anything.
        self._warn(f"skipped an event of type {event.event[:40]!r} that {why} ({len(event.data)} characters)")
        return []

    def _object(self, event: ServerSentEvent) -> dict[str, Any] | None:
        try:
            data = self._decoding.decode(event.data) if event.event == _TOKEN else json.loads(event.data)
        except (ValueError, RecursionError):
            return None
        return data if isinstance(data, dict) else None


def _agree(content: object, accumulated: str) -> bool:
    """Tell whether the whole text ends with its newest piece; where it does not, the piece is the better witness."""
    return not isinstance(content, str) or accumulated.endswith(content)
