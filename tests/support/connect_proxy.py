"""A proxy that tunnels by CONNECT, with the services of the outside world behind it."""

import asyncio
import base64
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

USER, PASSWORD = "bot", "pass%word"
_AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def anonymous_tls(side: int) -> ssl.SSLContext:
    """Make TLS without certificates: what is tried is the tunnel, not whom the client trusts."""
    context = ssl.SSLContext(side)
    if side == ssl.PROTOCOL_TLS_CLIENT:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("aNULL:@SECLEVEL=0")
    return context


class ConnectProxy:
    """Takes CONNECT with the right password, and lets each host of `hosts` be a port of this machine.

    `tunnels` are the hosts that were asked for, in order, and `refused` counts requests without the password.
    """

    def __init__(self, hosts: Mapping[str, int]) -> None:
        self.hosts = hosts
        self.tunnels: list[str] = []
        self.refused = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """Its address, with the password as an address spells it."""
        port = 0 if self._server is None else self._server.sockets[0].getsockname()[1]
        return f"http://{USER}:{PASSWORD.replace('%', '%25')}@127.0.0.1:{port}"

    async def __aenter__(self) -> Self:
        """Serve on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every tunnel."""
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._tunnel(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # either side went, or the test has ended
        finally:
            self._open.discard(task)
            writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        verb, target, _ = head.split("\r\n", 1)[0].split(" ")
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        lowered = {name.lower(): value for name, value in headers.items()}
        if verb != "CONNECT" or lowered.get("proxy-authorization") != _AUTHORIZATION:
            self.refused += 1
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        host = target.removesuffix(":443")
        self.tunnels.append(host)
        inside, outside = await asyncio.open_connection("127.0.0.1", self.hosts[host])
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        try:
            await writer.start_tls(anonymous_tls(ssl.PROTOCOL_TLS_SERVER))
            await asyncio.gather(_copy(reader, outside), _copy(inside, writer))
        finally:
            outside.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        target.write(data)
        await target.drain()
    with suppress(OSError):
        target.close()
