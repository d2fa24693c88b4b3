"""From the bytes of an answer's stream to its tokens. No I/O.

Each token event repeats the whole text so far (`accumulated`), so the newest one contains all that the ones before it
said. Of token events that arrive in one read, only the newest is decoded; its token carries the words of all of them.
"""

import json
from collections.abc import Callable
from typing import Any

from aion_bot.aion.errors import AionvisionError, AionvisionTimeoutError, SSEStreamError
from aion_bot.aion.events import ChatToken, ChatTokenType
from aion_bot.aion.sse import ServerSentEvent, SSEParser
from aion_bot.aion.token_decoder import TokenDecoder

_TOKEN = ChatTokenType.TOKEN.value
_KNOWN = {kind.value: kind for kind in ChatTokenType}
_FINAL = {
    ChatTokenType.COMPLETE,
    ChatTokenType.ERROR,
    ChatTokenType.AUTH_ERROR,
    ChatTokenType.CLOSE,
}
"""Events after which the answer is whole, or will never come."""
_PROGRESS = _FINAL | {ChatTokenType.PLAN_PENDING_APPROVAL, ChatTokenType.TOKEN}
"""Events that decide whether the stream may end; pings, statuses and results do not."""


class StreamReader:
    """Reads one stream. `warn` is called with a sentence for every event that is skipped, never with its content.

    Attributes:
        events_received: Events that arrived, skipped ones included.
        malformed: Events that were skipped: not a JSON object, a token without text, or too long.
        last_event_id: Id of the newest event that had one.
        closed: Whether the server sent `close`: nothing follows.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self.events_received = 0
        self.malformed = 0
        self.last_event_id: str | None = None
        self.closed = False
        self._last: ChatTokenType | None = None
        self._accumulated = ""
        self._parser = SSEParser()
        self._token_decoder = TokenDecoder()

    def feed(self, chunk: bytes) -> list[ChatToken]:
        """Return the tokens that one read completes; bytes may be cut anywhere."""
        tokens: list[ChatToken] = []
        # Consecutive token events of this read, not decoded yet.
        pending: list[ServerSentEvent] = []
        for event in self._parser.feed(chunk):
            # Legal, and says nothing.
            if not event.raw_data and not event.too_long:
                continue
            self.events_received += 1
            self.last_event_id = event.id or None
            if event.type == _TOKEN:
                pending.append(event)
                continue
            tokens += self._newest(pending) + self._one(event)
            pending = []
        return tokens + self._newest(pending)

    def check_end(self) -> None:
        """Raise `SSEStreamError` unless the stream may end here: the answer is whole, or a plan waits."""
        # After a plan the stream may end, or stay open and go on once the plan is decided: both are normal.
        if self._last not in _FINAL and self._last is not ChatTokenType.PLAN_PENDING_APPROVAL:
            raise self._stream_error("The stream ended before the answer did")

    def check_cut(self, failure: AionvisionError) -> None:
        """Raise what a failure of the connection means here: nothing, once the answer is whole.

        A plan that waits is no reason to return quietly: the stream may have been open for its result.
        """
        if self._last in _FINAL:
            return
        if isinstance(failure, AionvisionTimeoutError):
            raise failure
        raise self._stream_error("The stream broke off")

    def _stream_error(self, message: str) -> SSEStreamError:
        return SSEStreamError(message, last_event_id=self.last_event_id, events_received=self.events_received)

    def _newest(self, pending: list[ServerSentEvent]) -> list[ChatToken]:
        """Return the tokens of consecutive token events: one, if the newest has the words of all."""
        if len(pending) == 1:
            return self._one(pending[0])
        if pending:
            newest = self._decode(pending[-1])
            if newest is not None and self._contains_all(newest):
                return self._token(newest)
        return [token for event in pending for token in self._one(event)]

    def _contains_all(self, data: dict[str, Any]) -> bool:
        accumulated = data.get("accumulated")
        return (
            data.get("type", _TOKEN) == _TOKEN
            and isinstance(accumulated, str)
            and accumulated.startswith(self._accumulated)
            and _agree(data.get("content"), accumulated)
        )

    def _one(self, event: ServerSentEvent) -> list[ChatToken]:
        """Return the token of one event; none for an event that is skipped."""
        if event.too_long:
            return self._skip(event, "is too long")
        data = self._decode(event)
        if data is None:
            return self._skip(event, "is no JSON object")
        # The JSON's `type` and the `event:` line agree as documented; where one is missing the other counts.
        name = data.get("type")
        if not isinstance(name, str) or not name:
            name = data["type"] = event.type
        if name == _TOKEN:
            return self._token(data) or self._skip(event, "is a token without text")
        kind = _KNOWN.get(name, ChatTokenType.UNKNOWN)
        if kind in _PROGRESS:
            self._last = kind
        self.closed = self.closed or kind is ChatTokenType.CLOSE
        return [ChatToken(kind, None, data)]

    def _token(self, data: dict[str, Any]) -> list[ChatToken]:
        """Return a token whose `content` and `accumulated` are both there and agree; none if it has no text.

        `accumulated` wins: it repairs a gap, and may replace a text that the server began anew.
        """
        content, accumulated = data.get("content"), data.get("accumulated")
        if isinstance(accumulated, str) and _agree(content, accumulated):
            if accumulated.startswith(self._accumulated):
                content = accumulated[len(self._accumulated) :]
            elif not isinstance(content, str):
                content = accumulated
        elif isinstance(content, str):
            accumulated = self._accumulated + content
        else:
            return []
        data["type"], data["content"], data["accumulated"] = _TOKEN, content, accumulated
        self._accumulated, self._last = accumulated, ChatTokenType.TOKEN
        return [ChatToken(ChatTokenType.TOKEN, content, data)]

    def _skip(self, event: ServerSentEvent, why: str) -> list[ChatToken]:
        self.malformed += 1
        # The type is text of the server: cut, and written with escapes.
        self._warn(f"skipped an event of type {event.type[:40]!r} that {why} ({len(event.raw_data)} bytes)")
        return []

    def _decode(self, event: ServerSentEvent) -> dict[str, Any] | None:
        try:
            data = self._token_decoder.decode(event.data) if event.type == _TOKEN else json.loads(event.data)
        except (ValueError, RecursionError):
            return None
        return data if isinstance(data, dict) else None


def _agree(content: object, accumulated: str) -> bool:
    """Tell whether the whole text ends with its newest piece; where it does not, the piece is trusted."""
    return not isinstance(content, str) or accumulated.endswith(content)
