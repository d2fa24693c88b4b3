"""Only a browser that has the page's address may use it, and no other page in that browser."""

from urllib.parse import urlsplit

import aiohttp
import pytest

from aion_bot.demo.page import Page
from aion_bot.demo.page.guard import DEFAULT_PORT, ELSEWHERE
from aion_bot.simulators.services import SimulatedServices

QUESTION = {"side": "slack", "words": "What is damaged?", "as": "Ada"}


def origin(page: Page) -> str:
    return "http://" + urlsplit(page.address).netloc


async def post(http: aiohttp.ClientSession, address: str, headers: dict[str, str]) -> int:
    async with http.post(address, data=QUESTION, headers=headers, allow_redirects=False) as answer:
        return answer.status


def asked(services: SimulatedServices) -> int:
    return len(services.slack.conversations.messages)


async def test_forms_of_the_page_are_accepted(
    page: Page, services: SimulatedServices, http: aiohttp.ClientSession
) -> None:
    """A form of the page asks and redirects to the page."""
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
async def test_other_origins_are_refused(
    page: Page, services: SimulatedServices, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    """Requests with a foreign origin, without one, or with a foreign host are refused, even with the token."""
    sent = {name: value.replace("{own}", origin(page)) for name, value in headers.items()}
    assert await post(http, f"{page.address}say", sent) == 404
    assert asked(services) == 0


@pytest.mark.parametrize("path", ["", "say", "wrong/", "wrong/say", "wrong/events", "wrong/style.css"])
async def test_nothing_is_found_without_the_token(
    page: Page, services: SimulatedServices, http: aiohttp.ClientSession, path: str
) -> None:
    """The page, its events and its forms answer 404 without the token."""
    address = f"{origin(page)}/{path}"
    async with http.get(address) as answer:
        assert answer.status == 404
    assert await post(http, address, {"Origin": origin(page)}) == 404
    assert asked(services) == 0


async def test_dns_rebinding_is_refused(page: Page, http: aiohttp.ClientSession) -> None:
    """A foreign host name that resolves to this machine gets nothing, with or without the token."""
    for name in ("", "events"):
        async with http.get(page.address + name, headers={"Host": "evil.example:8321"}) as answer:
            assert answer.status == 404


async def test_the_token_cannot_be_guessed_and_does_not_leak(page: Page, http: aiohttp.ClientSession) -> None:
    """The token has at least 128 random bits; the headers forbid referrers, framing and foreign scripts."""
    assert len(urlsplit(page.address).path.strip("/")) >= 22
    async with http.get(page.address) as answer:
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy


async def test_it_listens_on_loopback_alone(page: Page) -> None:
    """The page listens on the loopback interface only."""
    assert urlsplit(page.address).hostname == "127.0.0.1"
    assert page.listens_on == "127.0.0.1"


@pytest.mark.parametrize(
    ("load", "form"),
    [
        ({"Host": "localhost:9000"}, {"Host": "localhost:9000", "Origin": "http://localhost:9000"}),
        ({"Host": "devbox:9000"}, {"Host": "devbox:9000", "Origin": "http://devbox:9000"}),
        (
            {"Host": "name-8321.app.github.dev"},
            {"Host": "name-8321.app.github.dev", "Origin": "https://name-8321.app.github.dev"},
        ),
        (
            {"Host": "{own}", "X-Forwarded-Host": "name-8321.app.github.dev"},
            {"Host": "{own}", "Origin": "https://name-8321.app.github.dev"},
        ),
    ],
    ids=["ssh -L", "ssh -g -L", "a tunnel", "a tunnel that rewrites Host"],
)
async def test_a_forwarded_port_works_once_the_page_was_loaded(
    page: Page,
    services: SimulatedServices,
    http: aiohttp.ClientSession,
    load: dict[str, str],
    form: dict[str, str],
) -> None:
    """The address under which the page was loaded with its token may follow its events and send its forms, no other may."""
    own = urlsplit(page.address).netloc
    load, form = ({name: one.replace("{own}", own) for name, one in sent.items()} for sent in (load, form))
    assert await post(http, f"{page.address}say", form) == 404
    async with http.get(page.address, headers=load) as answer:
        assert answer.status == 200
    assert await post(http, f"{page.address}say", form) == 303
    async with http.get(f"{page.address}events", headers=load) as answer:
        assert answer.status == 200
    assert await post(http, f"{page.address}say", {**form, "Origin": "https://evil.example"}) == 404
    assert asked(services) == 1


async def test_a_foreign_name_with_the_pages_port_is_refused(page: Page, http: aiohttp.ClientSession) -> None:
    """A name that resolves to this machine comes with the port that the page listens on, and gets nothing."""
    port = urlsplit(page.address).port
    async with http.get(page.address, headers={"Host": f"evil.example:{port}"}) as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    "name", ["devbox", "192.168.0.7", "10.0.0.7", "[fd00::7]", "devbox.local", "devbox.lan"]
)
@pytest.mark.parametrize("own", [True, False], ids=["its port", "the default port"])
async def test_the_same_port_on_another_machine_works(
    page: Page, services: SimulatedServices, http: aiohttp.ClientSession, name: str, *, own: bool
) -> None:
    """The page works through `ssh -g -L` with the same port, under a name that nobody can own as a domain."""
    host = f"{name}:{urlsplit(page.address).port if own else DEFAULT_PORT}"
    sent = {"Host": host, "Origin": f"http://{host}"}
    assert await post(http, f"{page.address}say", sent) == 404
    async with http.get(page.address, headers={"Host": host}) as answer:
        assert answer.status == 200
    assert await post(http, f"{page.address}say", sent) == 303
    assert asked(services) == 1


async def test_a_refused_name_is_told_what_helps(page: Page, http: aiohttp.ClientSession) -> None:
    """Who has the token and comes with a name of some domain learns how to reach the page; nobody else does."""
    for address, told in ((page.address, True), (f"{origin(page)}/wrong/", False)):
        async with http.get(address, headers={"Host": f"dev.example.com:{DEFAULT_PORT}"}) as answer:
            assert answer.status == 404
            assert (ELSEWHERE in await answer.text()) is told


async def test_an_address_without_the_token_is_not_remembered(
    page: Page, http: aiohttp.ClientSession
) -> None:
    """Only a request with the token adds an address."""
    async with http.get(f"{origin(page)}/wrong/", headers={"Host": "devbox:9000"}) as answer:
        assert answer.status == 404
    sent = {"Host": "devbox:9000", "Origin": "http://devbox:9000"}
    assert await post(http, f"{page.address}say", sent) == 404
