"""The payloads that Slack sends to an app. No I/O.

Shapes: https://docs.slack.dev/reference/events and https://docs.slack.dev/reference/interaction-payloads
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aion_bot.simulators.slack.state import APP, Channel, Message, Team, team_of
from aion_bot.simulators.slack.uploads import Given
from aion_bot.simulators.workspace import SimulatedPerson

Payload = dict[str, Any]

CANVAS = "application/vnd.slack-docs"
"""The type of a canvas, which Slack keeps among the files."""
_OF_APP = ("subtype", "bot_id", "app_id", "bot_profile", "username", "user_profile")


def event(inner: Payload, channel: Channel) -> Payload:
    """The outer part of an event; every event has its own `event_id`."""
    return {
        "token": "legacy-token",
        "team_id": channel.home.id,
        "context_team_id": channel.home.id,
        "api_app_id": APP,
        "event": inner,
        "type": "event_callback",
        "event_id": "Ev" + secrets.token_hex(5).upper(),
        "event_time": int(float(inner["event_ts"])),
        "authorizations": [
            {
                "enterprise_id": channel.home.organisation or None,
                "team_id": channel.home.id,
                "user_id": channel.home.bot.id,
                "is_bot": True,
                "is_enterprise_install": bool(channel.home.organisation),
            }
        ],
        "is_ext_shared_channel": channel.shared,
    }


def said(message: Message, channel: Channel) -> Payload:
    """A message of a person: the inner event `message`."""
    inner = {**record(message), "channel": channel.id, "event_ts": message.ts, "channel_type": channel.kind}
    if message.files:
        inner["subtype"] = "file_share"
    return inner


def mention(message: Message, *, with_files: bool = True) -> Payload:
    """Somebody mentioned the bot: the inner event `app_mention`, which names no `channel_type`, and now and then no files."""
    inner = {**record(message), "type": "app_mention", "channel": message.channel, "event_ts": message.ts}
    inner["assistant_thread"] = {"action_token": action_token(message)}
    return inner if with_files else {name: value for name, value in inner.items() if name != "files"}


def action_token(message: Message) -> str:
    """The token by which the event of a mention lets the app search."""
    return f"{message.ts}.{message.author.id.lower()}"


def changed(message: Message, channel: Channel, before: Payload, ts: str) -> Payload:
    """A message was edited, or deleted while its thread remains."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": record(message)
        | ({} if message.buried else {"edited": {"user": message.author.id, "ts": ts}}),
        "previous_message": before,
        "channel": channel.id,
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": channel.kind,
    }


def unfurled(message: Message, channel: Channel, ts: str) -> Payload:
    """Slack added a preview to a message; its text is unchanged."""
    inner = changed(message, channel, record(message), ts)
    preview = {"id": 1, "fallback": "A preview", "text": "A preview", "from_url": "https://example.org/"}
    inner["message"] = record(message) | {"attachments": [preview]}
    return inner


def stopped(
    person: SimulatedPerson, channel: Channel, thread: str, ts: str, streaming: Sequence[str]
) -> Payload:
    """Somebody pressed Slack's own Stop, which ended these streams: the inner event `agent_session_stopped`."""
    return {
        "type": "agent_session_stopped",
        "channel": channel.id,
        "thread_ts": thread,
        "user": person.id,
        "streaming_message_ts": list(streaming),
        "event_ts": ts,
    }


REACTIONS_SCOPE = "reactions:read"

_NAMES = {"🔁": "repeat", "🛑": "octagonal_sign", "🔖": "bookmark", "👍": "+1"}
"""Slack's names of some emoji."""


def reacted(message: Message, person: SimulatedPerson, emoji: str, ts: str) -> Payload:
    """Somebody put a reaction on a message: https://docs.slack.dev/reference/events/reaction_added"""
    return {
        "type": "reaction_added",
        "user": person.id,
        "reaction": _NAMES[emoji],
        "item_user": message.author.id,
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        "event_ts": ts,
    }


def deleted(message: Message, channel: Channel, ts: str) -> Payload:
    """A message was deleted."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": record(message),
        "deleted_ts": message.ts,
        "channel": channel.id,
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": channel.kind,
    }


def attached(file: str, given: Given, address: str, *, stub: bool = False) -> Payload:
    """A file that a person attached, as `files` of a message has it; its bytes are at `address`.

    `stub`: as an event shows one of another organisation, which `files.info` describes.

    https://docs.slack.dev/reference/objects/file-object
    """
    shown: Payload = {"id": file, "created": given.created}
    if given.deleted:
        return {**shown, "mode": "tombstone"}
    if stub:
        return {**shown, "mode": "file_access", "file_access": "check_file_info"}
    one = given.file
    ending = one.name.rpartition(".")[2].lower()
    return {
        **shown,
        "name": one.name,
        "title": one.name,
        "mimetype": one.media_type,
        "filetype": ending,
        "pretty_type": ending.upper(),
        "size": len(one.content),
        "mode": "external" if one.external else "quip" if one.media_type == CANVAS else "hosted",
        "editable": False,
        "is_external": one.external,
        "external_type": "gdrive" if one.external else "",
        "is_public": True,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": address,
        "url_private_download": address,
        "permalink": f"https://site-operations.slack.com/files/{file}",
        "channels": [],
        "groups": [],
    }


def record(message: Message) -> Payload:
    """A message as the Web API and the events have it."""
    shown: Payload = {
        "type": "message",
        "user": message.author.id,
        "ts": message.ts,
        "text": message.body.get("text") or "",
        "team": message.team,
    }
    if message.team != message.home.id:
        shown |= {"user_team": message.team, "source_team": message.team}
    shown |= {name: message.body[name] for name in ("blocks", "attachments") if message.body.get(name)}
    # What an app writes, as `say` was told.
    shown |= {name: message.body[name] for name in _OF_APP if message.body.get(name) and not message.by_bot}
    if shown.get("subtype") == "bot_message":
        del shown["user"]
    if message.by_bot:
        shown |= {
            "bot_id": message.home.bot_id,
            "app_id": APP,
            "bot_profile": {"id": message.home.bot_id, "app_id": APP, "name": message.home.bot.name},
        }
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if message.files:
        shown["files"] = list(message.files)
    if message.buried:
        shown |= {"subtype": "tombstone", "hidden": True}
    return shown


def shared(message: Message) -> Payload:
    """A message as an attachment of one that forwards it."""
    place = f"{message.channel}/p{message.ts.replace('.', '')}"
    address = f"https://{message.home.domain}.slack.com/archives/{place}"
    text = message.body.get("text") or ""
    names = " ".join(str(one.get("name") or "") for one in message.files)
    return {
        "id": 1,
        "is_share": True,
        "is_msg_unfurl": True,
        "ts": message.ts,
        "author_id": message.author.id,
        "author_name": message.author.name,
        "channel_id": message.channel,
        "text": text,
        "fallback": f"{message.author.name}: {text or names}",
        "message_blocks": [],
        "files": list(message.files),
        "from_url": address,
        "original_url": address,
        "footer": "Slack Conversation",
    }


def pressed(
    message: Message, person: SimulatedPerson, button: Mapping[str, Any], channel: Channel, ts: str
) -> Payload:
    """Somebody pressed a button: `block_actions`."""
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.only_for is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    # Of an ephemeral message Slack sends the container alone.
    shown = {} if message.only_for is not None else {"message": record(message)}
    return {
        "type": "block_actions",
        **_interaction(person, channel),
        "container": container,
        **shown,
        "state": {"values": {}},
        "actions": [{**button, "action_ts": ts}],
    }


def shortcut(message: Message, person: SimulatedPerson, callback: str, channel: Channel, ts: str) -> Payload:
    """Somebody used a message shortcut: `message_action`."""
    return {
        "type": "message_action",
        **_interaction(person, channel),
        "callback_id": callback,
        "message_ts": message.ts,
        "message": record(message),
        "action_ts": ts,
    }


def view_submitted(team: Team, view: Mapping[str, Any], person: SimulatedPerson, words: str) -> Payload:
    """Somebody sent a modal with these words in its field: `view_submission`, which names no channel."""
    block = next(one for one in view["blocks"] if one["type"] == "input")
    field = {"type": block["element"]["type"], "value": words}
    name = person.name.lower()
    return {
        "type": "view_submission",
        "team": {"id": team.id, "domain": team.domain},
        "user": {"id": person.id, "username": name, "name": name, "team_id": team.id},
        "api_app_id": APP,
        "token": "legacy-token",
        "trigger_id": trigger(person),
        "view": {
            **view,
            "state": {"values": {block["block_id"]: {block["element"]["action_id"]: field}}},
            "previous_view_id": None,
            "root_view_id": view["id"],
            "external_id": "",
            "app_installed_team_id": team.organisation or team.id,
        },
        "response_urls": [],
        "is_enterprise_install": bool(team.organisation),
        "enterprise": organisation_of(team),
    }


def organisation_of(team: Team) -> Payload | None:
    """The organisation for which the app was installed, as interactions name it."""
    return {"id": team.organisation, "name": team.organisation} if team.organisation else None


def trigger(person: SimulatedPerson) -> str:
    """A `trigger_id`, which says when it was made and for whom."""
    return f"{int(time.time() * 1000)}.{secrets.randbits(40)}.{person.id.encode().hex()}"


def _interaction(person: SimulatedPerson, channel: Channel) -> Payload:
    name = person.name.lower()
    return {
        "user": {"id": person.id, "username": name, "name": name, "team_id": team_of(person.id, channel)},
        "api_app_id": APP,
        "token": "legacy-token",
        "trigger_id": trigger(person),
        "team": {"id": channel.home.id, "domain": channel.home.domain},
        "enterprise": organisation_of(channel.home),
        "is_enterprise_install": bool(channel.home.organisation),
        "channel": {"id": channel.id, "name": "directmessage" if channel.kind == "im" else channel.name},
        "response_url": "http://127.0.0.1/unused",
    }
