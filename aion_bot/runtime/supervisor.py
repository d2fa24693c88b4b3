"""Keeping platforms connected, and saying so."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from aion_bot.domain import strings
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import PlatformError, TokenRefused
from aion_bot.ports.events import InboundEvent
from aion_bot.ports.host import Presence
from aion_bot.ports.messages import ThreadKey
from aion_bot.storage import Store

_log = structlog.get_logger(__name__)

_HEARD = "heard"
"""Name of the note that says until when nothing can have been missed."""

_HEARD_EVERY = 15.0
_OVERLAP = 180.0
"""Seconds; what was heard twice is known by its key."""

_THREADS = 200

_LONGEST_PAUSE = 60.0
"""Seconds between two attempts to connect at most."""

Accept = Callable[[InboundEvent], Awaitable[None]]


async def supervise(
    adapter: PlatformAdapter, store: Store, accept: Accept, *, many_welcome: bool, first_pause: float = 1.0
) -> None:
    """Keep one platform listening; returns only when its token is refused.

    After a failure it pauses for `first_pause` seconds, and twice as long after each further one, up to a minute.

    `many_welcome`: somebody has said which workspaces may use the bot, so that several of them are no surprise.
    """
    host = PlatformHost(adapter.platform, store, accept, many_welcome=many_welcome)
    listening = asyncio.create_task(host.stay_alive())
    try:
        await _listen(adapter, host, first_pause)
    finally:
        listening.cancel()


async def _listen(adapter: PlatformAdapter, host: "PlatformHost", first_pause: float) -> None:
    pause = first_pause
    while True:
        host.was_connected = False
        try:
            await adapter.listen(host)
            _log.warning("platform stopped listening", platform=adapter.platform)
        except TokenRefused as error:
            _log.error(
                "platform refused", platform=adapter.platform, variable=error.variable, reason=error.reason
            )
            return
        except PlatformError as error:
            _log.warning(
                "platform lost, trying again", platform=adapter.platform, reason=str(error), pause=pause
            )
        except Exception:  # noqa: BLE001  # one platform's fault must not end the other
            _log.exception("platform failed, trying again", platform=adapter.platform)
        if host.was_connected:
            pause = first_pause
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


class PlatformHost:
    """What one adapter sees of the bot."""

    def __init__(self, platform: str, store: Store, accept: Accept, *, many_welcome: bool) -> None:
        self.was_connected = False
        self._platform = platform
        self._store = store
        self._accept = accept
        self._many_welcome = many_welcome
        self._caught_up = False

    async def accept(self, inbound: InboundEvent) -> None:
        """Hand over to the app; what it raises leaves the event unacknowledged."""
        await self._accept(inbound)

    async def stay_alive(self) -> None:
        """Note from time to time that nothing can have been missed before, once the adapter has caught up."""
        while True:
            if self._caught_up:
                await self._note_alive()
            await asyncio.sleep(_HEARD_EVERY)

    async def _note_alive(self) -> None:
        try:
            await self.remember(_HEARD, str(time.time()))
        except sqlite3.Error as error:
            _log.error("note could not be written", platform=self._platform, reason=str(error))

    async def connected(self, presence: Presence) -> None:
        """Say what is connected."""
        self.was_connected = True
        workspaces = ", ".join(presence.workspaces) or "none yet"
        _log.info("connected", platform=self._platform, workspaces=workspaces, bot=presence.bot)
        for notice in presence.notices:
            _log.info(notice, platform=self._platform)
        if len(presence.workspaces) > 1 and not self._many_welcome:
            _log.warning(strings.several_servers(presence.workspaces), platform=self._platform)

    async def known_threads(self) -> Sequence[ThreadKey]:
        """Ask the map."""
        return await self._store.threads(self._platform, _THREADS)

    async def missed_since(self) -> float | None:
        """Return the last note, less the time in which a dead connection may have passed for a live one."""
        heard = await self.recall(_HEARD)
        self._caught_up = True
        await self.remember(_HEARD, str(time.time()))
        return None if heard is None else float(heard) - _OVERLAP

    async def recall(self, name: str) -> str | None:
        """Read a note of this platform."""
        return await self._store.note(self._platform, name)

    async def remember(self, name: str, value: str) -> None:
        """Write a note of this platform."""
        await self._store.set_note(self._platform, name, value)
