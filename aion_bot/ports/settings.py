"""The environment: where settings come from, and how a wrong one is reported."""

import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed leaves it out

from dotenv import dotenv_values


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that is wrong, and how to mend it. Never repeats the value: it may be a secret."""

    variable: str
    mend: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.mend}"


class IdKind(StrEnum):
    """What an id names."""

    PERSON = "person"
    CHANNEL = "channel"
    WORKSPACE = "workspace"


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


def read_environment(folder: Path) -> Mapping[str, str]:
    """Merge `.env` of `folder` with the process's environment, which wins. Empty values count as unset, in both places.

    So an empty variable of the environment leaves what `.env` says: it would silently clear a list there, and an empty
    list allows all.
    """
    from_file = dotenv_values(folder / ".env", interpolate=False)
    given = [*from_file.items(), *os.environ.items()]
    return {name: value for name, value in given if value is not None and value.strip()}


def is_loopback(host: str | None) -> bool:
    """Tell whether `host` can only be this machine."""
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
    if not given or proxy_bypass_environment(parts.netloc, {"no": excepted or ""}):
        return None
    return given


def check_proxy(env: Mapping[str, str]) -> Sequence[Problem]:
    """Refuse proxies that are no addresses of an HTTP proxy; their values may hold a password and are not repeated."""
    problems = []
    for name in (PROXY_URL, "HTTPS_PROXY", "https_proxy"):
        try:
            parts = urlsplit(env.get(name, ""))
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if env.get(name) and not usable:
            problems.append(Problem(name, "must be an address like http://proxy:3128"))
    return problems


def check_base_url(variable: str, url: str) -> Problem | None:
    """Refuse everything but https, and http for a loopback host."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return Problem(variable, "is not an address; give one like https://host/path")
    if not host or parts.scheme not in {"http", "https"}:
        return Problem(variable, "is not an address; give one like https://host/path")
    if parts.username or parts.password:
        return Problem(variable, "must not hold a user name or password")
    if parts.scheme == "http" and not is_loopback(host):
        return Problem(variable, "must begin with https:// (http is accepted for this machine alone)")
    return None
