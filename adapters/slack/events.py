"""Slack's events and interactions, as the port's events. No I/O.

Payloads: https://docs.slack.dev/reference/events and https://docs.slack.dev/reference/interaction-payloads.
Slack delivers a mention twice, as `app_mention` and as `message`, with different event ids and the same `ts`. Both
become the same prompt. Edits come as `message_changed` and deletions as `message_deleted`, or as `message_changed` with
the subtype "tombstone" where the message has replies: https://docs.slack.dev/reference/events/message. A `reply_token`
is the `ts` of the thread in which the person reads, empty where that is the channel itself: an ephemeral message in a
thread that has no replies yet is seen by nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from adapters.slack import content, ids, mrkdwn
from adapters.slack.identity import BotIdentity
from adapters.slack.writers import MayAsk, any_app, no_app, writer
from aion_bot.ports.addressing import Address, may_be_for_bot
from aion_bot.ports.events import Click, MessageChange, Place, Prompt, Quote, StopRequest
from aion_bot.ports.messages import Action, Person
from aion_bot.ports.names import Find, no_name

Payload = Mapping[str, Any]

SHORTCUT = "aion_ask"
FEEDBACK = "aion_feedback"
"""The action of both buttons that rate an answer; the value names the rating, and the key behind a colon."""
ACTIONS = {
    "aion_plan_approve": Action.APPROVE,
    "aion_plan_cancel": Action.CANCEL,
    "aion_retry": Action.RETRY,
    "aion_stop": Action.STOP,
    "aion_upload": Action.UPLOAD,
    "aion_suggest": Action.SUGGEST,
    "aion_withdraw": Action.WITHDRAW,
    "aion_only_these": Action.ONLY_THESE,
    "aion_another_plan": Action.ANOTHER_PLAN,
    "aion_closer": Action.CLOSER,
    "aion_reason": Action.REASON,
    "aion_why": Action.WHY,
    "aion_manage": Action.MANAGE,
    "aion_open": Action.OPEN,
    "aion_page": Action.PAGE,
    "aion_ask_these": Action.THESE,
    "aion_pick": Action.PICK,
    "aion_share": Action.SHARE,
}

_YOUNG = 30.0
"""Seconds after the first message of a thread in which that message may still be on its way to the bot."""

_UNKNOWN_TEAM = "unknown"


def prompt_from_event(
    body: Payload, me: BotIdentity, find: Find = no_name, may_ask: MayAsk = no_app
) -> Prompt | None:
    """Read an event; None if nobody asked the bot anything. `find` as for `mrkdwn.to_plain_text`, `may_ask` for `writer`."""
    event = body.get("event") or {}
    is_message = event.get("type") in {"app_mention", "message"} and event.get("channel") and event.get("ts")
    person = writer(event, me.user, me.bot, may_ask)
    if not is_message or person is None:
        return None
    text, direct = event.get("text") or "", is_direct(event["channel"], event.get("channel_type"))
    plain = partial(mrkdwn.to_plain_text, bot=me.user, find=find)
    quotes = () if (bare := content.is_text_alone(event)) else content.quotes(event, plain)
    mentions_bot = f"@{me.user}" in (mentioned := mrkdwn.mentioned(text))
    # Slack mentions nobody when people answer one another in a thread.
    others = bool(mentioned - {f"@{me.user}", f"@{event.get('user')}"})
    in_thread = event.get("thread_ts") not in {None, event["ts"]}
    address = Address(direct or mentions_bot, others, in_thread, words=bool(text.strip() or quotes))
    # Of what an app writes, only a mention of the bot counts.
    if not may_be_for_bot(address) or (person.apps and not mentions_bot):
        return None
    written_at = float(event["ts"])
    # A message outside of any thread begins one: replies to it have its `ts` as their `thread_ts`.
    thread = ids.thread_key(me.team, event["channel"], event.get("thread_ts") or event["ts"])
    return Prompt(
        # Not the `event_id`: `app_mention` and `message` have different ones for the same message.
        key=ids.prompt_key(me.team, event["channel"], event["ts"]),
        thread=thread,
        place=_place_of_event(body, me, event["channel"], direct, event),
        person=person,
        text=plain(text),
        addressed=address.bot,
        # Slack guarantees no order: this reply may have overtaken the question that began its thread.
        young=not address.bot and written_at - float(event["thread_ts"] or event["ts"]) < _YOUNG,
        quotes=quotes,
        attachments=0 if bare else content.file_count(event),
        files=() if bare else content.files(event, me.team),
        source=ids.message_ref(thread, event["channel"], event["ts"]),
        reply_token=event.get("thread_ts") or "",
        written_at=written_at,
    )


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What is known of the channel of an interaction, whose payload does not say it.

    `shared`: another organisation sees it; `bot_may_write` as for `Place`. `checked` is false where Slack did not tell: then it
    counts as shared.
    """

    shared: bool = False
    bot_may_write: bool = True
    checked: bool = True


def channel_facts(found: object) -> ChannelFacts | None:
    """Read the channel of an answer of `conversations.info`; None where it does not say whether others see it."""
    if not isinstance(found, Mapping) or "is_ext_shared" not in found:
        return None
    shared = bool(found["is_ext_shared"] or found.get("is_pending_ext_shared"))
    # Nobody can write in an archived channel, but its messages still offer the shortcut.
    closed = found.get("is_archived") or found.get("is_frozen")
    return ChannelFacts(shared, bool(found.get("is_member", True)) and not closed)


def prompt_from_shortcut(
    payload: Payload,
    me: BotIdentity,
    find: Find = no_name,
    *,
    shared: bool,
    bot_may_write: bool = True,
    checked: bool = True,
) -> Prompt | None:
    """Read a use of the message shortcut; None if it is not ours. Each use is a question of its own.

    People can use it where the bot is not: in their own direct messages, and in channels that it was not invited to.
    """
    message, channel = payload.get("message") or {}, _channel_of(payload)
    if payload.get("callback_id") != SHORTCUT or not channel or not message.get("ts"):
        return None
    plain = partial(mrkdwn.to_plain_text, bot=me.user, find=find)
    return Prompt(
        # Two uses on the same message differ in their `action_ts`, and two deliveries of one use do not.
        key=ids.prompt_key(
            me.team, channel, f"{message['ts']}/{payload['user']['id']}/{payload.get('action_ts')}"
        ),
        thread=ids.thread_key(me.team, channel, message.get("thread_ts") or message["ts"]),
        place=_place_of_interaction(
            payload, me, channel, shared=shared, bot_may_write=bot_may_write, checked=checked
        ),
        person=user_of(payload),
        text="",
        quotes=content.quotes(message, plain, about=_author(message, find)),
        attachments=content.file_count(message),
        files=content.files(message, me.team),
        reply_token=message.get("thread_ts") or "",
        written_at=float(payload.get("action_ts") or 0),
    )


def click(payload: Payload, me: BotIdentity, *, shared: bool, checked: bool = True) -> Click | None:
    """Read a click of a button; None if it is none of ours."""
    button: Payload = next(iter(payload.get("actions") or ()), {})
    # A number stands behind the id where a message has several of the kind: Slack wants each to be another.
    action_id = str(button.get("action_id") or "").rstrip("_0123456789")
    action, key = ACTIONS.get(action_id), button.get("value") or ""
    if action_id == FEEDBACK:
        rating, _, key = key.partition(":")
        action = {"good": Action.GOOD, "bad": Action.BAD}.get(rating)
    channel = _channel_of(payload)
    # The payload of a press in an ephemeral message has only the container.
    container, message = payload.get("container") or {}, payload.get("message") or {}
    ts = container.get("message_ts") or message.get("ts")
    if action is None or not channel or not ts:
        return None
    thread_ts = container.get("thread_ts") or message.get("thread_ts") or ""
    return Click(
        action=action,
        key=key,
        # A message outside of any thread is the first one of its own.
        message=ids.message_ref(ids.thread_key(me.team, channel, thread_ts or ts), channel, ts),
        place=_place_of_interaction(payload, me, channel, shared=shared, checked=checked),
        person=user_of(payload),
        reply_token=thread_ts,
    )


def stop_request(body: Payload, me: BotIdentity) -> StopRequest | None:
    """Read a use of Slack's own Stop button; None if the event is none.

    https://docs.slack.dev/reference/events/agent_session_stopped
    """
    event = body.get("event") or {}
    channel, thread, user = (event.get(name) or "" for name in ("channel", "thread_ts", "user"))
    if event.get("type") != "agent_session_stopped" or not (channel and thread and user):
        return None
    return StopRequest(
        thread=ids.thread_key(me.team, channel, thread),
        place=_place_of_event(body, me, channel, is_direct(channel), event),
        person=Person(user),
        reply_token=thread,
        at=float(event["event_ts"]) if event.get("event_ts") else None,
    )


def message_change(body: Payload, me: BotIdentity, find: Find = no_name) -> MessageChange | None:
    """Read an event; None unless a person changed the words of a message, or a message of a person or an app was deleted."""
    event = body.get("event") or {}
    if event.get("type") != "message" or event.get("subtype") not in {"message_changed", "message_deleted"}:
        return None
    before: Payload = event.get("previous_message") or {}
    after: Payload = event.get("message") or {}
    deleted = event["subtype"] == "message_deleted" or after.get("subtype") == "tombstone"
    # A deletion has the old message alone, and a tombstone has no words.
    message = before if deleted else after
    person = writer(message, me.user, me.bot, any_app if deleted else no_app)
    if not (event.get("channel") and message.get("ts")) or person is None:
        return None
    # Slack tells of a link preview as an edit too, which leaves the words as they are.
    if not deleted and _said(after, me) == _said(before, me):
        return None
    channel, thread = event["channel"], message.get("thread_ts") or message["ts"]
    direct = is_direct(channel, event.get("channel_type"))
    return MessageChange(
        prompt=ids.prompt_key(me.team, channel, message["ts"]),
        thread=ids.thread_key(me.team, channel, thread),
        place=_place_of_event(body, me, channel, direct, message),
        person=person,
        text=None if deleted else mrkdwn.to_plain_text(after.get("text") or "", me.user, find),
        question=None if deleted else prompt_from_event(_as_new(body, after), me, find),
    )


def _said(message: Payload, me: BotIdentity) -> tuple[str, tuple[Quote, ...]]:
    """All that a message says, mentions included and link previews left out."""
    return message.get("text") or "", content.quotes(
        message, lambda words: mrkdwn.to_plain_text(words, me.user)
    )


def _author(message: Payload, find: Find) -> str:
    """Name who wrote a message; empty where neither the message nor Slack says it."""
    named = content.author(message)
    return named or (find(f"@{message['user']}") if message.get("user") else None) or ""


def _as_new(body: Payload, message: Payload) -> Payload:
    """The event that Slack would send for an edited message if it were new."""
    event = body["event"]
    where = {name: event.get(name) for name in ("channel", "channel_type")}
    return {**body, "event": {**message, **where, "type": "message"}}


def channel_to_look_up(payload: Payload) -> str | None:
    """Id of the channel in which an interaction happened; None for a direct message, which nobody else sees.

    Payloads of interactions, unlike those of events, do not say whether another organisation sees the channel.
    """
    channel = _channel_of(payload)
    return channel if channel and not is_direct(channel) else None


def channel_rename(body: Payload) -> tuple[str, str] | None:
    """Return the old and the new id of a channel that has got another one, as when it becomes a shared one.

    https://docs.slack.dev/reference/events/channel_id_changed
    """
    event = body.get("event") or {}
    old, new = event.get("old_channel_id"), event.get("new_channel_id")
    is_rename = event.get("type") == "channel_id_changed" and isinstance(old, str) and isinstance(new, str)
    return (old, new) if is_rename and old and new else None


def shared_channel(body: Payload) -> tuple[str, bool] | None:
    """Return the channel of an event, and whether the event says that another organisation sees it; None if it says neither."""
    event, shared = body.get("event"), body.get("is_ext_shared_channel")
    channel = event.get("channel") if isinstance(event, Mapping) else None
    return (channel, shared) if isinstance(channel, str) and isinstance(shared, bool) else None


def is_own_message(payload: Payload, me: BotIdentity) -> bool:
    """Tell whether somebody of the bot's own workspace uses a button on a message of the bot's own."""
    own = is_own(payload.get("message") or {}, me)
    return own and (payload.get("user") or {}).get("team_id") in {None, "", me.team}


def is_own(message: Payload, me: BotIdentity) -> bool:
    """Tell whether the bot wrote a message."""
    return message.get("user") == me.user or (bool(me.bot) and message.get("bot_id") == me.bot)


def message_of_shortcut(payload: Payload) -> tuple[str, str] | None:
    """Channel and `ts` of the message that our shortcut was used on; None if it is not ours."""
    channel, ts = _channel_of(payload), (payload.get("message") or {}).get("ts")
    return (channel, ts) if payload.get("callback_id") == SHORTCUT and channel and ts else None


def is_direct(channel: str, channel_type: str | None = None) -> bool:
    """Tell whether a person is alone with the bot there. Only events have a `channel_type`; other payloads have the id."""
    return channel_type == "im" or channel.startswith("D")


def _channel_of(payload: Payload) -> str:
    channel = payload.get("channel") or {}
    return channel.get("id") or (payload.get("container") or {}).get("channel_id") or ""


def _place_of_event(body: Payload, me: BotIdentity, channel: str, direct: bool, done: Payload) -> Place:
    """Where an event happened; `done` is what a person did there, and names their team.

    In a channel that another organisation sees, somebody without a team may be anybody: no list names them.
    """
    # `user_team` is there where it is another than the channel's.
    team = done.get("user_team") or done.get("team") or (done.get("bot_profile") or {}).get("team_id") or ""
    shared = bool(body.get("is_ext_shared_channel"))
    person_workspace = (_UNKNOWN_TEAM if shared else "") if not team else "" if team == me.team else team
    return Place(me.team, channel, direct, shared, person_workspace)


def _place_of_interaction(
    payload: Payload,
    me: BotIdentity,
    channel: str,
    *,
    shared: bool,
    bot_may_write: bool = True,
    checked: bool = True,
) -> Place:
    team = payload["user"].get("team_id") or ""
    person_workspace = "" if team == me.team else team
    direct = is_direct(channel)
    return Place(me.team, channel, direct, shared, person_workspace, bot_may_write, checked=checked)


def place_of(me: BotIdentity, channel: str, facts: ChannelFacts, person_team: str) -> Place:
    """Where a command was used by somebody of a team, by what is known of the channel."""
    team, direct = "" if person_team == me.team else person_team, is_direct(channel)
    return Place(me.team, channel, direct, facts.shared, team, facts.bot_may_write, checked=facts.checked)


def user_of(payload: Payload) -> Person:
    """Name who acted, by an interaction."""
    user = payload["user"]
    return Person(user["id"], user.get("name") or user.get("username") or "")
