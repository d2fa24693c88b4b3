"""Keeps the token of an adapter the one that is stored, and refreshes one that expires.

Slack's tokens with rotation are good for twelve hours. A refresh token is good for one use, and idle it does not expire:
https://docs.slack.dev/authentication/using-token-rotation. So one replica at a time refreshes, and the answer is stored
before anything else happens.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from adapters.slack.oauth.api import USED_UP, OAuthApi, OAuthRefused
from adapters.slack.oauth.installation import Installation
from adapters.slack.oauth.installations import Installations
from aion_bot.ports.backoff import Backoff
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.shared_values import SharedValues, SharedValuesDown

_log = logging.getLogger(__name__)

LOCK = "slack token refresh"
_LOCKED = 20.0
"""Seconds after which a refresh of another replica counts as dead: it has one request to make, of 15 seconds at most.

The next one sends the same refresh token, which Slack has revoked if it answered: it promises no time in which it takes it again.
"""


@dataclass(frozen=True, slots=True)
class RotationTimes:
    """Times in seconds."""

    early: float = 7200.0
    """So long before its end a token is refreshed."""
    look: float = 60.0
    """Between two looks at what is stored."""
    retry: float = 5.0
    """The first pause after a failure; it doubles up to `retry_max`."""
    retry_max: float = 600.0


@dataclass(slots=True)
class Stored:
    """What the adapters of all scopes share. `installations` is replaced when the operator replaces secrets."""

    values: SharedValues
    installations: Installations
    api: OAuthApi


class TokenKeeper:
    """Of one scope. `use` gets each installation that is new, and None once there is none any more."""

    def __init__(
        self,
        scope: str,
        stored: Stored,
        use: Callable[[Installation | None], None],
        times: RotationTimes = RotationTimes(),  # frozen
    ) -> None:
        self._scope, self._stored, self._values = scope, stored, stored.values
        self._use, self._times = use, times
        self._used: Installation | None = None
        self._unsaved: tuple[str, Installation] | None = None
        """What was refreshed and could not be stored yet, and the stored text that it replaces."""
        self._refreshing: asyncio.Task[None] | None = None
        self._asked: Installation | None = None
        """Of which Slack was asked last for the next token."""
        self._used_up: Installation | None = None
        """Of which the log says that it cannot be renewed."""
        self._stays = False
        """Whether Slack does not exchange a token without an end."""
        self.replaced = asyncio.Event()
        """Set with each new token; whoever waits clears it first."""

    async def run(self) -> None:
        """Look again and again until cancelled."""
        delays = self._delays()
        while True:
            try:
                pause = await self.look()
                delays = self._delays()
            except SharedValuesDown as error:
                about = {"workspace": self._scope, "reason": str(error)}
                _log.warning("installation not read, retrying", extra=about)
                pause = next(delays)
            except (OAuthRefused, PlatformError) as error:
                if isinstance(error, OAuthRefused) and error.code in USED_UP:
                    await self._note_used_up(error.code)
                    await self._await_installation()
                    continue
                about = {"workspace": self._scope, "reason": str(error)}
                _log.warning("token not refreshed, retrying", extra=about)
                pause = next(delays)
            await asyncio.sleep(pause)

    async def _note_used_up(self, code: str) -> None:
        """Say once of an installation that nothing but another one mends it; where that cannot be written the next try does."""
        found = self._asked
        if found is None or found == self._used_up:
            return
        with suppress(SharedValuesDown):
            if await self._stored.installations.get(self._scope) != found:
                return  # somebody has installed the app again meanwhile
            await self._stored.installations.note_used_up(self._scope, code)
            self._used_up = found
            about = {"workspace": self._scope, "reason": code, "hours": _hours(found.expires_at)}
            _log.error("app has to be installed again", extra=about)

    async def _await_installation(self) -> None:
        """Pause before Slack is asked for the same token again, at most until another installation is stored."""
        clock = asyncio.get_running_loop().time
        again_at = clock() + self._times.retry_max
        while clock() < again_at:
            await asyncio.sleep(min(self._times.look, self._times.retry_max))
            with suppress(SharedValuesDown):
                if await self._stored.installations.get(self._scope) != self._asked:
                    return

    def _delays(self) -> Iterator[float]:
        return Backoff(self._times.retry, cap=self._times.retry_max, jitter=0.2).delays()

    async def look(self) -> float:
        """Refresh the token if it is time, and use what is stored; returns after how many seconds to look again.

        Raises OAuthRefused, PlatformError and SharedValuesDown.
        """
        # The last one failed, was cancelled while it waited, or could not store the answer.
        if self._refreshing is not None or self._unsaved is not None:
            await self._refresh()
        found = await self._stored.installations.get(self._scope)
        if found is not None and await self._is_due(found):
            await self._refresh()
            found = await self._stored.installations.get(self._scope)
        if found is None or found != self._used:
            self._used = found
            self._use(found)
            if found is not None:
                self.replaced.set()
        due = (
            found.expires_at - self._times.early - time.time()
            if found and found.expires_at
            else self._times.look
        )
        return min(self._times.look, max(due, self._times.retry))

    async def _is_due(self, installation: Installation) -> bool:
        """Tell whether a token is near its end, or has none although the app's tokens have one by now."""
        if not installation.expires_at:
            return not self._stays and await self._stored.installations.rotates()
        return bool(installation.refresh_token) and installation.expires_at - self._times.early <= time.time()

    async def _refresh(self) -> None:
        """Refresh the stored token once, also if whoever waits for it is cancelled: the answer must not be lost."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh_once())
        task = self._refreshing
        await asyncio.shield(task)
        self._refreshing = None

    async def _refresh_once(self) -> None:
        # To store an answer takes no lock: it is compared with what it replaces.
        if self._unsaved is None and not await self._lock():
            return
        try:
            if self._unsaved is None:
                # Another replica may have done it since.
                found, text = await self._stored.installations.sealed(self._scope)
                if found is None or not await self._is_due(found):
                    return
                self._unsaved = text, await self._renewed(found)
            # Where it fails, the next look stores it: the old token is good until its end.
            await self._stored.installations.replace(*self._unsaved)
            self._unsaved = None
        finally:
            # Kept while an answer is not stored: another replica would send the refresh token that is used up.
            if self._unsaved is None:
                await self._values.take(LOCK, self._scope)

    async def _renewed(self, found: Installation) -> Installation:
        """Ask Slack for the next token. Raises OAuthRefused and PlatformError."""
        self._asked = found
        if found.expires_at:
            return await self._stored.api.refresh(found)
        try:
            return await self._stored.api.exchange(found)
        except OAuthRefused as refusal:
            self._stays = refusal.code not in USED_UP
            raise

    async def _lock(self) -> bool:
        """Take the right to refresh; False where another replica has it."""
        held = await self._values.get(LOCK, self._scope)
        if held is not None and time.time() - _number(held) < _LOCKED:
            return False
        return await self._values.replace(LOCK, self._scope, held, f"{time.time():.3f}")

    async def close(self) -> None:
        """Let a refresh end that is under way."""
        if self._refreshing is not None:
            # What it raised is said by the next adapter of the workspace, which tries again.
            await asyncio.gather(self._refreshing, return_exceptions=True)


def _hours(end: float) -> float:
    """Return how many hours a token holds from now on; 0 where it has ended."""
    return round(max(0.0, end - time.time()) / 3600, 1)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
