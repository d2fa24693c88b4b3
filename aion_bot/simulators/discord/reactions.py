"""Reactions of people on messages."""

from collections.abc import Mapping
from typing import Any

from aion_bot.simulators.discord import payloads
from aion_bot.simulators.discord.model import DIRECT, Message, World
from aion_bot.simulators.workspace import SimulatedPerson


def reacted(
    message: Message, person: SimulatedPerson, emoji: str, world: World, *, bot: bool
) -> Mapping[str, Any]:
    """Somebody put a reaction on a message: Discord's documentation, *Message Reaction Add*."""
    in_server = world.channel(message.channel).kind != DIRECT
    beside = {
        "guild_id": world.channel(message.channel).guild,
        "member": payloads.member(world.roles_of(person.id)) | {"user": payloads.user(person, bot=bot)},
    }
    return {
        "user_id": person.id,
        "channel_id": message.channel,
        "message_id": message.id,
        **(beside if in_server else {}),
        "emoji": {"id": None, "name": emoji},
        "message_author_id": message.author.id,
        "burst": False,
        "type": 0,
    }
