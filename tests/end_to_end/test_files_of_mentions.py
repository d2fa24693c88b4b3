"""Slack names the files of a mention in one of its two events alone: they reach the library all the same."""

from aion_bot.simulators.aion.pictures import png
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import SimulatedFile
from tests.end_to_end.bot import Bot


async def test_files_that_app_mention_lacks_reach_the_library(on_slack: Bot, slack: SimulatedSlack) -> None:
    """The question is answered with its file, whichever of the two events came first."""
    slack.mentions_without_files = True
    await on_slack.start()
    thread = await slack.mention(
        on_slack.ada, "What is damaged on site 7?", files=[SimulatedFile("roof.png", png("roof.png"))]
    )
    await on_slack.shows(thread, "I looked at 1 of your files", "roof.png")
    (asked,) = on_slack.aion.bodies("send_stream")
    assert "roof.png" in asked["message"]
