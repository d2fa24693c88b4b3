"""Which channels are private threads: a refusal there means that the bot was not invited. No I/O."""

from collections import OrderedDict

import discord

_MOST = 1_000
"""Private threads that are remembered."""


class PrivateThreads:
    """The private threads that events named last: Discord describes none that the bot was not invited to."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, None] = OrderedDict()

    def note(self, channel: object) -> None:
        """Remember a channel if it is one."""
        if isinstance(channel, discord.Thread) and channel.is_private():
            self._known[channel.id] = None
            if len(self._known) > _MOST:
                self._known.popitem(last=False)

    def __contains__(self, channel: object) -> bool:
        return channel in self._known
