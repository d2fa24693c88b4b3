"""The indicator that an agent works in a thread: the status of Slack's agent sessions.

It also makes Slack show its Stop button there: https://docs.slack.dev/reference/methods/agents.sessions.setStatus
"""

import asyncio

from adapters.slack import ids
from adapters.slack.client import WebApi
from adapters.slack.errors import UNAVAILABLE
from adapters.slack.methods import Method
from aion_bot.ports.errors import PlatformError, RateLimited
from aion_bot.ports.messages import Person, ThreadKey

_UNAVAILABLE_HERE = {"not_authorized", "thread_ts_not_allowed"}
"""Codes that say what one channel does not have: the bot is no member, or the channel is one session by itself."""


class Activity:
    """The indicators of one workspace. Each request may take `seconds`."""

    def __init__(self, web: WebApi, seconds: float) -> None:
        self._web = web
        self._seconds = seconds
        self._unavailable = False
        self._unavailable_in: set[str] = set()

    def offered(self, channel: str) -> bool:
        """Tell whether Slack has not refused the indicator in a channel yet."""
        return not self._unavailable and channel not in self._unavailable_in

    async def show(self, thread: ThreadKey, person: Person, *, active: bool) -> bool:
        """Show that the bot works for `person`, or no more. Returns whether that is so now. Raises RateLimited only."""
        place = ids.thread(thread)
        if not self.offered(place.channel):
            return not active
        status = {"status": "processing", "initiator_user_id": person.id} if active else {"status": "active"}
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._web.call(
                    Method.AGENTS_SESSIONS_SET_STATUS,
                    place.team,
                    tolerated=UNAVAILABLE | _UNAVAILABLE_HERE,
                    channel_id=place.channel,
                    thread_ts=place.ts,
                    **status,
                )
        except RateLimited:
            raise
        except (PlatformError, TimeoutError):
            # The indicator is a courtesy, and the next attempt may succeed.
            return False
        # What Slack refuses once it refuses again: asking anew would use up the method's 50 requests a minute.
        error = answer.get("error")
        if error in UNAVAILABLE:
            self._unavailable = True
        elif error in _UNAVAILABLE_HERE:
            self._unavailable_in.add(place.channel)
        # Where there is no indicator, none is shown.
        return not error or not active
