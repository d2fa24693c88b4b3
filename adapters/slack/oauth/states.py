"""The states of installations that were begun: each is good once, for ten minutes, in the browser that began it.

Without them somebody could be led to finish an installation that another person began (RFC 6749, section 10.12).
"""

import hashlib
import hmac
import re
import secrets

from aion_bot.ports.shared_values import SharedValues

KIND = "slack install state"
LIFETIME = 600.0
"""Seconds in which somebody has to decide."""

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")
_BYTES = 32


def new_browser(given: str) -> str:
    """Return what a browser is known by: what it brought, so that its other pages stay good, or a new one."""
    return given if _FORM.fullmatch(given) else secrets.token_urlsafe(_BYTES)


class States:
    """Makes and takes states, which any replica may do. Each call raises `SharedValuesDown`."""

    def __init__(self, values: SharedValues) -> None:
        self._values = values

    async def begin(self, browser: str) -> str:
        """Return a new state for a browser."""
        state = secrets.token_urlsafe(_BYTES)
        await self._values.set(KIND, _digest(state), _digest(browser), seconds=LIFETIME)
        return state

    async def take(self, state: str, browser: str) -> bool:
        """Tell whether a state is good in this browser; it is not a second time, in whatever browser."""
        if not _FORM.fullmatch(state):
            return False
        found = await self._values.take(KIND, _digest(state))
        return found is not None and hmac.compare_digest(found, _digest(browser))


def _digest(text: str) -> str:
    """Return what is stored in the place of a value that opens something."""
    return hashlib.sha256(text.encode()).hexdigest()
