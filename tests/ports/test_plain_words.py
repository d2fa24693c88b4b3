"""What people read of Markdown without its marks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.ports.inline import in_words
from aion_bot.ports.plain_words import plain_words

_PIECES = (
    "a",
    "12",
    ".",
    ") ",
    ": ",
    "- ",
    "+",
    "#",
    "=",
    "!",
    "@",
    " ",
    "\n",
    "\n\n",
    "\u00a0",
    "\u2028",
    "www.a.de",
    "://",
)
"""What makes blocks and marks, with what looks as if it did."""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"C:\Users\ada", r"C:\Users\ada"),
        (r"\\server\share\2024", r"\server\share\2024"),
        (r"^\d{3}\w$", r"^\d{3}\w$"),
        (r"a \ b", r"a \ b"),
        (r"\alpha + \beta", r"\alpha + \beta"),
        (r"\*not\* \_it\_", "*not* _it_"),
        (r"a\|b", "a|b"),
        ("a\\\nb", "a\nb"),
    ],
)
def test_a_backslash_that_escapes_nothing_is_read(written: str, read: str) -> None:
    """Paths and patterns keep their backslashes; one before a sign makes words of the sign, and is not read."""
    assert in_words(written) == read
    assert plain_words(written) == read


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_words_that_need_no_parser_are_what_it_reads(text: str) -> None:
    """What is returned without a look is what the parser reads, which a mark in another paragraph calls for."""
    assert plain_words(f"{text}\n\n*x*") == f"{plain_words(text)}\n\nx"
