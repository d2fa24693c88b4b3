"""Discord, over its gateway and REST API.

The pure rooms (`config`, `ids`, `inbound`, `words`, `markdown`, `tables`, `render`, `replies`, `edits`, `wording`)
know nothing of the SDK. The others import it, when an adapter is built: `session` and `rest` call Discord, `gateway`
listens, and `commands`, `interactions`, `intake` and `missed` take what it hears or did not hear.
"""

from collections.abc import Mapping, Sequence

from adapters.discord import config
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.settings import Problem


def variables() -> Sequence[str]:
    """Every environment variable that belongs to Discord."""
    return config.VARIABLES


def required() -> Sequence[str]:
    """The variables without which Discord is not used."""
    return (config.TOKEN,)


def loggers() -> Sequence[str]:
    """The loggers of Discord's libraries."""
    return ("discord",)


def configure(env: Mapping[str, str]) -> tuple[PlatformAdapter | None, Sequence[Problem]]:
    """Build the adapter if a token is set; connects to nothing."""
    settings, problems = config.read(env)
    if settings is None:
        return None, problems
    from adapters.discord.adapter import DiscordAdapter

    return DiscordAdapter(settings), ()
