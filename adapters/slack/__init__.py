"""Slack, over Socket Mode or HTTP. The SDK is imported only where an adapter is built."""

from collections.abc import Mapping, Sequence

from adapters.slack import config, links, strings
from adapters.slack.oauth import config as oauth_config
from adapters.slack.oauth import strings as oauth_strings
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.diagnosis import CreatedApp, Diagnosis, fail, ok
from aion_bot.ports.hosting import HostedPlatform
from aion_bot.ports.settings import Problem
from aion_bot.ports.shared_values import SharedValues

_NO_SOCKETS = {config.BOT_TOKEN: "xoxb-0", config.APP_TOKEN: "xapp-0"}
_NO_HTTP = {
    config.BOT_TOKEN: "xoxb-0",
    config.SIGNING_SECRET: "0" * 32,
    config.PUBLIC_URL: "https://localhost",
}
"""The settings need all variables of a way. What stands in for a missing one is not sent."""


def _completed(env: Mapping[str, str]) -> Mapping[str, str]:
    return {**(_NO_HTTP if config.is_http(config.SlackSettings.given(env)) else _NO_SOCKETS), **env}


id_forms = config.ID_FORMS
message_of_link = links.message_of_link


def variables() -> Sequence[str]:
    """Every environment variable that belongs to Slack."""
    return tuple(dict.fromkeys((*config.SlackSettings.variables(), *oauth_config.OAuthSettings.variables())))


def required() -> Sequence[str]:
    """The variables without which Slack is not used."""
    return config.SlackSettings.required()


def required_in(env: Mapping[str, str]) -> Sequence[str]:
    """The variables without which Slack is not used in the way that `env` asks for: OAuth, HTTP, or else Socket Mode."""
    if oauth_config.is_wanted(env):
        return oauth_config.OAUTH
    return config.HTTP if config.is_http(config.SlackSettings.given(env)) else config.SOCKET_MODE


def secrets() -> Sequence[str]:
    """The secrets that may stand in files, of every way."""
    return (
        *config.SOCKET_MODE,
        config.SIGNING_SECRET,
        oauth_config.CLIENT_SECRET,
        oauth_config.ENCRYPTION_KEYS,
    )


def manifest_in(env: Mapping[str, str]) -> str:
    """The manifest for the way that `env` asks for."""
    return manifest(_public_url(env))


def steps_in(env: Mapping[str, str], app: str = "") -> Mapping[str, str]:
    """What a person does by hand in the way that `env` asks for, or is left to do once `app` was created."""
    if oauth_config.is_wanted(env):
        return oauth_strings.OAUTH_STEPS
    if not config.is_http(config.SlackSettings.given(env)):
        return strings.steps_of_app(app) if app else strings.MANUAL_STEPS
    steps = {**strings.HTTP_STEPS, **strings.http_steps_of_app(app)} if app else strings.HTTP_STEPS
    return {name: step for name, step in steps.items() if not app or name != "the app"}


def _public_url(env: Mapping[str, str]) -> str:
    """The public address where Slack sends over HTTP, "" where it does not, or the address cannot be used."""
    settings, _ = config.read(_completed(env))
    return (settings.public_url if settings is not None else None) or ""


def loggers() -> Sequence[str]:
    """The loggers of Slack's libraries."""
    return ("slack_bolt", "slack_sdk")


def manual_steps() -> Mapping[str, str]:
    """What a person does by hand, in order, by the variable that it yields."""
    return strings.MANUAL_STEPS


def manifest(url: str = "", *, reactions: bool = False) -> str:
    """The manifest of the app, as `manifest.yml` has it, or for HTTP at a public address `url`; with `reactions` if they count."""
    from adapters.slack import app_manifest

    return app_manifest.as_yaml(url, reactions=reactions)


def creation_token() -> str:
    """The variable of the app configuration token."""
    return config.CONFIG_TOKEN


def steps_of_app(app: str) -> Mapping[str, str]:
    """What a person still does by hand where `app` was created through the Manifest API."""
    return strings.steps_of_app(app)


async def create_app(env: Mapping[str, str]) -> CreatedApp:
    """Create the app through the Manifest API. Raises `PlatformDown` and `RateLimited`."""
    settings, problems = config.read(_completed(env))
    if settings is None or settings.config_token is None:
        return CreatedApp("", [fail(one.variable, one.mend, one.mend) for one in problems])
    from adapters.slack import app_creation, rate_limits, timeouts
    from adapters.slack.client import WebApi

    web = WebApi(settings, lambda: rate_limits.LIMITS, timeout=timeouts.Timeouts().request)
    try:
        token = settings.config_token.get_secret_value()
        return await app_creation.create_app(web, token, settings.public_url or "")
    finally:
        await web.close()


def configure(env: Mapping[str, str]) -> tuple[PlatformAdapter | None, Sequence[Problem]]:
    """Build the adapter if the tokens, or the variables of HTTP, are set; None if none is, or workspaces install the app.

    Connects to nothing.
    """
    # Also asked where OAuth is not wanted: keys for encryption alone are a problem.
    if oauth_config.is_wanted(env) or oauth_config.read(env)[1]:
        return None, oauth_config.read(env)[1]
    settings, problems = config.read(env)
    if settings is None:
        return None, problems
    from adapters.slack.adapter import SlackAdapter

    return SlackAdapter(settings), ()


def wants_hosting(env: Mapping[str, str]) -> bool:
    """Tell whether the variables ask for workspaces that install the app by OAuth."""
    return oauth_config.is_wanted(env)


def configure_hosted(
    env: Mapping[str, str], values: SharedValues
) -> tuple[HostedPlatform | None, Sequence[Problem]]:
    """Build what serves every workspace that installed the app; None if its variables are not set. Connects to nothing."""
    settings, problems = oauth_config.read(env)
    if settings is None:
        return None, problems
    from adapters.slack.hosting import HostedSlack

    return HostedSlack(settings, values), ()


async def probe(env: Mapping[str, str], variable: str) -> Diagnosis:
    """Check one variable by a real call; the others may be missing. Raises `PlatformDown` and `RateLimited`."""
    if oauth_config.is_wanted(env):
        found = [one for one in oauth_config.read(env)[1] if one.variable == variable]
        return Diagnosis(
            [fail(variable, one.mend, one.mend) for one in found] or [ok(variable, oauth_strings.WELL_FORMED)]
        )
    settings, problems = config.read(_completed(env))
    wrong = [one for one in problems if one.variable in {variable, "SLACK_API_URL"}]
    if settings is None or wrong:
        return Diagnosis([fail(one.variable, one.mend, one.mend) for one in wrong or problems])
    from adapters.slack.adapter import SlackAdapter

    adapter = SlackAdapter(settings)
    try:
        return await adapter.check(variable)
    finally:
        await adapter.close()
