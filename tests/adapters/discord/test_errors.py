"""Failures of the library itself, as the port's errors."""

import aiohttp
import discord
import pytest

from adapters.discord.errors import retry_after, translate
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited, TokenRefused


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (discord.LoginFailure(), TokenRefused),
        (discord.PrivilegedIntentsRequired(None), TokenRefused),
        (discord.GatewayNotFound(), PlatformDown),
        (aiohttp.ServerDisconnectedError(), PlatformDown),
        (aiohttp.ClientPayloadError(), PlatformDown),
        (TimeoutError(), PlatformDown),
        (ConnectionResetError(104, "reset"), PlatformDown),
    ],
)
def test_each_failure_has_a_name(error: Exception, expected: type[PlatformError]) -> None:
    """What discord.py and aiohttp raise becomes one of the port's errors."""
    assert type(translate(error)) is expected


def test_a_long_pause() -> None:
    """A pause that discord.py will not wait for is handed on."""
    told = translate(discord.RateLimited(90))
    assert isinstance(told, RateLimited)
    assert told.retry_after == 90


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "2.5"}, 2.5), ({"Retry-After": "-1"}, 0), ({"Retry-After": "x"}, 1), ({}, 1)],
)
def test_pauses(headers: dict[str, str], seconds: float) -> None:
    """A pause is read from its header, and is a second where Discord does not say."""
    assert retry_after(headers) == seconds


def test_the_exact_pause_is_in_the_body() -> None:
    """Discord rounds the header up to whole seconds; where it names the exact pause nobody waits longer."""
    assert retry_after({"Retry-After": "1"}, {"retry_after": 0.3}) == 0.3
    assert retry_after({"Retry-After": "2"}, {"retry_after": "soon"}) == 2.0
    assert retry_after({"Retry-After": "2"}, None) == 2.0
