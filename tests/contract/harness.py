"""What the contract suite needs of a platform besides its adapter."""

from collections.abc import Callable
from dataclasses import dataclass

from aion_bot.simulators.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Harness:
    """Offered as `HARNESS` by the module `platform_harness.py` in each platform's test folder.

    `simulator` makes a simulated platform that was not started; `capabilities` are the optional Protocols of
    `aion_bot.ports.capabilities` that the adapter has.
    """

    simulator: Callable[[], Workspace]
    capabilities: frozenset[type] = frozenset()
    delivery_alone: bool = False
    """Whether it is another way in which a platform delivers, so that the cases about that alone run, in `make slow`."""
