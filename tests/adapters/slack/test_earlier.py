"""What people wrote before a question on Slack: whose words count, by which request, and where Slack limits the reading."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import read
from aion_bot.domain import strings
from aion_bot.domain.earlier import quoted_before
from aion_bot.ports.errors import Forbidden, RateLimited, Unsupported
from aion_bot.ports.events import Prompt
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import SimulatedPerson
from tests.adapters.slack.conftest import HASTE, end
from tests.support.conversations import CONVERSATIONS, Talk
from tests.support.recording_host import RecordingHost

REPLIES, HISTORY, SEARCH = "conversations.replies", "conversations.history", "assistant.search.context"


async def asked(host: RecordingHost, text: str) -> Prompt:
    """The question with these words."""
    await host.until(lambda: any(one.text == text for one in host.prompts))
    return next(one for one in host.prompts if one.text == text)


async def before(adapter: SlackAdapter, prompt: Prompt, since: float = 0.0) -> Sequence[str]:
    return [one.text for one in await adapter.earlier_messages(prompt, since=since)]


async def test_names_of_writers_cost_one_request_a_day(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """However many people wrote: one request lists them; the ids of those whom it does not name keep them apart."""
    ada, ben, cy = slack.people
    talk = Talk(slack, ben, "Beam 4.")
    profile = {"user_profile": {"display_name": "Cyrus"}}
    slack.say(cy, slack.general, "Beam 5.", thread=talk.thread, beside=profile)
    for user in ("U0DEE", "U0EVE"):
        slack.say(SimulatedPerson(user, user), slack.general, "Beam 6.", thread=talk.thread)
    await slack.until(lambda: slack.api.calls["users.list"] == 1)
    for reads, question in ((1, "Which?"), (2, "Sure?")):
        talk.ask(ada, question)
        told = await adapter.earlier_messages(await asked(host, question), since=0.0)
        assert [(one.author.name, one.text) for one in told][:4] == [
            (ben.name, "Beam 4."),
            ("Cyrus", "Beam 5."),
            ("@U0DEE", "Beam 6."),
            ("@U0EVE", "Beam 6."),
        ]
        calls = slack.api.calls
        assert (calls[REPLIES], calls["users.list"], calls["users.info"]) == (reads, 1, 0)


@pytest.mark.parametrize("error", ["missing_scope", "ratelimited"])
async def test_a_list_of_people_that_is_refused_is_not_asked_for_each_time(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost, error: str
) -> None:
    """The ids of the writers stand for their names, and what they said is read all the same."""
    ada, ben, _ = slack.people
    slack.fail_next("users.list", error=error, times=9)
    talk = Talk(slack, ben, "Beam 4.")
    for question in ("Which?", "Sure?"):
        talk.ask(ada, question)
        told = await adapter.earlier_messages(await asked(host, question), since=0.0)
        assert (told[0].author.name, told[0].text) == (f"@{ben.id}", "Beam 4.")
    assert slack.api.calls["users.list"] == 1


async def test_people_are_listed_after_connecting_where_nobody_writes(slack: SimulatedSlack) -> None:
    """Once, in the background; what is asked later names whoever wrote before the bot began."""
    settings, problems = read(slack.env)
    assert settings is not None, problems
    adapter, host = SlackAdapter(settings, replace(HASTE, people=0.05)), RecordingHost()
    ada, ben, _ = slack.people
    talk = Talk(slack, ben, "Beam 4.")
    listening = asyncio.create_task(adapter.listen(host))
    await slack.until(lambda: slack.api.calls["users.list"] == 1)
    talk.ask(ada, "Which?")
    told = await adapter.earlier_messages(await asked(host, "Which?"), since=0.0)
    assert [(one.author.name, one.text) for one in told] == [(ben.name, "Beam 4.")]
    await end(listening)
    await adapter.close()
    assert slack.api.calls["users.list"] == 1


async def test_a_question_waits_for_no_list_of_people(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Where Slack does not answer, ids stand for the writers' names."""
    ada, ben, _ = slack.people
    slack.fail_next("users.list", hang=True)
    talk = Talk(slack, ben, "Beam 4.")
    talk.ask(ada, "Which?")
    told = await adapter.earlier_messages(await asked(host, "Which?"), since=0.0)
    assert [(one.author.name, one.text) for one in told] == [(f"@{ben.id}", "Beam 4.")]


async def names_known(slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost) -> None:
    """Wait until people's names were listed: that is in the background, and no question waits for it."""
    ada, ben, _ = slack.people
    Talk(slack, ben, "Beam 1.").ask(ada, "Who?")
    who = await asked(host, "Who?")
    while (await adapter.earlier_messages(who, since=0.0))[0].author.name != ben.name:  # noqa: ASYNC110  # no event tells of it
        await asyncio.sleep(0.01)


async def test_each_conversation_reaches_aion_whole(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Twenty questions that make sense in their conversation alone: Aion gets all of it, each line in its writer's name."""
    ada, ben, cy = slack.people
    await names_known(slack, adapter, host)
    for said, question in CONVERSATIONS:
        talk, done = Talk(slack, ben, said[0]), slack.api.calls[REPLIES]
        for number, text in enumerate(said[1:]):
            talk.say((cy, ben)[number % 2], text)
        talk.ask(ada, question)
        found = await adapter.earlier_messages(await asked(host, question), since=0.0)
        told, count = quoted_before(question, found, 20)
        wanted = [
            f"{(ben, cy)[number % 2].name} wrote:\n" + "\n".join(f"> {line}" for line in text.split("\n"))
            for number, text in enumerate(said)
        ]
        assert told.split("\n\n") == ["", strings.EARLIER, *wanted]
        assert (count, slack.api.calls[REPLIES] - done, slack.api.calls[HISTORY]) == (len(said), 1, 0)


async def test_what_nobody_said_is_left_out(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Other apps, the bot itself, notices, deleted messages with replies, and what was written afterwards."""
    ada, ben, _ = slack.people
    talk = Talk(slack, ben, "The root goes.")
    slack.say(
        ben, slack.general, "alarm", thread=talk.thread, beside={"bot_id": "B1", "subtype": "bot_message"}
    )
    slack.say(ben, slack.general, "joined", thread=talk.thread, beside={"subtype": "channel_join"})
    slack.post_as_bot(slack.general, "my own", thread=talk.thread)
    talk.say(ben, "This stays.")
    slack.delete_message(talk.first)
    talk.ask(ada, "Well?")
    talk.say(ben, "Too late.")
    assert await before(adapter, await asked(host, "Well?")) == ["This stays."]


async def test_a_mention_in_a_channel_reads_its_last_hour(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """By one request; the replies in other threads are none of its messages."""
    ada, ben, _ = slack.people
    old = slack.say(ben, slack.general, "Yesterday.")
    old.ts = f"{float(old.ts) - 4_000:.6f}"
    talk = Talk(slack, ben, "Beam 4.")
    talk.say(ben, "In a thread.")
    await slack.ask(ada, "Well?")
    assert await before(adapter, await asked(host, "Well?")) == ["Beam 4."]
    assert slack.api.calls[HISTORY] == 1


async def test_nothing_is_requested_where_events_told_that_nobody_wrote(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Between two questions the bot's answer alone costs no request; somebody's words cost one."""
    ada, ben, _ = slack.people
    thread = await slack.ask(ada, "First?")
    first = await asked(host, "First?")
    slack.post_as_bot(slack.general, "answer", thread=thread)
    await slack.reply(ada, thread, "Second?")
    assert await before(adapter, await asked(host, "Second?"), first.written_at) == []
    assert slack.api.calls[REPLIES] == 0
    slack.say(ben, slack.general, "<@U1> no", thread=thread)
    await slack.reply(ada, thread, "Third?")
    texts = await before(adapter, await asked(host, "Third?"), first.written_at)
    assert texts == ["@U1 no", "Second?"][::-1]
    assert slack.api.calls[REPLIES] == 1


async def test_where_reading_is_limited_a_search_finds_what_was_said_here(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """With the event's token, in the question's channel alone; without a token, or in a private channel, there is nothing."""
    ada, ben, _ = slack.people
    other = slack.open_channel("other")
    slack.say(ben, other, "Beam 9 elsewhere.")
    slack.remark(ben, "Beam 4 has a crack.")
    await slack.ask(ada, "Which beam?")
    prompt = await asked(host, "Which beam?")
    slack.fail_next(HISTORY, retry_after=60.0)
    with pytest.raises(RateLimited):
        await adapter.earlier_messages(prompt, since=0.0)
    (found,) = await adapter.search_earlier(prompt, since=0.0)
    assert (found.text, found.author.name) == ("Beam 4 has a crack.", ben.name)
    assert slack.api.calls[SEARCH] == 1
    slack.fail_next(SEARCH, error="missing_scope")
    with pytest.raises(Unsupported):
        await adapter.search_earlier(prompt, since=0.0)
    slack.fail_next(HISTORY, error="not_in_channel")
    with pytest.raises(Forbidden):
        await adapter.earlier_messages(prompt, since=0.0)


async def test_without_a_token_of_its_event_nothing_is_searched(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """As of a follow-up, whose event brings none, and in another process."""
    thread = await slack.ask(slack.people[0], "First?")
    await slack.reply(slack.people[0], thread, "Second?")
    with pytest.raises(Unsupported):
        await adapter.search_earlier(await asked(host, "Second?"), since=0.0)
    assert slack.api.calls[SEARCH] == 0
