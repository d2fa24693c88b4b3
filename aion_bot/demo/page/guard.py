"""Access to the page: only a browser that has its address, and no other page in that browser.

The token in the path is the permission. The check of the Host header refuses foreign names that resolve to 127.0.0.1
(DNS rebinding); Origin and Sec-Fetch-Site refuse forms and scripts of other pages.
"""

import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_NAMES = ("127.0.0.1", "localhost")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guard(token: str, port: Callable[[], int]) -> Middleware:
    """Build the middleware that refuses other requests; every response gets the headers."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_ours(request, token, port()):
            return web.Response(status=404, text="There is nothing here.", headers=HEADERS)
        return await handler(request)

    return guarded


def _is_ours(request: web.Request, token: str, port: int) -> bool:
    hosts = {f"{name}:{port}" for name in _NAMES}
    given = request.match_info.get("token", "").encode()
    if request.host not in hosts or not secrets.compare_digest(given, token.encode()):
        return False
    origin = request.headers.get("Origin")
    if origin is not None and origin not in {f"http://{host}" for host in hosts}:
        return False
    if request.method != "GET" and origin is None:
        return False
    return request.method == "GET" or request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
