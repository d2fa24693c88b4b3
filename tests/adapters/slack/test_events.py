"""What recorded payloads become."""

import pytest

from adapters.slack import events, ids
from aion_bot.ports.events import Click, Place, Prompt, StopRequest
from aion_bot.ports.messages import Action, Person
from tests.adapters.slack.samples import ME, sample

CHANNEL = "C024GENER"
ROOT = "1790001000.000100"


def read(situation: str) -> Prompt | None:
    return events.prompt_from_event(sample(situation), ME)


def asked(situation: str) -> Prompt:
    prompt = read(situation)
    assert prompt is not None
    return prompt


def test_mention_is_a_prompt_in_its_own_thread() -> None:
    """A mention in a channel opens the thread of that message and loses nothing but the mention."""
    assert asked("mention_as_message") == Prompt(
        key=f"slack/T024SITES/{CHANNEL}/{ROOT}",
        thread=ids.thread_key("T024SITES", CHANNEL, ROOT),
        place=Place("T024SITES", CHANNEL),
        person=Person("U024ADA00"),
        text="what is damaged on site 7?",
        source=ids.message_ref(ids.thread_key("T024SITES", CHANNEL, ROOT), CHANNEL, ROOT),
    )


def test_both_deliveries_of_a_mention_are_the_same_prompt() -> None:
    """`app_mention` and `message` of one message become equal prompts, key included."""
    assert asked("mention_as_app_mention") == asked("mention_as_message")


def test_mention_in_a_thread_stays_there() -> None:
    """A mention below a message belongs to that message's thread, wherever the mention stands in the text."""
    prompt = asked("mention_in_thread")
    assert ids.thread(prompt.thread).ts == ROOT
    assert (prompt.text, prompt.addressed) == ("and, site 8?", True)


@pytest.mark.parametrize("situation", ["reply_in_thread", "reply_sent_to_the_channel_too"])
def test_reply_without_mention_is_not_addressed(situation: str) -> None:
    """A reply counts only where the bot takes part, which the core knows."""
    prompt = asked(situation)
    assert ids.thread(prompt.thread).ts == ROOT
    assert not prompt.addressed


def test_reply_delivered_as_app_mention_is_not_addressed_either() -> None:
    """Slack was seen to send `app_mention` for a reply without a mention; the text decides."""
    assert not asked("app_mention_of_an_unmentioned_reply").addressed


@pytest.mark.parametrize(
    "situation",
    [
        "reply_to_somebody_else",
        "reply_to_a_group",
        "reply_that_mentions_somebody_later",
        "reply_that_mentions_everybody",
    ],
)
def test_reply_to_somebody_else_is_ignored(situation: str) -> None:
    """A reply that names somebody else, wherever it does, is not for the bot."""
    assert read(situation) is None


def test_picture_in_a_thread_is_not_for_the_bot() -> None:
    """A file that is posted without words and without a mention is for the others."""
    assert read("picture_in_thread") is None


def test_mention_in_code_mentions_nobody() -> None:
    """Code that shows how to mention somebody speaks to nobody, and stays as it is."""
    assert read("mention_in_code") is None
    beside = asked("mention_beside_code")
    assert beside.text == "what does ```@U07AION00 help``` do?"
    reply = asked("reply_with_a_mention_in_code")
    assert (reply.text, reply.addressed) == ("type `@U024BEN00 help` or what?", False)


def test_the_time_of_a_question_is_known() -> None:
    """The core can tell what was written first."""
    assert asked("mention_as_message").written_at == 1790001000.0001
    shortcut = events.prompt_from_shortcut(sample("shortcut_on_message"), ME, shared=False)
    assert shortcut is not None
    assert shortcut.written_at == 1790001030.123456


def test_reply_to_somebody_else_that_names_the_bot_too_is_addressed() -> None:
    """Who else is mentioned does not matter once the bot is."""
    prompt = asked("reply_to_somebody_else_and_the_bot")
    assert prompt.addressed
    assert prompt.text == "@U024BEN00 let us ask what broke"


@pytest.mark.parametrize("situation", ["direct_message", "direct_message_in_thread"])
def test_direct_message_is_addressed(situation: str) -> None:
    """What is written to the bot alone needs no mention, whomever it speaks of; every top message has a thread."""
    prompt = asked(situation)
    assert prompt.addressed
    assert prompt.place == Place("T024SITES", "D07ADA0000", direct=True)
    assert ids.thread(prompt.thread).ts == "1790001013.000100"


def test_group_conversation_is_like_a_channel() -> None:
    """In a conversation of several people the bot has to be mentioned."""
    assert read("group_direct_message") is None
    prompt = asked("group_direct_message_with_mention")
    assert prompt.addressed
    assert not prompt.place.direct


def test_shared_channel_is_told() -> None:
    """The core learns that another organisation reads along."""
    assert asked("mention_in_shared_channel").place.shared
    assert not asked("mention_as_message").place.shared


def test_mention_without_words_is_a_prompt_without_text() -> None:
    """The core can answer with a hint."""
    assert asked("mention_without_words").text == ""


def test_files_are_counted() -> None:
    """The core can say what becomes of attached files."""
    prompt = asked("mention_with_files")
    assert (prompt.text, prompt.attachments) == ("what is this?", 2)


@pytest.mark.parametrize(
    "situation",
    [
        "talk_in_channel",
        "own_message",
        "own_message_edited",
        "question_edited",
        "question_deleted",
        "other_bot_mentions",
        "webhook_mentions",
        "slack_itself",
        "slackbot",
        "somebody_joined",
        "rate_limited",
    ],
)
def test_not_a_question(situation: str) -> None:
    """Talk among people, the bot itself, other bots, edits, deletions and Slack's notices are ignored."""
    assert read(situation) is None


def test_hidden_message_is_ignored() -> None:
    """What Slack hides from people is not said by one."""
    payload = sample("mention_as_message")
    payload["event"]["hidden"] = True
    assert events.prompt_from_event(payload, ME) is None


def test_event_of_an_unknown_shape_is_ignored() -> None:
    """A payload without the expected fields raises nothing: it would be sent again and again."""
    for event in ({}, {"type": "message"}, {"type": "message", "channel": "C1", "ts": "1.2"}, None):
        assert events.prompt_from_event({"event": event}, ME) is None


def test_shortcut_asks_about_its_message() -> None:
    """The message shortcut carries the message's words as a quote, into the message's own thread."""
    prompt = events.prompt_from_shortcut(sample("shortcut_on_message"), ME, shared=False)
    assert prompt is not None
    assert prompt.quote == "the <north> roof of #roofs leaks"
    assert (prompt.text, prompt.attachments, prompt.addressed) == ("", 1, True)
    assert prompt.person == Person("U024ADA00", "ada")
    assert prompt.thread == ids.thread_key("T024SITES", CHANNEL, "1790001012.000100")


def test_shortcut_on_a_reply_asks_in_that_thread() -> None:
    """Using the shortcut on a reply continues the thread of the reply."""
    prompt = events.prompt_from_shortcut(sample("shortcut_on_reply"), ME, shared=True)
    assert prompt is not None
    assert ids.thread(prompt.thread).ts == ROOT
    assert prompt.place.shared


def test_each_use_of_the_shortcut_is_a_question_of_its_own() -> None:
    """Two uses on the same message have different keys, and neither has the key of the message itself."""
    payload = sample("shortcut_on_message")
    again = payload | {"action_ts": "1790001099.000001"}
    keys = {p.key for p in (events.prompt_from_shortcut(x, ME, shared=False) for x in (payload, again)) if p}
    assert len(keys) == 2
    assert not any(key.endswith("/1790001012.000100") for key in keys)


def test_source_is_the_persons_own_message() -> None:
    """A reply names itself, not the thread that it stands in; a use of the shortcut has no message of its own."""
    reply = asked("reply_in_thread")
    assert reply.source is not None
    assert ids.message(reply.source).ts == sample("reply_in_thread")["event"]["ts"] != ROOT
    assert reply.source.thread == reply.thread
    shortcut = events.prompt_from_shortcut(sample("shortcut_on_message"), ME, shared=False)
    assert shortcut is not None
    assert shortcut.source is None


def test_slacks_own_stop_is_a_stop_request() -> None:
    """Stop names the thread, who pressed it, and when."""
    assert events.stop_request(sample("session_stopped"), ME) == StopRequest(
        thread=ids.thread_key("T024SITES", CHANNEL, ROOT),
        place=Place("T024SITES", CHANNEL),
        person=Person("U024BEN00"),
        reply_token=ROOT,
        at=1790001055.0001,
    )


def test_stop_without_a_thread_and_other_events_stop_nothing() -> None:
    """Only a complete `agent_session_stopped` is one."""
    payload = sample("session_stopped")
    for name in ("channel", "thread_ts", "user"):
        event = {**payload["event"], name: None}
        assert events.stop_request({**payload, "event": event}, ME) is None
    assert events.stop_request(sample("mention_in_thread"), ME) is None


def test_reply_token_names_the_thread_in_which_somebody_stands() -> None:
    """A private answer belongs where the person reads: in a thread with replies, or in the channel."""
    assert asked("mention_as_message").reply_token == ""
    assert asked("reply_in_thread").reply_token == ROOT
    tokens = []
    for situation in ("shortcut_on_message", "shortcut_on_reply"):
        prompt = events.prompt_from_shortcut(sample(situation), ME, shared=False)
        tokens.append(prompt and prompt.reply_token)
    assert tokens == ["", ROOT]


def test_shortcut_of_another_name_is_ignored() -> None:
    """Only `aion_ask` is ours."""
    assert events.prompt_from_shortcut(sample("shortcut_of_another_name"), ME, shared=False) is None


@pytest.mark.parametrize(
    ("situation", "action", "key"),
    [
        ("press_approve", Action.APPROVE, "plan-7f3a"),
        ("press_cancel", Action.CANCEL, "plan-7f3a"),
        ("press_retry", Action.RETRY, "turn-19"),
        ("press_stop", Action.STOP, "turn-19"),
        ("press_without_value", Action.APPROVE, ""),
    ],
)
def test_our_button_is_a_click(situation: str, action: Action, key: str) -> None:
    """A click has its action, its key, its message and who clicked."""
    thread = ids.thread_key("T024SITES", CHANNEL, ROOT)
    assert events.click(sample(situation), ME, shared=True) == Click(
        action=action,
        key=key,
        message=ids.message_ref(thread, CHANNEL, "1790001035.000100"),
        place=Place("T024SITES", CHANNEL, shared=True),
        person=Person("U024BEN00", "ben"),
        reply_token=ROOT,
    )


def test_click_on_a_private_message_names_that_message() -> None:
    """Slack leaves out the message of a private one; its container names it."""
    click = events.click(sample("press_on_private_message"), ME, shared=False)
    assert click is not None
    assert ids.message(click.message).ts == "1790001036.000100"
    assert ids.thread(click.message.thread).ts == ROOT


def test_click_in_a_direct_message_is_direct() -> None:
    """A click in a direct message is in the thread of its own message, and no channel has to be looked up."""
    payload = sample("press_in_direct_message")
    click = events.click(payload, ME, shared=False)
    assert click is not None
    assert click.place.direct
    assert ids.thread(click.message.thread).ts == "1790001037.000100"
    assert events.channel_to_look_up(payload) is None
    assert events.channel_to_look_up(sample("press_approve")) == CHANNEL


def test_click_of_another_button_is_ignored() -> None:
    """Only our action ids are ours; a click without any is none either."""
    assert events.click(sample("press_of_unknown_button"), ME, shared=False) is None
    assert events.click(sample("press_approve") | {"actions": []}, ME, shared=False) is None


@pytest.mark.parametrize("channel", ["G024SECRE", "D024ADA00", "X024TOMOR", "c", "C1 2"])
def test_a_press_in_any_kind_of_channel_is_a_click(channel: str) -> None:
    """A click has its channel and thread whatever kind of channel it is in, one of tomorrow's included."""
    payload = sample("press_stop") | {"channel": {"id": channel, "name": "privategroup"}}
    click = events.click(payload, ME, shared=False)
    assert click is not None
    assert (click.action, click.place.channel) == (Action.STOP, channel)
    assert click.place.direct is channel.startswith("D")
    assert ids.thread(click.thread).ts == ROOT
