"""Invitations of the bot to servers. No I/O.

Discord tells of them with the event that describes a server, and does not say who invited the bot. A server's system
channel is where Discord itself says who has joined; its owner may have none.
"""

from collections.abc import Iterable
from datetime import timedelta

import discord

from adapters.discord import ids
from aion_bot.ports.events import Invited, Place
from aion_bot.ports.messages import Person

NEW = timedelta(days=1)
"""How long ago the bot may have joined a server that counts as new at a start: many invite it before they start it."""


def invited(guild: discord.Guild) -> Invited | None:
    """Read an invitation; None where the server has no system channel in which the bot may write."""
    channel, me = guild.system_channel, guild.me
    if channel is None or me is None:
        return None
    may = channel.permissions_for(me)
    if not (may.view_channel and may.send_messages):
        return None
    return Invited(ids.thread_key(channel.id), Place(str(guild.id), str(channel.id)), Person(""))


def recent(guilds: Iterable[discord.Guild]) -> list[Invited]:
    """Return the invitations of the last day among these servers; each start finds them again."""
    since = discord.utils.utcnow() - NEW
    joined = [one for one in guilds if one.me is not None and one.me.joined_at and one.me.joined_at > since]
    return [one for one in map(invited, joined) if one is not None]
