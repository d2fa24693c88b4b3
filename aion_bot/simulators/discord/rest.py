"""The REST routes of bots, by their templates in Discord's published OpenAPI document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aion_bot.simulators.discord import limits, payloads
from aion_bot.simulators.discord.backend import Backend
from aion_bot.simulators.discord.errors import (
    ApiError,
    invalid_form,
    missing_access,
    missing_permissions,
    thread_archived,
    thread_locked,
    unknown_member,
    unknown_user,
)
from aion_bot.simulators.discord.model import THREAD_STARTER, THREADS, Channel, Message

NOTHING: None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the parameters of its path, its query, its body, and its files by name."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    files: Mapping[str, bytes] = field(default_factory=dict)


Handler = Callable[[Backend, Call], Any]
"""Returns JSON, or None for 204. Raises ApiError."""


def gateway(backend: Backend, _: Call) -> Any:
    """The address of the gateway."""
    return backend.gateway.described


def me(backend: Backend, _: Call) -> Any:
    """The bot's user."""
    return payloads.user(backend.world.bot, bot=True)


def application(backend: Backend, _: Call) -> Any:
    """The bot's application."""
    return payloads.application(backend.world, message_content=backend.gateway.message_content)


def get_guilds(backend: Backend, call: Call) -> Any:
    """The servers that the bot is in, behind an id, in order: 200 at most."""
    after, most = int(call.query.get("after", 0)), int(call.query.get("limit", 200))
    found = sorted(one for one in map(int, backend.world.servers) if one > after)
    return [payloads.partial_guild(backend.world, str(one)) for one in found[:most]]


def get_guild(backend: Backend, call: Call) -> Any:
    """One server, with its roles."""
    if call.path["guild_id"] not in backend.world.servers:
        raise missing_access()
    return payloads.guild(backend.world, call.path["guild_id"])


def get_commands(backend: Backend, _: Call) -> Any:
    """The registered commands."""
    return backend.world.commands


def put_commands(backend: Backend, call: Call) -> Any:
    """Replace all commands."""
    limits.check_commands(call.body)
    world = backend.world
    about = {"application_id": world.application, "version": "1", "default_member_permissions": None}
    world.commands = [
        {"type": 1, "description": "", **command, "id": world.new_id(), **about} for command in call.body
    ]
    return world.commands


def get_channel(backend: Backend, call: Call) -> Any:
    """One channel."""
    channel = _channel(backend, call)
    return payloads.channel(channel) | payloads.overwrites(backend.world, channel)


def patch_channel(backend: Backend, call: Call) -> Any:
    """Change a thread; a locked one takes a permission that the bot does not ask for."""
    thread = _channel(backend, call)
    if thread.locked:
        raise missing_permissions()
    return payloads.channel(backend.update(thread, call.body))


def get_messages(backend: Backend, call: Call) -> Any:
    """The messages of a channel, newest first."""
    channel = _channel(backend, call)
    after, before = int(call.query.get("after", 0)), int(call.query.get("before", 1 << 63))
    found = [one for one in backend.world.messages[channel.id] if one.only_for is None]
    # A simplification: what is listed behind an id leaves the top of the thread out.
    found = [*([] if "after" in call.query else _starter(backend, channel)), *found]
    chosen = [one for one in found if after < int(one.id) < before]
    most = int(call.query.get("limit", 50))
    if not 1 <= most <= limits.LISTED:
        raise invalid_form("limit", "NUMBER_TYPE_MAX", f"int value should be at most {limits.LISTED}.")
    page = chosen[:most] if "after" in call.query else chosen[-most:]
    content = backend.gateway.message_content
    return [payloads.listed(one, backend.world, content=content) for one in reversed(page)]


def _starter(backend: Backend, thread: Channel) -> list[Message]:
    """The notice at the top of a thread that shows the message from which it was opened, unless that was deleted."""
    above = backend.world.messages.get(thread.parent or "", []) if thread.kind in THREADS else []
    shown = [one for one in above if one.id == thread.id]
    return [
        Message(str(int(one.id) + 1), thread.id, one.author, "", kind=THREAD_STARTER, replied_to=one)
        for one in shown
    ]


def post_message(backend: Backend, call: Call) -> Any:
    """Create a message."""
    channel = _channel(backend, call, writing=True)
    if channel.locked:
        raise thread_locked()
    limits.check_files(call.files, call.body)
    return _message(backend, backend.post_as_bot(channel.id, call.body, files=call.files))


def get_message(backend: Backend, call: Call) -> Any:
    """One message."""
    return _message(backend, _named(backend, call))


def patch_message(backend: Backend, call: Call) -> Any:
    """Edit a message."""
    return _message(backend, backend.edit(_named(backend, call), call.body))


def delete_message(backend: Backend, call: Call) -> Any:
    """Delete a message."""
    backend.delete(_named(backend, call))
    return NOTHING


def post_thread(backend: Backend, call: Call) -> Any:
    """Open a thread from a message."""
    if _channel(backend, call, writing=True).id in backend.world.without_threads:
        raise missing_permissions()
    return payloads.channel(backend.open_thread(_named(backend, call), call.body))


def put_reaction(backend: Backend, call: Call) -> Any:
    """React to a message; in an archived thread nobody can."""
    if _channel(backend, call, writing=True).archived:
        raise thread_archived()
    backend.react(_named(backend, call), call.path["emoji_name"])
    return NOTHING


def delete_reaction(backend: Backend, call: Call) -> Any:
    """Remove a reaction."""
    backend.unreact(_named(backend, call), call.path["emoji_name"])
    return NOTHING


def post_typing(backend: Backend, call: Call) -> Any:
    """Show that the bot is typing."""
    backend.world.typing.append(_channel(backend, call, writing=True).id)
    backend.gateway.changed.set()
    return NOTHING


def post_direct(backend: Backend, call: Call) -> Any:
    """Open direct messages with a person."""
    person = backend.world.find_user(str(call.body["recipient_id"]))
    if person is None or backend.world.is_bot(person):
        raise ApiError(400, 50033, "Invalid Recipient(s)")
    return payloads.channel(backend.world.direct(person))


def get_member(backend: Backend, call: Call) -> Any:
    """A member of a server that the bot is in."""
    world, guild = backend.world, call.path["guild_id"]
    person = world.find_user(call.path["user_id"])
    if guild not in world.servers:
        raise missing_access()
    if person is None or (guild, person.id) in world.absent:
        raise unknown_member()
    if person == world.bot:
        return payloads.own_member(world)
    until = payloads.silent_until(world, person)
    return payloads.member(world.roles_of(person.id)) | {"user": payloads.user(person)} | until


def get_user(backend: Backend, call: Call) -> Any:
    """Anybody by id."""
    person = backend.world.find_user(call.path["user_id"])
    if person is None:
        raise unknown_user()
    return payloads.user(person)


ROUTES: Mapping[str, Handler] = {
    "GET /gateway/bot": gateway,
    "GET /users/@me": me,
    "GET /oauth2/applications/@me": application,
    "GET /users/@me/guilds": get_guilds,
    "GET /guilds/{guild_id}": get_guild,
    "GET /applications/{application_id}/commands": get_commands,
    "PUT /applications/{application_id}/commands": put_commands,
    "GET /guilds/{guild_id}/members/{user_id}": get_member,
    "GET /users/{user_id}": get_user,
    "GET /channels/{channel_id}": get_channel,
    "PATCH /channels/{channel_id}": patch_channel,
    "GET /channels/{channel_id}/messages": get_messages,
    "POST /channels/{channel_id}/messages": post_message,
    "GET /channels/{channel_id}/messages/{message_id}": get_message,
    "PATCH /channels/{channel_id}/messages/{message_id}": patch_message,
    "DELETE /channels/{channel_id}/messages/{message_id}": delete_message,
    "POST /channels/{channel_id}/messages/{message_id}/threads": post_thread,
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me": put_reaction,
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me": delete_reaction,
    "POST /channels/{channel_id}/typing": post_typing,
    "POST /users/@me/channels": post_direct,
}


def _channel(backend: Backend, call: Call, *, writing: bool = False) -> Channel:
    return backend.world.open_to_bot(call.path["channel_id"], writing=writing)


def _named(backend: Backend, call: Call) -> Message:
    _channel(backend, call)
    return backend.world.message(call.path["channel_id"], call.path["message_id"])


def _message(backend: Backend, message: Message) -> Any:
    return payloads.message(message, backend.world)
