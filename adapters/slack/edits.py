"""What people do to messages that they wrote before, as the port's amendments. No I/O.

https://docs.slack.dev/reference/events/message/message_changed, and `message_deleted` beside it. A deleted message that
has replies is told as changed: into a "tombstone".
"""

from adapters.slack import ids, mrkdwn
from adapters.slack.events import Identity, Payload, is_direct, is_from_person, message_key, profile_name
from aion_bot.ports.events import MessageChange, Place
from aion_bot.ports.messages import Person


def message_change(body: Payload, me: Identity) -> MessageChange | None:
    """Read an event; None unless a person changed the words of a message or deleted it."""
    event = body.get("event") or {}
    if event.get("type") != "message" or event.get("subtype") not in {"message_changed", "message_deleted"}:
        return None
    before, after = event.get("previous_message") or {}, _kept(event)
    message = before if after is None else after
    if not (event.get("channel") and message.get("ts") and is_from_person(message, me)):
        return None
    text = None if after is None else mrkdwn.to_words(after.get("text") or "", me.user)
    if text is not None and text == mrkdwn.to_words(before.get("text") or "", me.user):
        return None
    channel, thread = event["channel"], message.get("thread_ts") or message["ts"]
    direct = is_direct(channel, event.get("channel_type"))
    return MessageChange(
        prompt=message_key(me, channel, message["ts"]),
        thread=ids.thread_key(me.team, channel, thread),
        place=Place(me.team, channel, direct, shared=bool(body.get("is_ext_shared_channel"))),
        person=Person(message["user"], profile_name(message)),
        text=text,
    )


def _kept(event: Payload) -> Payload | None:
    """The message as it is now; None if it is no more."""
    message: Payload = event.get("message") or {}
    if event["subtype"] == "message_deleted" or message.get("subtype") == "tombstone":
        return None
    return message
