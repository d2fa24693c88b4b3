"""Messages of the bot in a new thread of a simulated platform, without a bot."""

from collections.abc import Callable, Mapping, Sequence

from aion_bot.demo.page.discord_side import DiscordSide
from aion_bot.demo.page.slack_side import SlackSide
from aion_bot.simulators.slack.state import BOT, Message


def on_slack(side: SlackSide, versions: Sequence[str], only_for: str | None, pings: Sequence[str]) -> str:
    """Add an answer and a second message to a new thread; returns its id."""
    held = side.workspace.conversations
    root = side.workspace.say(side.workspace.people[0], side.workspace.general, "A question")
    for text in ("An answer", None):
        bodies = [{"text": one} for one in (versions if text is None else [text])]
        said = Message(held.clock.ts(), root.channel, BOT, list(bodies), thread_ts=root.ts)
        said.only_for, said.pings = (only_for, list(pings)) if text is None else (None, [])
        held.messages.append(said)
    return root.ts


def on_discord(side: DiscordSide, versions: Sequence[str], only_for: str | None, pings: Sequence[str]) -> str:
    """Open a thread with an answer that was edited; returns its id."""
    discord = side.workspace
    root = discord.say(discord.people[0], "A question")
    discord.backend.open_thread(root, {"name": "A question"})
    made = discord.backend.post_as_bot(root.id, {"content": versions[0]})
    for text in versions[1:]:
        discord.backend.edit(made, {"content": text})
    made.only_for, made.pings = only_for, list(pings)
    return root.id


POST_ON: Mapping[str, Callable[..., str]] = {SlackSide.key: on_slack, DiscordSide.key: on_discord}
"""The functions that post messages of the bot, by the side's key."""
