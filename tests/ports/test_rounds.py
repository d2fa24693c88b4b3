"""The round at the end of a button's key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.ports.rounds import in_round, read_round


@given(st.text(min_size=1), st.integers(0, 999_999_999))
def test_a_round_is_read_back(key: str, number: int) -> None:
    """Whatever the key is, it and the round are read back."""
    assert read_round(in_round(key, number)) == (key, number)


@pytest.mark.parametrize(
    "key", ["", "k", "k-0", "@1", "k@", "k@-1", "k@x", "k@1 ", "k@1234567890", "k@\u0661"]
)
def test_a_key_without_a_round_stays_whole(key: str) -> None:
    """A key of an earlier version, and what somebody forged, is a key that says no round."""
    assert read_round(key) == (key, None)
