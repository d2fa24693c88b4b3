"""A simulated Discord: one server, its people and a bot account, as REST and gateway on loopback."""

from aion_bot.simulators.discord.workspace import SimulatedDiscord

__all__ = ["SimulatedDiscord"]
