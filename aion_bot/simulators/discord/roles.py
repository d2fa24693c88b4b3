"""The roles of a simulated server, as Discord describes them. No I/O."""

from typing import Any

from aion_bot.simulators.discord.model import World

ALL_PERMISSIONS = str((1 << 53) - 1)
_MEMBERS_PERMISSIONS = str(int(ALL_PERMISSIONS) & ~(1 << 3))
"""All but Administrator, which no overwrite limits."""


def server_roles(world: World, server: str) -> list[dict[str, Any]]:
    """Everybody's role, the bot's, and those that were made."""
    made = [_role(role, name) for role, name in world.roles.items()]
    return [_role(server, "@everyone"), _role(world.bot_role, world.bot.name, bot=world.bot.id), *made]


def _role(role: str, name: str, bot: str | None = None) -> dict[str, Any]:
    return {
        "id": role,
        "name": name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "position": 0,
        "permissions": _MEMBERS_PERMISSIONS,
        "managed": bot is not None,
        "mentionable": False,
        "flags": 0,
        "tags": {} if bot is None else {"bot_id": bot},
    }
