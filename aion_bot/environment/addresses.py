"""The rules about addresses that a setting may hold. No sentence repeats a part of one: it may be a password."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

_NO_ADDRESS = "is not an address; give one like https://host/path"
_NO_LISTEN_ADDRESS = "must be host:port, such as 127.0.0.1:9090 or [::1]:9090, with a port of 1 to 65535"
_NO_PROXY = "must be an address like http://proxy:3128"


def is_loopback(host: str | None) -> bool:
    """Tell whether `host` can only be this machine."""
    try:
        return host == "localhost" or (host is not None and ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def _split(url: str, sentence: str) -> SplitResult:
    """Return the parts of an address. Raises ValueError with `sentence` for what is none."""
    try:
        parts = urlsplit(url)
        # Reading the port checks it. urlsplit drops line ends and tabs, wherever they are, instead of refusing.
        valid = bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        # The message of urlsplit quotes a part of the address.
        valid = False
    if not valid:
        raise ValueError(sentence)
    return parts


def _check_base_url(url: str) -> str:
    parts = _split(url, _NO_ADDRESS)
    if parts.scheme not in {"http", "https"}:
        raise ValueError(_NO_ADDRESS)
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must begin with https:// (http is accepted for this machine alone)")
    return url.rstrip("/")


def check_public_url(url: str) -> str:
    """Return the address at which a platform reaches the bot, without a slash at its end. Raises ValueError, without the value."""
    checked = _check_base_url(url)
    if set(checked) & set("?#"):
        raise ValueError("must end with its path: without ? and #")
    return checked


def check_http_proxy(url: str) -> str:
    """Return the address of an HTTP proxy. Raises ValueError, without the value, for what is none."""
    if _split(url, _NO_PROXY).scheme not in {"http", "https"}:
        raise ValueError(_NO_PROXY)
    return url


def _check_proxy_url(url: str) -> str:
    if _split(url, _NO_PROXY).scheme not in {"http", "https", "socks5"}:
        raise ValueError(_NO_PROXY)
    return url


_LISTEN_ADDRESS = re.compile(r"(?:\[([0-9a-fA-F:.%]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})")
"""A host, or an IPv6 address in brackets, and a port."""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where a server of ours listens; `host` is what the operator names, an IPv6 address without its brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_listen_address(value: object) -> ListenAddress:
    """Read `host:port`. Raises ValueError, without the value, for what is none; the host is never left to a default."""
    found = _LISTEN_ADDRESS.fullmatch(str(value))
    if found is None or not 0 < int(found[3]) < 65_536:
        raise ValueError(_NO_LISTEN_ADDRESS)
    return ListenAddress(found[1] or found[2], int(found[3]))


BaseUrl = Annotated[str, AfterValidator(_check_base_url)]
"""The address of an API: https, or http for a loopback host. A slash at its end is dropped."""

HttpProxyUrl = Annotated[str, AfterValidator(check_http_proxy)]
"""The address of a proxy that every library can use: http or https. Otherwise as `ProxyUrl`."""

ProxyUrl = Annotated[str, AfterValidator(_check_proxy_url)]
"""The address of a proxy: http, https or socks5. It may hold a password, so its field is kept out of the repr."""
