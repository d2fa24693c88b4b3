"""Reading pictures from addresses that come with an answer."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from aion_bot.aion.pictures import PictureReader, PictureUnavailable
from aion_bot.aion.settings import ClientSettings

KEY = "aion_aaaaaaaaaaaaaaaaaaaaaaaa"


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    """Aion, with pictures and with addresses that lead elsewhere."""

    async def picture(request: web.Request) -> web.Response:
        return web.Response(body=request.headers.get("Authorization", "").encode())

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPFound(request.query["to"])

    async def packed(_: web.Request) -> web.Response:
        headers = {"Content-Encoding": "gzip"}
        return web.Response(body=gzip.compress(bytes(1_000_000)), headers=headers)

    async def status(request: web.Request) -> web.Response:
        return web.Response(status=int(request.query["of"]))

    app = web.Application()
    app.router.add_get("/status", status)
    app.router.add_get("/packed", packed)
    app.router.add_get("/picture", picture)
    app.router.add_get("/redirect", redirect)
    async with TestServer(app) as started:
        yield started


def reader(server: TestServer, **settings: Any) -> PictureReader:
    base = str(server.make_url("/api/v2"))
    return PictureReader(ClientSettings.from_arguments(api_key=KEY, base_url=base, **settings))


async def test_aion_s_own_pictures_are_read_with_the_key(server: TestServer) -> None:
    """An address of Aion's own host, also a relative one, gets the key; a redirect there is followed."""
    for address in ("/picture", str(server.make_url("/picture")), "/redirect?to=/picture"):
        assert await reader(server).read(address, most=100) == f"Bearer {KEY}".encode()


async def test_certificates_are_loaded_once(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several pictures of a process share what they are checked against: loading it takes longer than most pictures."""
    loaded, load = list[ssl.SSLContext](), ssl.create_default_context

    def loading(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        loaded.append(load(*args, **kwargs))
        return loaded[-1]

    monkeypatch.setattr(ssl, "create_default_context", loading)
    for _ in range(3):
        await reader(server).read("/picture", most=100)
    assert len(loaded) <= 1


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/x.jpg",
        "ftp://example.com/x.jpg",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "https://user:word@example.com/x.jpg",
        "https://127.0.0.1/x.jpg",
        "https://[::1]/x.jpg",
        "https://[::ffff:10.0.0.1]/x.jpg",
        "https://10.0.0.1/x.jpg",
        "https://169.254.169.254/latest/meta-data",
        "https://192.168.1.1/x.jpg",
        "https://0.0.0.0/x.jpg",
        "https://localhost/x.jpg",
        "https://localhost./x.jpg",
        "https://2130706433/x.jpg",
        "https://0x7f.1/x.jpg",
        "https://[fec0::1]/x.jpg",
        "https://[2002:a00:1::1]/x.jpg",
        "https://[64:ff9b::a00:1]/x.jpg",
        "https://127\u30020\u30020\u30021/x.jpg",
        "https://\uff11\uff12\uff17.0.0.1/x.jpg",
        "https://0177.0.0.1/x.jpg",
        "https://0/x.jpg",
        "https://100.64.0.1/x.jpg",
        "https://[::ffff:7f00:1]/x.jpg",
        "https://[::10.0.0.1]/x.jpg",
        "https://[::1%25lo]/x.jpg",
        "https://[2001:0:a00:1::]/x.jpg",
        "https://127.0.0.1\\@example.com/x.jpg",
        "//10.0.0.1/x.jpg",
        "https://1.1.1.1:99999/x.jpg",
        "https://1.1.1.1:0/x.jpg",
        "https://[",
        "",
    ],
)
async def test_no_other_private_address_is_asked(server: TestServer, address: str) -> None:
    """Only https is asked, and nothing in a private network but Aion itself."""
    with pytest.raises(PictureUnavailable):
        await reader(server).read(address, most=100)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "2130706433",
        "0x7f.1",
        "localhost.",
        "Printer.LOCAL",
        "[fec0::1]",
        "[64:ff9b::a00:1]",
        "router",
        "%6cocalhost",
        "nas.home.arpa",
        "10.0.0.1.nip.io",
        "www.192.168.1.1.nip.io",
        "App-10-0-0-1.sslip.io",
        "7F000001.nip.io",
        "169.254.169.254.nip.io.",
    ],
)
async def test_a_proxy_is_asked_for_no_private_address(server: TestServer, host: str) -> None:
    """However the number is written: the proxy would find the host that it means."""
    asked = reader(server, proxy_url="http://127.0.0.1:1").read(f"https://{host}/x.jpg", most=100)
    with pytest.raises(PictureUnavailable, match="private network"):
        await asked


async def test_a_name_that_leads_into_a_private_network(
    server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public name counts as private where one of its addresses is; it is asked by its number, so it cannot change."""
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 443)) for number in ("93.184.216.34", "10.0.0.7")
    ]

    async def resolve(*_: object, **__: object) -> list[Any]:
        return found

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", resolve)
    with pytest.raises(PictureUnavailable, match="private network"):
        await reader(server).read("https://pictures.example/x.jpg", most=100)


@pytest.mark.parametrize(
    ("numbers", "asked"),
    [
        (["93.184.216.34", "10.0.0.7"], False),
        (["fd00::1"], False),
        (["93.184.216.34"], True),
        ([], True),
    ],
)
async def test_a_name_is_looked_up_before_a_proxy_is_asked(
    server: TestServer, monkeypatch: pytest.MonkeyPatch, numbers: list[str], asked: bool
) -> None:
    """A name that leads inside is not asked through a proxy either; one that this machine does not know is the proxy's."""

    async def resolve(loop: asyncio.AbstractEventLoop, host: str, *rest: Any, **options: Any) -> list[Any]:
        if host == "127.0.0.1":  # the proxy
            return await found(loop, host, *rest, **options)
        if not numbers:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 443)) for number in numbers]

    found = asyncio.base_events.BaseEventLoop.getaddrinfo
    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", resolve)
    url = "https://pictures.example/x.jpg"
    with pytest.raises(PictureUnavailable, match="ConnectError" if asked else "private network"):
        await reader(server, proxy_url="http://127.0.0.1:1").read(url, most=100)


@pytest.mark.parametrize(
    "host", ["1.2.3.4.example", "cdn-8-8-8-8.example", "deadbeef.example", "a.1.example"]
)
async def test_a_name_that_spells_a_public_number_is_asked(server: TestServer, host: str) -> None:
    """Names of clouds have numbers in them as well."""
    with pytest.raises(PictureUnavailable, match="ConnectError"):
        await reader(server, proxy_url="http://127.0.0.1:1").read(f"https://{host}/x.jpg", most=100)


@pytest.mark.parametrize(
    "to", ["http://localhost/x", "https://10.0.0.1/x", "http://127.0.0.1:1/x", "/redirect?to=/redirect"]
)
async def test_no_redirect_to_another_host_is_followed(server: TestServer, to: str) -> None:
    """A redirect may not lead to another host or port, and not for ever."""
    with pytest.raises(PictureUnavailable):
        await reader(server).read(f"/redirect?to={to}", most=100)


async def test_few_redirects_are_followed(server: TestServer) -> None:
    """Three lead to a picture, a fourth one does not."""
    address = "/picture"
    for _ in range(3):
        address = f"/redirect?to={quote(address, safe='')}"
    assert await reader(server).read(address, most=100)
    with pytest.raises(PictureUnavailable, match="too often"):
        await reader(server).read(f"/redirect?to={quote(address, safe='')}", most=100)


async def test_a_large_picture_is_left(server: TestServer) -> None:
    """What is larger than it may be is not read to its end."""
    with pytest.raises(PictureUnavailable, match="more than 10 bytes"):
        await reader(server).read("/picture", most=10)


async def test_a_packed_picture_is_left(server: TestServer) -> None:
    """Nothing is unpacked: a few bytes could become more than there is memory."""
    with pytest.raises(PictureUnavailable, match="packed"):
        await reader(server).read("/packed", most=2_000_000)


@pytest.mark.parametrize("part", [204, 206])
async def test_a_part_of_a_picture_is_none(server: TestServer, part: int) -> None:
    """A part was not asked for, and what has no content is no picture."""
    with pytest.raises(PictureUnavailable, match=f"status {part}"):
        await reader(server).read(f"/status?of={part}", most=100)


async def test_a_name_of_other_letters_is_looked_up_as_it_is_asked(
    server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two standards write `straße` differently: the number and the certificate are those of the name in the request."""
    asked = list[str]()

    async def resolve(_: object, host: str, *__: object, **___: object) -> list[Any]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", resolve)
    with pytest.raises(PictureUnavailable):
        await reader(server).read("https://stra\u00dfe.example/x.jpg", most=100)
    assert asked == ["xn--strae-oqa.example"]


async def test_a_missing_picture_is_unavailable(server: TestServer) -> None:
    """A status that is no success has no picture, and the reason has no address."""
    with pytest.raises(PictureUnavailable, match=r"^status 404$"):
        await reader(server).read("/secret-path", most=100)
