"""What platforms send over HTTP: bounds, paths and counts, whatever the adapter makes of it."""

import asyncio
import itertools
import json
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest

from aion_bot.environment.addresses import ListenAddress
from aion_bot.monitoring import received_requests
from aion_bot.monitoring import server as server_module
from aion_bot.monitoring.monitor import Monitor
from aion_bot.monitoring.server import MonitoringServer
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest, receivers


class Receiver:
    """A platform that keeps what it gets, and answers what a test says."""

    platform = "plain"
    http_paths = ("/plain/events", "/behind/plain/events")

    def __init__(self) -> None:
        self.answer = HttpAnswer(200, "taken")
        self.got: list[HttpRequest] = []

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        self.got.append(request)
        return self.answer


async def _write() -> None:
    """Take every write."""


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def address(receiver: Receiver) -> AsyncIterator[tuple[str, int]]:
    """Host and port of a server with this receiver."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    server = MonitoringServer(
        ListenAddress(host, port),
        Monitor(["plain"], _write, asyncio.Event()),
        receivers([receiver, object()]),
    )
    await server.start()
    yield host, port
    await server.stop()


async def ask(
    address: tuple[str, int], path: str, body: bytes | None = None, method: str = "POST"
) -> tuple[int, str]:
    """Send a request; returns status and text."""
    url = f"http://{address[0]}:{address[1]}{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url, data=body) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize("path", Receiver.http_paths)
async def test_a_request_reaches_its_adapter_as_it_is(
    address: tuple[str, int], receiver: Receiver, path: str
) -> None:
    """Method, query, headers in lower case and the bytes of the body arrive; the answer goes back."""
    assert await ask(address, f"{path}?a=1", b"\xff{ }") == (200, "taken")
    (got,) = receiver.got
    assert (got.method, got.query, got.body) == ("POST", "a=1", b"\xff{ }")
    assert got.headers["content-length"] == "4"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/readyz", 405),
        ("POST", "/metrics", 405),
        ("PUT", "/plain/events", 405),
        ("DELETE", "/plain/events", 405),
        ("POST", "/plain/events/", 405),
        ("POST", "/elsewhere/plain/events", 405),
        ("GET", "/elsewhere", 404),
        ("GET", "/plain/events", 200),
    ],
)
async def test_no_other_path_takes_a_post(
    address: tuple[str, int], receiver: Receiver, method: str, path: str, status: int
) -> None:
    """What a platform sends is taken on its paths alone, and nothing else changes."""
    assert (await ask(address, path, method=method))[0] == status
    assert len(receiver.got) == (status == 200)


async def test_an_answer_has_its_headers_and_is_plain_text_without(
    address: tuple[str, int], receiver: Receiver
) -> None:
    """A page for a browser brings its type and its own headers; what names no type is plain text."""
    url = f"http://{address[0]}:{address[1]}/plain/events"
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as plain:
            assert plain.headers["Content-Type"] == "text/plain; charset=utf-8"
        receiver.answer = HttpAnswer(403, "<p>\u00e9", headers={"Content-Type": "text/html", "X-A": "b"})
        async with session.get(url) as page:
            found = page.status, page.headers["Content-Type"], page.headers["X-A"], await page.read()
    assert found == (403, "text/html", "b", "<p>\u00e9".encode())


async def test_a_body_is_bounded_in_size_and_time(
    address: tuple[str, int], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many bytes get 413, named before or not, and a body that does not come 408; the adapter sees none of them."""
    large = b"x" * (received_requests.MOST_BODY + 1)
    assert (await ask(address, "/plain/events", large[:-1]))[0] == 200
    head = "POST /plain/events HTTP/1.1\r\nHost: bot\r\n"
    assert await answered(address, f"{head}Content-Length: {len(large)}\r\n\r\n".encode()) == 413
    chunk = f"{len(large):x}\r\n".encode() + large
    assert await answered(address, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk) == 413
    # Only now: a busy machine may take as long for a large body.
    monkeypatch.setattr(received_requests, "_BODY_TIME", 0.05)
    assert await answered(address, f"{head}Content-Length: 10\r\n\r\nslow".encode()) == 408
    assert len(receiver.got) == 1


async def test_outcomes_are_counted_and_refusals_logged_with_their_number(
    address: tuple[str, int],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A minute has one line, whose number is that of all refusals since the line before."""
    now = [1000.0]
    monkeypatch.setattr(received_requests.time, "monotonic", lambda: now[0])
    for status in (200, 503, 500, 400):
        receiver.answer = HttpAnswer(status)
        await ask(address, "/plain/events", b"{}")
    receiver.answer = HttpAnswer(401, refused="no signature")
    for pause in (0.0, 10.0, 20.0, 40.0):
        now[0] += pause
        await ask(address, "/plain/events", b"{}")
    text = (await ask(address, "/metrics", method="GET"))[1]
    counted = [line for line in text.splitlines() if line.startswith("aion_bot_received")]
    assert sorted(counted) == [
        'aion_bot_received_requests_total{outcome="ok",platform="plain"} 1.0',
        'aion_bot_received_requests_total{outcome="refused",platform="plain"} 5.0',
        'aion_bot_received_requests_total{outcome="unavailable",platform="plain"} 2.0',
    ]
    lines = [line for line in capsys.readouterr().out.splitlines() if "requests refused" in line]
    assert [("count=1 " in f"{line} ", "count=3 " in f"{line} ") for line in lines] == [
        (True, False),
        (False, True),
    ]


async def answered(address: tuple[str, int], raw: bytes) -> int:
    """Send raw bytes and read the status of the answer, while the connection stays open for writing."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(raw)
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])


async def test_a_head_that_never_ends_is_cut_off(
    address: tuple[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    """The server refuses a head of many kilobytes, so that nobody fills the memory with it, and no log: anybody may send what is no HTTP."""
    head = b"POST /plain/events HTTP/1.1\r\nX-Long: " + b"x" * 100_000
    assert await answered(address, head + b"\r\n\r\n") == 400
    assert await answered(address, b"\x16\x03\x01\x02\x00\x01\r\n\r\n") == 400
    assert json.loads((await ask(address, "/healthz", method="GET"))[1]) == []
    assert caplog.records == []


async def test_a_head_that_comes_slowly_ends_the_connection(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends a byte now and then keeps no connection: the server closes it, however lively it is."""
    monkeypatch.setattr(server_module, "_KEEPALIVE", 0.2)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    server = MonitoringServer(
        ListenAddress(host, port), Monitor(["plain"], None, asyncio.Event()), receivers([receiver])
    )
    await server.start()
    reader, writer = await asyncio.open_connection(host, port)

    async def dribble() -> None:
        for one in itertools.cycle(b"POST /plain/events"):
            writer.write(bytes([one]))
            await asyncio.sleep(0.02)  # the pace of a slow sender is the case

    slow = asyncio.create_task(dribble())
    try:
        async with asyncio.timeout(20):
            assert await reader.read() == b""
    except ConnectionError:
        pass  # closed while a byte was under way
    finally:
        slow.cancel()
        writer.close()
        await server.stop()


async def test_a_body_that_is_cut_off_is_a_refusal_and_no_traceback(
    address: tuple[str, int], receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reaches the address could fill the log: it has the one line that a minute has, however many are sent."""
    head = "POST /plain/events HTTP/1.1\r\nHost: bot\r\n"
    for _ in range(3):
        _, writer = await asyncio.open_connection(*address)
        writer.write(f"{head}Content-Length: 10\r\n\r\nhalf".encode())
        await writer.drain()
        writer.close()
    counted = 'aion_bot_received_requests_total{outcome="refused",platform="plain"}'
    async with asyncio.timeout(60):
        while f"{counted} 3.0" not in (await ask(address, "/metrics", method="GET"))[1]:  # noqa: ASYNC110  # see below
            await asyncio.sleep(0.01)  # the server tells nobody that a connection has ended
    assert await answered(address, f"{head}Transfer-Encoding: chunked\r\n\r\nno length\r\n".encode()) == 400
    assert (receiver.got, caplog.records) == ([], [])
