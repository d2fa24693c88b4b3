"""The status of Slack's agent sessions: that the bot works, with Slack's own Stop button.

It is set by https://docs.slack.dev/reference/methods/agents.sessions.setStatus
"""

import asyncio
from collections import OrderedDict

from adapters.slack import ids
from adapters.slack.client import WebApi
from adapters.slack.errors import UNAVAILABLE
from adapters.slack.events import is_direct
from adapters.slack.methods import Method
from aion_bot.ports.errors import PlatformError, RateLimited
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.ports.text import one_line

_TITLE = 200
"""Characters of a session's title (the method's page)."""

_KEPT = 1_000
"""Direct messages without Slack's own Stop that are remembered; far more than one process answers in at a time."""

_NOT_HERE = {"not_authorized", "thread_ts_not_allowed"}
"""Codes that say what one channel does not have: the bot is no member, or the channel is one session by itself."""


class SessionStatus:
    """Shows the status in threads, and knows where Slack refuses it. A request may take `timeout` seconds."""

    def __init__(self, web: WebApi, timeout: float) -> None:
        self._web = web
        self._timeout = timeout
        # Channels where Slack refuses the status, or the team for the whole workspace.
        self._refused: set[str] = set()
        # Direct messages in which Slack's own Stop does not show, as the last attempt to show the status failed.
        self._without_stop: OrderedDict[str, None] = OrderedDict()

    async def show(self, thread: ThreadKey, person: Person, *, active: bool, title: str = "") -> bool:
        """Make Slack show that the bot works for `person`, or that it does no more; returns whether it is so.

        `title` names the session. A refusal is not asked for again. Raises RateLimited, and no other PlatformError.
        """
        team, channel, ts = ids.thread(thread)
        if not self._refused.isdisjoint({team, channel}) or not ids.is_open(thread):
            return not active
        status = {"status": "processing" if active else "active"}
        if active and person.id not in person.apps:
            status["initiator_user_id"] = person.id
        if title.strip():
            status["title"] = one_line(title, _TITLE)
        where = {"channel_id": channel, "thread_ts": ts}
        method = Method.AGENTS_SESSIONS_SET_STATUS
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._web.call(
                    method, team, tolerated=UNAVAILABLE | _NOT_HERE, **where, **status
                )
        except RateLimited:
            raise
        except (PlatformError, TimeoutError):
            # An answer needs no indicator, and the next attempt may succeed.
            if active and is_direct(channel):
                self._without_stop[thread.id] = None
                if len(self._without_stop) > _KEPT:
                    self._without_stop.popitem(last=False)
            return False
        self._without_stop.pop(thread.id, None)
        error = answer.get("error")
        if error:
            # Slack would refuse again: asking anew would use up the method's 50 requests a minute.
            self._refused.add(team if error in UNAVAILABLE else channel)
        # Where there is no indicator, none is shown.
        return not error or not active

    def offers_stop(self, thread: ThreadKey) -> bool:
        """Whether Slack's own Stop shows in a thread as far as is known."""
        team, channel, _ = ids.thread(thread)
        return self._refused.isdisjoint({team, channel}) and thread.id not in self._without_stop
