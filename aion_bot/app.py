"""One run of the bot from opening to closing: the database first and last, the clients in between."""

import asyncio
import signal
from collections.abc import Sequence

import structlog

from aion_bot.aion import AionVision
from aion_bot.config import Settings
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.runtime.dispatcher import Dispatcher
from aion_bot.storage import Store

_log = structlog.get_logger(__name__)

_CONNECTIONS = 8_192
"""Open files that suffice for as many answers as may wait or run."""


async def serve(settings: Settings, adapters: Sequence[PlatformAdapter], stop: asyncio.Event) -> bool:
    """Serve until `stop` is set; False if every platform refused its token before that.

    Raises:
        StoreError: the database cannot be used.
    """
    store = await Store.open(settings.database)
    try:
        async with AionVision(
            api_key=settings.api_key.get_secret_value(),
            base_url=settings.base_url,
            timeout=settings.timeout,
            max_retries=settings.max_retries,
            retry_delay=settings.retry_delay,
            tenant_id=settings.tenant_id,
            proxy_url=settings.proxy_url,
        ) as aion:
            try:
                return await Dispatcher(settings, store, aion, adapters).serve(stop)
            finally:
                await asyncio.gather(*(adapter.close() for adapter in adapters), return_exceptions=True)
    finally:
        await store.close()


async def serve_until_signal(settings: Settings, adapters: Sequence[PlatformAdapter]) -> bool:
    """Serve until SIGTERM or SIGINT; a second signal ends the process at once."""
    _allow_connections()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop() -> None:
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(one)
            signal.signal(one, signal.SIG_DFL)
        _log.info("stopping", grace=settings.shutdown_grace)
        stop.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, ask_to_stop)
    return await serve(settings, adapters, stop)


def _allow_connections() -> None:
    """Ask for as many open files as the system grants: each answer under way is a connection."""
    try:
        import resource
    except ImportError:  # Windows has neither the module nor the limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _CONNECTIONS if hard == resource.RLIM_INFINITY else min(_CONNECTIONS, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
