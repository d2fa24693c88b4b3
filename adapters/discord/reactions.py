"""Reactions of people on the bot's messages, as shortcuts."""

import discord

from adapters.discord import ids
from adapters.discord.channels import ChannelInfo
from adapters.discord.handlers import EventDelivery
from aion_bot.ports.events import Reaction
from aion_bot.ports.messages import Action, Person

SHORTCUTS = {"🔁": Action.RETRY, "🛑": Action.STOP, "🔖": Action.MANAGE}


def is_shortcut(event: discord.RawReactionActionEvent, bot: int) -> bool:
    """Tell whether somebody else put a shortcut on a message of the bot's; an app's reaction is none.

    Discord names the author of the message with a reaction that is added (its documentation, *Message Reaction Add*).
    """
    by_app = event.member is not None and event.member.bot
    known = event.emoji.is_unicode_emoji() and event.emoji.name in SHORTCUTS
    return known and event.message_author_id == bot and event.user_id != bot and not by_app


def reaction_from_event(event: discord.RawReactionActionEvent, channel: ChannelInfo) -> Reaction:
    """Read a reaction for which `is_shortcut` holds."""
    thread, member = ids.thread_key(event.channel_id), event.member
    return Reaction(
        SHORTCUTS[event.emoji.name],
        ids.message_ref(thread, event.channel_id, event.message_id),
        channel.place_of(member),
        Person(str(event.user_id), "" if member is None else member.display_name),
    )


async def deliver(
    event: discord.RawReactionActionEvent, client: discord.Client, delivery: EventDelivery
) -> None:
    """Give the core a reaction for which `is_shortcut` holds, in the order of its channel's events."""
    async with delivery.in_order(event.channel_id):
        guild = None if event.guild_id is None else client.get_guild(event.guild_id)
        place = client.get_partial_messageable(event.channel_id, guild_id=event.guild_id)
        # The event has ids alone, and no session describes archived threads and direct conversations.
        known = client.get_channel(event.channel_id) or place
        channel = await delivery.channel_info(known, guild, event.user_id)
        await delivery.deliver(reaction_from_event(event, channel))
