"""Events that discord.py cannot read: an exception in its parser would end the session, and lose what is said until the next."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

import discord

UNREADABLE: Final = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a payload of another shape than Discord documents raises."""

INTERACTION: Final = "INTERACTION_CREATE"
_KINDS: Final = frozenset(kind.value for kind in discord.ChannelType)
_BESIDE_VOICE: Final = {
    "type": discord.ChannelType.voice.value,
    "name": "",
    "position": 0,
    "bitrate": 0,
    "user_limit": 0,
}
"""What stands for a channel of an unknown kind: messages can be written in it, and no threads are opened."""

_log = logging.getLogger(__name__)

Parser = Callable[[Any], None]
Receiver = Callable[[Any], Coroutine[Any, Any, None]]


def guarded(event: str, parse: Parser) -> Parser:
    """Return a parser of discord.py that logs and skips an event which it cannot read."""

    def parsed(data: Any) -> None:
        try:
            parse(_in_known_channel(data) if event == INTERACTION else data)
        except Exception as error:  # noqa: BLE001 # whatever is wrong with one event, the session goes on
            _log.warning("event skipped, not readable", extra={"kind": event, "reason": type(error).__name__})

    return parsed


def skipping_deep(receive: Receiver) -> Receiver:
    """Return what receives frames for discord.py, and logs and skips one that is nested too deeply for Python's JSON."""

    async def received(frame: Any) -> None:
        try:
            await receive(frame)
        except RecursionError as error:
            _log.warning("event skipped, not readable", extra={"kind": "", "reason": type(error).__name__})

    return received


def _in_known_channel(interaction: Any) -> Any:
    """Return an interaction whose channel discord.py can read: of a kind that it does not know it forgets even the id."""
    channel = interaction.get("channel") or {}
    if interaction.get("guild_id") is None or channel.get("type") in _KINDS:
        return interaction
    return {**interaction, "channel": {**_BESIDE_VOICE, "id": interaction["channel_id"]}}
