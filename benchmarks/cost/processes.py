"""The processes that a measurement uses, and the pipes by which the main process controls them."""

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Mapping
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

Orders = Mapping[str, Callable[..., Awaitable[Any]]]


class Peer:
    """A process that runs `work`; used with `async with`, and controlled with `ask`, one order at a time."""

    def __init__(self, work: Callable[[Connection], None]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    async def ask(self, order: str, *arguments: object) -> Any:
        """Send an order and wait for its result. Raises EOFError if the process has ended."""
        self._pipe.send((order, arguments))
        return await asyncio.to_thread(self._pipe.recv)

    async def __aenter__(self) -> "Peer":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pipe.close()
        await asyncio.to_thread(self._process.join, 10)
        if self._process.is_alive():
            self._process.terminate()


async def obey(pipe: Connection, orders: Orders) -> None:
    """Perform the orders of the main process until it closes the pipe. Waiting for it costs no CPU time."""
    while True:
        try:
            order, arguments = await asyncio.to_thread(pipe.recv)
        except EOFError:
            return
        pipe.send(await orders[order](*arguments))
