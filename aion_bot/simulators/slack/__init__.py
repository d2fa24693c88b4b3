"""A simulated Slack: the Web API and Socket Mode on a loopback port, and the people of one workspace."""

from aion_bot.simulators.slack.workspace import SimulatedSlack

__all__ = ["SimulatedSlack"]
