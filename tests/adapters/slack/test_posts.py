"""Posts, edits, deletions and private words, and what becomes of each when Slack refuses or falls silent."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from adapters.slack import ids
from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.errors import (
    Forbidden,
    MessageGone,
    PlatformDown,
    RateLimited,
)
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Action, Button, Person, PlanCard, Reply, Step, ThreadKey
from aion_bot.ports.rate_limits import Scope
from aion_bot.simulators.slack import SimulatedSlack
from tests.support.recording_host import RecordingHost

TEAM = "T0SITEOPS"


def answers(slack: SimulatedSlack, thread: ThreadKey) -> list[str]:
    return [message.text for message in slack.thread(ids.thread(thread).ts) if message.by_bot]


async def test_post_is_quiet(slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey) -> None:
    """A post unfurls nothing, finds no names in its text, and hangs in its thread."""
    await adapter.post(thread, Reply("see https://example.org"), nonce="n-1")
    (body,) = slack.api.bodies["chat.postMessage"]
    assert (body["unfurl_links"], body["unfurl_media"], body["link_names"], body["parse"]) == (
        False,
        False,
        False,
        "none",
    )
    assert body["thread_ts"] == ids.thread(thread).ts


async def test_edit_is_one_call_and_replaces_the_buttons(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A decided card has its record and no button, after a single request."""
    card = await adapter.post(thread, PlanCard("Tag", "Tags.", (Step("Librarian", "tag"),)), nonce="n-1")
    await adapter.edit(
        card, PlanCard("Tag", "Tags.", record=(("Approved by ", Person("U0ADA", "Ada"), "."),))
    )
    shown = slack.thread(ids.thread(thread).ts)[-1]
    assert shown.text.endswith("Approved by @Ada.")
    assert shown.buttons == ()
    assert slack.api.calls["chat.update"] == 1
    assert slack.api.bodies["chat.update"][0]["parse"] == "none"


async def test_delete_removes(slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey) -> None:
    """A deleted message is gone, and a second time that is what Slack says."""
    ref = await adapter.post(thread, Reply("oops"), nonce="n-1")
    await adapter.delete(ref)
    assert answers(slack, thread) == []
    with pytest.raises(MessageGone):
        await adapter.delete(ref)


async def test_post_of_unknown_outcome_is_looked_up(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """If Slack posted and only the answer was lost, posting again finds that message."""
    slack.fail_next("chat.postMessage", drop=True, acted=True)
    with pytest.raises(PlatformDown):
        await adapter.post(thread, Reply("Two roofs"), nonce="n-1")
    ref = await adapter.post(thread, Reply("Two roofs"), nonce="n-1")
    assert answers(slack, thread) == ["Two roofs"]
    await adapter.edit(ref, Reply("Three roofs"))
    assert answers(slack, thread) == ["Three roofs"]


@pytest.mark.parametrize("fault", [{"drop": True}, {"status": 502}, {"error": "internal_error"}])
async def test_post_that_never_arrived_is_made_after_a_look(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, fault: dict[str, str]
) -> None:
    """If nothing is found under the nonce, the message is posted."""
    slack.fail_next("chat.postMessage", **fault)  # type: ignore[arg-type]  # a row of the table
    with pytest.raises(PlatformDown):
        await adapter.post(thread, Reply("Two roofs"), nonce="n-1")
    await adapter.post(thread, Reply("Two roofs"), nonce="n-1")
    assert answers(slack, thread) == ["Two roofs"]
    assert slack.api.calls["conversations.replies"] == 1


async def test_cancelled_post_is_of_unknown_outcome_too(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A post that was cancelled on its way makes no second message either."""
    slack.fail_next("chat.postMessage", hang=True, acted=True)
    posting = asyncio.create_task(adapter.post(thread, Reply("Two roofs"), nonce="n-1"))
    await slack.until(lambda: bool(answers(slack, thread)))
    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting
    await adapter.post(thread, Reply("Two roofs"), nonce="n-1")
    assert answers(slack, thread) == ["Two roofs"]


async def test_post_is_looked_up_in_a_long_thread(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """The lookup reads on, page by page, until it has seen every message since the first try."""
    for number in range(40):
        slack.post_as_bot(slack.general, f"more {number}", thread=ids.thread(thread).ts)
    slack.fail_next("chat.postMessage", status=503, acted=True)
    with pytest.raises(PlatformDown):
        await adapter.post(thread, Reply("Two roofs"), nonce="n-1")
    await adapter.post(thread, Reply("Two roofs"), nonce="n-1")
    assert answers(slack, thread).count("Two roofs") == 1
    assert slack.api.calls["conversations.replies"] == 3


AMBIGUOUS: list[dict[str, Any]] = [
    {"drop": True},
    {"status": 500},
    {"status": 503},
    {"error": "internal_error"},
    {"plain": "<html>"},
    {"plain": "{", "kind": "application/json"},
    {"hang": True},
]


LOOKUPS = [None, {"status": 502}, {"error": "ratelimited"}]


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize(
    ("fault", "lookup"),
    [(fault, lookup) for fault in AMBIGUOUS for lookup in LOOKUPS if "hang" not in fault or lookup is None],
)
async def test_post_is_never_doubled(
    slack: SimulatedSlack,
    adapter: SlackAdapter,
    thread: ThreadKey,
    fault: dict[str, Any],
    acted: bool,
    lookup: dict[str, Any] | None,
) -> None:
    """However a post failed, and also if the first look for it fails: repeated until it succeeds it is there once."""
    slack.fail_next("chat.postMessage", **fault, acted=acted)
    if lookup:
        slack.fail_next("conversations.replies", **lookup)
    failures = 0
    while True:
        try:
            ref = await adapter.post(thread, Reply("Two roofs"), nonce="n-1")
            break
        except (PlatformDown, RateLimited):
            failures += 1
    assert failures == (2 if lookup else 1)
    assert answers(slack, thread) == ["Two roofs"]
    await adapter.edit(ref, Reply("Three roofs"))
    assert answers(slack, thread) == ["Three roofs"]


async def test_refusal_tells_nothing_about_an_older_request(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A first try may arrive late: a refused second one says nothing about it."""
    slack.fail_next("chat.postMessage", drop=True)
    with pytest.raises(PlatformDown):
        await adapter.post(thread, Reply("one"), nonce="n-1")
    slack.fail_next("chat.postMessage", retry_after=0.5)
    with pytest.raises(RateLimited):
        await adapter.post(thread, Reply("one"), nonce="n-1")
    await adapter.post(thread, Reply("one"), nonce="n-1")
    assert slack.api.calls["conversations.replies"] == 2


async def test_refused_post_is_not_looked_up(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """What Slack refused was not posted: the next try needs no lookup, nor does another nonce."""
    slack.fail_next("chat.postMessage", retry_after=0.5)
    with pytest.raises(RateLimited):
        await adapter.post(thread, Reply("one"), nonce="n-1")
    await adapter.post(thread, Reply("one"), nonce="n-1")
    await adapter.post(thread, Reply("two"), nonce="n-2")
    assert answers(slack, thread) == ["one", "two"]
    assert slack.api.calls["conversations.replies"] == 0


def prompt(
    slack: SimulatedSlack, thread: ThreadKey, *, replying: bool = False, direct: bool = False
) -> Prompt:
    place, cy = ids.thread(thread), slack.people[2]
    token = place.ts if replying else ""
    return Prompt("k", thread, Place(TEAM, place.channel, direct), Person(cy.id), "hello", reply_token=token)


async def test_private_reply_is_seen_by_one_person(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """Who asked in the channel is answered in the channel, and nobody else sees it."""
    cy = slack.people[2]
    thread = ids.thread_key(TEAM, slack.general.id, await slack.ask(cy, "what broke?"))
    await adapter.reply_privately(prompt(slack, thread), ("Not here, ", Person(cy.id, "Cy"), "."))
    private = slack.thread(ids.thread(thread).ts)[-1]
    assert (private.text, private.only_for) == ("Not here, @Cy.", cy.id)
    assert "thread_ts" not in private.payload


async def test_private_reply_to_a_reply_is_in_its_thread(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Who wrote in a thread is answered in that thread."""
    ts = ids.thread(thread).ts
    await slack.reply(slack.people[2], ts, "me too")
    await adapter.reply_privately(prompt(slack, thread, replying=True), ("Not here.",))
    private = slack.thread(ts)[-1]
    assert (private.only_for, private.payload["thread_ts"]) == ("U0CY", ts)


async def test_private_reply_to_a_click_is_in_the_cards_thread(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost, thread: ThreadKey
) -> None:
    """Somebody who may not decide is told so below the card."""
    ts = ids.thread(thread).ts
    card = await adapter.post(
        thread, Reply("card", buttons=(Button(Action.APPROVE, "k", "Approve"),)), nonce="n-1"
    )
    await slack.press(slack.people[2], ts, ids.message(card).ts, "aion_plan_approve")
    await host.until(lambda: bool(host.clicks))
    await adapter.reply_privately(host.clicks[0], ("Only Ada may decide.",))
    private = slack.thread(ts)[-1]
    assert (private.only_for, private.payload["thread_ts"]) == ("U0CY", ts)


async def test_private_reply_is_a_direct_message_where_the_bot_is_no_member(
    slack: SimulatedSlack, adapter: SlackAdapter
) -> None:
    """A shortcut works in channels without the bot: its answer comes as a direct message."""
    for kind in ("channel", "group"):
        elsewhere = slack.open_channel(f"else{kind}", kind=kind, member=False)
        thread = ids.thread_key(TEAM, elsewhere.id, slack.say(slack.people[0], elsewhere, "look").ts)
        await adapter.reply_privately(prompt(slack, thread), ("Invite me first.",))
    direct = slack.channel(slack.conversations.channels["D0CY"])
    assert [message.text for message in direct] == ["Invite me first."] * 2


async def test_private_reply_in_a_direct_message_is_a_message(
    slack: SimulatedSlack, adapter: SlackAdapter
) -> None:
    """Where nobody else reads, nothing has to be hidden, and nothing vanishes."""
    ts = await slack.direct_message(slack.people[2], "hello")
    thread = ids.thread_key(TEAM, "D0CY", ts)
    await adapter.reply_privately(prompt(slack, thread, direct=True), ("Not today.",))
    assert [(m.text, m.only_for) for m in slack.thread(ts)][1:] == [("Not today.", None)]


async def test_scopes(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """Threads share what counts by channel or by workspace, and neither this nor measuring needs a connection."""
    keys = [ids.thread_key(TEAM, *place) for place in (("C1", "1.2"), ("C1", "3.4"), ("D1", "5.6"))]
    assert [adapter.scope_key(key, Scope.CHANNEL) for key in keys] == ["C1", "C1", "D1"]
    assert {adapter.scope_key(key, Scope.WORKSPACE) for key in keys} == {TEAM}
    assert {adapter.scope_key(key, Scope.BOT) for key in keys} == {""}
    assert adapter.measure(Reply("four")) == 4
    assert slack.api.calls.total() == 0


@pytest.mark.parametrize("direct", [False, True])
async def test_private_reply_that_cannot_be_drawn_is_plain(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, direct: bool
) -> None:
    """Where Slack refuses the blocks of a private reply, its text is shown."""
    method = "chat.postMessage" if direct else "chat.postEphemeral"
    if direct:
        thread = ids.thread_key(TEAM, "D0CY", await slack.direct_message(slack.people[2], "hello"))
    slack.fail_next(method, error="invalid_blocks")
    await adapter.reply_privately(prompt(slack, thread, direct=direct), ("Not here.",))
    assert slack.api.calls[method] == 2
    assert "blocks" not in slack.api.bodies[method][-1]


async def test_whoever_cannot_be_told_anything_gets_a_reaction(
    slack: SimulatedSlack, adapter: SlackAdapter
) -> None:
    """Where Slack takes neither a private reply nor a direct message, the question gets a reaction, and the caller knows."""
    asked = await slack.ask(slack.people[2], "what broke?")
    thread = ids.thread_key(TEAM, slack.general.id, asked)
    question = replace(prompt(slack, thread), source=ids.message_ref(thread, slack.general.id, asked))
    slack.fail_next("chat.postEphemeral", error="user_not_in_channel")
    slack.fail_next("chat.postMessage", error="messages_tab_disabled")
    with pytest.raises(Forbidden):
        await adapter.reply_privately(question, ("Not here.",), hidden=True)
    assert slack.conversations.messages[-1].reactions == ["mute"]
    assert answers(slack, thread) == []


@pytest.mark.parametrize("error", ["missing_scope", "message_not_found"])
async def test_a_reaction_that_is_refused_hides_no_refusal(
    slack: SimulatedSlack, adapter: SlackAdapter, error: str
) -> None:
    """What the caller learns, and the log says, is why the words could not be shown: reactions are a permission of their own."""
    asked = await slack.ask(slack.people[2], "what broke?")
    thread = ids.thread_key(TEAM, slack.general.id, asked)
    question = replace(prompt(slack, thread), source=ids.message_ref(thread, slack.general.id, asked))
    slack.fail_next("chat.postEphemeral", error="user_not_in_channel")
    slack.fail_next("chat.postMessage", error="messages_tab_disabled")
    slack.fail_next("reactions.add", error=error)
    with pytest.raises(Forbidden, match=r"chat\.postMessage: messages_tab_disabled"):
        await adapter.reply_privately(question, ("Not here.",), hidden=True)
    assert slack.api.calls["reactions.add"] == 1
