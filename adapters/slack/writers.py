"""Who wrote a Slack message: a person, or an app. No I/O.

An app's message has a `bot_id`. `user` is the app's own user, or the person in whose name it writes; what Workflow Builder
and incoming webhooks post may have none: https://docs.slack.dev/reference/events/message/bot_message
"""

from collections.abc import Callable, Mapping
from typing import Any

from aion_bot.ports.messages import Person

MayAsk = Callable[[frozenset[str]], bool]
"""Tells whether an app with any of these ids may ask."""

_NEW_MESSAGE = {None, "file_share", "thread_broadcast"}
"""Message subtypes in which a person says something new; all others are edits, deletions and notices."""


def no_app(_: frozenset[str]) -> bool:
    """Let no app ask."""
    return False


def any_app(_: frozenset[str]) -> bool:
    """Let every app count: an app's deletion counts even if the app may not ask, or may no longer ask."""
    return True


def writer(message: Mapping[str, Any], user: str, bot: str, may_ask: MayAsk = no_app) -> Person | None:
    """Name who wrote a message, without a name where Slack left it out; None for Slack's notices and for the bot.

    `user` and `bot` are the bot's own ids. None too for an app that may not ask.
    """
    by, profile = message.get("user") or "", message.get("user_profile") or {}
    # Slackbot and other users of Slack's own.
    if message.get("hidden") or by == user or by.startswith("USLACK"):
        return None
    if message.get("bot_id") or message.get("bot_profile"):
        return _app(message, bot, may_ask)
    if not by or message.get("subtype") not in _NEW_MESSAGE:
        return None
    return Person(by, profile.get("display_name") or profile.get("real_name") or "")


def _app(message: Mapping[str, Any], bot: str, may_ask: MayAsk) -> Person | None:
    profile = message.get("bot_profile") or {}
    own = message.get("bot_id") or profile.get("id") or ""
    apps = frozenset({own, message.get("app_id") or profile.get("app_id") or ""} - {""})
    is_new = message.get("subtype") in {*_NEW_MESSAGE, "bot_message"}
    if not (own and is_new) or own == bot or not may_ask(apps):
        return None
    return Person(message.get("user") or own, profile.get("name") or message.get("username") or "", apps)
