"""What Slack says when an app is removed from a workspace: `app_uninstalled` and `tokens_revoked`, in any order.

https://docs.slack.dev/reference/events/app_uninstalled and https://docs.slack.dev/reference/events/tokens_revoked
"""

import logging
from collections.abc import Mapping
from typing import Any

from adapters.slack.identity import Owner
from adapters.slack.oauth.installation import Installation
from adapters.slack.oauth.rotation import Stored

_log = logging.getLogger(__name__)

_NEAR = 5.0
"""Seconds around an installation in which the time of an event does not tell whether it is of the one before."""


def is_removal(payload: Mapping[str, Any]) -> bool:
    """Tell whether an event says that the app lost its bot token; one that is of people's tokens alone says nothing."""
    event = payload.get("event")
    if payload.get("type") != "event_callback" or not isinstance(event, Mapping):
        return False
    return event.get("type") == "app_uninstalled" or bool(_bots(event))


def _bots(event: Mapping[str, Any]) -> list[object]:
    """Return the bot users whose tokens were revoked."""
    tokens = event.get("tokens") if event.get("type") == "tokens_revoked" else None
    bots = tokens.get("bot") if isinstance(tokens, Mapping) else None
    return bots if isinstance(bots, list) else []


async def remove(stored: Stored, scope: str, payload: Mapping[str, Any], owner: Owner) -> bool:
    """Let a scope leave whose app was removed; False where the event is of an earlier installation, or was handled before.

    Raises `PlatformDown`, `RateLimited` and `SharedValuesDown`: then Slack sends the event again.
    """
    found, text = await stored.installations.sealed(scope)
    if not text:
        return False
    if found is not None and not await _is_meant(stored, found, payload, owner):
        return False
    removed = await stored.installations.remove(scope, text)
    _log.info("app removed", extra={"workspace": scope})
    return removed


async def _is_meant(stored: Stored, found: Installation, payload: Mapping[str, Any], owner: Owner) -> bool:
    """Tell whether an event is of this installation: Slack sends late and again, and somebody may have installed it anew."""
    bots = _bots(payload["event"])
    if bots and found.bot_user and found.bot_user not in bots:
        return False
    at = payload.get("event_time")
    since = at - found.installed_at if isinstance(at, int | float) else 0.0
    if since < -_NEAR:
        return False
    # An event of a workspace does not say that its organisation removed the app.
    if since > _NEAR and (not found.is_enterprise or owner.whole or not owner.team):
        return True
    return not await stored.api.is_valid(found.token)
