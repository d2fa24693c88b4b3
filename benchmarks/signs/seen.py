"""What people see of each question in the simulators. No I/O."""

from collections.abc import Mapping

from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import THREADS
from aion_bot.simulators.slack import SimulatedSlack

Signs = Mapping[str, str]
"""The kind of a sign of each question that has one, by the id of its message."""


def on_slack(slack: SimulatedSlack) -> Signs:
    """A mark, a status, a message, the private remark that a person's questions arrived, or the line in the channel."""
    said = slack.conversations.messages
    told = {one.only_for for one in said} - {None}
    remarks = {one.ts: "remark" for one in said if one.author.id in told}
    posts = {one.thread_ts: "message" for one in said if one.by_bot and one.thread_ts and not one.only_for}
    marks = {one.ts: "mark" for one in said if one.reactions}
    lined = {
        one.channel for one in said if one.by_bot and not one.thread_ts and "waiting here" in str(one.body)
    }
    lines = {one.ts: "line" for one in said if one.channel in lined}
    statuses = {
        at: "status" for (_, at), status in slack.conversations.sessions.items() if status == "processing"
    }
    return lines | posts | remarks | marks | statuses


def on_discord(discord: SimulatedDiscord) -> Signs:
    """The opened thread, an answer, a mark, typing in the channel, or the bot's status."""
    world, signs = discord.world, dict[str, str]()
    if "waiting" in world.status:
        signs = {one.id: "status" for said in world.messages.values() for one in said}
    for place, channel in world.channels.items():
        said, types = world.messages[place], place in world.typing
        if channel.kind in THREADS:
            signs[place] = "thread"
        else:
            signs = (dict.fromkeys((one.id for one in said), "typing") if types else {}) | signs
            signs |= {one.id: "mark" for one in said if one.reactions}
            if channel.person is not None and any(one.author is world.bot for one in said):
                signs |= {one.id: "message" for one in said}
    return signs
