"""What becomes of edits and deletions."""

from dataclasses import replace

import pytest

from adapters.slack import events, ids
from aion_bot.ports.events import MessageChange, Place, QuoteSource
from aion_bot.ports.messages import Person
from aion_bot.simulators.slack import SimulatedSlack
from tests.adapters.slack.samples import ME, sample
from tests.support.recording_host import RecordingHost

CHANNEL = "C024GENER"
ROOT = "1790001000.000100"


def change_in(situation: str) -> MessageChange:
    found = events.message_change(sample(situation), ME)
    assert found is not None
    return found


def test_edited_question_has_its_new_words() -> None:
    """An edit names the prompt by the very key that the question had, and reads its words like a question's."""
    asked = events.prompt_from_event(sample("mention_as_message"), ME)
    assert asked is not None
    assert change_in("question_edited") == MessageChange(
        prompt=asked.key,
        thread=asked.thread,
        place=Place("T024SITES", CHANNEL),
        person=Person("U024ADA00"),
        text="what is damaged on site 7? And 8?",
    )


@pytest.mark.parametrize("situation", ["question_deleted", "question_deleted_with_replies"])
def test_deleted_question_has_no_words(situation: str) -> None:
    """A deletion says who wrote the message, also where Slack leaves a tombstone because of its replies."""
    asked = events.prompt_from_event(sample("mention_as_message"), ME)
    assert asked is not None
    found = change_in(situation)
    assert (found.prompt, found.thread, found.person, found.text) == (
        asked.key,
        asked.thread,
        asked.person,
        None,
    )


def test_edited_reply_stays_in_its_thread() -> None:
    """The change of a reply has the reply's key and the thread's name."""
    asked = events.prompt_from_event(sample("reply_in_thread"), ME)
    assert asked is not None
    found = change_in("reply_edited")
    assert (found.prompt, found.thread) == (asked.key, ids.thread_key("T024SITES", CHANNEL, ROOT))
    assert found.text == "and on sites 8 & 9, @U024BEN00?"


@pytest.mark.parametrize(
    ("situation", "text"),
    [
        ("question_edited", "what is damaged on site 7? And 8?"),
        ("mention_without_words_edited", "what is damaged on site 7?"),
        ("mention_added_by_an_edit", "what is damaged on site 7?"),
        ("table_added_by_an_edit", ""),
    ],
)
def test_edited_message_is_a_question_as_it_reads_now(situation: str, text: str) -> None:
    """The core can ask an edited message as if it had been written so: same key, place and source."""
    asked = events.prompt_from_event(sample("mention_as_message"), ME)
    question = change_in(situation).question
    assert asked is not None
    assert question is not None
    quotes = question.quotes
    assert question == replace(asked, text=text, quotes=quotes)
    assert [one.source for one in quotes] == ([] if text else [QuoteSource.INSERTED])


@pytest.mark.parametrize("situation", ["mention_removed_by_an_edit", "question_deleted"])
def test_message_that_speaks_to_somebody_else_now_is_no_question(situation: str) -> None:
    """An edit that takes the mention away, and a deletion, ask nothing."""
    assert change_in(situation).question is None


@pytest.mark.parametrize(
    "situation",
    [
        "question_unfurled",
        "own_message_edited",
        "own_message_deleted",
        "last_reply_below_a_deleted_question_deleted",
        "mention_as_message",
        "session_stopped",
        "somebody_joined",
        "rate_limited",
    ],
)
def test_no_change(situation: str) -> None:
    """A preview, the bot's own edits, a tombstone's end and everything said for the first time change no question."""
    assert events.message_change(sample(situation), ME) is None


@pytest.mark.parametrize(
    ("situation", "missing"),
    [
        ("question_edited", "message"),
        ("question_edited", "channel"),
        ("question_deleted", "previous_message"),
        ("question_deleted", "channel"),
    ],
)
def test_change_of_an_unknown_shape_is_ignored(situation: str, missing: str) -> None:
    """A payload without the expected fields raises nothing: it would be sent again and again."""
    payload = sample(situation)
    del payload["event"][missing]
    assert events.message_change(payload, ME) is None


def test_event_without_a_body_is_no_change() -> None:
    """Nor does an empty one."""
    assert events.message_change({}, ME) is None


async def test_edit_and_deletion_arrive(slack: SimulatedSlack, host: RecordingHost) -> None:
    """What a person does to a question reaches the core under the question's key; a preview does not."""
    thread = await slack.direct_message(slack.people[0], "which roofs leak?")
    await host.until(lambda: bool(host.prompts))
    slack.unfurl(thread)
    slack.edit(thread, "which <#C0GENERAL|general> roofs leak?")
    await host.until(lambda: len(host.changes) == 1)
    slack.delete(thread)
    await host.until(lambda: len(host.changes) == 2)
    await slack.until(lambda: all(delivery.acknowledged for delivery in slack.sockets.deliveries))
    assert [one.text for one in host.changes] == ["which #general roofs leak?", None]
    assert {one.prompt for one in host.changes} == {host.prompts[0].key}
    assert all(one.place.direct for one in host.changes)


async def test_deletion_of_a_question_with_an_answer_arrives(
    slack: SimulatedSlack, host: RecordingHost
) -> None:
    """Slack tells it as an edit; the thread goes on below a tombstone."""
    thread = await slack.ask(slack.people[0], "what broke?")
    await slack.reply(slack.people[1], thread, "and when?")
    await host.until(lambda: len(host.prompts) == 3)
    slack.delete(thread)
    await host.until(lambda: bool(host.changes))
    assert (host.changes[0].prompt, host.changes[0].text) == (host.prompts[0].key, None)
    assert [message.text for message in slack.thread(thread)] == ["This message was deleted.", "and when?"]
