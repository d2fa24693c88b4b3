"""How each simulated platform is shown. The only module of the page that names platforms. No I/O."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aion_bot.demo.page.discord_side import DiscordSide
from aion_bot.demo.page.sides import Side
from aion_bot.demo.page.slack_side import SlackSide
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import Workspace

SIDES: Mapping[str, Callable[[Any], Side]] = {
    SimulatedSlack.name: SlackSide,
    SimulatedDiscord.name: DiscordSide,
}
"""The side that renders a workspace, by the workspace's name."""


def sides(workspaces: Sequence[Workspace]) -> Sequence[Side]:
    """One side of the page for each of these workspaces."""
    return [SIDES[workspace.name](workspace) for workspace in workspaces]
