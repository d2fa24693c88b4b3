"""Server-sent events: from the bytes of a response to events. No I/O.

The rules are those of the WHATWG HTML standard, section *Interpreting an event stream*. httpx-sse is not used here: its
public readers yield one event at a time, so they do not show which events arrived in one read (`events.StreamReader`
decodes only the newest of those), and they put no limit on the length of a line.

Parsing takes time linear in the number of bytes, however they are cut. Values stay bytes until somebody reads them:
most token events are replaced by a newer one before they are decoded.
"""

from dataclasses import dataclass

LONGEST_EVENT = 16 * 1024 * 1024
"""Bytes that one event may have. A token event repeats the answer so far, a few hundred kilobytes at most."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event.

    Attributes:
        type: Value of its `event:` line, "message" where there is none.
        raw_data: Its `data:` lines, joined with newlines; empty where the event is `too_long`.
        id: Value of the newest `id:` line of the stream so far; the standard keeps it for events without one.
        too_long: Whether the event was longer than the parser's limit, so that its data was dropped.
    """

    type: str
    raw_data: bytes
    id: str = ""
    too_long: bool = False

    @property
    def data(self) -> str:
        """The data as text; U+FFFD stands for bytes that are not UTF-8."""
        return self.raw_data.decode("utf-8", "replace")


class SSEParser:
    """Parses one stream. Memory is bounded by `longest_event` bytes.

    `retry:` lines are ignored, because nothing here connects again. An event that the end of the stream cuts off is
    dropped, as the standard says.
    """

    def __init__(self, longest_event: int = LONGEST_EVENT) -> None:
        self._longest_event = longest_event
        self._at_start = True
        self._after_cr = False
        self._partial: list[bytes] = []
        self._partial_size = 0
        self._type = ""
        self._data: list[bytes] = []
        self._data_size = 0
        self._too_long = False
        self._last_id = ""

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Return the events that a chunk completes; it may be cut anywhere."""
        if self._after_cr and chunk:
            # A carriage return ends its line at once; a newline in the next chunk belongs to the same line end.
            chunk, self._after_cr = chunk.removeprefix(b"\n"), False
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        # Unlike str.splitlines, bytes.splitlines knows CR, LF and CRLF alone, which are the standard's line ends.
        lines = chunk.splitlines()
        rest = b"" if chunk.endswith((b"\r", b"\n")) else lines.pop()
        if self._partial and lines:
            self._keep_partial(lines[0])
            # Joined once a line: adding each chunk to the text before it would take quadratic time.
            lines[0] = b"".join(self._partial)
            self._partial.clear()
            self._partial_size = 0
        events = [event for line in lines if (event := self._line(line)) is not None]
        if rest:
            self._keep_partial(rest)
        return events

    def _keep_partial(self, part: bytes) -> None:
        # The line's bytes count with the event's: many short lines and one long line fill memory alike.
        self._partial_size += len(part)
        if self._partial_size + self._data_size <= self._longest_event:
            self._partial.append(part)
            return
        self._drop_event()
        # What is left of the line is read as a comment.
        self._partial = [b":"]

    def _drop_event(self) -> None:
        self._too_long = True
        self._data.clear()

    def _line(self, line: bytes) -> ServerSentEvent | None:
        """Read one whole line; return the event that it ends, if it is empty."""
        if self._at_start:
            line, self._at_start = line.removeprefix(_BYTE_ORDER_MARK), False
        if not line:
            event = None  # where it has no data, as the standard says
            if self._data or self._too_long:
                kind, data = self._type or "message", b"\n".join(self._data)
                event = ServerSentEvent(kind, data, self._last_id, self._too_long)
            # The id stays: it is the stream's.
            self._type, self._data, self._data_size, self._too_long = "", [], 0, False
            return event
        if line.startswith(b"data: "):  # nearly every line: saves a copy of it
            name, value = b"data", line[6:]
        else:
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
        match name:
            case b"data":
                # One more for the newline that joins it: empty lines count too.
                self._data_size += len(value) + 1
                if self._data_size > self._longest_event:
                    self._drop_event()
                elif not self._too_long:
                    self._data.append(value)
            case b"event":
                self._type = value.decode("utf-8", "replace")
            case b"id" if b"\0" not in value:
                self._last_id = value.decode("utf-8", "replace")
        return None
