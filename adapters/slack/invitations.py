"""Invitations of the bot to channels. No I/O.

https://docs.slack.dev/reference/events/member_joined_channel: `inviter` is missing where nobody invited.
"""

from collections.abc import Mapping
from typing import Any

from adapters.slack import ids
from adapters.slack.identity import BotIdentity
from aion_bot.ports.events import Invited, Place
from aion_bot.ports.messages import Person

_UNKNOWN_TEAM = "unknown"
"""The event does not say to which organisation the inviter belongs: in a shared channel no list names them."""


def invited(body: Mapping[str, Any], me: BotIdentity) -> Invited | None:
    """Read that somebody added the bot to a channel; None if the event is none, or is about somebody else."""
    event = body.get("event") or {}
    channel = event.get("channel") or ""
    if event.get("type") != "member_joined_channel" or event.get("user") != me.user or not channel:
        return None
    shared = bool(body.get("is_ext_shared_channel"))
    place = Place(me.team, channel, shared=shared, person_workspace=_UNKNOWN_TEAM if shared else "")
    return Invited(ids.thread_key(me.team, channel, ""), place, Person(str(event.get("inviter") or "")))
