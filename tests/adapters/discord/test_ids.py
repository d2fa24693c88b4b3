"""Opaque ids, made and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord import ids
from aion_bot.ports.messages import Action, Button

SNOWFLAKES = st.integers(min_value=1, max_value=(1 << 63) - 1)
KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=64)


@given(SNOWFLAKES)
def test_a_thread_keeps_its_channel(channel: int) -> None:
    """A thread's channel is read back from its key."""
    assert ids.channel_of(ids.thread_key(channel)) == channel


@given(SNOWFLAKES, SNOWFLAKES, SNOWFLAKES)
def test_a_message_keeps_its_channel(thread: int, channel: int, message: int) -> None:
    """A message's address is read back, in whatever channel it lies."""
    ref = ids.message_ref(ids.thread_key(thread), channel, message)
    assert ids.address_of(ref) == (channel, message)
    assert ids.channel_of(ref.thread) == thread


@given(st.sampled_from(Action), KEYS)
def test_a_button_keeps_its_action_and_key(action: Action, key: str) -> None:
    """A button's name on the wire is short enough and read back."""
    custom_id = ids.custom_id(Button(action, key, "label"))
    assert len(custom_id) <= 100
    assert ids.parse_custom_id(custom_id) == (action, key)


@pytest.mark.parametrize(
    ("custom_id", "action"),
    [
        ("aion:approve:k", Action.APPROVE),
        ("aion:cancel:k", Action.CANCEL),
        ("aion:retry:k", Action.RETRY),
        ("aion:stop:k", Action.STOP),
    ],
)
def test_published_names(custom_id: str, action: Action) -> None:
    """The names of the buttons are part of what the bot publishes."""
    assert ids.custom_id(Button(action, "k", "label")) == custom_id


@given(st.text())
def test_foreign_names_are_none_of_ours(text: str) -> None:
    """Whatever a button may carry, reading it does not fail."""
    parsed = ids.parse_custom_id(text)
    assert parsed is None or ids.custom_id(Button(*parsed, label="")) == text


@given(SNOWFLAKES)
def test_a_question_is_claimed_by_its_id(origin: int) -> None:
    """The claim names the message or interaction, in 25 characters at most; a question without one claims nothing."""
    claim = ids.claim_of(ids.prompt_key(origin))
    assert (ids.claimed_by(claim), len(claim) <= 25) == (origin, True)
    for key in (f"{origin}", f"{origin:016x}-closer", "slack:T1/C1/1.2", ""):
        assert ids.claim_of(key) == ""
