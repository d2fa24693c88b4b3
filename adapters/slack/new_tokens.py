"""Other tokens of the same bot, tried before they take over from those in force."""

from collections.abc import Mapping, Sequence

from adapters.slack import config, strings
from adapters.slack.client import WebApi
from adapters.slack.config import APP_TOKEN, BOT_TOKEN, SlackSettings
from adapters.slack.socket_mode import SocketConnection, SocketMode
from aion_bot.ports.errors import TokenRefused
from aion_bot.ports.settings import Problem

SECRETS = (BOT_TOKEN, APP_TOKEN)


def read(env: Mapping[str, str], current: SlackSettings) -> tuple[SlackSettings | None, Sequence[Problem]]:
    """Return `current` with the tokens of `env`, None where they are the same, and every problem with them."""
    found, problems = config.read(env)
    if found is None:
        return None, problems
    new = current.model_copy(update={"bot_token": found.bot_token, "app_token": found.app_token})
    return (new if names(current, new) else None), ()


def names(current: SlackSettings, new: SlackSettings) -> Sequence[str]:
    """Name the variables of the tokens that differ."""
    pairs = {BOT_TOKEN: (current.bot_token, new.bot_token), APP_TOKEN: (current.app_token, new.app_token)}
    return [name for name, (one, other) in pairs.items() if one != other]


async def adopt(new: SlackSettings, web: WebApi, sockets: SocketMode | None) -> Sequence[Problem]:
    """Try new tokens, and let `web` and the open `sockets` use them; with a problem they stay as they are.

    New sockets are open before the old ones leave. Raises `PlatformDown` and `RateLimited` where Slack cannot be asked.
    """
    trial = web.beside(new)
    try:
        me = await trial.identify()
        if web.known is not None and (me.team, me.bot, me.user) != (
            web.known.team,
            web.known.bot,
            web.known.user,
        ):
            return [Problem(BOT_TOKEN, strings.OTHER_BOT)]
        opened: Sequence[SocketConnection] = ()
        if sockets is None:
            await trial.open_connection()
        else:
            opened = await sockets.open_spare(trial)
            if sockets.app and any(one.app != sockets.app for one in opened):
                sockets.discard(opened)
                return [Problem(APP_TOKEN, strings.OTHER_APP)]
    except TokenRefused as refusal:
        return [Problem(refusal.variable, refusal.reason)]
    finally:
        await trial.close()
    web.use(new)
    if sockets is not None:
        sockets.take_over(opened)
    return ()
