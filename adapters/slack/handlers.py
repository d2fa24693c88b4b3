"""Takes over what Slack delivers: the handlers of the bolt app.

An event is acknowledged after the core has it on disk, so that Slack sends again what a crash would lose. A press
has to be acknowledged within three seconds and comes only once: it is acknowledged first. Whatever the core could not
take is handed to it again: Slack repeats an event three times, at moments that may all be bad ones.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse

from adapters.slack import edits, events, sdk_log
from adapters.slack.client import WebApi
from adapters.slack.events import Identity, Payload
from adapters.slack.methods import Method
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import InboundEvent
from aion_bot.ports.host import Host

_log = logging.getLogger(__name__)

_PRESSES = {"block_actions", "message_action", "shortcut"}
_ANY = re.compile("")


class Intake:
    """Hands deliveries to `host`, and knows which of them are still on their way there."""

    def __init__(self, me: Identity, host: Host, web: WebApi, again: Sequence[float]) -> None:
        """`again` are the pauses in seconds before what the core could not take is handed to it anew."""
        self._again = again
        self._me = me
        self._host = host
        self._web = web
        self._under_way: set[asyncio.Task[Any]] = set()

    def app(self) -> AsyncApp:
        """Build the bolt app that calls this intake."""
        app = AsyncApp(
            client=self._web.client,
            authorize=_authorize(self._me),
            logger=sdk_log.LOGGER,
            name=sdk_log.LOGGER.name,
            ignoring_self_events_enabled=False,  # `inbound` ignores every bot, this one included
            attaching_conversation_kwargs_enabled=False,
        )
        app.middleware(self._take_event)
        app.action(_ANY)(self._take_click)
        app.shortcut(_ANY)(self._take_shortcut)
        app.error(_tell)
        return app

    async def settle(self, seconds: float) -> None:
        """Give deliveries that have begun `seconds` to finish, then cancel them: Slack sends events again."""
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _take_event(
        self, body: Payload, ack: AsyncAck, next_: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        """Everything but a press: hand over what the core has to know, then acknowledge it in any case."""
        if body.get("type") in _PRESSES:
            return await next_()
        said = _read(body, self._me)
        if said is not None:
            with self._delivery():
                await self._insist(said)
        return await ack()

    async def _take_click(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        with self._delivery():
            click = events.click(body, self._me, shared=await self._is_shared(body))
            if click is not None:
                await self._insist(click)

    async def _take_shortcut(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        with self._delivery():
            prompt = events.prompt_from_shortcut(body, self._me, shared=await self._is_shared(body))
            if prompt is not None:
                await self._insist(prompt)

    async def _insist(self, said: InboundEvent) -> None:
        """Hand something over, several times if need be."""
        for pause in self._again:
            try:
                return await self._host.accept(said)
            except Exception as error:  # noqa: BLE001  whatever keeps the core from writing may pass
                _log.warning("something was not taken over, trying again: %s", type(error).__name__)
            await asyncio.sleep(pause)
        return await self._host.accept(said)

    @contextmanager
    def _delivery(self) -> Iterator[None]:
        """Keep the current task in sight: the SDK starts one for each delivery and forgets it."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a delivery came outside of any task")
        self._under_way.add(task)
        try:
            yield
        finally:
            self._under_way.discard(task)

    async def _is_shared(self, payload: Payload) -> bool:
        """Whether another organisation sees the channel; true where Slack will not say."""
        channel = events.room(payload)
        if channel is None:
            return False
        try:
            found = (await self._web.call(Method.CONVERSATIONS_INFO, self._me.team, channel=channel)).get(
                "channel"
            ) or {}
        except PlatformError as error:
            _log.warning("cannot tell whether a channel is shared: %s", error)
            return True
        return bool(found.get("is_ext_shared", True) or found.get("is_pending_ext_shared"))


def _read(body: Payload, me: Identity) -> InboundEvent | None:
    return (
        events.prompt_from_event(body, me) or events.stop_request(body, me) or edits.message_change(body, me)
    )


def _authorize(me: Identity) -> Callable[[], Awaitable[AuthorizeResult]]:
    """Spare bolt a call of `auth.test` of its own. A plain function, because bolt looks at its arguments."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=me.team, bot_user_id=me.user, bot_id=me.bot)

    return authorize


async def _tell(error: Exception) -> None:
    _log.error("a delivery of Slack was not taken over: %s", type(error).__name__)
