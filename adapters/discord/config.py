"""Discord's own part of the environment. No I/O."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from adapters.discord import strings
from aion_bot.ports.settings import (
    BaseUrl,
    IdForm,
    IdForms,
    IdKind,
    PlatformSettings,
    Problem,
    Switch,
    is_loopback,
)

TOKEN = "DISCORD_TOKEN"  # noqa: S105  # the name of the setting
SHARDS = "DISCORD_SHARDS"
DATABASE_URL = "AION_BOT_DATABASE_URL"
"""A setting of the core, which decides whether replicas can share anything."""
MOST_SHARDS = 1_000
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
MESSAGE_CONTENT = "AION_BOT_DISCORD_MESSAGE_CONTENT"
_SNOWFLAKE = IdForm(re.compile(r"[0-9]{15,21}"), "15 to 21 digits on Discord")
ID_FORMS: IdForms = dict.fromkeys(IdKind, _SNOWFLAKE)
DEFAULT_API_URL = "https://discord.com/api/v10"


def _check_token(value: SecretStr) -> SecretStr:
    token = value.get_secret_value()
    if token.lower().startswith("bot "):
        # The form of the Authorization header, as Discord's documentation shows it.
        raise ValueError(strings.PREFIXED_WITH_BOT)
    if not token.isprintable() or not token.isascii() or " " in token:
        raise ValueError(strings.NOT_FROM_PORTAL)
    return value


def _check_path(url: str) -> str:
    # discord.py fills in braces: an address with some of its own would fail at the first request.
    if set(url) & set("?#{}"):
        raise ValueError(strings.PATH_NOT_LAST)
    return url


def _check_shards(value: object) -> object:
    if not isinstance(value, str) or value.lower() == "auto":
        return None if isinstance(value, str) else value
    if _NUMBER.fullmatch(value) is None or int(value) > MOST_SHARDS:
        raise ValueError(f"must be auto or a number from 1 to {MOST_SHARDS}")
    return int(value)


class Settings(PlatformSettings):
    """What it takes to reach Discord. `api_url` has no slash at its end."""

    token: Annotated[SecretStr, AfterValidator(_check_token)] = Field(validation_alias=TOKEN)
    api_url: Annotated[BaseUrl, AfterValidator(_check_path)] = Field(
        DEFAULT_API_URL, validation_alias="DISCORD_API_URL"
    )
    message_content: Switch = Field(False, validation_alias=MESSAGE_CONTENT)
    shards: Annotated[int | None, BeforeValidator(_check_shards)] = Field(None, validation_alias=SHARDS)
    """Connections to the gateway; None: as many as Discord recommends."""


def read(env: Mapping[str, str]) -> tuple[Settings | None, Sequence[Problem]]:
    """Read Discord's variables: the settings, or None and every problem. None and no problem where no token is set."""
    settings, problems = Settings.read(env)
    return (None if settings is None else settings.through_proxy(env, settings.api_url)), problems


def is_safe_gateway(url: str) -> bool:
    """Tell whether the token may be sent to this gateway: encrypted, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "wss" or (parts.scheme == "ws" and is_loopback(parts.hostname))
