"""What this process has posted, so that it is told from what another one with the same token posts. No I/O."""

import secrets
from collections import OrderedDict
from collections.abc import Iterable

import discord

from adapters.discord import ids
from adapters.discord.errors import Claimed
from adapters.discord.rendering import Body

_MOST = 10_000
"""Posts that are remembered."""


class OwnNonces:
    """The nonces of what this process posted last: a message of the bot's account with another one is not its own."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, None] = OrderedDict()

    def add(self, nonce: str | None) -> str:
        """Remember a nonce before it is sent, a new one where none is given."""
        nonce = nonce or secrets.token_hex(8)
        self._known[nonce] = None
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return nonce

    def __contains__(self, nonce: object) -> bool:
        return str(nonce) in self._known


def check_claim(message: discord.Message, body: Body, *, tried: bool) -> None:
    """Raise `Claimed` where the message for a claim cannot be the one that was sent; `tried`: an earlier one may have been.

    What an earlier attempt of this process posted may have lost its buttons since.
    """
    sent = _keys(one["custom_id"] for row in body["components"] for one in row["components"])
    shown = keys_of(message)
    if not sent & shown and (shown or (sent and not tried)):
        raise Claimed(message.id, shown)


def keys_of(message: discord.Message) -> frozenset[str]:
    """Read the keys of the bot's buttons under a message."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return _keys(one.custom_id or "" for row in rows for one in row.children)


def _keys(custom_ids: Iterable[str]) -> frozenset[str]:
    """Read the keys of the bot's buttons."""
    return frozenset(found[1] for one in custom_ids if (found := ids.parse_custom_id(one)) is not None)
