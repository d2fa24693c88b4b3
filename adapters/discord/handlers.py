"""Delivery of Discord's events to the core: in order in each channel, with retries, and tracked until they are done.

An event that discord.py cannot read is skipped: an exception in its parser would end the session, and lose what is said
until the next.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, Final
from weakref import WeakValueDictionary

import discord

from adapters.discord import channels, strings
from adapters.discord.channels import ChannelInfo, ChannelKind
from adapters.discord.client import RestClient, look_up
from adapters.discord.edit_times import EditTimes
from adapters.discord.errors import pause_before_retry
from adapters.discord.membership import Membership
from adapters.discord.other_process import OtherProcess
from aion_bot.ports.backoff import Backoff, retry
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError
from aion_bot.ports.events import (
    Click,
    HomeOpened,
    InboundEvent,
    Invited,
    ManageCommand,
    MessageChange,
    Prompt,
    Reaction,
    StopRequest,
)
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.host import Host
from aion_bot.ports.messages import Line
from aion_bot.ports.names import Names

_log = logging.getLogger(__name__)

LOOKUP_TIMEOUT = 1.5
"""Seconds for looking up a channel: a command has to be acknowledged within three."""
RETRY_DELAYS: Iterable[float] = Backoff(0.2, factor=5.0, attempts=4)
"""Seconds before an event that the core could not accept is delivered again: Discord sends each event once."""

UNREADABLE: Final = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a payload of another shape than Discord documents raises."""
_INTERACTION: Final = "INTERACTION_CREATE"
_KINDS: Final = frozenset(kind.value for kind in discord.ChannelType)
_BESIDE_VOICE: Final = {
    "type": discord.ChannelType.voice.value,
    "name": "",
    "position": 0,
    "bitrate": 0,
    "user_limit": 0,
}
"""What stands for a channel of an unknown kind: messages can be written in it, and no threads are opened."""

NoteDirect = Callable[[int], Awaitable[None]]
"""Is told of a direct channel in which the bot has posted what people answer or press. Raises the port's errors."""
ReplyPrivately = Callable[[InboundEvent, Line], Awaitable[None]]


class FirstDeliveries:
    """Tells which of two gateways got an event first: Discord gives it to both, and one delivers it."""

    def __init__(self, capacity: int = 1_000) -> None:
        self._capacity = capacity
        self._first: OrderedDict[str, object] = OrderedDict()

    def is_first(self, session: object, event: Mapping[str, Any]) -> bool:
        """Tell whether no other `session` got this message or interaction, and remember it. The oldest one is dropped."""
        first = self._first.setdefault(str(event["id"]), session)
        if len(self._first) > self._capacity:
            self._first.popitem(last=False)
        return first is session


class EventDelivery:
    """Delivers events to `host`, and knows which are still under way."""

    def __init__(
        self, host: Host, rest: RestClient, names: Names, reply_privately: ReplyPrivately, other: OtherProcess
    ) -> None:
        self.membership = Membership(rest)
        self.edits, self.firsts = EditTimes(), FirstDeliveries()
        self.names = names
        self.other = other
        self.host = host
        self._rest = rest
        self._reply_privately = reply_privately
        self.note_direct: NoteDirect = not_noted
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._running = 0
        self.idle = asyncio.Event()
        """Set while no delivery is under way."""
        self.idle.set()

    @contextmanager
    def tracked(self) -> Iterator[None]:
        """Count what happens inside as a delivery under way; `idle` is set when the last one has ended."""
        self._running += 1
        self.idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self.idle.set()

    @asynccontextmanager
    async def in_order(self, channel: int) -> AsyncIterator[None]:
        """Deliver the events of a channel one after the other.

        discord.py starts a task for each event, so that one which has to look up its channel could be overtaken by
        the next. The lock is made at once and locks are fair, hence the order is that of the gateway.
        """
        with self.tracked():
            # Tasks that hold a lock or wait for it keep it in the weak dictionary; an idle channel has none.
            lock = self._locks.setdefault(channel, asyncio.Lock())
            async with lock:
                yield

    async def channel_info(
        self, channel: object, guild: discord.Guild | None, person: int | None
    ) -> ChannelInfo:
        """Describe a channel, and for a direct conversation the server that the `person` in it belongs to.

        Discord is asked about a channel that no session describes, such as an archived thread.
        """
        guild_id = guild.id if guild is not None else None
        if isinstance(channel, discord.Thread) and channel.is_private():
            self._rest.note_private(channel.id)
        known = channels.channel_info(channel, guild_id) or await self._looked_up(channel, guild_id)
        return await self.with_home(known, person) if known.kind is ChannelKind.DIRECT else known

    async def _looked_up(self, channel: object, guild_id: int | None) -> ChannelInfo:
        """Ask Discord about a channel."""
        channel_id = getattr(channel, "id", 0)
        # Without a description no thread is opened: the answer goes where the message is. A channel of which the
        # session knows the id alone is a thread.
        is_thread = guild_id is not None and isinstance(channel, discord.PartialMessageable)
        unknown = ChannelInfo(ChannelKind.THREAD if is_thread else ChannelKind.OTHER, channel_id, guild_id)
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                asked = await look_up(lambda: self._rest.channel(channel_id))
            return channels.channel_info(asked, guild_id) or unknown
        except (Forbidden, MessageGone) as error:
            _log.warning("channel lookup failed", extra={"reason": str(error)})
            return unknown
        except (PlatformError, TimeoutError) as error:
            # Its parent, which lists name, is not known.
            _log.warning("channel lookup failed", extra={"reason": str(error)})
            return replace(unknown, checked=False)

    async def with_home(self, channel: ChannelInfo, person: int | None) -> ChannelInfo:
        """Add to a direct conversation the server that the person belongs to."""
        if channel.kind is not ChannelKind.DIRECT:
            return channel
        home = await self.membership.home(person)
        return replace(channel, home=home, checked=channel.checked and self.membership.checked(person))

    async def deliver(self, event: InboundEvent) -> None:
        """Give an event to the core, several times if need be. Raises what the core raised at the last attempt.

        The person behind it is told if it could not be accepted, for nothing will bring it again.
        """
        try:
            # Whatever keeps the core from writing may pass.
            await retry(
                lambda: self.host.accept(event),
                backoff=RETRY_DELAYS,
                on=Exception,
                before_sleep=lambda error, _: _log.warning(
                    "event was not accepted, retrying", extra={"reason": type(error).__name__}
                ),
            )
        except Exception as error:
            # Nobody is told of a lost edit, because the question itself was accepted, nor of a lost message to others
            # in a thread, because it asked nothing.
            if not isinstance(event, MessageChange | HomeOpened | Invited | Reaction) and (
                not isinstance(event, Prompt) or event.addressed
            ):
                await self._report_failure(event, error)
            else:
                _log.error("event was not accepted", extra={"reason": type(error).__name__})
            raise

    async def _report_failure(
        self, event: Prompt | Click | StopRequest | ManageCommand, error: Exception
    ) -> None:
        """Tell a person that their question was not accepted, when Discord takes that."""
        # The event has no row, so its own key makes the reference that the sentence and the log share.
        key = event.thread.id if isinstance(event, StopRequest) else event.key
        told = not_taken(key, error)
        await retry(
            lambda: self._reply_privately(event, (told,)),
            backoff=RETRY_DELAYS,
            on=pause_before_retry,
        )


async def not_noted(_: int) -> None:
    """Do nothing: all direct messages come to this process."""


def not_taken(key: str, error: Exception) -> str:
    """Return what a person is told of an event that was not accepted, with its reference, and log that with the reason."""
    _log.error("event was not accepted", extra={"ref": reference(key), "reason": type(error).__name__})
    return with_reference(strings.NOT_TAKEN, key)


def parse(event: str, parser: Callable[[Any], None], data: Any) -> None:
    """Let a parser of discord.py read an event; one that it cannot read is logged and skipped."""
    try:
        if event == _INTERACTION:
            channel = data.get("channel") or {}
            # Of a channel of a kind that it does not know, discord.py forgets even the id.
            if data.get("guild_id") is not None and channel.get("type") not in _KINDS:
                data = {**data, "channel": {**_BESIDE_VOICE, "id": data["channel_id"]}}
        parser(data)
    except Exception as error:  # noqa: BLE001  # whatever is wrong with one event, the session goes on
        _log.warning("event skipped, not readable", extra={"kind": event, "reason": type(error).__name__})


async def receive(receiver: Callable[[Any], Coroutine[Any, Any, None]], frame: Any) -> None:
    """Hand a frame to discord.py; one that is nested too deeply for Python's JSON is logged and skipped."""
    try:
        await receiver(frame)
    except RecursionError as error:
        _log.warning("event skipped, not readable", extra={"kind": "", "reason": type(error).__name__})
