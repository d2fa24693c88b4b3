"""The events of an answer's stream: their published types, and the reader that makes them from bytes. No I/O.

Each token event repeats the whole text so far (`accumulated`), so the newest one contains the text of all earlier ones.
Of token events that arrive in one read, only the newest is decoded; its token carries the words of all of them.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict

from aion_bot.aion.errors import AionvisionError, AionvisionTimeoutError, SSEStreamError
from aion_bot.aion.references import (
    ParsedReferences,
    ResultRefData,
    parse_references,
    parse_result_refs,
    resolve_content,
    with_images,
)
from aion_bot.aion.serialization import Serializable, read, read_list
from aion_bot.aion.sse import ServerSentEvent, SSEParser


class ChatTokenType(StrEnum):
    """Kinds of events. `UNKNOWN` is ours: an event that this version does not know; `data` has all of it."""

    CONNECTION = "connection"
    THINKING = "thinking"
    THINKING_STEP = "thinking_step"
    STATUS = "status"
    TOOL_INVOCATION = "tool_invocation"
    TOOL_RESULT = "tool_result"
    IMAGE_RESULTS = "image_results"
    DOCUMENT_RESULTS = "document_results"
    TOKEN = "token"  # noqa: S105  # an event's name, not a secret
    PLAN_PENDING_APPROVAL = "plan_pending_approval"
    COMPLETE = "complete"
    ERROR = "error"
    AUTH_ERROR = "auth_error"
    RECONNECTING = "reconnecting"
    PING = "ping"
    CLOSE = "close"
    UNKNOWN = "unknown"


class PlanInvocation(TypedDict):
    """One operation of a plan; `depends_on` names the operations that must come before it."""

    agent_name: str
    description: str
    depends_on: list[str]


class PlanPendingApprovalData(TypedDict):
    """A plan that waits for a decision, as in the `data` of a `PLAN_PENDING_APPROVAL` token.

    The server may omit every field but `plan_id`; `ChatToken.plan` has them all.
    """

    type: str
    plan_id: str
    description: str
    invocations: list[PlanInvocation]
    requires_approval: bool
    estimated_operations: int


@dataclass(frozen=True)
class ChatToken(Serializable):
    """One event of an answer's stream.

    `data` is the whole event as the server sent it. For `TOKEN`, `content` is the text that is new since the last
    token and `data["accumulated"]` the whole text so far; both are always there, and consistent.
    """

    type: ChatTokenType
    content: str | None = None
    data: dict[str, Any] | None = None

    @property
    def resolved_content(self) -> str | None:
        """The answer with plain text in place of markers; None for all but `COMPLETE`."""
        if self.type is not ChatTokenType.COMPLETE:
            return None
        resolved = (self.data or {}).get("resolved_content")
        return resolved if isinstance(resolved, str) else resolve_content(*self._answer())

    @property
    def references(self) -> ParsedReferences | None:
        """What the answer refers to; None for all but `COMPLETE`."""
        return parse_references(*self._answer()) if self.type is ChatTokenType.COMPLETE else None

    @property
    def result_refs(self) -> dict[str, ResultRefData] | None:
        """The counts in the answer, by key; None for all but `COMPLETE`."""
        return parse_result_refs(self._answer()[1]) if self.type is ChatTokenType.COMPLETE else None

    def _answer(self) -> tuple[str, dict[str, Any]]:
        """Return the text of a `COMPLETE` and its metadata."""
        data = self.data or {}
        metadata = with_images(read(data.get("metadata"), dict), data.get("image_context"))
        return read(data.get("content"), str) or "", metadata

    @property
    def plan(self) -> PlanPendingApprovalData | None:
        """The plan; None for all but `PLAN_PENDING_APPROVAL`.

        For what the server omitted: empty texts, approval required, as many operations as there are invocations.
        """
        if self.type is not ChatTokenType.PLAN_PENDING_APPROVAL:
            return None
        data = self.data or {}
        invocations = [
            PlanInvocation(
                agent_name=read(each.get("agent_name"), str) or "",
                description=read(each.get("description"), str) or "",
                depends_on=read_list(each.get("depends_on"), str) or [],
            )
            for each in read_list(data.get("invocations"), dict) or []
        ]
        operations = read(data.get("estimated_operations"), int)
        return PlanPendingApprovalData(
            type=ChatTokenType.PLAN_PENDING_APPROVAL.value,
            plan_id=read(data.get("plan_id"), str) or "",
            description=read(data.get("description"), str) or "",
            invocations=invocations,
            requires_approval=data.get("requires_approval") is not False,
            estimated_operations=len(invocations) if operations is None else operations,
        )


# Of a character that UTF-16, and with it JSON, may write as two.
_FIRST_HALVES = frozenset(map(chr, range(0xD800, 0xDC00)))
# The key as Python writes JSON, and as compact writers do.
_KEYS = ('"accumulated": "', '"accumulated":"')
# What is left of a JSON string, up to its closing quote. Each character can match in one way only: linear time.
_STRING = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*')
_MAX_KEY_POSITION = 512
"""Characters within which the key `accumulated` is looked for. Where it stands later, the event is decoded whole."""

MIN_LENGTH = 2_000
"""Characters from which comparing an event is cheaper than decoding it; measured with benchmarks/stream.py."""

_decode_json = json.JSONDecoder().decode


class TokenDecoder:
    """Decodes the token events of one stream. `decode` always returns what `json.loads` would.

    Decoding an event takes time proportional to its length, and events grow with the answer, so decoding each one
    would take quadratic time for an answer. Here the part that an event repeats is compared with the event before, not
    decoded. Comparing memory is so much cheaper that it does not show beside the copy of the text.

    Events shorter than `min_length` characters are decoded whole, which is cheaper for them.
    """

    def __init__(self, min_length: int = MIN_LENGTH) -> None:
        self._min_length = min_length
        self._key = _KEYS[0]
        self._written = ""
        self._text = ""

    def decode(self, event: str) -> Any:
        """Return the JSON value. Raises ValueError and RecursionError as `json.loads` does."""
        begin = self._begin(event) if len(event) >= self._min_length else -1
        if begin < 0:
            return _decode_json(event)
        # A character beyond the basic plane is written as two escapes, and the text may have been cut between them.
        cut_in_pair = "\ud800" <= self._text[-1:] <= "\udbff"
        if self._text and not cut_in_pair and event.startswith(self._written, begin):
            new = begin + len(self._written)
            # Without what it repeats the event is still JSON, with the new piece alone as its text.
            value = _decode_json(event[:begin] + event[new:])
            if self._remember(event, begin, new, self._text, value):
                value["accumulated"] = self._text
                return value
        value = _decode_json(event)
        self._remember(event, begin, begin, "", value)
        return value

    def _begin(self, event: str) -> int:
        """Return where the text of `accumulated` begins; -1 where it is not near the start of the outermost object."""
        at = event.find(self._key, 0, _MAX_KEY_POSITION)
        if at < 0:
            # The other spelling; the server's next event will have it too.
            self._key = _KEYS[_KEYS.index(self._key) - 1]
            at = event.find(self._key, 0, _MAX_KEY_POSITION)
        # A brace between may open an inner object, whose `accumulated` it would be.
        return at + len(self._key) if at >= 0 and event.rfind("{", 0, at) == 0 else -1

    def _remember(self, event: str, begin: int, new: int, before: str, value: Any) -> bool:
        """Keep how the text is written from `begin` on; of `value`, only what stands from `new` on was decoded."""
        end = _STRING.match(event, new).end()  # type: ignore[union-attr]  # it matches the empty string too
        # Of two fields of one name JSON takes the last, so a second `accumulated` makes the first one worthless.
        if event.find('"accumulated"', end) >= 0:
            return False
        self._written = event[begin:end]
        self._text = before + value["accumulated"]
        return True


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
            # Valid, but without data.
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
        if len(pending) > 1:
            # If this fails, the loop below decodes each event by itself, this one once more.
            data = self._decode(pending[-1]) or {}
            content, accumulated = data.get("content"), data.get("accumulated")
            # A text that began anew, or contradicts its own piece, does not have the words of the events before it.
            if (
                data.get("type", _TOKEN) == _TOKEN
                and isinstance(accumulated, str)
                and accumulated.startswith(self._accumulated)
                and (not isinstance(content, str) or accumulated.endswith(content))
            ):
                return self._token(data)
        return [token for event in pending for token in self._one(event)]

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
        # A later version of the server may have events that this one does not know.
        kind = _KNOWN.get(name, ChatTokenType.UNKNOWN)
        if kind in _PROGRESS:
            self._last = kind
        self.closed = self.closed or kind is ChatTokenType.CLOSE
        return [ChatToken(kind, None, data)]

    def _token(self, data: dict[str, Any]) -> list[ChatToken]:
        """Return a token whose `content` and `accumulated` are both there and agree; none if it has no text.

        `accumulated` wins: it repairs a gap, and may replace a text that the server began anew. Where it does not end
        with `content`, its newest piece, the piece is trusted.
        """
        content, accumulated = data.get("content"), data.get("accumulated")
        if isinstance(accumulated, str) and (not isinstance(content, str) or accumulated.endswith(content)):
            if accumulated.startswith(self._accumulated):
                content = accumulated[len(self._accumulated) :]
            elif not isinstance(content, str):
                content = accumulated
        elif isinstance(content, str):
            before = self._accumulated
            # A server may cut an emoji in two, which JSON writes as two halves: together they are one character again.
            if before[-1:] in _FIRST_HALVES and content:
                pair = (before[-1] + content[0]).encode("utf-16", "surrogatepass")
                before, content = before[:-1], pair.decode("utf-16", "surrogatepass") + content[1:]
            accumulated = before + content
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
