"""How both clients use httpx: what it is told when it is made, how a call is sent, what a response means."""

from functools import cache
from ssl import SSLContext
from typing import Any, TypedDict

import httpx

from aion_bot.aion.requests import Call
from aion_bot.aion.responses import Answer, error_for
from aion_bot.aion.settings import ClientSettings

UNLIMITED = httpx.Limits(max_connections=None, max_keepalive_connections=20)
"""httpx stops at 100 connections; each answer that streams keeps one for minutes."""


class Options(TypedDict):
    """Arguments that `httpx.Client` and `httpx.AsyncClient` share."""

    base_url: str
    headers: dict[str, str]
    timeout: float
    limits: httpx.Limits
    proxy: str | None
    trust_env: bool
    verify: SSLContext


class Request(TypedDict):
    """Arguments with which either client sends a call."""

    method: str
    url: str
    params: Any
    json: Any


def options(settings: ClientSettings) -> Options:
    """Return what httpx is told.

    Proxy variables of the environment are not read, so that none takes what is meant for this machine.
    """
    return Options(
        base_url=settings.base_url,
        headers=settings.headers,
        timeout=settings.timeout,
        limits=UNLIMITED,
        proxy=settings.proxy_url,
        trust_env=False,
        verify=_trusted(),
    )


def request(call: Call[Any]) -> Request:
    """Return a call as httpx sends it."""
    return Request(method=call.method, url=call.path, params=call.query, json=call.body)


def accepted(response: httpx.Response, call: Call[Any], key: str) -> Answer:
    """Return what a response says, or raise the error that it stands for; the key is struck out of a complaint."""
    if response.is_success:
        return Answer(response.status_code, response.headers, response.content)
    complaint = response.content.replace(key.encode(), b"[key]")
    raise error_for(Answer(response.status_code, response.headers, complaint), call.about)


@cache
def _trusted() -> SSLContext:
    """The certificates to trust: those of `SSL_CERT_FILE` or `SSL_CERT_DIR` where set, otherwise certifi's."""
    return httpx.create_ssl_context()
