"""Only a browser that was given the address drives the page, and no other page inside it."""

from urllib.parse import urlsplit

import aiohttp
import pytest

from aion_bot.demo.page import Page
from aion_bot.simulators.services import SimulatedServices

QUESTION = {"side": "slack", "words": "What is damaged?", "as": "Ada"}


def origin(page: Page) -> str:
    return "http://" + urlsplit(page.address).netloc


async def post(http: aiohttp.ClientSession, address: str, headers: dict[str, str]) -> int:
    async with http.post(address, data=QUESTION, headers=headers, allow_redirects=False) as answer:
        return answer.status


def asked(services: SimulatedServices) -> int:
    return len(services.slack.conversations.messages)


async def test_the_page_itself_may(
    page: Page, services: SimulatedServices, http: aiohttp.ClientSession
) -> None:
    """A form of the page asks and leads back to the page."""
    assert await post(http, f"{page.address}say", {"Origin": origin(page)}) == 303
    assert asked(services) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "{own}", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "{own}", "Host": "evil.example"},
        {"Origin": "http://evil.example", "Host": "evil.example"},
    ],
)
async def test_others_may_not(
    page: Page, services: SimulatedServices, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    """Even with the token: a foreign origin, none at all, or a foreign name for this address asks nothing."""
    sent = {name: value.replace("{own}", origin(page)) for name, value in headers.items()}
    assert await post(http, f"{page.address}say", sent) == 404
    assert asked(services) == 0


@pytest.mark.parametrize("path", ["", "say", "wrong/", "wrong/say", "wrong/events", "wrong/style.css"])
async def test_nothing_is_found_without_the_token(
    page: Page, services: SimulatedServices, http: aiohttp.ClientSession, path: str
) -> None:
    """Neither the page nor its changes nor its forms answer to an address without the token."""
    address = f"{origin(page)}/{path}"
    async with http.get(address) as answer:
        assert answer.status == 404
    assert await post(http, address, {"Origin": origin(page)}) == 404
    assert asked(services) == 0


async def test_a_foreign_name_sees_nothing(page: Page, http: aiohttp.ClientSession) -> None:
    """A name of somebody else's that leads to this machine (DNS rebinding) gets nothing, token or not."""
    for name in ("", "events"):
        async with http.get(page.address + name, headers={"Host": "evil.example:8321"}) as answer:
            assert answer.status == 404


async def test_the_token_cannot_be_guessed_and_does_not_leak(page: Page, http: aiohttp.ClientSession) -> None:
    """At least 128 random bits; no address goes to other sites, no other page may show this one or run code in it."""
    assert len(urlsplit(page.address).path.strip("/")) >= 22
    async with http.get(page.address) as answer:
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy


async def test_it_listens_on_loopback_alone(page: Page) -> None:
    """The address is that of this machine to itself."""
    assert urlsplit(page.address).hostname == "127.0.0.1"
    assert page.listens_on == "127.0.0.1"
