"""Edits and deletions of messages by their writers, as the port's changes. No I/O.

https://docs.slack.dev/reference/events/message/message_changed, and `message_deleted` beside it. A deleted message that
has replies comes as `message_changed`, with the subtype "tombstone".
"""

from adapters.slack import ids, mrkdwn
from adapters.slack.events import (
    BotIdentity,
    Payload,
    is_direct,
    is_from_person,
    message_key,
    place_of_event,
    profile_name,
    team_of_writer,
)
from aion_bot.ports.events import MessageChange
from aion_bot.ports.messages import Person


def message_change(body: Payload, me: BotIdentity) -> MessageChange | None:
    """Read an event; None unless a person changed the words of a message or deleted it."""
    event = body.get("event") or {}
    if event.get("type") != "message" or event.get("subtype") not in {"message_changed", "message_deleted"}:
        return None
    before: Payload = event.get("previous_message") or {}
    after: Payload = event.get("message") or {}
    deleted = event["subtype"] == "message_deleted" or after.get("subtype") == "tombstone"
    message = before if deleted else after
    if not (event.get("channel") and message.get("ts") and is_from_person(message, me)):
        return None
    text = None if deleted else mrkdwn.to_plain_text(after.get("text") or "", me.user)
    # Slack tells of a link preview as an edit too, which leaves the words as they are.
    if text is not None and text == mrkdwn.to_plain_text(before.get("text") or "", me.user):
        return None
    channel, thread = event["channel"], message.get("thread_ts") or message["ts"]
    direct = is_direct(channel, event.get("channel_type"))
    return MessageChange(
        prompt=message_key(me, channel, message["ts"]),
        thread=ids.thread_key(me.team, channel, thread),
        place=place_of_event(body, me, channel, direct, team_of_writer(message)),
        person=Person(message["user"], profile_name(message)),
        text=text,
    )
