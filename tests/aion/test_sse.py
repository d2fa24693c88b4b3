"""Server-sent events, as the WHATWG standard reads them."""

import tracemalloc
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.aion.sse import ServerSentEvent, SSEParser


def parse(*chunks: bytes) -> list[ServerSentEvent]:
    parser = SSEParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10", "")]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [
                ("message", "first event", "1"),
                ("message", "second event", ""),
                ("message", " third event", ""),
            ],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [("message", "", ""), ("message", "\n", "")]),
        (b"data:test\n\ndata: test\n\n", [("message", "test", ""), ("message", "test", "")]),
    ],
)
def test_the_examples_of_the_standard(stream: bytes, expected: list[tuple[str, str, str]]) -> None:
    """The four example streams of the standard give the events that it says."""
    assert [(event.type, event.data, event.id) for event in parse(stream)] == expected


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"event: a\n\ndata: x\n\n", [("message", "x", "")]),
        (b"event: a\nevent: b\ndata: x\n\n", [("b", "x", "")]),
        (b"id: 1\ndata: x\n\ndata: y\n\n", [("message", "x", "1"), ("message", "y", "1")]),
        (b"id: a\0b\ndata: x\n\n", [("message", "x", "")]),
        (b"retry: 10\n\nretry: soon\ndata: x\n\n", [("message", "x", "")]),
        (b"colour: red\n data: y\nDATA: z\ndata: x\n\n", [("message", "x", "")]),
        (b"data: a: b\n\n", [("message", "a: b", "")]),
        (b"data: cut off\n", []),
        (b"\xef\xbb\xbfdata: x\n\n", [("message", "x", "")]),
        (b"data: \xff\n\n", [("message", "\ufffd", "")]),
        ("data: a\u2028b\u0085c\vd\n\n".encode(), [("message", "a\u2028b\u0085c\vd", "")]),
    ],
)
def test_each_rule(stream: bytes, expected: list[tuple[str, str, str]]) -> None:
    """Names reset with each event, ids stay, unknown fields and broken bytes do no harm."""
    assert [(event.type, event.data, event.id) for event in parse(stream)] == expected


lines = st.sampled_from(["data: x", "data: é", "data", "event: t", "id: 7", ": c", "", "", "retry: 1", "y"])


@given(st.lists(lines, max_size=12), st.sampled_from(["\n", "\r\n", "\r"]), st.sets(st.integers(1, 80)))
def test_cuts_and_line_ends_change_nothing(written: list[str], newline: str, cuts: set[int]) -> None:
    """The same lines give the same events, whatever ends them and however the bytes are cut."""
    stream = "".join(line + newline for line in written).encode()
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[begin:end] for begin, end in pairwise(edges)]
    assert parse(*chunks) == parse("".join(line + "\n" for line in written).encode())


def test_a_carriage_return_ends_its_line_at_once() -> None:
    """An event is there with its last byte; a newline that follows in the next chunk ends no second line."""
    parser = SSEParser()
    assert [event.data for event in parser.feed(b"data: x\r\n\r")] == ["x"]
    assert parser.feed(b"") == []
    assert parser.feed(b"\ndata: y\r") == []
    assert [event.data for event in parser.feed(b"\n\n")] == ["y"]


@pytest.mark.parametrize(
    "chunks",
    [
        [b"data: " + b"x" * 200 + b"\n\n"],
        [b"data: ", *[b"x" * 30] * 9, b"\n", b"data: more\n", b"\n"],
        [b"data: xxxxxxxxx\n" * 20, b"\n"],
        [b"data\n" * 200, b"\n"],
        [b"event: ", *[b"x" * 30] * 9, b"\n\n"],
    ],
)
def test_an_event_that_is_too_long_is_dropped(chunks: list[bytes]) -> None:
    """One long line, a line in many chunks and many lines are reported without their data; the next event is read."""
    parser = SSEParser(longest_event=100)
    events = [event for chunk in [*chunks, b"event: next\ndata: y\n\n"] for event in parser.feed(chunk)]
    assert [(event.raw_data, event.too_long) for event in events] == [(b"", True), (b"y", False)]
    assert events[1].type == "next"


def test_memory_is_bounded() -> None:
    """A line without an end takes no more memory than the limit says."""
    parser = SSEParser(longest_event=50_000)
    chunk = b"x" * 1_000
    tracemalloc.start()
    for _ in range(2_000):
        parser.feed(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000


def test_time_is_linear_in_the_length_of_a_line() -> None:
    """Eight times the line, in chunks of the same size, takes about eight times as long; 64 would be quadratic."""

    def cost(size: int) -> float:
        chunk = b"x" * 64
        begun = process_time()
        parser = SSEParser()
        for _ in range(size // len(chunk)):
            parser.feed(chunk)
        assert parser.feed(b"\n\n") == []
        return process_time() - begun

    def best(size: int) -> float:
        return min(cost(size) for _ in range(3))

    assert best(2_000_000) < 30 * best(250_000)
