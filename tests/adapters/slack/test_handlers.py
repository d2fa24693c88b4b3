"""What people do in Slack reaches the core, through the real Slack client over a socket."""

import sqlite3
from collections.abc import Awaitable, Callable

import pytest

from adapters.slack import ids
from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.messages import Action, Button, PlanCard, Reply
from aion_bot.simulators.slack import SimulatedSlack
from tests.adapters.slack.conftest import HASTE
from tests.support.recording_host import RecordingHost

CARD = PlanCard("Tag roofs", "Tags them.", buttons=(Button(Action.APPROVE, "plan-1", "Approve"),))


def all_acknowledged(slack: SimulatedSlack) -> bool:
    return all(delivery.acknowledged for delivery in slack.sockets.deliveries)


async def test_mention_is_answered_in_its_thread(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """A mention becomes a prompt, and the answer grows by edits in that message's thread."""
    ada = slack.people[0]
    thread = await slack.ask(ada, "what is damaged on site 7?")
    await host.until(lambda: bool(host.prompts))
    prompt = host.prompts[0]
    assert (prompt.text, prompt.person.id, prompt.place.channel) == (
        "what is damaged on site 7?",
        ada.id,
        slack.general.id,
    )
    ref = await adapter.post(prompt.thread, Reply("Two **roofs**"), nonce="n-1")
    await adapter.edit(ref, Reply("Two **roofs** and a wall", note="12 s"))
    question, answer = slack.thread(thread)
    assert question.text == "@aion what is damaged on site 7?"
    assert answer.versions == ["Two **roofs**", "Two **roofs** and a wall\n12 s"]


async def test_both_deliveries_of_a_mention_have_one_key(slack: SimulatedSlack, host: RecordingHost) -> None:
    """Slack sends a mention as two events; they are one question."""
    await slack.ask(slack.people[0], "hello")
    await host.until(lambda: len(host.prompts) == 2)
    assert host.prompts[0] == host.prompts[1]


async def test_reply_in_a_thread_is_not_addressed(slack: SimulatedSlack, host: RecordingHost) -> None:
    """A reply without mention continues the thread only if the core says so."""
    ada, ben, _ = slack.people
    thread = await slack.ask(ada, "what is damaged?")
    await slack.reply(ben, thread, "and on site 8?")
    await host.until(lambda: any(not prompt.addressed for prompt in host.prompts))
    (reply,) = (prompt for prompt in host.prompts if not prompt.addressed)
    assert (reply.text, reply.person.id) == ("and on site 8?", ben.id)
    assert reply.thread == host.prompts[0].thread


async def test_direct_message_is_a_conversation(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Each message to the bot alone opens a thread; replies in it go on."""
    ada = slack.people[0]
    thread = await slack.direct_message(ada, "which roofs leak?")
    await slack.reply(ada, thread, "since when?")
    await host.until(lambda: len(host.prompts) == 2)
    assert {prompt.thread for prompt in host.prompts} == {host.prompts[0].thread}
    assert all(prompt.addressed and prompt.place.direct for prompt in host.prompts)
    await adapter.post(host.prompts[0].thread, Reply("Two."), nonce="n-1")
    assert slack.thread(thread)[-1].text == "Two."


async def test_message_shortcut_asks_about_a_message(slack: SimulatedSlack, host: RecordingHost) -> None:
    """The shortcut brings the message's words, twice if it is used twice."""
    ada, ben, _ = slack.people
    message = slack.say(ben, slack.general, "the north roof leaks")
    await slack.shortcut(ada, message.ts)
    await slack.shortcut(ada, message.ts)
    await host.until(lambda: len(host.prompts) == 2)
    first, second = host.prompts
    assert first.quote == second.quote == "the north roof leaks"
    assert first.key != second.key
    assert (first.person.id, first.person.name) == (ada.id, "ada")
    assert ids.thread(first.thread).ts == message.ts


async def test_button_becomes_a_click(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """A click on a card names the action, the key, the card and who clicked."""
    thread = await slack.ask(slack.people[0], "tag them")
    await host.until(lambda: bool(host.prompts))
    card = await adapter.post(host.prompts[0].thread, CARD, nonce="n-1")
    await slack.press(slack.people[1], thread, ids.message(card).ts, "aion_plan_approve")
    await host.until(lambda: bool(host.clicks))
    (click,) = host.clicks
    assert (click.action, click.key, click.person.id) == (Action.APPROVE, "plan-1", slack.people[1].id)
    assert click.message == card


async def test_event_is_acknowledged_only_after_the_core_has_it(
    slack: SimulatedSlack, host: RecordingHost
) -> None:
    """While the core writes, Slack still waits; afterwards it does not send again."""
    host.open.clear()
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: host.accept_calls == 1)
    (delivery,) = slack.sockets.deliveries
    assert not delivery.acknowledged
    host.open.set()
    await slack.until(lambda: delivery.acknowledged)
    assert len(delivery.envelopes) == 1


async def _asks(slack: SimulatedSlack, message: str) -> None:
    await slack.reply(slack.people[0], message, "hello again")


async def _edits(slack: SimulatedSlack, message: str) -> None:
    slack.edit(message, "hello you")


async def _deletes(slack: SimulatedSlack, message: str) -> None:
    slack.delete(message)


async def _stops(slack: SimulatedSlack, message: str) -> None:
    slack.conversations.sessions["D0ADA", message] = "processing"
    await slack.stop_session(slack.people[0], message)


@pytest.mark.parametrize("does", [_asks, _edits, _deletes, _stops])
@pytest.mark.parametrize(
    "failure", [OSError("no space left"), sqlite3.OperationalError("database is locked")]
)
async def test_event_that_could_not_be_written_comes_again(
    slack: SimulatedSlack,
    host: RecordingHost,
    does: Callable[[SimulatedSlack, str], Awaitable[None]],
    failure: Exception,
) -> None:
    """While the core fails nothing is acknowledged, and Slack's repetition is served."""
    message = await slack.direct_message(slack.people[0], "hello")
    await slack.until(lambda: all_acknowledged(slack))
    host.fail(1 + len(HASTE.accept_retries), failure)
    await does(slack, message)
    await host.until(lambda: host.accept_calls == 2 + len(HASTE.accept_retries))
    assert len(host.events) == 1
    slack.sockets.end_acknowledgement_time()
    await host.until(lambda: len(host.events) == 2)
    delivery = slack.sockets.deliveries[-1]
    await slack.until(lambda: delivery.acknowledged)
    assert len(delivery.envelopes) == 2


async def test_event_that_could_not_be_written_at_first_need_not_come_again(
    slack: SimulatedSlack, host: RecordingHost
) -> None:
    """A core that fails for a moment gets the event anew without Slack, which repeats it at its own bad moments."""
    host.fail(len(HASTE.accept_retries))
    await slack.direct_message(slack.people[0], "hello")
    (delivery,) = slack.sockets.deliveries
    await slack.until(lambda: delivery.acknowledged)
    assert len(host.prompts) == len(delivery.envelopes) == 1


async def test_click_that_could_not_be_written_is_handed_over_again(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Slack sends an interaction once: a core that fails for a moment gets it anew, once."""
    thread = await slack.ask(slack.people[0], "tag them")
    await host.until(lambda: len(host.prompts) == 2)
    card = await adapter.post(host.prompts[0].thread, CARD, nonce="n-1")
    host.fail(len(HASTE.accept_retries))
    await slack.press(slack.people[0], thread, ids.message(card).ts, "aion_plan_approve")
    await slack.shortcut(slack.people[0], thread)
    await host.until(lambda: len(host.clicks) == 1 and len(host.prompts) == 3)
    await slack.until(lambda: all_acknowledged(slack))
    assert len(host.events) == 4


async def test_click_is_acknowledged_at_once(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Slack gives an interaction three seconds: it is acknowledged before the core has it."""
    thread = await slack.ask(slack.people[0], "tag them")
    await host.until(lambda: len(host.prompts) == 2)
    card = await adapter.post(host.prompts[0].thread, CARD, nonce="n-1")
    host.open.clear()
    await slack.press(slack.people[0], thread, ids.message(card).ts, "aion_plan_approve")
    await slack.until(lambda: slack.sockets.deliveries[-1].acknowledged)
    assert host.clicks == []
    host.open.set()
    await host.until(lambda: len(host.clicks) == 1)


async def test_everything_is_acknowledged(slack: SimulatedSlack, host: RecordingHost) -> None:
    """Previews, the bot's own messages and edits, foreign buttons, shortcuts and events: acknowledged, and no more."""
    ada = slack.people[0]
    talk = slack.say(ada, slack.general, "lunch?")
    slack.unfurl(talk.ts)
    mine = slack.post_as_bot(slack.general, "<@U0AION> hello, myself", thread=talk.ts)
    slack.change(mine, {"text": "never mind"})
    await slack.shortcut(ada, talk.ts, "somebody_elses")
    slack.delete(mine)
    slack.sockets.deliver("events_api", {"type": "event_callback", "event": {"type": "team_join"}})
    slack.sockets.deliver("events_api", {"type": "app_rate_limited", "team_id": "T0SITEOPS"})
    slack.sockets.deliver(
        "interactive", {"type": "block_actions", "actions": [{"action_id": "x", "type": "button"}]}
    )
    await slack.until(lambda: all_acknowledged(slack))
    assert all(len(delivery.envelopes) == 1 for delivery in slack.sockets.deliveries)
    assert host.events == []


@pytest.mark.parametrize("kind", ["channel", "group", "mpim"])
async def test_shortcut_in_a_shared_channel_is_told(
    slack: SimulatedSlack, host: RecordingHost, kind: str
) -> None:
    """A shortcut's payload does not say whether others read along, so Slack is asked."""
    shared = slack.open_channel("partners", kind=kind, shared=True)
    own = slack.open_channel("roofers", kind=kind)
    for channel in (shared, own):
        await slack.shortcut(slack.people[0], slack.say(slack.people[1], channel, "look").ts)
    await host.until(lambda: len(host.prompts) == 2)
    assert {prompt.place.channel: prompt.place.shared for prompt in host.prompts} == {
        shared.id: True,
        own.id: False,
    }


@pytest.mark.parametrize(
    "answer", [{"error": "missing_scope"}, {"status": 500}, {"error": "channel_not_found"}]
)
async def test_channel_counts_as_shared_where_slack_will_not_say(
    slack: SimulatedSlack, host: RecordingHost, answer: dict[str, str]
) -> None:
    """Not knowing is no permission."""
    slack.fail_next("conversations.info", times=9, **answer)  # type: ignore[arg-type]  # a row of the table
    await slack.shortcut(slack.people[0], slack.say(slack.people[1], slack.general, "look").ts)
    await host.until(lambda: bool(host.prompts))
    assert host.prompts[0].place.shared


async def test_click_in_a_shared_channel_is_told(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Whoever clicks a button in a channel that has become shared is seen as clicking it there."""
    shared = slack.open_channel("partners", shared=True)
    question = slack.say(slack.people[0], shared, "<@U0AION> tag them")
    await host.until(lambda: bool(host.prompts))
    assert host.prompts[0].place.shared
    card = await adapter.post(host.prompts[0].thread, CARD, nonce="n-1")
    await slack.press(slack.people[2], question.ts, ids.message(card).ts, "aion_plan_approve")
    await host.until(lambda: bool(host.clicks))
    assert host.clicks[0].place.shared


async def test_nothing_is_looked_up_in_a_direct_message(slack: SimulatedSlack, host: RecordingHost) -> None:
    """A direct message has no members to ask about, and the bot has no right to."""
    message = await slack.direct_message(slack.people[0], "hello")
    await slack.shortcut(slack.people[0], message)
    await host.until(lambda: len(host.prompts) == 2)
    assert slack.api.calls["conversations.info"] == 0
    assert not any(prompt.place.shared for prompt in host.prompts)


BROKEN: list[dict[str, object]] = [
    {"event": "text"},
    {
        "event": {
            "type": "message",
            "channel": "C0GENERAL",
            "ts": "soon",
            "user": "U0ADA",
            "thread_ts": "x",
            "text": "a",
        }
    },
    {"event": {"type": "message", "channel": "C0GENERAL", "ts": "1.1", "user": {}, "text": "<@U0AION> a"}},
    {"event": {"type": "app_mention", "channel": "C0GENERAL", "ts": "1.1", "user": "U0ADA", "text": ["a"]}},
    {"event": {"type": "message", "subtype": "message_changed", "channel": "C0GENERAL", "message": "a"}},
    {
        "event": {
            "type": "app_mention",
            "channel": "C0GENERAL",
            "ts": "1.1",
            "user": "U0ADA",
            "user_profile": "a",
            "text": "a",
        }
    },
]


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: str(body)[:60])
async def test_a_broken_event_is_skipped(
    slack: SimulatedSlack, host: RecordingHost, body: dict[str, object]
) -> None:
    """An event that cannot be read is acknowledged, so that it does not come again, and the next one arrives."""
    slack.sockets.deliver("events_api", {"type": "event_callback", "team_id": "T0SITEOPS", **body})
    await slack.ask(slack.people[0], "and now?")
    await host.until(lambda: [one.text for one in host.prompts][:1] == ["and now?"])
    await slack.until(lambda: all_acknowledged(slack))


async def test_a_channel_with_a_new_id_is_told(slack: SimulatedSlack, host: RecordingHost) -> None:
    """`channel_id_changed` reaches the core with what renames the threads of the channel."""
    event = {"type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": "C2", "event_ts": "1.1"}
    slack.sockets.deliver("events_api", {"type": "event_callback", "team_id": "T0SITEOPS", "event": event})
    await host.until(lambda: host.signs == ["G1 C2 T/C2/1.1"])
    await slack.until(lambda: all_acknowledged(slack))


@pytest.mark.parametrize(
    "answer", ['{"ok": true}', '{"ok": true, "channel": "x"}', '{"ok": true, "channel": {"id": "C1"}}']
)
async def test_an_answer_that_says_nothing_of_sharing_is_no_answer(
    slack: SimulatedSlack, host: RecordingHost, answer: str
) -> None:
    """Where Slack does not say whether a channel is shared, that is not known, and nobody reads that it is."""
    slack.fail_next("conversations.info", times=9, plain=answer, kind="application/json")
    await slack.shortcut(slack.people[0], slack.say(slack.people[1], slack.general, "look").ts)
    await host.until(lambda: bool(host.prompts))
    assert host.prompts[0].place.shared
    assert not host.prompts[0].place.checked
