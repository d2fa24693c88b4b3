"""The tokens by which a command or a button press can still be answered privately. No I/O."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

LIFETIME = 15 * 60.0
"""Seconds for which an interaction's token is valid (Discord's documentation, *Receiving and Responding*)."""
CAPACITY = 2_000
"""Tokens that are kept: some hundred bytes each."""


@dataclass(frozen=True, slots=True)
class InteractionToken:
    """What it takes to answer an interaction. The token is a secret while it is valid."""

    application: int
    token: str = field(repr=False)
    expires_at: float = 0.0


class InteractionTokens:
    """The tokens of the newest interactions. They are kept in memory alone: no secret reaches the disk."""

    def __init__(self, clock: Callable[[], float] = monotonic, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._tokens: OrderedDict[str, InteractionToken] = OrderedDict()

    def keep(self, interaction: int, application: int, token: str) -> None:
        """Keep the token of `interaction`; the oldest one is dropped where there are too many."""
        self._tokens[str(interaction)] = InteractionToken(application, token, self._clock() + LIFETIME)
        # Insertion order is expiry order, because all tokens live equally long.
        while len(self._tokens) > self._capacity:
            self._tokens.popitem(last=False)

    def find(self, reply_token: str) -> InteractionToken | None:
        """Return the token of the interaction that a `reply_token` names; None if it expired or was never kept."""
        token = self._tokens.get(reply_token)
        if token is not None and token.expires_at <= self._clock():
            del self._tokens[reply_token]
            return None
        return token
