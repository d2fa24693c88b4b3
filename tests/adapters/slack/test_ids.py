"""The pairs of makers and readers."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import ids

names = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=12)
stamps = st.integers(0, 10**16 - 1).map(lambda n: f"{n // 10**6:010}.{n % 10**6:06}")


@given(names, names, stamps, stamps)
def test_ids_come_back_as_they_were(team: str, channel: str, root: str, ts: str) -> None:
    """What was made of Slack's ids gives the same ids again."""
    key = ids.thread_key(team, channel, root)
    assert key.platform == "slack"
    assert ids.thread(key) == (team, channel, root)
    ref = ids.message_ref(key, channel, ts)
    assert ref.thread == key
    assert ids.message(ref) == (team, channel, ts)
