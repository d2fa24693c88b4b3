"""Files in a long thread, which Slack lists from its beginning: by one request, or not at all."""

import pytest

from adapters.slack import ids
from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.simulators.slack import SimulatedSlack, state
from aion_bot.simulators.workspace import SimulatedFile

ROOF = SimulatedFile("roof.png")
REPLIES = "conversations.replies"


def long_thread(slack: SimulatedSlack, messages: int) -> tuple[ThreadKey, MessageRef]:
    """A thread of so many messages, the last one with a file: the question."""
    ada = slack.people[0]
    thread = slack.remark(ada, "begin", files=[ROOF])
    for _ in range(messages):
        slack.say(ada, slack.general, "more", thread=thread)
    last = slack.drop(ada, thread, [ROOF])
    key = ids.thread_key(state.TEAM, slack.general.id, thread)
    return key, ids.message_ref(key, slack.general.id, last)


async def test_the_newest_end_of_a_long_thread_is_read_by_one_request(
    slack: SimulatedSlack, adapter: SlackAdapter
) -> None:
    """Six pages of fifteen messages are one request where Slack lists more; the first message is too far back."""
    slack.conversations.page = 999
    key, question = long_thread(slack, 80)
    found = await adapter.recent_files(key, before=question)
    assert [one.name for one in found] == ["roof.png"]
    assert slack.api.calls[REPLIES] == 1


async def test_where_slack_lists_too_little_the_files_are_not_guessed(
    slack: SimulatedSlack, adapter: SlackAdapter
) -> None:
    """Slack lists a thread from its beginning: where its end is not in the page, that is said, after one request."""
    key, question = long_thread(slack, 80)
    with pytest.raises(PlatformError):
        await adapter.recent_files(key, before=question)
    assert slack.api.calls[REPLIES] == 1


async def test_a_thread_is_read_for_a_month(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """What was written before leaves room for what is new; a file of the first message is not taken over the gap."""
    long_thread(slack, 80)
    *old, _, _, last = slack.conversations.messages
    for message in old:
        message.ts = f"{float(message.ts) - 40 * 86_400:.6f}"
    for message in slack.conversations.messages[1:]:
        message.thread_ts = old[0].ts
    key = ids.thread_key(state.TEAM, slack.general.id, old[0].ts)
    question = ids.message_ref(key, slack.general.id, last.ts)
    found = await adapter.recent_files(key, before=question)
    assert [one.name for one in found] == ["roof.png"]
    assert slack.api.calls[REPLIES] == 1
