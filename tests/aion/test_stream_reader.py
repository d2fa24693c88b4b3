"""From bytes to tokens, however the bytes are cut."""

import json
import tracemalloc
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.aion.events import StreamReader, TokenDecoder
from aion_bot.aion.sse import LONGEST_EVENT

Event = tuple[str, dict[str, Any]]

# Every kind of character that JSON, UTF-8 or server-sent events treat differently; a table of all characters, which
# Hypothesis would have to build first, adds none.
CHARACTERS = 'ab "\\/{}[]:,\0\n\r\t\v\x7f\x85é€\u2028\ufeff\ufffd\uffff\U0001f600'
pieces = st.text(CHARACTERS, max_size=8)
others = st.sampled_from(["status", "thinking", "ping", "image_results", "hologram"])


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """Events of one answer: tokens that repeat the whole text, and others between them."""
    events: list[Event] = []
    text = ""
    for piece in draw(st.lists(st.one_of(pieces, others.map(lambda kind: (kind,))), max_size=20)):
        if isinstance(piece, tuple):
            events.append((piece[0], {"type": piece[0], "number": len(events)}))
            continue
        text += piece
        events.append(("token", {"type": "token", "content": piece, "accumulated": text}))
    return events


def wire(events: Sequence[Event], *, newline: str = "\n", **style: Any) -> bytes:
    def block(number: int, kind: str, data: dict[str, Any]) -> str:
        lines = [f"event: {kind}", f"id: {number}", *(f"data: {json.dumps(data, **style)}".split("\n"))]
        return newline.join([*lines, "", ""])

    return "".join(block(number, kind, data) for number, (kind, data) in enumerate(events)).encode()


def read(chunks: Sequence[bytes]) -> tuple[list[ChatToken], StreamReader]:
    reader = StreamReader(lambda _: None)
    tokens = [token for chunk in chunks for token in reader.feed(chunk)]
    return tokens, reader


def seen(tokens: Sequence[ChatToken]) -> tuple[str, str, list[tuple[int, int]]]:
    """What a consumer sees: the pieces put together, the newest whole text, and where the other events stand in it."""
    text, whole = "", ""
    places: list[tuple[int, int]] = []
    for token in tokens:
        assert token.data is not None
        if token.type is ChatTokenType.TOKEN:
            text += token.content or ""
            whole = token.data["accumulated"]
            assert whole == text
        else:
            places.append((token.data["number"], len(text)))
    return text, whole, places


def one_by_one(events: Sequence[Event]) -> list[ChatToken]:
    return read([wire([event]) for event in events])[0]


@pytest.mark.slow
@given(
    answers(),
    st.lists(st.integers(0, 4000), max_size=30),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_however_the_bytes_are_cut_the_consumer_sees_the_same(
    events: list[Event], cuts: list[int], newline: str, escaped: bool
) -> None:
    """Text, and the order and place of all other events, do not depend on reads, line ends or escapes."""
    data = wire(events, newline=newline, ensure_ascii=escaped)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    tokens, reader = read([data[begin:end] for begin, end in pairwise(edges)])
    assert seen(tokens) == seen(one_by_one(events))
    assert reader.events_received == len(events)
    assert reader.malformed == 0


@pytest.mark.slow
@given(answers())
def test_superseded_tokens_are_not_decoded(events: list[Event]) -> None:
    """In one read only the newest of consecutive tokens is decoded: the others may hold anything."""
    end: Event = ("end", {})
    blocks = [
        b"event: token\ndata: {never decoded\n\n" if this[0] == following[0] == "token" else wire([this])
        for this, following in pairwise([*events, end])
    ]
    tokens, reader = read([b"".join(blocks)])
    assert seen(tokens) == seen(one_by_one(events))
    assert reader.malformed == 0


def test_a_newest_token_that_does_not_hold_all_supersedes_nothing() -> None:
    """Without `accumulated`, or where it contradicts its piece, every token of a read counts."""
    reader = StreamReader(lambda _: None)
    events: list[Event] = [
        ("token", {"content": "a", "accumulated": "a"}),
        ("token", {"content": "b"}),
        ("token", {"content": "c", "accumulated": ""}),
    ]
    tokens = reader.feed(wire(events))
    assert [token.data and token.data["accumulated"] for token in tokens] == ["a", "ab", "abc"]


def test_a_whole_text_that_begins_anew_replaces_the_old_one() -> None:
    """A server may start over; what it says then is the text."""
    reader = StreamReader(lambda _: None)
    reader.feed(wire([("token", {"content": "wrong", "accumulated": "wrong"})]))
    (token,) = reader.feed(wire([("token", {"content": "Right", "accumulated": "Right"})]))
    assert (token.content, token.data and token.data["accumulated"]) == ("Right", "Right")


def test_a_gap_is_repaired() -> None:
    """Pieces that never arrived come with the next token's whole text."""
    reader = StreamReader(lambda _: None)
    reader.feed(wire([("token", {"content": "a", "accumulated": "a"})]))
    (token,) = reader.feed(wire([("token", {"content": "d", "accumulated": "abcd"})]))
    assert token.content == "bcd"


@pytest.mark.parametrize(
    "noise",
    [
        b": a comment\n\n",
        b"retry: 3000\n\n",
        b"event: status\n\n",
        b"\n\n",
        b"id: 7\n\n",
        b"unknown: field\n\n",
    ],
)
def test_what_is_legal_and_says_nothing_is_passed_over(noise: bytes) -> None:
    """Comments, retry lines and events without data are neither tokens nor malformed."""
    tokens, reader = read([wire([("status", {"type": "status"})]), noise, wire([("ping", {"type": "ping"})])])
    assert [token.type for token in tokens] == [ChatTokenType.STATUS, ChatTokenType.PING]
    assert (reader.malformed, reader.events_received) == (0, 2)


def test_json_over_several_data_lines_and_rare_line_separators() -> None:
    """One event's data may be spread over lines; U+2028 and its kin inside JSON are no line ends."""
    tokens, _ = read(
        [b'event: status\ndata: {"type":\ndata: "status", "message": "a\xe2\x80\xa8b\xc2\x85c"}\n\n']
    )
    assert tokens[0].data == {"type": "status", "message": "a\u2028b\u0085c"}


@pytest.mark.parametrize("data", ["{", "[]", "7", "null", '"text"', "[" * 100_000, '{"type": "token"}'])
def test_events_that_make_no_sense_are_skipped_with_a_word(data: str) -> None:
    """They are counted and warned of without their content, and the stream goes on."""
    warnings: list[str] = []
    reader = StreamReader(warnings.append)
    assert reader.feed(f"event: token\ndata: {data}\n\n".encode()) == []
    assert reader.feed(wire([("token", {"content": "on", "accumulated": "on"})]))[0].content == "on"
    assert reader.malformed == len(warnings) == 1
    assert data[:20] not in warnings[0] or len(data) < 3


def test_an_event_without_a_name_is_known_by_its_type() -> None:
    """Where `event:` is missing the JSON's `type` counts, and where that is missing the event's name."""
    tokens, _ = read([b'data: {"type": "status"}\n\n', b'event: thinking\ndata: {"status": "x"}\n\n'])
    assert [token.type for token in tokens] == [ChatTokenType.STATUS, ChatTokenType.THINKING]
    assert tokens[1].data == {"type": "thinking", "status": "x"}


styles = st.fixed_dictionaries(
    {
        "ensure_ascii": st.booleans(),
        "separators": st.sampled_from([None, (",", ":"), (", ", ": "), (",  ", ":  ")]),
    }
)
extras = st.dictionaries(
    st.sampled_from(["content", "accumulated", "meta", "x"]), st.none() | pieces, max_size=2
)


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(
            pieces,
            st.booleans(),
            st.one_of(st.none(), st.integers(), pieces, extras),
            styles,
            st.permutations(["content", "accumulated", "token_index", "meta"]),
        ),
        max_size=12,
    )
)
def test_decoding_by_comparison_is_decoding(
    events: list[tuple[str, bool, Any, dict[str, Any], list[str]]],
) -> None:
    """Whatever the events say, the comparing decoder returns exactly what `json.loads` returns."""
    decoder = TokenDecoder(min_length=0)
    text = ""
    for piece, anew, meta, style, order in events:
        text = piece if anew else text + piece
        fields = {"content": piece, "accumulated": text, "token_index": 1, "meta": meta}
        written = json.dumps({name: fields[name] for name in order}, **style)
        assert decoder.decode(written) == json.loads(written)


@pytest.mark.parametrize(
    "events",
    [
        ['{"accumulated": "a"}', '{"accumulated": "ab", "accumulated": "c"}', '{"accumulated": "abc"}'],
        ['{"accumulated": "\\ud83d"}', '{"accumulated": "\\ud83d\\ude00"}'],
        ['{"accumulated": "a"}', '{"m": {"accumulated": "ab"}, "accumulated": "x"}'],
        ['{"accumulated": "a"}', '{"m": {"accumulated": "ab"}}', '{"accumulated": "ab"}'],
        ['{"accumulated": "a"}', '{"content": "\\"accumulated\\": \\"a", "accumulated": "ab"}'],
        ['{"accumulated": "a\\\\"}', '{"accumulated": "a\\\\\\""}'],
        ['{"accumulated": "a"}', '{"accumulated": 7}', '{"accumulated":"ab"}'],
    ],
)
def test_decoding_by_comparison_is_not_misled(events: list[str]) -> None:
    """Doubled keys, halved characters, nested objects and escapes are decoded as `json.loads` does."""
    decoder = TokenDecoder(min_length=0)
    assert [decoder.decode(event) for event in events] == [json.loads(event) for event in events]


@pytest.mark.parametrize(
    "broken", ['{"accumulated": "ab', '{"accumulated": "ab"', '{"accumulated": "ab"} x', "x"]
)
def test_decoding_by_comparison_refuses_what_is_no_json(broken: str) -> None:
    """An event that continues a known one is refused where `json.loads` refuses it, and does no harm."""
    decoder = TokenDecoder(min_length=0)
    decoder.decode('{"accumulated": "a"}')
    with pytest.raises(json.JSONDecodeError):
        decoder.decode(broken)
    assert decoder.decode('{"accumulated": "abc"}') == {"accumulated": "abc"}


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_events() -> None:
    """A stream of twenty thousand events needs no more memory than one of a thousand."""

    def peak(count: int) -> int:
        reader = StreamReader(lambda _: None)
        # Long enough that what another thread allocates meanwhile does not count.
        words = "words" * 2_000
        chunk = wire([("token", {"content": "", "accumulated": words}), ("status", {"message": "x"})])
        tracemalloc.start()
        for _ in range(count // 2):
            reader.feed(chunk)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert reader.events_received == count
        return highest

    peak(100)
    assert peak(20_000) < peak(1_000) * 1.5


def test_an_event_that_is_too_long_is_skipped_with_a_word() -> None:
    """It is counted and warned of, its bytes are dropped, and the stream goes on."""
    warnings: list[str] = []
    reader = StreamReader(warnings.append)
    assert reader.feed(b"event: status\ndata: " + b"x" * LONGEST_EVENT + b"\n\n") == []
    assert [token.type for token in reader.feed(wire([("ping", {"type": "ping"})]))] == [ChatTokenType.PING]
    assert (reader.malformed, reader.events_received) == (1, 2)
    assert "is too long" in warnings[0]


@pytest.mark.parametrize("repeats", [True, False])
@pytest.mark.parametrize("pieces", [("a \ud83d", "\ude00", " b"), ("a ", "\ud83d", "\ude00 b"), ("a \ud83d", "\ude00\ud83d", "\ude01 b")])  # fmt: skip
def test_halves_of_a_character_in_two_tokens_are_one_character(
    pieces: Sequence[str], *, repeats: bool
) -> None:
    """A character that the server cuts in two is whole as soon as both halves are there."""
    text, events = "", list[Event]()
    for piece in pieces:
        text += piece
        events.append(
            ("token", {"type": "token", "content": piece} | ({"accumulated": text} if repeats else {}))
        )
    tokens, _ = read([wire([event]) for event in events])
    whole = "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16")
    assert tokens[-1].data is not None
    assert tokens[-1].data["accumulated"] == whole
