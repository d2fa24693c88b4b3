"""Discord's own part of the environment. No I/O."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aion_bot.ports.settings import IdForm, IdForms, IdKind, Problem, check_base_url, is_loopback, proxy_for

TOKEN = "DISCORD_TOKEN"  # noqa: S105 # the name of the setting
API_URL = "DISCORD_API_URL"
MESSAGE_CONTENT = "AION_BOT_DISCORD_MESSAGE_CONTENT"
VARIABLES = (TOKEN, API_URL, MESSAGE_CONTENT)
_SNOWFLAKE = IdForm(re.compile(r"[0-9]{15,21}"), "15 to 21 digits on Discord")
ID_FORMS: IdForms = dict.fromkeys(IdKind, _SNOWFLAKE)
DEFAULT_API_URL = "https://discord.com/api/v10"


@dataclass(frozen=True, slots=True)
class Settings:
    """What it takes to reach Discord. `api_url` has no slash at its end."""

    token: str = field(repr=False)
    api_url: str = DEFAULT_API_URL
    message_content: bool = False
    proxy: str | None = field(default=None, repr=False)


def read(env: Mapping[str, str]) -> tuple[Settings | None, Sequence[Problem]]:
    """Read the settings; None if there is no token or a value is malformed.

    A malformed value is a problem even where no token is set: nothing is accepted without effect.
    """
    token = env.get(TOKEN, "").strip()
    api_url = env.get(API_URL, "").strip() or DEFAULT_API_URL
    switch = env.get(MESSAGE_CONTENT, "").strip().lower() or "false"
    problems = []
    if token.lower().startswith("bot "):
        # The form of the Authorization header, as Discord's documentation shows it.
        problems.append(Problem(TOKEN, "must be the token alone, without the word Bot before it"))
    elif not token.isprintable() or not token.isascii() or " " in token:
        mend = "is not a bot token; copy it from the Bot page of the developer portal"
        problems.append(Problem(TOKEN, mend))
    if set(api_url) & set("?#{}"):
        # discord.py fills in braces: an address with some of its own would fail at the first request.
        problems.append(Problem(API_URL, "must end with the path, such as /api/v10"))
    elif problem := check_base_url(API_URL, api_url):
        problems.append(problem)
    if switch not in {"true", "false"}:
        problems.append(Problem(MESSAGE_CONTENT, "must be true or false"))
    if problems or not token:
        return None, tuple(problems)
    return Settings(token, api_url.rstrip("/"), switch == "true", proxy_for(env, api_url)), ()


def is_safe_gateway(url: str) -> bool:
    """Tell whether the token may be sent to this gateway: encrypted, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "wss" or (parts.scheme == "ws" and is_loopback(parts.hostname))
