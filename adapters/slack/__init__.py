"""Slack, over Socket Mode. The SDK is imported only where an adapter is built."""

from collections.abc import Mapping, Sequence

from adapters.slack import config, links
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.diagnosis import Diagnosis, fail
from aion_bot.ports.settings import Problem

id_forms = config.ID_FORMS
message_of_link = links.message_of_link


def variables() -> Sequence[str]:
    """Every environment variable that belongs to Slack."""
    return config.SlackSettings.variables()


def required() -> Sequence[str]:
    """The variables without which Slack is not used."""
    return config.SlackSettings.required()


def loggers() -> Sequence[str]:
    """The loggers of Slack's libraries."""
    return ("slack_bolt", "slack_sdk")


def configure(env: Mapping[str, str]) -> tuple[PlatformAdapter | None, Sequence[Problem]]:
    """Build the adapter if both tokens are set; None if neither is. Connects to nothing."""
    settings, problems = config.read(env)
    if settings is None:
        return None, problems
    from adapters.slack.adapter import SlackAdapter

    return SlackAdapter(settings), ()


async def probe(env: Mapping[str, str], variable: str) -> Diagnosis:
    """Check one token by a real call; the other one may be missing. Raises `PlatformDown` and `RateLimited`."""
    # The settings need both tokens. What stands in for the other one is not sent.
    settings, problems = config.read({config.BOT_TOKEN: "xoxb-0", config.APP_TOKEN: "xapp-0", **env})
    wrong = [one for one in problems if one.variable in {variable, "SLACK_API_URL"}]
    if settings is None or wrong:
        return Diagnosis([fail(one.variable, one.mend, one.mend) for one in wrong or problems])
    from adapters.slack.adapter import SlackAdapter

    adapter = SlackAdapter(settings)
    try:
        return await adapter.check(variable)
    finally:
        await adapter.close()
