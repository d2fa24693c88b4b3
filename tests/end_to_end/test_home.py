"""Slack's Home tab: what everybody sees there, and the usage for those whom the list of approvers names."""

import json

from aion_bot.domain import strings
from aion_bot.domain.rule_keys import PER_PERSON
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.aion.library import PUMP
from aion_bot.simulators.aion.scene import spoken
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot


async def test_the_listed_approvers_see_the_usage(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Ada is listed and sees counts, without a word of anybody; Ben is not, and sees what the bot is for alone."""
    await on_slack.start(AION_BOT_APPROVERS=on_slack.ada.id)
    on_slack.aion.play(spoken("Counted."))
    await on_slack.asked(on_slack.ben, "How many cranes?", "Counted.")
    slack.open_home(on_slack.ada)
    slack.open_home(on_slack.ben)
    await on_slack.until(lambda: bool(slack.home(on_slack.ada) and slack.home(on_slack.ben)))
    assert slack.home(on_slack.ben).startswith(f"{strings.HOME_TITLE}\n{strings.HINT}")
    assert strings.USAGE_TITLE not in slack.home(on_slack.ben)
    seen = slack.home(on_slack.ada)
    assert strings.USAGE_TITLE in seen
    assert "1 questions of 1 people" in seen
    assert not any(word in seen for word in ("cranes", "Counted", on_slack.ben.id, on_slack.ben.name))


async def test_a_policy_without_names_shows_the_usage_to_nobody(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Where anyone may approve, nobody is named; the view has no live text in any case."""
    await on_slack.start(AION_BOT_APPROVERS="anyone")
    slack.open_home(on_slack.ada)
    await on_slack.until(lambda: bool(slack.home(on_slack.ada)))
    assert strings.USAGE_TITLE not in slack.home(on_slack.ada)
    assert "mrkdwn" not in json.dumps(slack.conversations.homes[on_slack.ada.id])


async def test_each_person_sees_how_to_begin_their_conversations_and_what_is_left(
    on_slack: Bot, slack: SimulatedSlack
) -> None:
    """The page names files of the library, the person's own conversations alone, and what they may still ask."""
    on_slack.aion.files.more_left = {"chat_messages_per_month": 1_988}
    await on_slack.start(rules=Rules(defaults={PER_PERSON: Rule(5, "")}), check_aion=True)
    await on_slack.until(lambda: on_slack.aion.count("tenant_limits") == 1)
    on_slack.aion.play(spoken("Counted."))
    await on_slack.asked(on_slack.ben, "How many cranes?", "Counted.")
    for person in (on_slack.ada, on_slack.ben):
        slack.open_home(person)
    await on_slack.until(lambda: bool(slack.home(on_slack.ada) and slack.home(on_slack.ben)))
    own, others = slack.home(on_slack.ben), slack.home(on_slack.ada)
    assert all(
        words in own for words in (PUMP.filename, strings.HOME_BEGIN, "How many cranes?", strings.HOME_OPEN)
    )
    assert strings.questions_left(4, 5) in own
    assert "Left for everybody" in own
    assert strings.questions_left(5, 5) in others
    assert strings.HOME_CONVERSATIONS not in others


async def test_an_opening_costs_two_requests_at_most(on_slack: Bot, slack: SimulatedSlack) -> None:
    """With three conversations the page takes two requests to Aion; opened again, and by somebody else, it takes none or one."""
    await on_slack.start(check_aion=True)
    words = [f"How many cranes on site {number}?" for number in range(3)]
    on_slack.aion.play(*(spoken("Counted.") for _ in words))
    for one in words:
        await on_slack.asked(on_slack.ada, one, "Counted.")
    costs = []
    for person in (on_slack.ada, on_slack.ada, on_slack.ben):
        before = len(on_slack.aion.requests)
        slack.conversations.homes.clear()
        slack.open_home(person)
        await on_slack.until(lambda person=person: bool(slack.home(person)))  # type: ignore[misc]  # mypy infers no type for a default of a lambda
        costs.append(len(on_slack.aion.requests) - before)
        if person == on_slack.ada:
            assert all(one in slack.home(person) for one in words)
    assert costs == [2, 0, 0]


async def test_who_may_not_use_the_bot_sees_nothing_of_the_library(
    on_slack: Bot, slack: SimulatedSlack
) -> None:
    """Somebody whom no list names sees what the bot is for, and no file and no number."""
    await on_slack.start(AION_BOT_ALLOW_USERS=on_slack.ada.id)
    slack.open_home(on_slack.ben)
    await on_slack.until(lambda: bool(slack.home(on_slack.ben)))
    assert slack.home(on_slack.ben) == f"{strings.HOME_TITLE}\n{strings.HINT}"
    assert on_slack.aion.count("list_files") == 0
