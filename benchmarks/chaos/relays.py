"""Relays between one replica and what it talks to: they tell who sent what when, and can be cut off."""

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_REQUEST = re.compile(rb"(POST|PUT|PATCH|DELETE) (?!\S*/auth\.test )(\S+) HTTP/1\.1\r\n")
"""A request that changes something. A standby asks Slack who the bot is, which changes nothing."""
_TOKEN = re.compile(rb"^authorization: \S+ (\S+)\r\n", re.IGNORECASE | re.MULTILINE)
_CHUNK = 65_536


@dataclass(slots=True)
class HttpRelay:
    """Passes HTTP on to a port of loopback. `sent` are the requests that change something: when, which, and with what token."""

    target: int
    sent: list[tuple[float, str, str]] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
            await asyncio.gather(self._noted(reader, back), _pass(there, writer))
        writer.close()

    async def _noted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                # A client sends its next request after the answer: a request begins a chunk.
                if (found := _REQUEST.match(data)) is not None:
                    token = _TOKEN.search(data)
                    self.sent.append(
                        (
                            time.time(),
                            f"{found[1].decode()} {found[2].decode()}",
                            token[1].decode() if token else "",
                        )
                    )
                writer.write(data)
                await writer.drain()
        writer.close()


class DatabaseRelay:
    """Passes a replica's connections on to the socket of the server; while `cut` no byte passes, and nobody is told."""

    def __init__(self, folder: Path, target: Path) -> None:
        self.folder, self._target = folder, target
        self._passing = asyncio.Event()
        self._passing.set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen in `folder`, as a server would."""
        self._server = await asyncio.start_unix_server(self._serve, self.folder / self._target.name)

    async def stop(self) -> None:
        """Listen no more."""
        self._passing.set()
        if self._server is not None:
            self._server.close()

    def cut(self) -> None:
        """Let no byte pass from now on."""
        self._passing.clear()

    def mend(self) -> None:
        """Let everything pass again, also what was held back."""
        self._passing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await self._passing.wait()
            there, back = await asyncio.open_unix_connection(self._target)
            await asyncio.gather(_pass(reader, back, self._passing), _pass(there, writer, self._passing))
        writer.close()


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passing: asyncio.Event | None = None
) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            if passing is not None:
                await passing.wait()
            writer.write(data)
            await writer.drain()
    writer.close()


def through(env: dict[str, str], relays: Sequence[HttpRelay]) -> dict[str, str]:
    """Return settings whose addresses lead through the relays."""
    for name, value in env.items():
        for relay in relays:
            if f"127.0.0.1:{relay.target}/" in f"{value}/":
                env[name] = value.replace(f":{relay.target}", f":{relay.port}")
    return env
