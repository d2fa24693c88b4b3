"""Processes of their own for what is measured and for what it talks to, and how the program speaks to them."""

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Mapping
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

Orders = Mapping[str, Callable[..., Awaitable[Any]]]


class Peer:
    """A process that runs `work`; used as `async with`, and asked with `ask`, one order at a time."""

    def __init__(self, work: Callable[[Connection], None]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    async def ask(self, order: str, *arguments: object) -> Any:
        """Give an order and wait for what it returns. Raises EOFError if the process has died of it."""
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
    """Do what the program orders until it hangs up. Waiting for it costs no CPU time."""
    while True:
        try:
            order, arguments = await asyncio.to_thread(pipe.recv)
        except EOFError:
            return
        pipe.send(await orders[order](*arguments))
