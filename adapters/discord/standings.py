"""The roles of a member, and what a place is, as Discord says it to who asks without listening."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord

from adapters.discord import channels, ids
from adapters.discord.channels import ChannelInfo, ChannelKind
from adapters.discord.client import RestClient
from adapters.discord.errors import UNKNOWN_MEMBER
from adapters.discord.membership import Membership, member_roles
from adapters.discord.permissions import permissions
from aion_bot.ports.errors import Forbidden, MessageGone
from aion_bot.ports.events import Place
from aion_bot.ports.messages import ThreadKey

_MOST_SERVERS = 200
"""As many as Discord tells at once."""


class Standings:
    """Asks by one request each; about a direct conversation by one more for each server."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    async def member_roles(self, workspace: str, person: str) -> frozenset[str]:
        """Return the roles of a member; of a place that is in no known server nobody is one."""
        if not (workspace.isdecimal() and person.isdecimal()):
            return frozenset()
        return await member_roles(self._rest, int(workspace), int(person)) or frozenset()

    async def has_left(self, workspace: str, person: str) -> bool:
        """Return whether a person is no member of a server that the bot is in; False where it cannot be asked."""
        if not (workspace.isdecimal() and person.isdecimal()):
            return False
        try:
            return await member_roles(self._rest, int(workspace), int(person)) is None
        except (Forbidden, MessageGone):  # the bot itself has left: it knows nothing of the others
            return False

    async def may_write(self, thread: ThreadKey, place: Place, person: str) -> bool:
        """Return whether a member may write in a channel or in its threads, a time-out included; by three requests."""
        if not (place.workspace.isdecimal() and place.channel.isdecimal() and person.isdecimal()):
            return False
        server = int(place.workspace)
        async with self._rest.call() as client:
            channel: Mapping[str, Any] = await client.http.get_channel(int(place.channel))
            guild: Mapping[str, Any] = await client.http.get_guild(server, with_counts=False)
            try:
                member: Mapping[str, Any] = await client.http.get_member(server, int(person))
            except discord.NotFound as error:
                if error.code != UNKNOWN_MEMBER:
                    raise
                return False
        may = permissions(guild, member, person, channel)
        in_channel = ids.channel_of(thread) == int(place.channel)
        return may.view_channel and (may.send_messages if in_channel else may.send_messages_in_threads)

    async def look_up_place(self, channel: str, person: str) -> Place:
        """Describe a channel, a thread or a direct conversation. Whether the bot may write there is not asked."""
        found = await self._rest.channel(int(channel))
        guild = getattr(found, "guild", None)
        known = channels.channel_info(found, None if guild is None else guild.id)
        if known is None:
            raise MessageGone("not a channel")
        return (await self._with_home(known, int(person))).place

    async def _with_home(self, channel: ChannelInfo, person: int) -> ChannelInfo:
        if channel.kind is not ChannelKind.DIRECT:
            return channel
        async with self._rest.call() as client:
            servers = [int(one["id"]) for one in await client.http.get_guilds(_MOST_SERVERS)]
        membership = Membership(self._rest)
        membership.servers = lambda: servers
        home = await membership.home(person)
        return replace(channel, home=home, checked=membership.checked(person))
