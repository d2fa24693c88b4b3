"""Slack over HTTP for the contract suite: the same adapter, behind the bot's own server."""

from dataclasses import replace

from aion_bot.simulators.slack import SimulatedSlack
from tests.adapters.slack.platform_harness import HARNESS as OVER_SOCKETS
from tests.schemas import slack


def _simulator() -> SimulatedSlack:
    made = SimulatedSlack(slack.inspect)
    made.use_http()
    return made


HARNESS = replace(OVER_SOCKETS, simulator=_simulator, delivery_alone=True)
