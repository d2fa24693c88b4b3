"""The last look before bytes leave: a process may have been paused since its request was begun."""

import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
import httpx

Look = Callable[[], None]


def look_before_writing(transport: httpx.AsyncHTTPTransport, look: Look) -> None:
    """Call `look` right before each piece of a request is written on the connections of `transport`; what it raises ends the request.

    A server acts on whole requests alone, so that one which ends before its last piece does nothing.
    """
    # httpcore's pools take another backend: https://www.encode.io/httpcore/network-backends/
    pool = transport._pool  # noqa: SLF001  # httpx passes no backend on
    pool._network_backend = _LookingBackend(pool._network_backend, look)  # noqa: SLF001  # likewise


class _LookingBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, backend: httpcore.AsyncNetworkBackend, look: Look) -> None:
        self._backend, self._look = backend, look

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return _LookingStream(stream, self._look)

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


class _LookingStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream, look: Look) -> None:
        self._stream, self._look = stream, look

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer:
            self._look()
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        # A handshake may pass: nothing is asked for yet.
        return _LookingStream(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._look)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
