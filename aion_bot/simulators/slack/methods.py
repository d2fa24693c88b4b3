"""The Web API methods of a simulated workspace, each from arguments to a response.

Arguments, responses and errors: https://docs.slack.dev/reference/methods
"""

from collections.abc import Callable, Mapping

from aion_bot.simulators.slack import (
    forms,
    history,
    indicators,
    payloads,
    rules,
    stream_methods,
    upload_methods,
)
from aion_bot.simulators.slack.backend import (
    Answer,
    Arguments,
    Backend,
    Refused,
    find_channel,
    metadata,
    writable,
)
from aion_bot.simulators.slack.state import Channel, Message
from aion_bot.simulators.workspace import SimulatedPerson


def failure(error: str) -> Answer:
    """Slack's response to a call that failed."""
    return {"ok": False, "error": error}


def call(backend: Backend, method: str, arguments: Arguments, token: str) -> Answer:
    """Perform `method`."""
    if method not in METHODS:
        return failure("unknown_method")
    if not token:
        return failure("not_authed")
    if not backend.authorized(method, token):
        return failure("invalid_auth")
    try:
        return {"ok": True} | METHODS[method](backend, arguments)
    except Refused as refused:
        about = {"response_metadata": {"messages": list(refused.messages)}} if refused.messages else {}
        return failure(str(refused)) | about


def _auth_test(backend: Backend, arguments: Arguments) -> Answer:
    del arguments
    team = backend.conversations.team
    return {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": team.bot.name,
        "team_id": team.id,
        "user_id": team.bot.id,
        "bot_id": team.bot_id,
        "is_enterprise_install": False,
    }


def _bot_info(backend: Backend, arguments: Arguments) -> Answer:
    team = backend.conversations.team
    if arguments.get("bot") != team.bot_id:
        raise Refused("bot_not_found")
    about = {
        "id": team.bot_id, "deleted": False, "name": team.bot.name, "updated": 0, "user_id": team.bot.id,
    }  # fmt: skip
    return {"bot": about | {"app_id": backend.configuration.app}}


def _export_manifest(backend: Backend, arguments: Arguments) -> Answer:
    if arguments.get("app_id") != backend.configuration.app:
        raise Refused("app_not_found")
    return {"manifest": backend.configuration.manifest()}


def _validate_manifest(backend: Backend, arguments: Arguments) -> Answer:
    """Check a manifest, a JSON object as a string: https://docs.slack.dev/reference/methods/apps.manifest.validate."""
    problems = backend.configuration.find_problems(str(arguments.get("manifest")))
    return {"ok": False, "error": "invalid_manifest", "errors": problems} if problems else {}


def _create_app(backend: Backend, arguments: Arguments) -> Answer:
    refused = _validate_manifest(backend, arguments)
    return refused or backend.configuration.create(str(arguments.get("manifest")))


def _open_connection(backend: Backend, arguments: Arguments) -> Answer:
    del arguments
    return {"url": backend.socket_address()}


def _post(backend: Backend, arguments: Arguments) -> Answer:
    channel = writable(backend, arguments)
    _check_thread(backend, channel, arguments)
    message = _new_message(backend, channel, arguments, "chat.postMessage")
    message.metadata = metadata(arguments)
    backend.add(message)
    return {"channel": channel.id, "ts": message.ts, "message": payloads.record(message)}


def _post_ephemeral(backend: Backend, arguments: Arguments) -> Answer:
    channel = writable(backend, arguments)
    message = _new_message(backend, channel, arguments, "chat.postEphemeral")
    message.only_for = str(arguments.get("user") or "")
    if message.only_for not in backend.conversations.names():
        raise Refused("user_not_in_channel")
    if _is_seen(backend, message):
        backend.add(message)
    return {"message_ts": message.ts}


def _is_seen(backend: Backend, private: Message) -> bool:
    """Whether Slack shows an ephemeral message: in a thread only if that has replies that everybody sees."""
    replies = (one for one in backend.conversations.messages if one.thread_ts == private.thread_ts)
    return private.thread_ts is None or any(one.only_for is None for one in replies)


def _update(backend: Backend, arguments: Arguments) -> Answer:
    message = _own_message(backend, arguments, "cant_update_message")
    stream_methods.check_update(backend, message)
    refusal = rules.refusal("chat.update", arguments)
    if refusal:
        raise Refused(refusal)
    backend.change(message, arguments)
    return {"channel": message.channel, "ts": message.ts, "text": message.body.get("text", "")}


def _delete(backend: Backend, arguments: Arguments) -> Answer:
    message = _own_message(backend, arguments, "cant_delete_message")
    backend.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def _channel_info(backend: Backend, arguments: Arguments) -> Answer:
    channel = find_channel(backend, arguments)
    if channel.kind != "channel" and not channel.member:
        raise Refused("channel_not_found")
    return {
        "channel": {
            "id": channel.id,
            "name": channel.name,
            "is_channel": channel.kind == "channel",
            "is_im": channel.kind == "im",
            "is_mpim": channel.kind == "mpim",
            "is_private": channel.kind != "channel",
            "is_member": channel.member,
            "is_archived": channel.archived,
            "is_shared": channel.shared,
            "is_ext_shared": channel.shared,
            "is_pending_ext_shared": False,
        }
    }


def _replies(backend: Backend, arguments: Arguments) -> Answer:
    channel = history.readable(backend, arguments)
    root = str(arguments.get("ts"))
    if backend.conversations.find(channel.id, root) is None:
        raise Refused("thread_not_found")
    oldest, begin = float(arguments.get("oldest") or 0), int(arguments.get("cursor") or 0)
    page = backend.conversations.page
    end = begin + min(int(arguments.get("limit") or page), page)
    found = [m for m in backend.conversations.thread(root) if m.only_for is None]
    found = [m for m in found if m.ts == root or float(m.ts) > oldest]
    with_metadata = str(arguments.get("include_all_metadata", "")).lower() in {"1", "true"}
    shown = [
        payloads.record(m) | ({"metadata": m.metadata} if with_metadata and m.metadata else {}) for m in found
    ]
    more = end < len(shown)
    return {
        "messages": shown[begin:end],
        "has_more": more,
        "response_metadata": {"next_cursor": str(end) if more else ""},
    }


def _user_info(backend: Backend, arguments: Arguments) -> Answer:
    person = backend.conversations.people.get(str(arguments.get("user")))
    if person is None:
        raise Refused("user_not_found")
    return {"user": _user(backend, person)}


def _users(backend: Backend, arguments: Arguments) -> Answer:
    """List the people of the workspace: https://docs.slack.dev/reference/methods/users.list"""
    people = [_user(backend, one) for one in backend.conversations.people.values()]
    end = int(arguments.get("limit") or len(people))
    return {"members": people[:end], "response_metadata": {"next_cursor": "more" if people[end:] else ""}}


_KINDS = {"public_channel": "channel", "private_channel": "group", "mpim": "mpim", "im": "im"}


def _conversations_of(backend: Backend, arguments: Arguments) -> Answer:
    """List what a person and the app are both in: https://docs.slack.dev/reference/methods/users.conversations"""
    user = str(arguments.get("user"))
    if user not in backend.conversations.people:
        raise Refused("user_not_found")
    kinds = {_KINDS.get(one.strip()) for one in str(arguments.get("types") or "public_channel").split(",")}
    if None in kinds:
        raise Refused("invalid_types")
    found = [
        {"id": one.id, "name": one.name, "is_private": one.kind != "channel"}
        for one in backend.conversations.channels.values()
        if one.member and one.kind in kinds and (one.id, user) not in backend.conversations.removed
    ]
    end = int(arguments.get("limit") or 100)
    return {"channels": found[:end], "response_metadata": {"next_cursor": "more" if found[end:] else ""}}


def _user(backend: Backend, person: SimulatedPerson) -> Answer:
    names = {"real_name": person.name, "display_name": person.name}
    # Slack calls a guest of one channel both.
    single = person.id in backend.conversations.single_channel_guests
    guest = single or person.id in backend.conversations.guests
    is_bot = person.id in backend.conversations.bots
    deleted = person.id in backend.conversations.deactivated
    flags = {"is_restricted": guest, "is_ultra_restricted": single, "is_bot": is_bot, "deleted": deleted}
    team, admin = backend.conversations.team, person.id in backend.conversations.admins
    flags |= {"is_admin": admin, "is_owner": False}
    whole = (
        {"enterprise_user": {"enterprise_id": team.organisation, "is_admin": admin}}
        if team.organisation
        else {}
    )
    return {
        "id": person.id,
        "team_id": team.id,
        "name": person.name.lower(),
        "profile": names,
        **flags,
        **whole,
    }


def _user_groups(backend: Backend, arguments: Arguments) -> Answer:
    del arguments
    groups = backend.conversations.groups.items()
    return {"usergroups": [{"id": group, "handle": handle, "name": handle} for group, handle in groups]}


def _publish_home(backend: Backend, arguments: Arguments) -> Answer:
    """Show a person the app's Home tab: https://docs.slack.dev/reference/methods/views.publish"""
    person, view = str(arguments.get("user_id") or ""), arguments.get("view")
    if person not in backend.conversations.names():
        raise Refused("user_not_found")
    if (
        not isinstance(view, Mapping)
        or view.get("type") != "home"
        or len(view.get("blocks") or ()) > _MOST_BLOCKS
    ):
        raise Refused("invalid_arguments")
    backend.conversations.homes[person] = view
    return {"view": {"id": f"V{person}", **view}}


_MOST_BLOCKS = 100


def _group_members(backend: Backend, arguments: Arguments) -> Answer:
    members = backend.conversations.members.get(str(arguments.get("usergroup")))
    if members is None:
        raise Refused("no_such_subteam")
    return {"users": sorted(members)}


METHODS: Mapping[str, Callable[[Backend, Arguments], Answer]] = {
    "auth.test": _auth_test,
    "apps.connections.open": _open_connection,
    "apps.manifest.create": _create_app,
    "apps.manifest.export": _export_manifest,
    "apps.manifest.validate": _validate_manifest,
    "bots.info": _bot_info,
    "chat.postMessage": _post,
    "chat.postEphemeral": _post_ephemeral,
    "chat.update": _update,
    "chat.delete": _delete,
    "chat.startStream": stream_methods.start,
    "chat.appendStream": stream_methods.append,
    "chat.stopStream": stream_methods.stop,
    "assistant.search.context": history.search,
    "conversations.history": history.of_channel,
    "conversations.info": _channel_info,
    "conversations.replies": _replies,
    "files.getUploadURLExternal": upload_methods.get_upload_url,
    "files.completeUploadExternal": upload_methods.complete,
    "files.delete": upload_methods.delete,
    "files.info": upload_methods.info,
    "users.info": _user_info,
    "users.conversations": _conversations_of,
    "users.list": _users,
    "usergroups.list": _user_groups,
    "usergroups.users.list": _group_members,
    "reactions.add": indicators.add_reaction,
    "reactions.remove": indicators.remove_reaction,
    "agents.sessions.setStatus": indicators.set_status,
    "views.open": forms.open_view,
    "views.publish": _publish_home,
}


def _check_thread(backend: Backend, channel: Channel, arguments: Arguments) -> None:
    thread = arguments.get("thread_ts")
    if thread and backend.conversations.find(channel.id, str(thread)) is None:
        raise Refused("thread_not_found")


def _new_message(backend: Backend, channel: Channel, arguments: Arguments, method: str) -> Message:
    refusal = rules.refusal(method, arguments)
    if refusal:
        raise Refused(refusal)
    not_shown = [
        f"[ERROR] invalid slack file [json-pointer:/blocks/{number}/slack_file]"
        for number, block in enumerate(arguments.get("blocks") or ())
        if block["type"] == "image" and not backend.uploads.shows(block["slack_file"].get("id"))
    ]
    if not_shown:
        raise Refused("invalid_blocks", not_shown)
    thread = arguments.get("thread_ts")
    return Message(
        backend.conversations.clock.ts(),
        channel.id,
        backend.conversations.team.bot,
        [dict(arguments)],
        thread_ts=str(thread) if thread else None,
        home=backend.conversations.team,
    )


def _own_message(backend: Backend, arguments: Arguments, otherwise: str) -> Message:
    channel = writable(backend, arguments, "is_inactive")
    message = backend.conversations.find(channel.id, str(arguments.get("ts")))
    if message is None or message.only_for is not None:
        raise Refused("message_not_found")
    if not message.by_bot:
        raise Refused(otherwise)
    return message
