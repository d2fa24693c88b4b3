"""Access to the page: only a browser that has its address, and no other page in that browser.

The token in the path is the permission. The page may be reached under another address, through a forwarded port (ssh -L,
Codespaces): loading it with the token makes that address one of the page's. A name of somebody's domain with the port
that the page listens on is refused even so: a name that resolves to 127.0.0.1 (DNS rebinding) comes with exactly this
port. An IP address, a name without a dot, and one in a domain of local networks are nobody's domain: another machine that
forwards the same port (ssh -g -L) comes with one of these. Origin and Sec-Fetch-Site refuse forms and scripts of other
pages.
"""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Middleware

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

DEFAULT_PORT = 8321
"""The page's port where nobody names another: the one that a page in wait for it would try."""

ELSEWHERE = "There is nothing here under this name. Open the page by the machine's short name or IP address, or forward another port."
"""What a browser with the token is told that comes with a name which is refused."""

_LOCAL_DOMAINS = (".home", ".home.arpa", ".internal", ".lan", ".local", ".localdomain", ".localhost")
"""What no registry gives to anybody; most are in RFC 6761, RFC 6762 and RFC 8375, or reserved by ICANN."""
_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_WAYS = ("http", "https")
_MOST = 32
"""Addresses that are remembered."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """The middleware that refuses other requests; `port` is the one listened on. Every response gets the headers."""

    def __init__(self, token: str, port: Callable[[], int]) -> None:
        self._token = token.encode()
        self._port = port
        self._forwarded: set[str] = set()

    @property
    def middleware(self) -> Middleware:
        """The middleware for the page's application."""

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self._has_token(request):
                return web.Response(status=404, text="There is nothing here.", headers=HEADERS)
            if not self._is_ours(request):
                return web.Response(status=404, text=ELSEWHERE, headers=HEADERS)
            try:
                return await handler(request)
            except ConnectionError:  # the browser has left, as it does whenever somebody moves on quickly
                return web.Response(status=400, headers=HEADERS)

        return guarded

    def _has_token(self, request: web.Request) -> bool:
        return secrets.compare_digest(request.match_info.get("token", "").encode(), self._token)

    def _is_ours(self, request: web.Request) -> bool:
        if self._may_be_rebound(request.host):
            return False
        if request.method == "GET" and request.path.endswith("/"):
            self._remember(request)
        ours = self._forwarded | {f"{name}:{self._port()}" for name in _NAMES}
        if request.host.lower() not in ours:
            return False
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() not in {f"{way}://{one}" for one in ours for way in _WAYS}:
            return False
        if request.method != "GET" and origin is None:
            return False
        return (
            request.method == "GET" or request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        )

    def _may_be_rebound(self, host: str) -> bool:
        name, _, port = host.lower().rpartition(":")
        return _is_of_a_domain(name.removesuffix(".")) and port in {str(self._port()), str(DEFAULT_PORT)}

    def _remember(self, request: web.Request) -> None:
        """Remember the address that the token came with, and the one that a forwarding proxy names."""
        for host in (request.host, request.headers.get("X-Forwarded-Host", "")):
            if host and len(self._forwarded) < _MOST:
                self._forwarded.add(host.lower())


def _is_of_a_domain(name: str) -> bool:
    """Tell whether a host's name is in a domain that somebody may own."""
    with suppress(ValueError):
        ip_address(name.strip("[]"))
        return False
    return "." in name and not name.endswith(_LOCAL_DOMAINS)
