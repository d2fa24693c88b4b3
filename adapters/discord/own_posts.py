"""What this process has posted, so that it is told from what another one with the same token posts. No I/O."""

import secrets
from collections import OrderedDict

_MOST = 10_000
"""Posts that are remembered."""


class OwnNonces:
    """The nonces, or ids, of what this process posted last: a message of the bot's account with another is not its own."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, None] = OrderedDict()

    def add(self, nonce: str | None) -> str:
        """Remember a nonce before it is sent, a new one where none is given."""
        nonce = nonce or secrets.token_hex(8)
        self._known[nonce] = None
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return nonce

    def discard(self, nonce: str) -> None:
        """Forget a nonce."""
        self._known.pop(nonce, None)

    def any_of(self, channel: int) -> bool:
        """Tell whether any begins with a channel."""
        return any(one.startswith(f"{channel}:") for one in self._known)

    def __contains__(self, nonce: object) -> bool:
        return str(nonce) in self._known
