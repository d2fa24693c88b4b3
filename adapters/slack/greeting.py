"""What the core and the operator are told once Slack can deliver."""

import logging

from adapters.slack import strings
from adapters.slack.identity import BotIdentity
from adapters.slack.socket_mode import CONNECTIONS
from aion_bot.ports.host import Host, Presence

_log = logging.getLogger(__name__)


def presence_of(me: BotIdentity) -> Presence:
    """Return the workspace and the name of the bot."""
    return Presence((me.team_name,), f"@{me.name}")


class Greeting:
    """Tells the core of the first `hello` of Socket Mode, and of connections that are not this process's.

    `hello` counts the connections of every process that uses the app-level token. One with a single connection shows only
    when our second connection is counted, after the presence was told.
    """

    def __init__(self, host: Host, presence: Presence) -> None:
        self._host, self._presence = host, presence
        self._told = False

    async def hello(self, connections: int) -> None:
        """Take the number of connections that Slack counts."""
        foreign = connections > CONNECTIONS
        notice = strings.foreign_connections(CONNECTIONS) if foreign else ""
        if not self._told:
            self._told = True
            found = Presence(self._presence.workspaces, self._presence.bot, (notice,) if notice else ())
            await self._host.connected(found)
        elif foreign:
            _log.warning("connections of another process", extra={"notice": notice})
            # Not at the first one: Slack may still count those of the process before this one.
            await self._host.second_process(strings.FOREIGN)
