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
from aion_bot.delivery import replacement, strategy
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.rate_limits import Budget, Operation, Scope
from aion_bot.ratelimit import limiter

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
CIRCUIT_OPEN = 3.0
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


_FEW_EDITS = {
    Operation.EDIT: (Budget("edits", 20, 3.0, Scope.WORKSPACE, reserved=True, headroom=2),),
    Operation.DELETE: (Budget("deletions", 500, 3.0, Scope.WORKSPACE, reserved=True),),
}
"""Where eighty answers run at once, hardly one of them can keep an edit for its end, and a deletion is kept instead."""
_REPLACED_AFTER = 0.1
"""Seconds after which such an answer shows its first words: a twentieth of the real ones, as answers are short here."""


def allow_few_edits(adapter: PlatformAdapter) -> None:
    """Let an adapter have so few edits that answers are replaced at their ends."""
    strategy.LONGEST_TEXT_WAIT, strategy.INDICATOR_WAIT = _REPLACED_AFTER, _REPLACED_AFTER / 3
    replacement.EDIT_PATIENCE = _REPLACED_AFTER / 3
    setattr(limiter, "RECONSIDER_EVERY", _REPLACED_AFTER / 3)  # noqa: B010  # it is another module's
    adapter.limits = replace(adapter.limits, budgets=_FEW_EDITS)


def composed(
    env: Mapping[str, str], *, few_edits: bool = False
) -> tuple[Settings, Sequence[PlatformAdapter]]:
    """Make the settings and adapters of a bot whose pauses are short; `few_edits`: on Slack.

    Raises `RuntimeError` where the settings are wrong.
    """
    discord_gateway.SESSION_TIMEOUT = _SESSION_TIMEOUT
    circuit_breaker.OPEN_SECONDS = CIRCUIT_OPEN
    settings, adapters, problems = compose(env)
    if settings is None or problems:
        raise RuntimeError(f"the soak's own settings are wrong: {problems}")
    for adapter in adapters:
        adapter.limits = replace(adapter.limits, edit_gap=0.05, budgets={})
        _SHORTEN[adapter.platform](adapter)
        if few_edits and adapter.platform == "slack":
            allow_few_edits(adapter)
    return settings, adapters
