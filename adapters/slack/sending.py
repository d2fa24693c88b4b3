"""The last look before a request to Slack: nothing leaves a process whose lease was lost while it was paused."""

from collections.abc import Callable

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.connector import Connection

from aion_bot.ports.errors import PlatformError


def checked_request(check: Callable[[], None]) -> type[aiohttp.ClientRequest]:
    """Return the class of requests that call `check` right before their bytes are written; what it raises, they raise.

    `check` raises a `PlatformError`. aiohttp keeps the head of a request until its body is written, which on Python 3.11 is a
    task of its own: a busy loop comes to it tens of milliseconds after the connection was found.
    """

    class CheckedRequest(aiohttp.ClientRequest):
        async def write_bytes(
            self,
            writer: AbstractStreamWriter,
            conn: Connection,
            content_length: int | None = None,
        ) -> None:
            try:
                check()
            except PlatformError as error:
                # As aiohttp tells of a body that cannot be written: whoever waits for the answer gets it.
                if conn.protocol is not None:
                    conn.protocol.set_exception(error)
                return
            await super().write_bytes(writer, conn, content_length)

    return CheckedRequest
