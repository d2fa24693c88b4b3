"""`/aion` and the message menu of the same actions, as the port's events. No I/O.

Payloads: https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling and
https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload. The `reply_token` of both is the address
that takes their answer: it works where the bot is not in the channel, too.
"""

import time
from collections.abc import Mapping
from typing import Any

from adapters.slack import events, ids, mrkdwn
from adapters.slack.events import ChannelFacts
from adapters.slack.identity import BotIdentity
from aion_bot.ports.events import ManageCommand, Prompt
from aion_bot.ports.messages import Person
from aion_bot.ports.names import Find, no_name
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import visible

Payload = Mapping[str, Any]

COMMAND, ASK = "/aion", "ask"
MENU = "aion_manage"
"""The `callback_id` of the message shortcut that lists the actions."""


def from_command(
    payload: Payload, me: BotIdentity, facts: ChannelFacts, find: Find = no_name
) -> ManageCommand | Prompt | None:
    """Read the use of the command, `ask` as a private question; None if it is not ours.

    Slack does not say in which thread it was used.
    """
    channel, user = payload.get("channel_id") or "", payload.get("user_id") or ""
    if payload.get("command") != COMMAND or not (channel and user):
        return None
    # `should_escape` in the manifest makes mentions and links arrive as in messages.
    name, words = _split(mrkdwn.to_plain_text(payload.get("text") or "", me.user, find))
    address = str(payload.get("response_url") or "")
    KNOWN.know_briefly(address)
    # Each use has an address and a trigger of its own.
    key = ids.prompt_key(me.team, channel, f"{user}/{payload.get('trigger_id') or address}")
    thread = ids.thread_key(me.team, channel, "")
    place = events.place_of(me, channel, facts, payload.get("team_id") or "")
    person = Person(user, payload.get("user_name") or "")
    if name.lower() == ASK:
        asked_at = time.time()  # Slack does not say when a command was used
        return Prompt(
            key, thread, place, person, words, reply_token=address, written_at=asked_at, private=True
        )
    return ManageCommand(key, name, words, thread, place, person, reply_token=address)


def _split(text: str) -> tuple[str, str]:
    """Return the subcommand and its words: keyboards and copied text put other spaces and line ends between them."""
    name, *words = text.split(maxsplit=1) or [""]
    return visible(name), "".join(words)


def from_menu(payload: Payload, me: BotIdentity, facts: ChannelFacts) -> ManageCommand | None:
    """Read the use of the message menu, which begins with what the conversation of that message is about."""
    message, channel = payload.get("message") or {}, (payload.get("channel") or {}).get("id") or ""
    user = payload.get("user") or {}
    if payload.get("callback_id") != MENU or not (channel and message.get("ts") and user.get("id")):
        return None
    address = str(payload.get("response_url") or "")
    KNOWN.know_briefly(address)
    return ManageCommand(
        key=ids.prompt_key(me.team, channel, f"{user['id']}/{payload.get('action_ts')}"),
        name="status",
        words="",
        thread=ids.thread_key(me.team, channel, message.get("thread_ts") or message["ts"]),
        place=events.place_of(me, channel, facts, user.get("team_id") or ""),
        person=Person(user["id"], user.get("name") or user.get("username") or ""),
        inside=True,
        reply_token=address,
    )
