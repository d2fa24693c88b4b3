"""Slack's Home tab: what everybody sees there, and the usage for those whom the list of approvers names."""

import json

from aion_bot.domain import strings
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
    assert slack.home(on_slack.ben) == f"{strings.HOME_TITLE}\n{strings.HINT}"
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
