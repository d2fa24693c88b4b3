"""The status beside the bot's name, which goes over the gateway and so counts against no limit of requests."""

import logging
from weakref import WeakSet

import discord

from adapters.discord.gateway import Gateway

_LENGTH = 128
"""Characters that Discord shows of it."""

_log = logging.getLogger(__name__)


class GatewayStatus:
    """Sets the status in each session: of several shards each shows it to the people in its own servers."""

    def __init__(self) -> None:
        self._gateways = WeakSet[Gateway]()

    def noted(self, gateway: Gateway) -> Gateway:
        """Show the status in the sessions of a gateway as well; returns the gateway."""
        self._gateways.add(gateway)
        return gateway

    async def show(self, words: str) -> bool:
        """Show one line, or nothing any more where it is empty; returns whether any session took it.

        A session that begins later shows none. The documentation names no number of changes; discord.py warns of closed
        connections, interactions.py names five a minute.
        """
        activity = discord.CustomActivity(words[:_LENGTH]) if words else None
        sent = False
        for gateway in [one for one in self._gateways if one.is_ready() and not one.is_closed()]:
            try:
                await gateway.change_presence(activity=activity)
            except (
                discord.DiscordException,
                OSError,
                AttributeError,
            ) as error:  # its connection has just been lost
                _log.info("status not shown", extra={"reason": type(error).__name__})
            else:
                sent = True
        return sent
