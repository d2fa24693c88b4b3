"""The platforms. How to add one:

1. Make a folder here that offers `aion_bot.ports.adapter.Platform`: `variables()` and `configure(env)`. Import its SDK
   only inside `configure`, so that a bot without it starts without it.
2. `ids.py` makes and reads `ThreadKey` and `MessageRef`; nobody else looks inside an id. `inbound.py` turns payloads
   into `Prompt` and `Click`; `render.py` turns `Reply` and `PlanCard` into payloads and measures them. All three are
   pure. `adapter.py` alone talks to the platform and translates its errors to those of `aion_bot.ports.errors`.
3. Name the folder in `discover`.
4. Write a simulator in `aion_bot/demo` that implements `Workspace`, and let the suite in `tests/` run on it.

Nothing in `aion_bot` changes, and nothing here imports more of it than `aion_bot.ports`.
"""

from collections.abc import Mapping, Sequence

from adapters import discord, slack
from aion_bot.ports.adapter import Platform, PlatformAdapter
from aion_bot.ports.settings import Problem

PLATFORMS: Sequence[Platform] = (slack, discord)


def discover(env: Mapping[str, str]) -> tuple[list[PlatformAdapter], list[Problem]]:
    """Build the adapter of every platform whose variables are set; connects to nothing."""
    adapters: list[PlatformAdapter] = []
    problems: list[Problem] = []
    for platform in PLATFORMS:
        adapter, found = platform.configure(env)
        problems.extend(found)
        if adapter is not None:
            adapters.append(adapter)
    return adapters, problems
