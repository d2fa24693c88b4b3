"""Reading the pictures that an answer names, from wherever their addresses lead.

An address comes with an answer, so it may lead anywhere: the API key goes to Aion's own host alone, no other address in a
private network is asked, and no redirect to another host is followed.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

import httpx

from aion_bot.aion.settings import ClientSettings
from aion_bot.environment.addresses import is_loopback

TIMEOUT = 8.0
"""Seconds to connect to a host, and to wait for its next bytes."""

_MOST_REDIRECTS = 3


class PictureUnavailable(Exception):
    """A picture cannot be had; the message says why, without its address, which may be signed."""


class PictureReader:
    """Reads pictures with the settings of an Aion client. Needs no closing: each call has its own connections."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._aion = httpx.URL(settings.base_url)

    async def read(self, address: str, *, most: int) -> bytes:
        """Return what an address holds, `most` bytes at most.

        https only, or http where Aion itself is on this machine. Raises `PictureUnavailable`.
        """
        try:
            url = self._aion.join(address)
            for _ in range(_MOST_REDIRECTS):
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
        if url.scheme != "https" and not (url.scheme == "http" and own and is_loopback(url.host)):
            raise PictureUnavailable("no https")
        if url.userinfo:
            raise PictureUnavailable("a name before the host")
        headers, extensions, asked = {"Accept": "image/*"}, {"sni_hostname": url.host}, url
        if own:
            headers |= self._settings.headers
        elif self._settings.proxy_url is None:
            # Asked by its number, so that the name cannot lead elsewhere a moment later.
            asked = url.copy_with(host=await _public_number(url))
            headers["Host"] = url.netloc.decode("ascii")
        elif not _is_public(url.host):
            raise PictureUnavailable("in a private network")
        proxy = self._settings.proxy_url
        async with (
            httpx.AsyncClient(timeout=TIMEOUT, proxy=proxy, trust_env=False) as client,
            client.stream("GET", asked, headers=headers, extensions=extensions) as answer,
        ):
            if answer.has_redirect_location:
                return url.join(answer.headers["Location"])
            if not answer.is_success:
                raise PictureUnavailable(f"status {answer.status_code}")
            pieces, size = list[bytes](), 0
            async for piece in answer.aiter_bytes():
                pieces.append(piece)
                size += len(piece)
                if size > most:
                    raise PictureUnavailable(f"more than {most} bytes")
            return b"".join(pieces)


async def _public_number(url: httpx.URL) -> str:
    """Return an address of a host's that is not in a private network. Raises `PictureUnavailable`."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(url.host, url.port or 443, type=socket.SOCK_STREAM)
    numbers: Sequence[str] = [str(one[4][0]) for one in found]
    # A name that also leads into a private network is not trusted at all.
    if not numbers or not all(map(_is_public, numbers)):
        raise PictureUnavailable("in a private network")
    return numbers[0]


def _is_public(host: str) -> bool:
    """Tell whether a host is not known to be in a private network; a name that is no number may be."""
    try:
        number = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host != "localhost" and not host.endswith((".localhost", ".local", ".internal"))
    mapped = getattr(number, "ipv4_mapped", None) or number
    return bool(mapped.is_global) and not mapped.is_multicast
