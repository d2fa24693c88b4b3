"""What a member may do in a channel. No I/O."""

from collections.abc import Mapping
from typing import Any

import discord

_READING = discord.Permissions(view_channel=True, read_message_history=True)
"""All that a member may do who is timed out (Discord's documentation, *Permissions for Timed Out Members*)."""


def permissions(
    server: Mapping[str, Any], member: Mapping[str, Any], who: str, channel: Mapping[str, Any]
) -> discord.Permissions:
    """Compute what a member of the id `who` may do in a channel from Discord's own records.

    As Discord's documentation says it, *Permissions*.
    """
    values = {str(one["id"]): int(one["permissions"]) for one in server["roles"]}
    everyone, roles = str(server["id"]), {str(one) for one in member["roles"]}
    granted = values.get(everyone, 0)
    for one in roles:
        granted |= values.get(one, 0)
    if str(server.get("owner_id")) == who or discord.Permissions(granted).administrator:
        return discord.Permissions.all()
    overwrites = {str(one["id"]): one for one in channel.get("permission_overwrites") or ()}
    # Everybody's first, then those of all roles together, then the member's own.
    for among in ({everyone}, roles - {everyone}, {who}):
        applied = [overwrites[one] for one in among if one in overwrites]
        for one in applied:
            granted &= ~int(one["deny"])
        for one in applied:
            granted |= int(one["allow"])
    # Of a time-out that is over Discord may still tell the end (its documentation, *Guild Member Object*).
    until = discord.utils.parse_time(member.get("communication_disabled_until"))
    if until is not None and until > discord.utils.utcnow():
        granted &= _READING.value
    return discord.Permissions(granted)
