"""What the bot finds of its own in a thread."""

import json

from adapters.slack import ids
from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackSettings
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.messages import Action, Button, Reply, ThreadKey
from aion_bot.simulators.slack import SimulatedSlack, state
from tests.adapters.slack.conftest import HASTE


async def test_own_messages_are_found_newest_first(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Each is named as when it was posted, with its nonce, edited or not; other people's are left out."""
    ts = ids.thread(thread).ts
    first = await adapter.post(thread, Reply("one"), nonce="n-1")
    await slack.reply(slack.people[1], ts, "me too")
    second = await adapter.post(thread, Reply("two"), nonce="n-2")
    await adapter.edit(first, Reply("one and a half"))
    assert await adapter.own_messages(thread) == [OwnMessage(second, "n-2"), OwnMessage(first, "n-1")]


async def test_later_process_finds_them_too(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """After a crash nothing is known but the thread: what was posted is read from Slack, before listening."""
    posted = await adapter.post(thread, Reply("half an ans"), nonce="n-1")
    settings = SlackSettings.from_mapping(slack.env)
    later = SlackAdapter(settings, HASTE)
    assert await later.own_messages(thread) == [OwnMessage(posted, "n-1")]
    await later.edit(posted, Reply("half an answer"))
    await later.close()


async def test_message_of_unknown_making_has_no_nonce(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A message of the bot's that carries no mark, or another's, is its own all the same."""
    ts = ids.thread(thread).ts
    for metadata in (None, {"event_type": "else", "event_payload": {"nonce": "n-1"}}):
        slack.post_as_bot(slack.general, "hello", thread=ts).metadata = metadata
    assert [one.nonce for one in await adapter.own_messages(thread)] == [None, None]


async def test_twenty_newest_of_a_long_thread(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A long thread is read to its end, page by page, and the newest twenty are told."""
    ts = ids.thread(thread).ts
    posted = [slack.post_as_bot(slack.general, f"{number}", thread=ts).ts for number in range(25)]
    for _ in range(20):
        await slack.reply(slack.people[1], ts, "noise")
    found = await adapter.own_messages(thread)
    assert [ids.message(one.message).ts for one in found] == posted[:4:-1]


async def test_thread_that_the_bot_began_is_its_own_too(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """Where people answer a message of the bot's, that message counts; a thread without the bot has none."""
    root = slack.post_as_bot(slack.general, "good morning")
    thread = ids.thread_key(state.TEAM, slack.general.id, root.ts)
    assert [ids.message(one.message).ts for one in await adapter.own_messages(thread)] == [root.ts]
    foreign = slack.say(slack.people[0], slack.general, "lunch?")
    key = ids.thread_key(state.TEAM, slack.general.id, foreign.ts)
    assert await adapter.own_messages(key) == []


async def test_a_broken_message_hides_no_own_one(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """What is no message, or has no `ts` or file that could be named, is passed over."""
    me = {"user": "U0AION", "thread_ts": ids.thread(thread).ts}
    listed = [None, "x", me, {**me, "ts": "2.5", "files": [None, {}]}, {**me, "ts": "3.5", "files": "x"}]
    answer = json.dumps({"ok": True, "messages": listed, "response_metadata": None})
    slack.fail_next("conversations.replies", plain=answer, kind="application/json")
    found = await adapter.own_messages(thread)
    assert [ids.message(one.message).ts for one in found] == ["3.5", "2.5"]


async def test_the_words_of_a_growing_message_are_read(adapter: SlackAdapter, thread: ThreadKey) -> None:
    """Of a message with a Stop button its words are told without its status; of one without that button nothing is."""
    stop = (Button(Action.STOP, "t1", "Stop"),)
    posted = await adapter.post(thread, Reply("Half an *ans", "Thinking…", buttons=stop), nonce="n-1")
    assert [one.growing for one in await adapter.own_messages(thread)] == ["Half an *ans"]
    await adapter.edit(posted, Reply("Half an answer"))
    assert [one.growing for one in await adapter.own_messages(thread)] == [None]
