"""The handlers of the bolt app: they hand what Slack delivers to the core, and acknowledge it.

An event is acknowledged after the core has written it: Slack sends again what a crash would lose. Slack expects the
acknowledgement of an interaction within three seconds and sends each once, so it is acknowledged first. What the core
could not write is handed to it again: Slack itself sends an event three times more, at fixed moments that may all be
bad ones.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse

from adapters.slack import events, sdk_log
from adapters.slack.client import WebApi
from adapters.slack.events import BotIdentity, Payload
from adapters.slack.methods import Method
from aion_bot.ports.backoff import retry
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError
from aion_bot.ports.events import InboundEvent
from aion_bot.ports.host import Host
from aion_bot.ports.names import Names

_log = logging.getLogger(__name__)

_INTERACTIONS = {"block_actions", "message_action", "shortcut"}
_ANY = re.compile("")


class EventHandlers:
    """Hands events and interactions to `host`, and knows which of them it still handles."""

    def __init__(
        self, me: BotIdentity, host: Host, web: WebApi, names: Names, retries: Iterable[float]
    ) -> None:
        """`retries` are the pauses in seconds before what the core could not write is handed to it again."""
        self._me = me
        self._host = host
        self._web = web
        self._names = names
        self._retries = retries
        self._handling: set[asyncio.Task[Any]] = set()

    def app(self) -> AsyncApp:
        """Build the bolt app that calls these handlers."""
        me = self._me

        # Without this bolt calls `auth.test` itself. A plain function, because bolt reads its parameters.
        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(enterprise_id=None, team_id=me.team, bot_user_id=me.user, bot_id=me.bot)

        app = AsyncApp(
            client=self._web.client,
            authorize=authorize,
            logger=sdk_log.LOGGER,
            name=sdk_log.LOGGER.name,
            ignoring_self_events_enabled=False,  # `events` ignores every bot, this one included
            attaching_conversation_kwargs_enabled=False,
        )
        # Events are handled in a middleware, because bolt acknowledges one before it calls its listener.
        app.middleware(self._handle_event)
        app.action(_ANY)(self._handle_action)
        app.shortcut(_ANY)(self._handle_shortcut)
        app.error(_log_failure)
        return app

    async def drain(self, seconds: float) -> None:
        """Give what is being handled `seconds` to finish, then cancel it: Slack sends events again."""
        if not self._handling:
            return
        _, late = await asyncio.wait(self._handling, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _handle_event(
        self, body: Payload, ack: AsyncAck, next_: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        """Hand an event over if it is one for the core, then acknowledge it in any case. Interactions pass."""
        if body.get("type") in _INTERACTIONS:
            return await next_()
        with self._tracked():
            event = await self._read(body)
            if event is not None:
                await self._deliver(event)
        # An event that nobody acknowledges comes again, also one that means nothing to the bot.
        return await ack()

    async def _read(self, body: Payload) -> InboundEvent | None:
        """Read an event, with names for what it mentions."""
        me, names = self._me, self._names
        event: InboundEvent | None = await names.read(
            lambda find: events.prompt_from_event(body, me, find)
        ) or events.stop_request(body, me)
        if event is not None:
            return event
        # Most edits are of messages that ask the bot nothing.
        return await names.read(
            lambda find: events.message_change(body, me, find),
            wanted=lambda change: change is not None and change.question is not None,
        )

    async def _handle_action(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        with self._tracked():
            shared, _ = await self._look_up(body)
            click = events.click(body, self._me, shared=shared)
            if click is not None:
                await self._deliver(click)

    async def _handle_shortcut(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        with self._tracked():
            shared, writable = await self._look_up(body)
            if writable and not events.channel_to_look_up(body):
                writable = await self._is_own_conversation(body)
            prompt = await self._names.read(
                lambda find: events.prompt_from_shortcut(
                    body, self._me, find, shared=shared, bot_may_write=writable
                )
            )
            if prompt is not None:
                await self._deliver(prompt)

    async def _deliver(self, event: InboundEvent) -> None:
        """Hand an event to the core, again after each pause if it cannot be written. Raises what the last attempt raised."""
        # Whatever keeps the core from writing may pass.
        await retry(
            lambda: self._host.accept(event),
            backoff=self._retries,
            on=Exception,
            before_sleep=lambda error, _: _log.warning(
                "event was not accepted, retrying: %s", type(error).__name__
            ),
        )

    @contextmanager
    def _tracked(self) -> Iterator[None]:
        """Let `drain` know of the current task. Bolt starts one for each interaction and keeps no reference to it."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an event came outside of any task")
        self._handling.add(task)
        try:
            yield
        finally:
            self._handling.discard(task)

    async def _is_own_conversation(self, payload: Payload) -> bool:
        """Whether a direct message, in which our shortcut was used, is one with the bot.

        The payload does not say, and `conversations.info` would need another scope. The message itself can be read
        only in the bot's own conversations.
        """
        where = events.message_of_shortcut(payload)
        if where is None:
            return True
        method, (channel, ts) = Method.CONVERSATIONS_REPLIES, where
        try:
            await self._web.call(method, self._me.team, channel=channel, ts=ts, limit=1)
        except (Forbidden, MessageGone):
            return False
        except PlatformError as error:
            # Not known: Aion is not asked what may have no place to be shown.
            _log.warning("conversation lookup failed: %s", error)
            return False
        return True

    async def _look_up(self, payload: Payload) -> tuple[bool, bool]:
        """Whether another organisation sees the channel, true where Slack does not tell; and whether the bot can write there."""
        channel = events.channel_to_look_up(payload)
        if channel is None:
            return False, True
        try:
            answer = await self._web.call(Method.CONVERSATIONS_INFO, self._me.team, channel=channel)
        except PlatformError as error:
            _log.warning("channel lookup failed, counts as shared: %s", error)
            return True, True
        # A channel without these flags counts as shared: not knowing is no permission to show an answer there.
        found = answer.get("channel") or {}
        shared = bool(found.get("is_ext_shared", True) or found.get("is_pending_ext_shared"))
        # Nobody writes in an archived channel; the shortcut is in the menu of its messages all the same.
        closed = found.get("is_archived") or found.get("is_frozen")
        return shared, bool(found.get("is_member", True)) and not closed


async def _log_failure(error: Exception) -> None:
    _log.error("event was not accepted: %s", type(error).__name__)
