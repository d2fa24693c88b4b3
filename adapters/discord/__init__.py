"""Discord, over its gateway and REST API.

`config`, `ids`, `strings`, `mentions`, `markdown`, `tables`, `rendering` and `rate_limits` do not import discord.py. The
others are imported when an adapter is built. `gateway` listens; `handlers`, `interactions`, `commands` and `backfill`
turn what it receives into `events` of the core, and `membership` finds where the writer of a direct message belongs.
`client` makes the REST calls. `http` reports every HTTP request. `hosting` divides the servers among replicas.
"""

from collections.abc import Mapping, Sequence

from adapters.discord import config, links, strings
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.diagnosis import Diagnosis, Subjects, fail
from aion_bot.ports.hosting import HostedPlatform
from aion_bot.ports.settings import Problem
from aion_bot.ports.shared_values import SharedValues

id_forms = config.ID_FORMS
message_of_link = links.message_of_link


def variables() -> Sequence[str]:
    """Every environment variable that belongs to Discord."""
    return config.Settings.variables()


def required() -> Sequence[str]:
    """The variables without which Discord is not used."""
    return config.Settings.required()


def loggers() -> Sequence[str]:
    """The loggers of Discord's libraries."""
    return ("discord",)


def manual_steps() -> Mapping[str, str]:
    """What a person does by hand, in order, by the variable that it yields."""
    return strings.MANUAL_STEPS


def manifest(url: str = "", *, reactions: bool = False) -> str:  # noqa: ARG001  # as the port has it
    """Discord takes none."""
    return ""


def configure(env: Mapping[str, str]) -> tuple[PlatformAdapter | None, Sequence[Problem]]:
    """Build the adapter if a token is set; connects to nothing."""
    settings, problems = config.read(env)
    if settings is None:
        return None, problems
    from adapters.discord.adapter import DiscordAdapter

    return DiscordAdapter(settings), ()


def wants_hosting(env: Mapping[str, str]) -> bool:
    """Tell whether replicas share the servers: with a number of shards above one, and a Postgres server that they share.

    `auto` is what a bot with one connection has as well, and on SQLite one process has all shards.
    """
    settings, _ = config.read(env)
    on_postgres = env.get(config.DATABASE_URL, "").startswith("postgresql://")
    return on_postgres and settings is not None and (settings.shards or 1) > 1


def configure_hosted(
    env: Mapping[str, str], values: SharedValues
) -> tuple[HostedPlatform | None, Sequence[Problem]]:
    """Build what divides the bot's servers among replicas if a token is set; connects to nothing."""
    settings, problems = config.read(env)
    if settings is None:
        return None, problems
    from adapters.discord.hosting import HostedDiscord

    return HostedDiscord(settings, values), ()


async def probe(env: Mapping[str, str], variable: str) -> Diagnosis:  # noqa: ARG001  # as the port has it
    """Check the token by real calls; there is no other `variable`. Raises `PlatformDown` and `RateLimited`."""
    settings, problems = config.read(env)
    if settings is None:
        return Diagnosis([fail(one.variable, one.mend, one.mend) for one in problems])
    from adapters.discord.adapter import DiscordAdapter

    adapter = DiscordAdapter(settings)
    try:
        return await adapter.diagnose(Subjects())
    finally:
        await adapter.close()
