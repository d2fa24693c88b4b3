"""Toy: a plain chat over HTTP, the worked example of docs/add-a-platform.md."""

from collections.abc import Mapping, Sequence

from pydantic import Field, SecretStr

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.settings import BaseUrl, PlatformSettings, Problem


class Settings(PlatformSettings):
    url: BaseUrl = Field(validation_alias="TOY_URL")
    token: SecretStr = Field(validation_alias="TOY_TOKEN")


variables, required = Settings.variables, Settings.required


def loggers() -> Sequence[str]:
    return ("httpcore", "httpx")


def configure(env: Mapping[str, str]) -> tuple[PlatformAdapter | None, Sequence[Problem]]:
    settings, problems = Settings.read(env)
    if settings is None:
        return None, problems
    from adapters.toy.adapter import ToyAdapter

    return ToyAdapter(settings.url, settings.token.get_secret_value()), ()
