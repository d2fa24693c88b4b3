"""Reading the pictures that an answer names, from wherever their addresses lead.

An address comes with an answer, so it may lead anywhere: the API key goes to Aion's own host alone, no other address in a
private network is asked, and no redirect to another host is followed.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from contextlib import suppress

import httpx

from aion_bot.aion.certificates import ssl_context
from aion_bot.aion.settings import ClientSettings
from aion_bot.environment.addresses import is_loopback

TIMEOUT = 8.0
"""Seconds to connect to a host, and to wait for its next bytes."""

_MOST_REDIRECTS = 3
_LAST_PORT = 65_535

_PRIVATE_NAMES = tuple(
    f".{one}"
    for one in [
        "localhost",
        "localdomain",
        "local",
        "internal",
        "intranet",
        "private",
        "corp",
        "home",
        "lan",
        "home.arpa",
    ]
)
"""Endings of names that lead into private networks, as routers and companies use them (RFC 6761, RFC 6762, RFC 8375)."""
_LOOK_UP = 1.0
"""Seconds for looking a name up that a proxy looks up as well: in its network this machine may know no names."""
_HEX = frozenset("0123456789abcdef")
_NAT64, _UNICAST = ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2000::/3")
"""IPv6 addresses that lead to those of IPv4 (RFC 6052), and all that the internet routes (RFC 4291)."""


class PictureUnavailable(Exception):
    """A picture cannot be had; the message says why, without its address, which may be signed."""


class PictureReader:
    """Reads pictures with the settings of an Aion client. Needs no closing: each call has its own connections."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._aion = httpx.URL(settings.base_url)

    def use_settings(self, settings: ClientSettings) -> None:
        """Read every further picture with these settings, such as another key; the address stays."""
        self._settings = settings

    async def read(self, address: str, *, most: int) -> bytes:
        """Return what an address holds, `most` bytes at most.

        https only, or http where Aion itself is on this machine. Raises `PictureUnavailable`.
        """
        try:
            url = self._aion.join(address)
            for _ in range(_MOST_REDIRECTS + 1):
                found = await self._get(url, most)
                if isinstance(found, bytes):
                    return found
                if (found.scheme, found.host, found.port) != (url.scheme, url.host, url.port):
                    raise PictureUnavailable("redirected to another host")
                url = found
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            raise PictureUnavailable(type(error).__name__) from None
        raise PictureUnavailable("redirected too often")

    async def _get(self, url: httpx.URL, most: int) -> bytes | httpx.URL:
        """Ask once; returns the bytes, or where a redirect leads."""
        own = (url.scheme, url.host, url.port) == (self._aion.scheme, self._aion.host, self._aion.port)
        _check(url, own=own)
        # A few packed bytes could become more than there is memory.
        headers, asked = {"Accept": "image/*", "Accept-Encoding": "identity"}, url
        # httpcore checks the certificate against this name, also where the host is asked by its number.
        extensions = {"sni_hostname": _name(url)}
        if own:
            headers |= self._settings.headers
        elif self._settings.proxy_url is None:
            # Asked by its number, so that the name cannot lead elsewhere a moment later.
            asked = url.copy_with(host=await _public_number(url))
            headers["Host"] = url.netloc.decode("ascii")
        elif not _is_public(url.host) or await _leads_inside(url):
            raise PictureUnavailable("in a private network")
        proxy = self._settings.proxy_url
        async with (
            httpx.AsyncClient(timeout=TIMEOUT, proxy=proxy, trust_env=False, verify=ssl_context()) as client,
            client.stream("GET", asked, headers=headers, extensions=extensions) as answer,
        ):
            if answer.has_redirect_location:
                return url.join(answer.headers["Location"])
            packed = answer.headers.get("Content-Encoding", "identity").lower() != "identity"
            if packed or answer.status_code != httpx.codes.OK:
                raise PictureUnavailable("packed" if packed else f"status {answer.status_code}")
            pieces, size = list[bytes](), 0
            async for piece in answer.aiter_raw():
                pieces.append(piece)
                size += len(piece)
                if size > most:
                    raise PictureUnavailable(f"more than {most} bytes")
            return b"".join(pieces)


def _check(url: httpx.URL, *, own: bool) -> None:
    """Raise `PictureUnavailable` where an address may not be asked, whoever is there. `own`: it is Aion's."""
    if url.scheme != "https" and not (url.scheme == "http" and own and is_loopback(url.host)):
        raise PictureUnavailable("no https")
    if url.userinfo:
        raise PictureUnavailable("a name before the host")
    if url.port is not None and not 0 < url.port <= _LAST_PORT:
        raise PictureUnavailable("no port")


def _name(url: httpx.URL) -> str:
    """Return the host as the request names it: other letters are encoded there, and by nobody else in another way."""
    return url.raw_host.decode("ascii")


async def _numbers(url: httpx.URL) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(_name(url), url.port or 443, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


async def _public_number(url: httpx.URL) -> str:
    """Return an address of a host's that is not in a private network. Raises `PictureUnavailable`."""
    numbers = await _numbers(url)
    # A name that also leads into a private network is not trusted at all.
    if not numbers or not all(map(_is_public, numbers)):
        raise PictureUnavailable("in a private network")
    # The resolver returns first what this machine reaches best (RFC 6724).
    return numbers[0]


async def _leads_inside(url: httpx.URL) -> bool:
    """Tell whether this machine knows that a name leads into a private network; it may know no names at all."""
    try:
        async with asyncio.timeout(_LOOK_UP):
            numbers = await _numbers(url)
    except OSError:  # a timeout too
        return False
    return not all(map(_is_public, numbers))


def _is_public(host: str) -> bool:
    """Tell whether a host is not known to be in a private network; a name that is no number may be."""
    host = host.partition("%")[0].rstrip(".")
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        try:
            # Resolvers, a proxy's as well, also read `127.1`, `0x7f000001` and `2130706433`.
            number = ipaddress.ip_address(socket.inet_aton(host))
        except (OSError, ValueError):
            return _is_public_name(host.lower())
    if isinstance(number, ipaddress.IPv6Address):
        translated = ipaddress.IPv4Address(int(number) & 0xFFFFFFFF) if number in _NAT64 else None
        number = number.ipv4_mapped or number.sixtofour or translated or number
    routed = number.version == 4 or number in _UNICAST
    return routed and number.is_global and not number.is_multicast


def _is_public_name(name: str) -> bool:
    """Tell whether a name has a domain, which is none of a private network, and spells no number of one.

    Some services answer for `10.0.0.1.example`, `10-0-0-1.example` and `0a000001.example` with that number.
    """
    if "." not in name or name.endswith(_PRIVATE_NAMES):
        return False
    labels = name.split(".")
    parts = name.replace("-", ".").split(".")
    spelt = [".".join(parts[at : at + 4]) for at in range(len(parts) - 3)]
    spelt += [
        socket.inet_ntoa(bytes.fromhex(one)) for one in labels if len(one) == 8 and set(one) <= _HEX
    ]  # digits of an IPv4 address
    for one in spelt:
        with suppress(ValueError):
            if not ipaddress.IPv4Address(one).is_global:
                return False
    return True
