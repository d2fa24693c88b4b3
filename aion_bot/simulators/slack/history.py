"""The Web API methods that read a channel: its history, and a search in all public channels.

https://docs.slack.dev/reference/methods/conversations.history and
https://docs.slack.dev/reference/methods/assistant.search.context
"""

import re

from aion_bot.simulators.slack import payloads
from aion_bot.simulators.slack.backend import Answer, Arguments, Backend, Refused, find_channel
from aion_bot.simulators.slack.state import Channel, Message

_MOST_FOUND = 20


def readable(backend: Backend, arguments: Arguments) -> Channel:
    """Find the channel of a call that reads it."""
    channel = find_channel(backend, arguments)
    if not channel.member:
        raise Refused("not_in_channel" if channel.kind == "channel" else "channel_not_found")
    return channel


def of_channel(backend: Backend, arguments: Arguments) -> Answer:
    """List the messages of a channel that are in no thread, newest first."""
    channel, page = readable(backend, arguments), backend.conversations.page
    oldest, latest = (
        float(arguments.get(name) or otherwise) for name, otherwise in (("oldest", 0), ("latest", "inf"))
    )
    found = [
        one for one in backend.conversations.messages if one.channel == channel.id and one.only_for is None
    ]
    found = [one for one in found if one.thread_ts in {None, one.ts} and oldest < float(one.ts) < latest]
    end = min(int(arguments.get("limit") or page), page)
    newest = found[::-1]
    with_metadata = str(arguments.get("include_all_metadata", "")).lower() in {"1", "true"}
    shown = [
        payloads.record(one) | ({"metadata": one.metadata} if with_metadata and one.metadata else {})
        for one in newest[:end]
    ]
    return {"messages": shown, "has_more": end < len(newest)}


def search(backend: Backend, arguments: Arguments) -> Answer:
    """Find messages of public channels that share a word with the query; needs the token of an event."""
    if arguments.get("action_token") not in [*map(payloads.action_token, backend.conversations.messages)]:
        raise Refused("invalid_action_token")
    wanted = _words(str(arguments.get("query")))
    after, before = float(arguments.get("after") or 0), float(arguments.get("before") or "inf")
    most = min(int(arguments.get("limit") or _MOST_FOUND), _MOST_FOUND)
    found = [
        one
        for one in backend.conversations.messages
        if after < float(one.ts) < before
        and one.only_for is None
        and not one.buried
        and backend.conversations.channels[one.channel].kind == "channel"
        and wanted & _words(str(one.body.get("text")))
    ]
    return {"results": {"messages": [_found(backend, one) for one in found[-most:]]}}


def _words(text: str) -> set[str]:
    return {one.lower() for one in re.findall(r"\w{3,}", text)}


def _found(backend: Backend, message: Message) -> Answer:
    channel = backend.conversations.channels[message.channel]
    place = f"{channel.id}/p{message.ts.replace('.', '')}"
    return {
        "author_name": message.author.name,
        "author_user_id": message.author.id,
        "team_id": message.team,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "message_ts": message.ts,
        "content": message.body.get("text", ""),
        "is_author_bot": message.by_bot
        or message.body.get("bot_id", message.home.bot_id) != message.home.bot_id,
        "permalink": f"https://{message.home.domain}.slack.com/archives/{place}",
    }
