"""Code inside of a line: where it begins and ends."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aion_bot.ports.inline_parser import parse

_REFERENCE = MarkdownIt("zero").enable(["backticks", "escape"])


def code(text: str) -> list[str]:
    return [span.value for span in parse(text) if span.kind == "code"]


@given(st.lists(st.sampled_from(["`", "``", "```", "a", " ", "\\"]), max_size=14).map("".join))
def test_code_of_a_line_is_that_of_commonmark(text: str) -> None:
    """In a single line the same runs of backticks open and close code as in CommonMark."""
    found = [one for one in _REFERENCE.parseInline(text)[0].children or [] if one.type == "code_inline"]
    # The library takes a blank off each end of the code; its marks are those around it.
    expected = [(one.markup + one.content + one.markup).replace(" ", "") for one in found]
    assert [one.replace(" ", "") for one in code(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`a\nb` c` d", ["` c`"]),
        ("`a` `b\n`c`", ["`a`", "`c`"]),
        ("``a` b\n`c`", ["`c`"]),
        ("![`a`](b) `c`", ["`c`"]),
    ],
)
def test_no_code_goes_over_a_line_end(text: str, expected: list[str]) -> None:
    """A backtick that only a later line closes is a sign."""
    assert code(text) == expected


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["`a` ", "`a ", "`a`\n", "`a\n", "`` ` "])
def test_a_line_full_of_code_takes_linear_time(piece: str) -> None:
    """A text four times as long takes at most eight times as long."""

    def seconds(length: int) -> float:
        text, best = piece * (length // len(piece)), 9.0
        for _ in range(5):
            begun = time.thread_time()
            parse(text)
            best = min(best, time.thread_time() - begun)
        return best

    assert seconds(16_000) < 8 * seconds(4_000)
