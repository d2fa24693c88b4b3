"""A front of the tests' Postgres server on a port of loopback: with TLS or without, as an older server, or cut off."""

import asyncio
import re
import shutil
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Self

from tests.support.postgres import server

OPENSSL = shutil.which("openssl")
_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104
"""What a client may ask for before its first message. https://www.postgresql.org/docs/current/protocol-message-formats.html"""
_VERSION = re.compile(rb"(?<=server_version\0)\d\d")


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate for a host that is its own authority; returns its file and that of its key."""
    made, key = folder / f"{name}.crt", folder / f"{name}.key"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    said = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run(  # noqa: S603  # a program that was found
        [str(OPENSSL), "req", "-x509", *kind, *said, "-keyout", str(key), "-out", str(made)],
        check=True,
        capture_output=True,
    )
    return made, key


class Front:
    """Passes connections on to the server of this process, in a thread of its own.

    `tls`: a certificate and its key. `release`: the release that the server says it is, two digits. `password`: what it demands,
    in the clear, of everybody. `count` counts connections, and `encrypted` those with TLS.
    """

    def __init__(
        self, tls: tuple[Path, Path] | None = None, release: int | None = None, password: str | None = None
    ) -> None:
        self._tls: ssl.SSLContext | None = None
        if tls is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*tls)
        self._release, self._password = release, password
        self.count = self.encrypted = 0
        self.port = 0
        self._open: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self._begun, self._end = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._thread.start()
        self._begun.wait()
        return self

    def __exit__(self, *_: object) -> None:
        """Cut every connection."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()

    def url(self, name: str, *, user: str = "tests", host: str = "localhost", options: str = "") -> str:
        """Return the address of a database behind it; `host` is one that this machine has."""
        return f"postgresql://{user}@{host}:{self.port}/{name}?{options}"

    async def _serve(self) -> None:
        listening = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = listening.sockets[0].getsockname()[1]
        self._begun.set()
        await self._end.wait()
        listening.close()
        for writer in self._open:
            writer.transport.abort()
        accepted = asyncio.all_tasks() - {asyncio.current_task()}
        for one in accepted:
            one.cancel()
        await asyncio.gather(*accepted, return_exceptions=True)
        for _ in range(3):
            await asyncio.sleep(0)  # transports end a turn after they were told to, those with TLS later

    async def _accept(self, client: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        self._open.append(writer)
        try:
            self.count += 1
            first = await self._first_message(client, writer)
            if not await self._lets_in(client, writer):
                return
            behind, upstream = await asyncio.open_unix_connection(str(server().folder / ".s.PGSQL.5432"))
            writers.append(upstream)
            self._open.append(upstream)
            upstream.write(first)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(client, upstream))
                both.create_task(self._pass(behind, writer, from_server=True))
        except* (OSError, EOFError):  # the client gave up
            pass
        finally:
            for one in writers:
                one.close()

    async def _first_message(self, client: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Answer what a client asks for before its first message; returns that."""
        while True:
            length = await client.readexactly(4)
            body = await client.readexactly(int.from_bytes(length) - 4)
            asked = int.from_bytes(body[:4])
            if asked not in {_SSL_REQUEST, _GSS_REQUEST}:
                return length + body
            accepts = asked == _SSL_REQUEST and self._tls is not None
            writer.write(b"S" if accepts else b"N")
            if accepts and self._tls is not None:
                await writer.start_tls(self._tls)
                # Python 3.11 does not note this itself, and warns at the end of the connection.
                vars(writer.transport.get_protocol())["_over_ssl"] = True
                self.encrypted += 1

    async def _lets_in(self, client: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Demand the password, if there is one."""
        if self._password is None:
            return True
        writer.write(b"R" + (8).to_bytes(4) + (3).to_bytes(4))
        await client.readexactly(1)
        length = int.from_bytes(await client.readexactly(4)) - 4
        if (await client.readexactly(length)).rstrip(b"\0").decode() == self._password:
            return True
        said = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for this user\0\0"
        writer.write(b"E" + (len(said) + 4).to_bytes(4) + said)
        await writer.drain()
        return False

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, from_server: bool = False
    ) -> None:
        while data := await source.read(65536):
            if from_server and self._release is not None:
                data = _VERSION.sub(b"%d" % self._release, data)
            target.write(data)
            await target.drain()
        target.close()
