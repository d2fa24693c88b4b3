"""Other tokens of the same bot, tried before they take over from those in force."""

from collections.abc import Mapping, Sequence

from adapters.slack import config, strings
from adapters.slack.client import WebApi
from adapters.slack.config import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, SlackSettings
from adapters.slack.http_mode import HttpMode
from adapters.slack.socket_mode import SocketConnection, SocketMode
from aion_bot.ports.errors import TokenRefused
from aion_bot.ports.settings import Problem


def secrets_of(settings: SlackSettings) -> Sequence[str]:
    """Name the secrets of the way in which Slack delivers."""
    return (BOT_TOKEN, APP_TOKEN if settings.signing_secret is None else SIGNING_SECRET)


def read(env: Mapping[str, str], current: SlackSettings) -> tuple[SlackSettings | None, Sequence[Problem]]:
    """Return `current` with the tokens of `env`, None where they are the same, and every problem with them."""
    found, problems = config.read(env)
    if found is None:
        return None, problems
    secrets = ("bot_token", "app_token", "signing_secret")
    new = current.model_copy(update={name: getattr(found, name) for name in secrets})
    return (new if names(current, new) else None), ()


def names(current: SlackSettings, new: SlackSettings) -> Sequence[str]:
    """Name the variables of the tokens that differ."""
    pairs = {
        BOT_TOKEN: (current.bot_token, new.bot_token),
        APP_TOKEN: (current.app_token, new.app_token),
        SIGNING_SECRET: (current.signing_secret, new.signing_secret),
    }
    return [name for name, (one, other) in pairs.items() if one != other]


async def adopt(
    new: SlackSettings, web: WebApi, sockets: SocketMode | None, http: HttpMode | None
) -> Sequence[Problem]:
    """Try new tokens, and let `web` and the open `sockets` use them; with a problem they stay as they are.

    New sockets are open before the old ones leave. Over HTTP there are none, and Slack has no method that tells whether a
    signing secret is right. Raises `PlatformDown` and `RateLimited` where Slack cannot be asked.
    """
    trial = web.beside(new)
    opened: Sequence[SocketConnection] = ()
    try:
        me = await trial.identify()
        if web.known is not None and (me.team, me.bot, me.user) != (
            web.known.team,
            web.known.bot,
            web.known.user,
        ):
            return [Problem(BOT_TOKEN, strings.OTHER_BOT)]
        if sockets is not None:
            opened = await sockets.open_spare(trial)
            if sockets.app and any(one.app != sockets.app for one in opened):
                sockets.discard(opened)
                return [Problem(APP_TOKEN, strings.OTHER_APP)]
        elif http is None:
            # Nothing is connected: an address is asked for, and not used, to try the app-level token.
            await trial.open_connection()
    except TokenRefused as refusal:
        return [Problem(refusal.variable, refusal.reason)]
    finally:
        # The new sockets stay open: their session is that of `sockets`.
        await trial.close()
    # Before the sockets: whichever connection opens from here on has the new tokens.
    web.use(new)
    if sockets is not None:
        sockets.take_over(opened)
    if http is not None and new.signing_secret is not None:
        http.use(new.signing_secret.get_secret_value())
    return ()
