"""Requests to platforms that do not leave."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest


@contextmanager
def nothing_sent() -> Iterator[None]:
    """Hold back every request of aiohttp's, which both platforms' libraries send with; those whose senders still wait leave at the end."""
    send, over = aiohttp.ClientSession._request, asyncio.Event()

    async def held(session: aiohttp.ClientSession, *what: Any, **how: Any) -> aiohttp.ClientResponse:
        await over.wait()
        return await send(session, *what, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiohttp.ClientSession, "_request", held)
        try:
            yield
        finally:
            over.set()
