"""A simulated Aion: the chat API over loopback, with scripted answers."""

from aion_bot.simulators.aion.server import API_KEY, OPERATIONS, SimulatedAion

__all__ = ["API_KEY", "OPERATIONS", "SimulatedAion"]
