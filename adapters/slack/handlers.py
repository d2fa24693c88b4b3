"""The handlers of the bolt app: they hand what Slack delivers to the core, and acknowledge it.

An event is acknowledged after the core has written it: Slack sends again what a crash would lose. Slack expects the
acknowledgement of an interaction within three seconds and sends each once, so it is acknowledged first. What the core
could not write is handed to it again: Slack itself sends an event three times more, at fixed moments that may all be
bad ones.
"""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck
from slack_bolt.authorization import AuthorizeResult

from adapters.slack import commands, events, forms, home, ids, invitations, reactions, sdk_log
from adapters.slack.client import WebApi
from adapters.slack.envelopes import UNREADABLE, EnvelopeApp, log_failure
from adapters.slack.errors import not_slack
from adapters.slack.events import ChannelFacts, Payload
from adapters.slack.files import AttachedFiles
from adapters.slack.identity import BotIdentity
from adapters.slack.messages import note_files
from adapters.slack.methods import Method
from aion_bot.ports.backoff import retry
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformDown, PlatformError, RateLimited
from aion_bot.ports.events import InboundEvent, Prompt
from aion_bot.ports.host import Host
from aion_bot.ports.names import Names

_log = logging.getLogger(__name__)

_CHANNELS = 10_000
"""Channels of which it is remembered whether another organisation sees them."""
_MOMENT = 3.0
"""Seconds of a pause at most that a look-up waits for: somebody has pressed a button."""
_ANY = re.compile("")


class EventHandlers:
    """Hands events and interactions to `host`, and knows which of them it still handles."""

    def __init__(
        self,
        me: BotIdentity,
        host: Host,
        web: WebApi,
        names: Names,
        attached: AttachedFiles,
        *,
        reactors: reactions.Reactors,
        note: Callable[..., None],
        retries: Iterable[float],
        lookups: Iterable[float],
    ) -> None:
        """`retries` are the pauses in seconds before the core gets again what it could not write, `lookups` those of look-ups.

        `note` gets the bot and each event, and whether it `asks` for something.
        """
        self._me = me
        self._host = host
        self._web = web
        self._names = names
        self._attached, self._note, self._reactors = attached, note, reactors
        self._retries = retries
        self._lookups = lookups
        self._shared: OrderedDict[str, bool] = OrderedDict()
        """Whether another organisation sees a channel, as the newest events said of those that were heard of last."""
        self._handling: set[asyncio.Task[Any]] = set()

    def app(self) -> EnvelopeApp:
        """Build the bolt app that calls these handlers."""
        me = self._me

        # Without this bolt calls `auth.test` itself. A plain function, because bolt reads its parameters.
        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(enterprise_id=None, team_id=me.team, bot_user_id=me.user, bot_id=me.bot)

        app = EnvelopeApp(
            self._take_event,
            client=self._web.client,
            authorize=authorize,
            logger=sdk_log.LOGGER,
            name=sdk_log.LOGGER.name,
            ignoring_self_events_enabled=False,  # `events` ignores every bot, this one included
            attaching_conversation_kwargs_enabled=False,
        )
        # One listener for all: a press of an unknown button is acknowledged as well.
        app.action(_ANY)(self._handle_action)
        app.shortcut(_ANY)(self._handle_shortcut)
        app.command(_ANY)(self._handle_command)
        app.view(_ANY)(self._handle_form)
        app.error(log_failure)
        return app

    async def drain(self, seconds: float) -> None:
        """Give what is being handled `seconds` to finish, then cancel it: Slack sends events again."""
        # `wait` raises over an empty set.
        if not self._handling:
            return
        _, late = await asyncio.wait(self._handling, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _take_event(self, body: Payload) -> None:
        """Hand an event over if it is one for the core; it is acknowledged when this returns, in any case.

        An event that nobody acknowledges comes again, also one that means nothing to the bot.
        """
        with self._tracked():
            try:
                told = events.shared_channel(body)
                if told is not None:
                    channel, shared = told
                    self._shared[channel] = shared
                    self._shared.move_to_end(channel)
                    if len(self._shared) > _CHANNELS:
                        self._shared.popitem(last=False)
                inner = body.get("event") or {}
                me = self._me.in_workspace(body)
                # Before the names are looked up: an `app_mention` may be waiting for the files of its `message`.
                self._note_files(inner, me)
                rename = events.channel_rename(body) if inner.get("type") == "channel_id_changed" else None
                event = await self._read(body) if rename is None else None
                self._note(me, inner, asks=event is not None)
            except UNREADABLE as error:
                # Slack would send it again, and it would fail again.
                _log.warning("event skipped, not readable", extra={"reason": type(error).__name__})
                return
            if rename is not None:
                # What was noted of threads stands under the old id.
                self._attached.seen.forget()
                await self._host.channel_renamed(*rename, ids.renamed(*rename))
            elif event is not None:
                await self._deliver(event)

    async def _read(self, body: Payload) -> InboundEvent | None:
        """Read an event, with names for what it mentions."""
        me, names, event = self._me.in_workspace(body), self._names, body.get("event") or {}
        match event.get("type"), event.get("subtype"):
            case "app_home_opened", _:
                return home.opened(body, me)
            case "member_joined_channel", _:
                return invitations.invited(body, me)
            case reactions.EVENT, _:
                return await self._reactors.read(body, me)
            case "agent_session_stopped", _:
                return events.stop_request(body, me)
            case "message", "message_changed" | "message_deleted":
                # Most edits are of messages that ask the bot nothing.
                return await names.read(
                    lambda find: events.message_change(body, me, find),
                    wanted=lambda change: change is not None and change.question is not None,
                )
        prompt = await names.read(lambda find: events.prompt_from_event(body, me, find, self._host.may_ask))
        lacks_files = event.get("type") == "app_mention" and "files" not in event
        return await self._with_files(prompt) if prompt is not None and lacks_files else prompt

    def _note_files(self, event: Payload, me: BotIdentity) -> None:
        """Note the files of a new or edited message, and that those of a deleted one are gone."""
        channel, changed = (
            event.get("channel"),
            event.get("subtype") in {"message_changed", "message_deleted"},
        )
        deleted = changed and "message" not in event
        message = (event.get("previous_message" if deleted else "message") if changed else event) or {}
        if event.get("type") != "message" or not channel or not message.get("ts"):
            return
        thread = ids.thread_key(me.team, channel, message.get("thread_ts") or message["ts"])
        if deleted:
            self._attached.seen.discard(thread, ids.number(message["ts"]))
        else:
            note_files(self._attached.seen, thread, message, me)

    async def _with_files(self, prompt: Prompt) -> Prompt:
        """Add the files of a mention: Slack may leave them out of `app_mention`, which comes before or after `message`.

        Of one with words only what is known is added, as its first sign must not wait: the core asks for the rest later. One
        without words asks nothing unless it has files, so Slack is asked.
        """
        source = prompt.source
        if source is None:
            return prompt
        found = self._attached.seen.of_message(prompt.thread, ids.number(ids.message(source).ts))
        if found is None and not (prompt.text.strip() or prompt.quotes):
            with suppress(PlatformError, TimeoutError):  # the core looks once more, and logs a failure
                async with asyncio.timeout(_MOMENT / 2):
                    found = tuple(await self._attached.recent(prompt.thread, source))
        files = found or ()
        return replace(prompt, files=files, attachments=max(prompt.attachments, len(files)))

    async def _handle_action(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        me = self._me.in_workspace(body)
        with self._tracked():
            # First, and without a look-up: the trigger of a form is good for three seconds.
            pressed = events.click(body, me, shared=False, checked=False)
            if pressed is None:
                return
            form = await self._host.form(pressed)
            if form and await forms.opened(self._web, str(body.get("trigger_id") or ""), pressed, form):
                return
            facts = await self._facts_of_press(body)
            click = events.click(body, me, shared=facts.shared, checked=facts.checked)
            if click is not None:
                await self._deliver(click)

    async def _handle_form(self, ack: AsyncAck, body: Payload) -> None:
        await ack()  # without an answer in it, this closes the form
        me = self._me.in_workspace(body)
        with self._tracked():
            if (found := forms.submission(body)) is not None:
                facts = await self._facts_of_press(found.press(body, me))
                await self._deliver(found.click(body, me, facts))

    async def _handle_command(self, ack: AsyncAck, body: Payload) -> None:
        # Without words nobody sees anything of it, not even that it was used.
        await ack()
        me = self._me.in_workspace(body)
        with self._tracked():
            channel = {"id": body.get("channel_id") or ""}
            # Slack does not say whether a direct message is one with the bot; the answer to a command needs no such place.
            direct = events.is_direct(channel["id"])
            facts = ChannelFacts() if direct else await self._look_up({"channel": channel})
            command = await self._names.read(lambda find: commands.from_command(body, me, facts, find))
            if command is not None:
                await self._deliver(command)

    async def _handle_shortcut(self, ack: AsyncAck, body: Payload) -> None:
        await ack()
        me = self._me.in_workspace(body)
        with self._tracked():
            if body.get("callback_id") == commands.MENU:
                facts = await self._facts_of_press(body)
                command = commands.from_menu(body, me, facts)
                if command is not None:
                    await self._deliver(command)
                return
            facts = await self._look_up(body)
            prompt = await self._names.read(
                lambda find: events.prompt_from_shortcut(
                    body,
                    me,
                    find,
                    shared=facts.shared,
                    bot_may_write=facts.bot_may_write,
                    checked=facts.checked,
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
                "event was not accepted, retrying", extra={"reason": type(error).__name__}
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

    async def _facts_of_press(self, payload: Payload) -> ChannelFacts:
        """Return what is known of the channel of a press.

        Where the bot posted the message, it has answered there before, and events have told since whether that changed.
        Only for people of other organisations, and for a message of somebody else, Slack is asked; that can fail.
        """
        channel = events.channel_to_look_up(payload)
        if channel is None:
            return ChannelFacts()
        if channel in self._shared:
            return ChannelFacts(self._shared[channel])
        return ChannelFacts() if events.is_own_message(payload, self._me) else await self._look_up(payload)

    async def _look_up(self, payload: Payload) -> ChannelFacts:
        """Ask Slack about the channel of an interaction, several times if need be."""
        channel = events.channel_to_look_up(payload)
        try:
            if channel is None:
                return ChannelFacts(bot_may_write=await self._is_own_conversation(payload))
            return await self._asked(channel)
        except PlatformError as error:
            _log.warning("channel lookup failed", extra={"reason": str(error)})
            # Slack does not say whether a direct message is one with the bot: so the bot may be unable to answer there.
            return ChannelFacts(shared=channel is not None, bot_may_write=channel is not None, checked=False)

    async def _asked(self, channel: str) -> ChannelFacts:
        try:
            answer = await self._call(Method.CONVERSATIONS_INFO, channel=channel)
        except MessageGone:
            return ChannelFacts(shared=True, bot_may_write=False)  # a private channel without the bot
        if (facts := events.channel_facts(answer.get("channel"))) is None:
            raise not_slack(Method.CONVERSATIONS_INFO)
        return facts

    async def _is_own_conversation(self, payload: Payload) -> bool:
        """Whether a direct message, in which our shortcut was used, is one with the bot.

        The payload does not say, and `conversations.info` would need another scope. The message itself can be read
        only in the bot's own conversations.
        """
        where = events.message_of_shortcut(payload)
        if where is None:
            return True
        channel, ts = where
        try:
            await self._call(Method.CONVERSATIONS_REPLIES, channel=channel, ts=ts, limit=1)
        except (Forbidden, MessageGone):
            return False
        return True

    async def _call(self, method: Method, **arguments: Any) -> Payload:
        """Look something up; repeat it after each pause if Slack may answer then."""
        return await retry(
            lambda: self._web.call(method, self._me.team, **arguments),
            backoff=self._lookups,
            on=_worth_another_lookup,
        )


def _worth_another_lookup(error: Exception) -> bool | float:
    if isinstance(error, RateLimited):
        return error.retry_after if error.retry_after <= _MOMENT else False
    return isinstance(error, PlatformDown)
