"""The stored installations: each sealed as one text among the values that the replicas share.

A workspace from which the app was removed is `leaving` until its rows are erased. It is no scope meanwhile, also where
somebody installs the app again: the new installation is served once the old rows are gone.
"""

import logging
import time
from collections.abc import Sequence

from adapters.slack.oauth.installation import Installation, NoInstallation, from_text
from adapters.slack.oauth.sealing import CannotOpen, Sealer
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.shared_values import SharedValues

_log = logging.getLogger(__name__)

_ROTATES_FOR = 60.0
"""Seconds for which it is known that the app's tokens do not expire: every scope asks with each of its looks."""

_MOST_STRUCK = 4
"""Secrets of a scope: two tokens, and two before them."""

KIND = "slack installation"
LEAVING = "slack leaving"
ROTATION = "slack token rotation"
"""Kind of the mark that the app's tokens expire, which Slack cannot switch off again; its name is `ON`."""
ON = "on"
USED_UP = "slack install again"
"""Kind of the marks of scopes whose token Slack renews no more; the value is its error code."""
REMOVED = "removed"
"""Stands for an installation that was removed: `SharedValues` compares before it writes, but not before it deletes."""


class Installations:
    """Reads and writes them. Every call raises `SharedValuesDown`."""

    def __init__(self, values: SharedValues, sealer: Sealer) -> None:
        self._values, self.sealer = values, sealer
        self._told: set[str] = set()
        """Scopes of which the log says that no key opens them."""
        self._struck: dict[str, list[str]] = {}
        """The newest secrets of each scope, which are struck from logs."""
        self._rotates, self._rotates_since = False, -_ROTATES_FOR

    async def scopes(self) -> Sequence[str]:
        """Return the ids of what is served, in order."""
        leaving = set(await self.leaving())
        return [one for one in await self.names() if one not in leaving]

    async def names(self) -> Sequence[str]:
        """Return the ids of what is stored, also of those that are leaving."""
        return await self._values.names(KIND)

    async def get(self, scope: str) -> Installation | None:
        """Return an installation; None where there is none, or no key opens it, which the log says once.

        What an older key has sealed is sealed anew with the first one.
        """
        return (await self.sealed(scope))[0]

    async def sealed(self, scope: str) -> tuple[Installation | None, str]:
        """Return an installation as `get` does, and the stored text that `replace` compares with; "" where there is none."""
        text = await self._values.get(KIND, scope)
        if text is None or text == REMOVED:
            return None, ""
        try:
            found = from_text(self.sealer.open(text))
        except (CannotOpen, NoInstallation) as error:
            if scope not in self._told:
                self._told.add(scope)
                reason = str(error) or type(error).__name__
                _log.error("installation not readable", extra={"workspace": scope, "reason": reason})
            return None, text
        self._told.discard(scope)
        self._strike(found)
        if not self.sealer.is_current(text):
            anew = self.sealer.seal(found.as_text())
            # Where another replica was faster the old text stays: whoever compares with it fails, as it must.
            text = anew if await self._values.replace(KIND, scope, text, anew) else text
        return found, text

    def _strike(self, found: Installation) -> None:
        """Keep the tokens of an installation out of logs, and those of its predecessor, which may be good still."""
        struck = self._struck.setdefault(found.scope, [])
        for secret in (found.token, found.refresh_token):
            if secret and secret not in struck:
                KNOWN.know([secret])
                struck.append(secret)
        while len(struck) > _MOST_STRUCK:
            KNOWN.forget(struck.pop(0))

    async def peek(self, scope: str) -> Installation | None:
        """Return an installation that one of the keys opens; changes nothing, and logs nothing."""
        text = await self._values.get(KIND, scope)
        try:
            found = None if text is None else from_text(self.sealer.open(text))
        except (CannotOpen, NoInstallation):
            return None
        if found is not None:
            self._strike(found)
        return found

    async def save(self, new: Installation) -> None:
        """Write an installation, in the place of an earlier one of the same scope."""
        self._strike(new)
        await self._values.set(KIND, new.scope, self.sealer.seal(new.as_text()))
        await self._renewed(new)

    async def replace(self, text: str, new: Installation) -> bool:
        """Write an installation where `text` still stands; False where another one does."""
        self._strike(new)
        if not await self._values.replace(KIND, new.scope, text, self.sealer.seal(new.as_text())):
            return False
        await self._renewed(new)
        return True

    async def _renewed(self, new: Installation) -> None:
        await self._values.take(USED_UP, new.scope)
        # Written once: Slack cannot switch the rotation off again.
        if new.expires_at and not self._rotates:
            await self._values.set(ROTATION, ON, "1")
            self._rotates = True

    async def rotates(self) -> bool:
        """Tell whether a token of the app came with an end, in whatever scope: then others may be exchanged for such tokens."""
        now = time.monotonic()
        if not self._rotates and now - self._rotates_since >= _ROTATES_FOR:
            self._rotates = await self._values.get(ROTATION, ON) is not None
            self._rotates_since = now
        return self._rotates

    async def note_used_up(self, scope: str, code: str) -> None:
        """Write down that Slack renews the token of a scope no more, until somebody installs the app there again."""
        await self._values.set(USED_UP, scope, code)

    async def used_up(self) -> Sequence[str]:
        """Return the scopes in which somebody has to install the app again, though their token may hold for some hours."""
        return await self._values.names(USED_UP)

    async def remove(self, scope: str, text: str) -> bool:
        """Let a scope leave, whose installation is still the one of this text; False where another one has come."""
        # First: after a crash between the two the rows are erased, and Slack sends the event again.
        await self._values.set(LEAVING, scope, "1")
        return await self._values.replace(KIND, scope, text, REMOVED)

    async def leaving(self) -> Sequence[str]:
        """Return the ids whose rows have to be erased."""
        return await self._values.names(LEAVING)

    async def left(self, scope: str) -> None:
        """Forget a scope whose rows were erased; an installation that came meanwhile stays."""
        if await self._values.get(KIND, scope) == REMOVED:
            taken = await self._values.take(KIND, scope)
            if taken is not None and taken != REMOVED:
                # Somebody installed the app between the two.
                await self._values.replace(KIND, scope, None, taken)
        await self._values.take(USED_UP, scope)
        await self._values.take(LEAVING, scope)
