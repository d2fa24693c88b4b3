"""What listens: one gateway, from which another one with another token takes over, or those of several shards."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from adapters.discord.client import RestClient
from adapters.discord.errors import FAILURES, translate
from adapters.discord.gateway import Gateway
from adapters.discord.handlers import EventDelivery
from aion_bot.ports.errors import PlatformDown

READY_TIMEOUT = 30.0
"""Seconds until another gateway has a session; Discord lets a bot begin one every five seconds."""
DELIVERY_TIMEOUT = 5.0
"""Seconds in which a gateway that is replaced ends what it has begun, such as the answer to an interaction."""


MakeGateway = Callable[..., Gateway]
"""A class of gateways, or what makes one: its parameters are those of `Gateway`, and those of a shard's."""


class Listens(Protocol):
    """Serves one gateway, or those of several shards."""

    async def serve(self, token: str, address: str) -> None:
        """Serve until cancelled. Raises what discord.py raises, or the port's errors."""

    async def take_over(self, token: str, address: str) -> None:
        """Let another gateway with this token take over. Raises the port's errors: the one so far stays then."""


def listening_for(
    make: MakeGateway, delivery: EventDelivery, rest: RestClient, shards: int | None
) -> Listens:
    """Return what serves so many shards; None: as many as Discord recommends. One is the whole bot, and no shard.

    `make` takes `delivery`, and the class and the options of a shard's gateway. `rest` has asked for the gateway.
    """
    if (shards or rest.recommended_shards) <= 1:
        return Listening(partial(make, delivery), delivery)
    from adapters.discord.shards import listening_of_shards  # what one gateway does not need

    return listening_of_shards(make, delivery, rest, shards or rest.recommended_shards)


class Listening:
    """Serves one gateway at a time; for a moment two, of which one takes over."""

    _task: asyncio.Task[None]
    """Serves `_gateway`, from `serve` on."""

    def __init__(self, make: Callable[[], Gateway], delivery: EventDelivery) -> None:
        """`make` returns a gateway that delivers its events through `delivery`."""
        self._make, self._delivery = make, delivery
        self._taking_over = asyncio.Lock()
        self._gateway = make()
        self._over = False

    async def serve(self, token: str, address: str) -> None:
        """Serve until cancelled, or until a gateway ends that no other one replaces. Raises what discord.py raises."""
        self._task = asyncio.create_task(self._gateway.serve(token, address))
        try:
            while True:
                task = self._task
                await asyncio.wait({task})
                # Another one may be about to take over from one that has just lost its token.
                async with self._taking_over:
                    if task is self._task:
                        return task.result()
        finally:
            # First: a `take_over` that ends meanwhile then closes its own gateway, and sets no other one.
            self._over = True
            await _shut(self._gateway, self._task)

    async def take_over(self, token: str, address: str) -> None:
        """Let another gateway with this token listen before the one so far leaves. Raises the port's errors: it stays then."""
        async with self._taking_over:
            gateway = self._make()
            task = asyncio.create_task(gateway.serve(token, address))
            try:
                await _begun(gateway, task)
            except BaseException as error:
                await _shut(gateway, task)
                if isinstance(error, FAILURES):
                    raise translate(error) from None
                raise
            # Nothing is awaited between the look and the change: `serve` closes whichever gateway is set when it ends.
            before = (self._gateway, self._task)
            if self._over:
                before = (gateway, task)
            else:
                self._gateway, self._task = gateway, task
        try:
            async with asyncio.timeout(DELIVERY_TIMEOUT):
                await self._delivery.idle.wait()
        except TimeoutError:
            pass  # a delivery that takes longer does not hold up the change
        finally:
            # Also where this is cancelled: two gateways would stay.
            await _shut(*before)


async def _begun(gateway: Gateway, task: asyncio.Task[None]) -> None:
    """Wait until a gateway listens. Raises what its task raises, and `PlatformDown`."""
    began = asyncio.create_task(gateway.began.wait())
    await asyncio.wait({task, began}, timeout=READY_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
    began.cancel()
    if task.done():
        task.result()
    if task.done() or not gateway.began.is_set():
        raise PlatformDown("Discord's gateway began no other session")


async def _shut(gateway: Gateway, task: asyncio.Task[None]) -> None:
    """Close a gateway, and take what its task raised."""
    await gateway.shut()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
