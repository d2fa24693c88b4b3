"""The environment: where settings come from, and how a wrong one is reported."""

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that is wrong, and how to mend it. Never repeats the value: it may be a secret."""

    variable: str
    mend: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.mend}"


def not_implemented(env: Mapping[str, str], names: Iterable[str]) -> list[Problem]:
    """Refuse variables that are reserved and do nothing yet: nothing is accepted without effect."""
    return [
        Problem(name, "is not implemented in this version; remove it")
        for name in names
        if env.get(name, "").strip()
    ]


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
