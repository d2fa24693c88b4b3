"""Discord's JSON of the model's objects. No I/O."""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from aion_bot.simulators.discord import pings
from aion_bot.simulators.discord.model import (
    DIRECT,
    HAS_THREAD,
    THREADS,
    Channel,
    Interaction,
    Message,
    World,
)
from aion_bot.simulators.discord.roles import ALL_PERMISSIONS, server_roles
from aion_bot.simulators.workspace import SimulatedFile, SimulatedPerson

Payload = dict[str, Any]
JOINED = "2026-01-05T08:00:00.000000+00:00"
READING = str(1 << 10 | 1 << 16)
"""View Channel and Read Message History (Discord's documentation, *Permissions*)."""
CREATE_PUBLIC_THREADS = 1 << 35
MESSAGE_CONTENT_LIMITED = 1 << 19
"""The flag of an application that may ask for the intent before it is verified (Discord's documentation, *Application*)."""
_A_DAY = 86_400


def user(someone: SimulatedPerson, *, bot: bool = False) -> Payload:
    """A user."""
    return {
        "id": someone.id,
        "username": someone.name if bot else someone.name.lower(),
        "discriminator": "0",
        "global_name": None if bot else someone.name,
        "avatar": None,
        "bot": bot,
        "public_flags": 0,
        "flags": 0,
    }


_FAR_AWAY = "2999-01-01T00:00:00+00:00"


def member(roles: Sequence[str] = ()) -> Payload:
    """The part of a member that stands beside the user."""
    return {"roles": list(roles), "joined_at": JOINED, "deaf": False, "mute": False, "flags": 0, "nick": None}


def silent_until(world: World, person: SimulatedPerson) -> Payload:
    """The part of a member that says until when they may not write."""
    return {"communication_disabled_until": _FAR_AWAY if person.id in world.timed_out else None}


def application(world: World, *, message_content: bool) -> Payload:
    """The application, as its own token gets it. Its flags show the switch of the privileged intent."""
    return {
        "id": world.application,
        "name": world.bot.name,
        "icon": None,
        "description": "",
        "bot_public": world.public,
        "bot_require_code_grant": world.code_grant,
        "interactions_endpoint_url": world.interactions_endpoint,
        "owner": user(world.people[0]),
        "team": None,
        "verify_key": "0" * 64,
        "flags": MESSAGE_CONTENT_LIMITED if message_content else 0,
        "rpc_origins": [],
    }


def own_member(world: World, server: str = "") -> Payload:
    """The bot as a member of a server."""
    joined = world.joined.get(server, JOINED)
    about = {"user": user(world.bot, bot=True), "roles": [world.bot_role], "joined_at": joined}
    return member() | about


def partial_guild(world: World, server: str) -> Payload:
    """A server in a list of servers."""
    return {
        "id": server,
        "name": world.servers[server],
        "icon": None,
        "banner": None,
        "owner": False,
        "permissions": ALL_PERMISSIONS,
        "features": [],
    }


def overwrites(world: World, of: Channel) -> Payload:
    """The part of a channel that takes permissions from the bot's role there, and from people who may not write."""
    denied, silent = 0, str(int(ALL_PERMISSIONS) & ~int(READING))
    muted = [{"id": one, "type": 1, "allow": "0", "deny": silent} for one in sorted(world.muted)]
    if of.id in world.read_only:
        denied = int(ALL_PERMISSIONS) & ~int(READING)
    elif of.id in world.without_threads:
        denied = CREATE_PUBLIC_THREADS
    if denied:
        muted.append({"id": world.bot_role, "type": 0, "allow": "0", "deny": str(denied)})
    return {"permission_overwrites": muted} if muted else {}


def channel(of: Channel) -> Payload:
    """A channel of any kind."""
    if of.kind == DIRECT and of.person is not None:
        return {
            "id": of.id,
            "type": DIRECT,
            "last_message_id": None,
            "recipients": [user(of.person)],
            "flags": 0,
        }
    shown = {"id": of.id, "type": of.kind, "name": of.name, "guild_id": of.guild, "flags": 0}
    shown |= {"parent_id": of.parent, "last_message_id": None, "rate_limit_per_user": 0}
    if of.kind in THREADS:
        return shown | _thread(of)
    return shown | {
        "position": 0,
        "permission_overwrites": [],
        "nsfw": False,
        "bitrate": 64_000,
        "user_limit": 0,
    }


def guild(world: World, server: str) -> Payload:
    """A server, as GUILD_CREATE describes it, without archived threads."""
    inside = [one for one in world.channels.values() if one.guild == server]
    return {
        "id": server,
        "name": world.servers[server],
        "owner_id": world.people[0].id,
        "roles": server_roles(world, server),
        "emojis": [],
        "stickers": [],
        "features": [],
        "member_count": len(world.people) + 1,
        "members": [own_member(world, server)],
        "presences": [],
        "voice_states": [],
        "channels": [channel(one) | overwrites(world, one) for one in inside if one.kind not in THREADS],
        "threads": [channel(one) for one in inside if one.kind in THREADS and not one.archived],
        "joined_at": world.joined.get(server, JOINED),
        "large": False,
        "unavailable": False,
        "premium_tier": 0,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "nsfw_level": 0,
        "mfa_level": 0,
        "preferred_locale": "en-US",
        "system_channel_id": world.system_channels.get(server),
        "system_channel_flags": 0,
        "afk_timeout": 300,
    }


def message(of: Message, world: World) -> Payload:
    """A message, as REST returns it."""
    named = [one for one in map(world.find_user, pings.mentioned(of.content)) if one is not None]
    answered = (
        [of.replied_to.author] if of.replied_to is not None and of.replied_to.author not in named else []
    )
    shown: Payload = {
        "id": of.id,
        "channel_id": of.channel,
        "type": of.kind,
        "author": user(of.author, bot=world.is_bot(of.author)),
        "content": of.content,
        "timestamp": JOINED,
        "edited_timestamp": of.edited,
        "tts": False,
        "pinned": False,
        "mention_everyone": not world.is_bot(of.author)
        and any(sign in of.content for sign in ("@everyone", "@here")),
        "mentions": [user(one, bot=world.is_bot(one)) for one in [*named, *answered]],
        "mention_roles": pings.mentioned_roles(of.content),
        "attachments": [
            attachment(of.file_id(at), world.file(of.file_id(at)) or SimulatedFile(name), world, of.channel)
            for at, name in enumerate(of.attachments)
        ],
        "embeds": of.embeds,
        "components": of.components,
        "flags": of.flags,
    }
    if of.nonce is not None:
        shown["nonce"] = of.nonce
    if of.flags & HAS_THREAD and of.id in world.channels:
        shown["thread"] = channel(world.channels[of.id])
    if of.replied_to is not None:
        shown["message_reference"] = {"message_id": of.replied_to.id, "channel_id": of.replied_to.channel}
        shown["referenced_message"] = message(of.replied_to, world)
    if of.forwarded is not None:
        where = {"message_id": of.forwarded.id, "channel_id": of.forwarded.channel}
        shown["message_reference"] = {"type": 1, **where}
        shown["message_snapshots"] = [{"message": _snapshot(of.forwarded, world)}]
    return shown


def _snapshot(of: Message, world: World) -> Payload:
    """A message as one that forwards it has it: without its author."""
    parts = ("type", "content", "timestamp", "edited_timestamp", "flags", "mentions", "mention_roles")
    whole = message(of, world)
    return {name: whole[name] for name in (*parts, "components", "embeds", "attachments")}


def listed(of: Message, world: World, *, content: bool) -> Payload:
    """A message in a list: without its nonce, and without content that the application may not read."""
    shown = event(of, world)
    readable = shown if content else without_content(shown, world.bot.id)
    return {name: value for name, value in readable.items() if name not in {"guild_id", "member", "nonce"}}


def event(of: Message, world: World) -> Payload:
    """A message, as the gateway sends it."""
    guild_id = world.channels[of.channel].guild
    shown = message(of, world)
    return (
        shown
        if guild_id is None
        else shown | {"guild_id": guild_id, "member": member(world.roles_of(of.author.id))}
    )


def without_content(shown: Mapping[str, Any], bot: str) -> Payload:
    """A message as an application without the Message Content intent gets it.

    Its own messages, direct ones and those that mention it stay whole (Discord's documentation, *Gateway Intents*).
    """
    mentioned = any(one["id"] == bot for one in shown.get("mentions", []))
    if (shown["author"] or {}).get("id") == bot or mentioned or "guild_id" not in shown:
        kept = dict(shown)
    else:
        kept = dict(shown) | {"content": "", "embeds": [], "attachments": [], "components": []}
        kept.pop("poll", None)
    if kept.get("referenced_message"):
        inner = dict(kept["referenced_message"]) | (
            {"guild_id": shown["guild_id"]} if "guild_id" in shown else {}
        )
        kept["referenced_message"] = without_content(inner, bot)
    return kept


def interaction(of: Interaction, world: World) -> Payload:
    """An interaction, as the gateway sends it."""
    where = world.channels[of.channel]
    shown: Payload = {
        "id": of.id,
        "application_id": world.application,
        "type": of.kind,
        "token": of.token,
        "version": 1,
        "data": of.data,
        "channel_id": where.id,
        "channel": channel(where) | {"permissions": ALL_PERMISSIONS},
        "locale": "en-US",
        "app_permissions": _app_permissions(where, world),
        "attachment_size_limit": 10_485_760,
        "entitlements": [],
        "authorizing_integration_owners": {"0": where.guild or "0"},
        "context": 0 if where.guild else 1,
    }
    if of.message is not None:
        shown["message"] = message(of.message, world)
    if where.guild is None:
        return shown | {"user": user(of.person)}
    own = (
        member(world.roles_of(of.person.id))
        | {
            "user": user(of.person),
            "permissions": READING if of.person.id in world.muted else ALL_PERMISSIONS,
        }
        | silent_until(world, of.person)
    )
    server = {"id": where.guild, "locale": "en-US", "features": []}
    return shown | {"guild_id": where.guild, "guild": server, "guild_locale": "en-US", "member": own}


def _app_permissions(where: Channel, world: World) -> str:
    if world.read_only & {where.id, where.parent}:
        return READING
    opens = where.id not in world.without_threads
    return ALL_PERMISSIONS if opens else str(int(ALL_PERMISSIONS) & ~CREATE_PUBLIC_THREADS)


def callback(of: Interaction, kind: int, world: World) -> Payload:
    """The response to an interaction callback with `with_response`."""
    data: Payload = {"interaction": {"id": of.id, "type": of.kind}}
    if of.answer is not None:
        data["interaction"] |= {
            "response_message_id": of.answer.id,
            "response_message_loading": False,
            "response_message_ephemeral": of.answer.only_for is not None,
        }
        data["resource"] = {"type": kind, "message": message(of.answer, world)}
    return data


def _thread(of: Channel) -> Payload:
    return {
        "owner_id": of.owner or "0",
        "message_count": 0,
        "member_count": 2,
        "thread_metadata": {
            "archived": of.archived,
            "locked": of.locked,
            "auto_archive_duration": of.archive_after,
            "archive_timestamp": JOINED,
            "create_timestamp": JOINED,
        },
    }


def command(known: Mapping[str, Any], text: str, file: SimulatedFile | None, world: World) -> Payload:
    """What somebody filled into a command: a prompt, and perhaps a file, which then exists for it alone."""
    options: list[Payload] = [{"name": "prompt", "type": 3, "value": text}]
    data: Payload = {"id": known["id"], "name": known["name"], "type": known["type"], "options": options}
    if file is not None:
        given = world.new_id()
        world.command_files[given] = file
        options.append({"name": "file", "type": 11, "value": given})
        data["resolved"] = {"attachments": {given: attachment(given, file, world)}}
    return data


def attachment(file: str, content: SimulatedFile, world: World, channel: str = "") -> Payload:
    """An attachment, with an address that is good for a day; without `channel` one of a command."""
    path = f"attachments/{channel}" if channel else f"ephemeral-attachments/{world.application}"
    ends = int(time.time()) + _A_DAY
    signed = f"ex={ends:x}&is={ends - _A_DAY:x}&hm={world.signature}&"
    address = f"{world.cdn}/{path}/{file}/{quote(content.name)}?{signed}"
    shown = {
        "id": file,
        "filename": content.name,
        "size": len(content.content),
        "url": address,
        "proxy_url": address,
        "content_type": content.media_type,
        "flags": 0,
    }
    return shown if channel else shown | {"ephemeral": True}
