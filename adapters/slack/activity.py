"""Slack's own sign that an agent works in a thread. It is also what makes Slack show its Stop button there.

https://docs.slack.dev/reference/methods/agents.sessions.setStatus
"""

import asyncio
from collections.abc import Mapping

from adapters.slack import ids
from adapters.slack.client import WebApi
from adapters.slack.errors import UNAVAILABLE
from adapters.slack.methods import Method
from aion_bot.ports.errors import PlatformError, RateLimited
from aion_bot.ports.messages import Person, ThreadKey

_NOT_HERE = {"not_authorized", "thread_ts_not_allowed"}
"""What one channel does not have: the bot is no member, or the channel is one session by itself."""


class Activity:
    """The sign in every thread of one workspace: within `seconds` or not at all."""

    def __init__(self, web: WebApi, seconds: float) -> None:
        self._web = web
        self._seconds = seconds
        self._never = False
        self._not_here: set[str] = set()

    def offered(self, channel: str) -> bool:
        """Tell whether Slack has not refused the sign in a channel yet."""
        return not self._never and channel not in self._not_here

    async def show(self, thread: ThreadKey, person: Person, *, active: bool) -> bool:
        """Show that the bot works for `person`, or no more; tells whether that is so now. Raises RateLimited only."""
        place = ids.thread(thread)
        if not self.offered(place.channel):
            return not active
        status = {"status": "processing", "initiator_user_id": person.id} if active else {"status": "active"}
        error = await self._try(place, status)
        if error is None:
            return False
        self._learn(place.channel, error)
        return not error or not active

    async def _try(self, place: ids.Thread, status: Mapping[str, str]) -> str | None:
        """Set a status; Slack's answer to it is "" or an error that will stay, None where it may work later."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._web.call(
                    Method.AGENTS_SESSIONS_SET_STATUS,
                    place.team,
                    tolerated=UNAVAILABLE | _NOT_HERE,
                    channel_id=place.channel,
                    thread_ts=place.ts,
                    **status,
                )
        except RateLimited:
            raise
        except (PlatformError, TimeoutError):
            return None
        return str(answer.get("error") or "")

    def _learn(self, channel: str, error: str) -> None:
        if error in UNAVAILABLE:
            self._never = True
        elif error in _NOT_HERE:
            self._not_here.add(channel)
