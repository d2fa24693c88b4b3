"""Names instead of ids in what Aion reads, looked up through the real Slack client."""

import pytest

from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.events import Quote, QuoteSource
from aion_bot.simulators.slack import SimulatedSlack
from tests.adapters.slack.observer import RecordingObserver
from tests.support.recording_host import RecordingHost

TEXT = "photos that <@U0BEN> took for <!subteam^S0CREW> in <#C0ROOFS> with <@U0GONE>"


@pytest.fixture
def crew(slack: SimulatedSlack) -> SimulatedSlack:
    """A workspace with a user group and a second channel."""
    slack.conversations.groups["S0CREW"] = "crew"
    slack.open_channel("roofs")
    return slack


async def test_mentions_become_names(
    crew: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """People, groups and channels are named, each looked up once and counted; who does not exist stays an id."""
    observer = RecordingObserver()
    adapter.observe_requests(observer)
    for number in (1, 2):
        crew.say(crew.people[0], crew.general, f"<@U0AION> {TEXT}")
        await host.until(lambda: len(host.prompts) == 2 * number)  # noqa: B023  # awaited at once
    assert {prompt.text for prompt in host.prompts} == {
        "photos that @Ben took for @crew in #roofs with @U0GONE"
    }
    assert observer.methods == {"users.info": 2, "usergroups.list": 1, "conversations.info": 1}
    assert crew.api.calls["users.info"] == 2


@pytest.mark.parametrize("error", ["missing_scope", "unknown_method"])
async def test_without_the_scopes_ids_stay_ids(crew: SimulatedSlack, host: RecordingHost, error: str) -> None:
    """Where the app may not look names up it is asked no more, and questions are taken all the same."""
    for method in ("users.info", "usergroups.list"):
        crew.fail_next(method, error=error, times=100)
    crew.say(crew.people[0], crew.general, f"<@U0AION> {TEXT}")
    await host.until(lambda: len(host.prompts) == 2)
    assert host.prompts[0].text == "photos that @U0BEN took for @S0CREW in #roofs with @U0GONE"
    crew.say(crew.people[0], crew.general, "<@U0AION> and <@U0CY> for <!subteam^S0NIGHT>?")
    await host.until(lambda: len(host.prompts) == 4)
    assert crew.api.calls["users.info"] <= 2
    assert crew.api.calls["usergroups.list"] == 1


async def test_a_slow_look_up_holds_up_nobody(crew: SimulatedSlack, host: RecordingHost) -> None:
    """A question is handed over with ids where Slack does not answer, and acknowledged in time."""
    crew.fail_next("users.info", hang=True, times=2)
    crew.say(crew.people[0], crew.general, "<@U0AION> what did <@U0BEN> see?")
    await host.until(lambda: len(host.prompts) == 2)
    assert host.prompts[0].text == "what did @U0BEN see?"


async def test_a_shortcut_names_the_author(crew: SimulatedSlack, host: RecordingHost) -> None:
    """Slack sends the id alone of whoever wrote the message."""
    said = crew.say(crew.people[1], crew.general, "<@U0CY> the roof leaks")
    await crew.shortcut(crew.people[0], said.ts)
    await host.until(lambda: len(host.prompts) == 1)
    assert host.prompts[0].quotes == (Quote(QuoteSource.ASKED_ABOUT, "@Cy the roof leaks", "Ben"),)


async def test_edits_of_others_messages_look_nothing_up(crew: SimulatedSlack, host: RecordingHost) -> None:
    """Only what may be asked needs names."""
    said = crew.say(crew.people[1], crew.general, "the roof leaks")
    crew.edit(said.ts, "<@U0CY> the roof leaks")
    await host.until(lambda: len(host.changes) == 1)
    assert crew.api.calls["users.info"] == 0
