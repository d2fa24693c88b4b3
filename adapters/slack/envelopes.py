"""What Slack delivers, over whichever way: one call of the bolt app for each payload."""

import logging
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from adapters.slack.handlers import UNREADABLE

_log = logging.getLogger(__name__)

ACKNOWLEDGED = 200
"""Bolt's status where a handler acknowledged. It is 404 where none exists, and 500 where one failed."""


async def dispatch(app: AsyncApp, payload: Mapping[str, Any]) -> int:
    """Let `app` handle a payload; returns bolt's status. The way it came was checked before: bolt checks no signature."""
    try:
        # Bolt itself fails over an event without fields, and answers as if a handler had failed.
        if payload.get("type") != "event_callback" or isinstance(payload.get("event"), Mapping):
            request = AsyncBoltRequest(mode="socket_mode", body=dict(payload))
            return int((await app.async_dispatch(request)).status)
    except UNREADABLE as error:
        # Bolt cannot read it: Slack would send it again, and it would fail again.
        _log.warning("envelope skipped, not readable", extra={"reason": type(error).__name__})
    return ACKNOWLEDGED
