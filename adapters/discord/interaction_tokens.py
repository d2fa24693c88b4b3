"""The tokens that answer interactions for fifteen minutes."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, time

from adapters.discord import events
from aion_bot.ports.secrets import KNOWN

LIFETIME = events.TOKEN_LIFETIME
"""Seconds for which an interaction's token is valid."""
CLOCK_TOLERANCE = 60.0
"""Seconds by which this machine's clock may be ahead: Discord refuses what has expired, and then another way is taken."""
CAPACITY = 2_000
"""Tokens that are kept: some hundred bytes each."""


@dataclass(frozen=True, slots=True)
class InteractionToken:
    """What it takes to answer an interaction. The token is a secret while it is valid."""

    application: int
    token: str = field(repr=False)
    expires_at: float = 0.0


class InteractionTokens:
    """The tokens of the newest interactions. Those of earlier processes are in the `reply_token`s of what they accepted."""

    def __init__(self, clock: Callable[[], float] = monotonic, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._tokens: OrderedDict[str, InteractionToken] = OrderedDict()
        self._answered: OrderedDict[int, str] = OrderedDict()
        """The interactions that messages of the bot acknowledge."""

    def keep(self, interaction: int, application: int, token: str) -> None:
        """Keep the token of `interaction`; the oldest one is dropped where there are too many."""
        KNOWN.know_briefly(token)
        self._tokens[str(interaction)] = InteractionToken(application, token, self._clock() + LIFETIME)
        # Insertion order is expiry order, because all tokens live equally long.
        while len(self._tokens) > self._capacity:
            self._tokens.popitem(last=False)

    def note_answer(self, reply_token: str, message: int) -> None:
        """Remember which message acknowledges the interaction that a `reply_token` names."""
        self._answered[message] = reply_token
        while len(self._answered) > self._capacity:
            self._answered.popitem(last=False)

    def of_answer(self, message: int) -> InteractionToken | None:
        """Return the token of the interaction that a message acknowledges; None as for `find`."""
        return self.find(self._answered.get(message, ""))

    def find(self, reply_token: str) -> InteractionToken | None:
        """Return the token of the interaction that a `reply_token` names; None if it expired or was never kept."""
        interaction, _, rest = reply_token.partition(":")
        # Of an earlier process; for this process's own the monotonic clock says when they expire.
        if rest and interaction not in self._tokens:
            return _from_earlier_process(rest)
        reply_token = interaction
        token = self._tokens.get(reply_token)
        if token is not None and token.expires_at <= self._clock():
            del self._tokens[reply_token]
            return None
        return token


def _from_earlier_process(packed: str) -> InteractionToken | None:
    """Read the token of an interaction from the rest of its `reply_token`, by the clock of Discord and of this machine."""
    application, until, token = packed.split(":", 2)
    KNOWN.know_briefly(token)
    return InteractionToken(int(application), token) if time() < int(until) + CLOCK_TOLERANCE else None
