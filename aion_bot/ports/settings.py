"""The environment: where settings come from, and how a wrong one is reported."""

import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed leaves it out

from dotenv.parser import parse_stream
from pydantic import Field

from aion_bot.environment.addresses import (
    BaseUrl,
    HttpProxyUrl,
    check_http_proxy,
    check_public_url,
    is_loopback,
)
from aion_bot.environment.model import EnvironmentSettings, Problem, Switch

__all__ = [
    "PROXY_URL",
    "BaseUrl",
    "EnvironmentFileError",
    "EnvironmentSettings",
    "HttpProxyUrl",
    "IdForm",
    "IdForms",
    "IdKind",
    "PlatformSettings",
    "Problem",
    "Switch",
    "check_proxies",
    "check_public_url",
    "is_loopback",
    "proxy_for",
    "read_environment",
    "read_text",
]


class PlatformSettings(EnvironmentSettings):
    """The settings of one platform, which is wanted once a variable without a default is set.

    Where it is not wanted, a missing variable is no problem, but a malformed one is: nothing is accepted without
    effect.
    """

    sentences: ClassVar[Mapping[str, str]] = {
        **EnvironmentSettings.sentences,
        "missing": "is missing although {given} is set",
    }

    proxy: str | None = Field(None, repr=False)
    """The proxy through which the platform is reached. Of no variable of its own: see `through_proxy`."""

    def through_proxy(self, env: Mapping[str, str], url: str) -> Self:
        """Return the settings with the proxy by which the environment has `url` reached."""
        return self.model_copy(update={"proxy": proxy_for(env, url)})

    @classmethod
    def is_wanted(cls, env: Mapping[str, str]) -> bool:
        """Tell whether a variable is set without which the platform is not used."""
        return bool(cls.given(env))

    @classmethod
    def read(cls, env: Mapping[str, str]) -> tuple[Self | None, tuple[Problem, ...]]:
        """Read the platform's variables: the settings, or None and every problem. None alone: it is not wanted."""
        settings, problems = super().read(env)
        if not cls.is_wanted(env):
            problems = tuple(one for one in problems if one.variable not in cls.required())
        return settings, problems


class IdKind(StrEnum):
    """What an id names."""

    PERSON = "person"
    CHANNEL = "channel"
    WORKSPACE = "workspace"
    APP = "app"
    ROLE = "role"
    """A Discord role, or a group of people in Slack."""


@dataclass(frozen=True, slots=True)
class IdForm:
    """What a platform's ids look like; `words` describe it to the operator, with the platform's name."""

    pattern: re.Pattern[str]
    words: str

    def fits(self, one: str) -> bool:
        """Return whether an id has this form."""
        return self.pattern.fullmatch(one) is not None


IdForms = Mapping[IdKind, IdForm]
"""The form of each kind of id of one platform."""


_LONGEST = 1_000_000
"""Bytes of `.env`; it is read at once."""


class EnvironmentFileError(Exception):
    """`.env` is there and cannot be used; `problem` says what to do."""

    def __init__(self, mend: str) -> None:
        self.problem = Problem(".env", mend)
        super().__init__(str(self.problem))


def read_environment(folder: Path) -> Mapping[str, str]:
    """Merge `.env` of `folder` with the process's environment, which wins. Empty values count as unset, in both places.

    So an empty variable of the environment leaves what `.env` says: it would silently clear a list there, and an empty
    list allows all.

    Raises:
        EnvironmentFileError: `.env` is there and cannot be used.
    """
    # The later value of a name wins: the environment's.
    given = [*_parsed(read_text(folder / ".env")), *os.environ.items()]
    return {name: value for name, value in given if value.strip()}


def _parsed(text: str) -> Iterator[tuple[str, str]]:
    """Read each name and value of `.env`. A line that is neither is refused: it may have been meant as a list."""
    for one in parse_stream(io.StringIO(text)):
        if one.error or (one.key is not None and one.value is None):
            said = one.original.string
            line = one.original.line + said[: len(said) - len(said.lstrip())].count("\n")
            raise EnvironmentFileError(f"line {line} cannot be read; write it as NAME=value, or remove it")
        if one.key is not None and one.value is not None:
            yield one.key, one.value


def read_text(path: Path) -> str:
    """Read `.env`, "" if there is none; a folder of this name is refused. Raises `EnvironmentFileError`."""
    if not os.path.lexists(path):
        return ""
    try:
        with path.open("rb") as file:
            raw = file.read(_LONGEST + 1)
        text = raw.decode(
            "utf-8-sig"
        )  # editors of Windows begin a file with a mark that is no part of a name
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise EnvironmentFileError(
            f"cannot be read ({reason}); make it a file that you can read, or remove it"
        ) from error
    except UnicodeError:
        text = "\0"
    if (
        "\0" in text or len(raw) > _LONGEST
    ):  # UTF-16 without its mark decodes, with a zero byte behind each letter
        raise EnvironmentFileError(f"must be text in UTF-8 of at most {_LONGEST} bytes; save it as UTF-8")
    return text


PROXY_URL = "AION_BOT_PROXY_URL"
"""The variable that names the proxy for every platform and Aion."""


def proxy_for(env: Mapping[str, str], url: str) -> str | None:
    """Return the proxy through which `url` is reached; the one rule for every service.

    `AION_BOT_PROXY_URL` wins; otherwise it is `HTTPS_PROXY`, unless `NO_PROXY` names the host. This machine is always reached
    directly. The libraries have rules of their own, which differ, so none of them reads the environment.
    """
    parts = urlsplit(url)
    if is_loopback(parts.hostname):
        return None
    if env.get(PROXY_URL):
        return env[PROXY_URL]
    given, excepted = (env.get(name) or env.get(name.lower()) for name in ("HTTPS_PROXY", "NO_PROXY"))
    # Python's rule knows neither `*.slack.com` nor, without the port in the address, `slack.com:443`.
    host = f"{parts.hostname}:{parts.port or (80 if parts.scheme == 'http' else 443)}"
    if not given or proxy_bypass_environment(host, {"no": (excepted or "").replace("*.", ".")}):
        return None
    return given


def check_proxies(env: Mapping[str, str]) -> Sequence[Problem]:
    """Refuse proxies of the whole environment that are no addresses of an HTTP proxy. `PROXY_URL` is checked as a setting."""
    problems = []
    for name in ("HTTPS_PROXY", "https_proxy"):
        try:
            if env.get(name):
                check_http_proxy(env[name])
        except ValueError as error:
            problems.append(Problem(name, str(error)))
    return problems
