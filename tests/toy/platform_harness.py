"""Toy for the contract suite."""

from aion_bot.ports.capabilities import Files
from tests.contract.harness import Harness
from tests.toy.simulator import SimulatedToy

HARNESS = Harness(SimulatedToy, frozenset({Files}))
