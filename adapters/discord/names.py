"""The names of people whom a text mentions by id, where Discord sends no names along: in commands, forwards and cards."""

from collections.abc import Mapping

from adapters.discord.client import RestClient
from aion_bot.ports.errors import Forbidden, MessageGone
from aion_bot.ports.names import Names

TIMEOUT = 1.0
"""Seconds that a question waits for names. A command is acknowledged before they are looked up."""


class DiscordNames:
    """Looks up names by the server, empty in direct messages, and the inside of a mention: `7@1`."""

    def __init__(self, rest: RestClient) -> None:
        self.names = Names(self._look_up, timeout=TIMEOUT)
        self._rest = rest

    async def _look_up(self, key: str) -> Mapping[str, str]:
        server, _, person = key.partition("@")
        try:
            name = await self._rest.name_of(int(person), int(server) if server else None)
        except (Forbidden, MessageGone):
            name = None
        return {} if name is None else {key: name}
