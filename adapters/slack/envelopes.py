"""What Slack delivers, over whichever way: events go to their handler, everything else through bolt."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

_log = logging.getLogger(__name__)

ACKNOWLEDGED, NOT_ACCEPTED = 200, 500
"""Bolt's status where a handler acknowledged, and where one failed. It is 404 where none exists."""

_INTERACTIONS = {"block_actions", "message_action", "shortcut", "view_submission"}
"""Types of what people press and submit; a command has none."""

UNREADABLE = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a payload of another shape than Slack documents raises."""

TakeEvent = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Handles an event; what it raises means that Slack is to send the event again."""


class EnvelopeApp(AsyncApp):
    """A bolt app for what people press, submit and command.

    Events pass bolt by. For each request it builds a client and some thirty arguments, which takes half a millisecond and
    more; of two hundred questions that come at once, each comes twice, and their first signs would wait for that.
    """

    def __init__(self, take_event: TakeEvent, **options: Any) -> None:
        super().__init__(**options)
        self._take_event = take_event

    async def receive(self, payload: Mapping[str, Any]) -> int:
        """Handle a payload; returns bolt's status. The way it came was checked before: bolt checks no signature."""
        if payload.get("type") not in _INTERACTIONS and "command" not in payload:
            return await self._receive_event(payload)
        try:
            request = AsyncBoltRequest(mode="socket_mode", body=dict(payload))
            return int((await self.async_dispatch(request)).status)
        except UNREADABLE as error:
            # Bolt cannot read it: Slack would send it again, and it would fail again.
            _log.warning("envelope skipped, not readable", extra={"reason": type(error).__name__})
        return ACKNOWLEDGED

    async def _receive_event(self, payload: Mapping[str, Any]) -> int:
        if payload.get("type") == "event_callback" and not isinstance(payload.get("event"), Mapping):
            return ACKNOWLEDGED  # Slack would send it again, without fields as well
        try:
            await self._take_event(payload)
        except Exception as error:  # noqa: BLE001  # whatever it is, Slack sends the event again
            await log_failure(error)
            return NOT_ACCEPTED
        return ACKNOWLEDGED


async def log_failure(error: Exception) -> None:
    """Log what a handler raised."""
    _log.error("event was not accepted", extra={"reason": type(error).__name__})
