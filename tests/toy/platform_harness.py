"""Toy for the contract suite."""

from tests.contract.harness import Harness
from tests.toy.simulator import SimulatedToy

HARNESS = Harness(SimulatedToy)
