"""The bot's pauses, shortened to about a tenth: a soak of ten minutes is to see many of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.discord import gateway as discord_gateway
from adapters.slack.timeouts import Timeouts
from aion_bot.aion import circuit_breaker
from aion_bot.cli import compose
from aion_bot.config import Settings
from aion_bot.conversation.session_history import Polling
from aion_bot.ports.adapter import PlatformAdapter

_TIMEOUTS = Timeouts(
    stable=1.0, reconnect=0.05, reconnect_max=1.5, stagger=1.0, offline=3.0, check_interval=0.1
)
"""The bot's pauses between two sockets of Slack: a tenth of the real ones."""
HEARTBEAT = 2.0
"""The heartbeat interval of Discord's gateway: likewise."""
_HEARTBEAT_TIMEOUT, _SESSION_TIMEOUT = 5.0, 9.0
"""Likewise: the silence after which the bot closes a connection, and the time without one after which it starts a new
client: discord.py alone would pause ever longer."""
POLLING = Polling().scaled(0.05)
"""The bot polls sessions for less than `round_end.PATIENCE`; a card of a longer poll would count as stuck."""
_CIRCUIT_OPEN = 3.0
"""The pause of Aion's circuit breaker: a tenth of the real one, in which people would press a button in vain too often."""

ENV = {
    "AIONVISION_RETRY_DELAY": "0.05",
    "AIONVISION_TIMEOUT": "4",
    "AION_BOT_SHUTDOWN_GRACE": "0.3",
}

_SHORTEN: Mapping[str, Callable[[Any], None]] = {
    "slack": lambda adapter: setattr(adapter, "timeouts", _TIMEOUTS),
    "discord": lambda adapter: setattr(adapter, "heartbeat_timeout", _HEARTBEAT_TIMEOUT),
}


def composed(env: Mapping[str, str]) -> tuple[Settings, Sequence[PlatformAdapter]]:
    """Make the settings and adapters of a bot whose pauses are short. Raises `RuntimeError` where the settings are wrong."""
    discord_gateway.SESSION_TIMEOUT = _SESSION_TIMEOUT
    circuit_breaker.OPEN_SECONDS = _CIRCUIT_OPEN
    settings, adapters, problems = compose(env)
    if settings is None or problems:
        raise RuntimeError(f"the soak's own settings are wrong: {problems}")
    for adapter in adapters:
        adapter.limits = replace(adapter.limits, edit_gap=0.05, budgets={})
        _SHORTEN[adapter.platform](adapter)
    return settings, adapters
