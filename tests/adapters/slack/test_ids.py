"""The pairs of makers and readers."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import ids

names = st.from_regex(r"[A-Z0-9]{1,12}", fullmatch=True)
stamps = st.from_regex(r"[0-9]{10}\.[0-9]{6}", fullmatch=True)


@given(names, names, stamps, stamps)
def test_ids_come_back_as_they_were(team: str, channel: str, root: str, ts: str) -> None:
    """What was made of Slack's ids gives the same ids again."""
    key = ids.thread_key(team, channel, root)
    assert key.platform == "slack"
    assert ids.thread(key) == (team, channel, root)
    ref = ids.message_ref(key, channel, ts)
    assert ref.thread == key
    assert ids.message(ref) == (team, channel, ts)
