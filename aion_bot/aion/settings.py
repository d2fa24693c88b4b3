"""How to reach Aion: the client's settings, checked when they are made."""

import ipaddress
import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

DEFAULT_BASE_URL = "https://api.aionvision.tech/api/v2"
_API_KEY = re.compile(r"[a-z]+_[A-Za-z0-9_-]{20,}")
_READ_AS = {
    "api_key": str,
    "base_url": str,
    "timeout": float,
    "max_retries": int,
    "retry_delay": float,
    "tenant_id": str,
    "proxy_url": str,
}


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Settings of a client. Raises ValueError, without the value, for what cannot work.

    Attributes:
        api_key: `<prefix>_` and 20 or more letters, digits, `_` or `-`.
        base_url: https; http for a loopback host alone.
        timeout: The longest silence in seconds: connecting, to the first byte, between events.
        max_retries: How often a failed request is repeated, where that is safe.
        retry_delay: Seconds before the first repetition; doubled for each further one.
        tenant_id: The workspace, sent as `X-Tenant-ID`.
        proxy_url: A proxy for every request; proxy variables of the environment are not read.
    """

    api_key: str = field(repr=False)
    base_url: str = DEFAULT_BASE_URL
    timeout: float = 300.0
    max_retries: int = 3
    retry_delay: float = 1.0
    tenant_id: str | None = None
    proxy_url: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.api_key, str) or not _API_KEY.fullmatch(self.api_key):
            raise ValueError("api_key must be <prefix>_ followed by at least 20 letters, digits, _ or -")
        _check_base_url(self.base_url)
        if not 0 < self.timeout < float("inf"):
            raise ValueError("timeout must be a positive number of seconds")
        if self.max_retries < 0:
            raise ValueError("max_retries must not be negative")
        if not 0 <= self.retry_delay < float("inf"):
            raise ValueError("retry_delay must not be negative")

    @classmethod
    def from_env(cls, **overrides: object) -> "ClientSettings":
        """Read `AIONVISION_API_KEY` and its siblings; an override that is not None wins.

        Raises ValueError, naming the variable, for one that is missing or malformed.
        """
        given = {name: value for name, value in overrides.items() if value is not None}
        found = {name: _variable(name) for name in _READ_AS if name not in given} | given
        if found["api_key"] is None:
            raise ValueError("AIONVISION_API_KEY is not set")
        return cls(**{name: value for name, value in found.items() if value is not None})  # type: ignore[arg-type]  # checked in __post_init__

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return headers | ({"X-Tenant-ID": self.tenant_id} if self.tenant_id else {})


def _variable(name: str) -> object:
    variable = f"AIONVISION_{name.upper()}"
    value = os.environ.get(variable, "").strip()
    try:
        return _READ_AS[name](value) if value else None
    except ValueError:
        raise ValueError(f"{variable} must be a number") from None


def _check_base_url(base_url: str) -> None:
    parts = urlsplit(base_url)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("base_url must be an address like https://host/path")
    if parts.username or parts.password:
        raise ValueError("base_url must not hold a user name or password")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("base_url must begin with https:// (http is accepted for this machine alone)")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
