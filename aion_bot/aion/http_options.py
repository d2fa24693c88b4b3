"""The arguments that both clients give to httpx."""

from functools import cache
from ssl import SSLContext
from typing import Any, TypedDict

import httpx

from aion_bot.aion.requests import Request
from aion_bot.aion.settings import ClientSettings

UNLIMITED = httpx.Limits(max_connections=None, max_keepalive_connections=20)
"""httpx allows 100 connections by default; each streaming answer keeps one for minutes."""


class ClientOptions(TypedDict):
    """Arguments that `httpx.Client` and `httpx.AsyncClient` share."""

    base_url: str
    headers: dict[str, str]
    timeout: float
    limits: httpx.Limits
    proxy: str | None
    trust_env: bool
    verify: SSLContext


class RequestOptions(TypedDict):
    """Arguments of `request` and `build_request`."""

    method: str
    url: str
    params: Any
    json: Any


def client_options(settings: ClientSettings) -> ClientOptions:
    """Return the arguments of httpx's client.

    Proxy variables of the environment are not read: one of them could divert requests to a loopback host.
    """
    return ClientOptions(
        base_url=settings.base_url,
        headers=settings.headers,
        timeout=settings.timeout,
        limits=UNLIMITED,
        proxy=settings.proxy_url,
        trust_env=False,
        verify=_ssl_context(),
    )


def request_options(request: Request[Any]) -> RequestOptions:
    """Return a request as httpx sends it."""
    return RequestOptions(method=request.method, url=request.path, params=request.query, json=request.body)


@cache
def _ssl_context() -> SSLContext:
    """Return a context that trusts `SSL_CERT_FILE` or `SSL_CERT_DIR` where set, otherwise certifi's certificates."""
    # Loading them takes some ten milliseconds, so all clients of a process share the context.
    return httpx.create_ssl_context()
