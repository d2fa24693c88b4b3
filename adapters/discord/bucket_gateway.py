"""The gateway of one of a bucket's shards: it hands over what belongs to another bucket, and takes what was handed over to it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

import discord
from discord import app_commands

from adapters.discord import ids
from adapters.discord.backfill import Backfill, Deliver
from adapters.discord.direct_messages import FIRST, DirectMessages
from adapters.discord.shards import ShardGateway
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError
from aion_bot.ports.messages import ThreadKey

CREATED, EDITED, DELETED = "MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"
REACTED, USED = "MESSAGE_REACTION_ADD", "INTERACTION_CREATE"
MISSED = "missed message"
"""Names a message that was read by REST: the ids alone are handed over."""
_PRESSES = {discord.InteractionType.component.value, discord.InteractionType.modal_submit.value}

_log = logging.getLogger(__name__)


class BucketGateway(ShardGateway):
    """A shard's gateway, with what is known of `direct` messages: their events come to shard 0, so to the first bucket."""

    def __init__(self, *parts: Any, direct: DirectMessages, **options: Any) -> None:
        super().__init__(*parts, **options)
        self._direct = direct
        self._routing: set[asyncio.Task[None]] = set()
        parsers = self._connection.parsers
        if self.shard_id == FIRST:
            for name in CREATED, EDITED, DELETED, REACTED, USED:
                parsers[name] = partial(self._parse_direct, name, parsers[name])

    async def shut(self) -> None:
        """Close, and leave what is still on its way to another bucket to the next session, which reads it."""
        await super().shut()
        # Not before: what is tracked has a moment to be handed over while the gateway closes.
        for task in self._routing:
            task.cancel()

    async def take(self, event: str, data: Mapping[str, Any], others: Sequence[int]) -> None:
        """Take what another bucket has handed over; `others` may know of a press that this bucket does not.

        Returns once it is recorded, or its person was told that it is not. Raises the port's errors where a missed message
        cannot be read now, and what discord.py raises for what it cannot read.
        """
        # Not by discord.py's parsers: they start a task for each event, and nobody would learn what became of it.
        takes: Mapping[str, Callable[[Any], Coroutine[Any, Any, None]]] = {
            CREATED: lambda found: self.on_message(self._message(found)),
            EDITED: lambda found: self.on_raw_message_edit(
                discord.RawMessageUpdateEvent(found, self._message(found))
            ),
            DELETED: lambda found: self.on_raw_message_delete(discord.RawMessageDeleteEvent(found)),
            REACTED: self._take_reaction,
            USED: partial(self._take_interaction, others),
            MISSED: self._take_missed,
        }
        await takes[event](data)

    async def deliver_missed(self, message: discord.Message) -> None:
        """Deliver a message that was read by REST, or hand it over."""
        if message.guild is None and self.shard_id == FIRST:
            found = {"channel_id": str(message.channel.id), "id": str(message.id)}
            if await self._is_handed_over(MISSED, found, message.channel.id):
                return
        await self.on_message(message)

    def _parse_direct(self, name: str, parser: Callable[[Any], None], data: Any) -> None:
        """Read an event of a server, or look first whose it is where it is of direct messages."""
        # The bot's own edits come several a second while an answer grows: not each is to ask the database whose it is.
        own_edit = name == EDITED and int((data.get("author") or {}).get("id", 0)) == self._connection.self_id
        if self._closing or "guild_id" in data or "channel_id" not in data or own_edit:
            parser(data)
            return
        task = asyncio.create_task(self._route(name, parser, data))
        self._routing.add(task)
        task.add_done_callback(self._routing.discard)

    async def _route(self, name: str, parser: Callable[[Any], None], data: Any) -> None:
        channel = int(data["channel_id"])
        # What is read here comes behind it, in the order of the gateway.
        async with self._delivery.in_order(channel):
            if not await self._is_handed_over(name, data, channel):
                parser(data)
            elif name in {CREATED, USED}:
                self._backfill.note_seen(int(data["id"]))

    async def _is_handed_over(self, name: str, data: Mapping[str, Any], channel: int) -> bool:
        known = await self._direct.buckets(channel)
        # A press is of whichever bucket has recorded its key. All else is of the newest conversation.
        others = [one for one in known if one != FIRST]
        if not _is_press(name, data):
            others = others[:1] if known[0] != FIRST else []
        elif others and await self._knows(data):
            others = []
        return bool(others) and await self._direct.hand_over(others, name, data)

    async def _knows(self, press: Mapping[str, Any]) -> bool:
        parsed = ids.parse_custom_id(str(press["data"].get("custom_id", "")))
        return parsed is not None and await self._delivery.host.knows(parsed[1])

    def _message(self, data: Any) -> discord.Message:
        # As discord.py does it for an event: no session describes direct conversations.
        channel = discord.DMChannel._from_message(self._connection, int(data["channel_id"]))  # noqa: SLF001  # no public way
        return self._connection.create_message(channel=channel, data=data)

    async def _take_missed(self, found: Mapping[str, str]) -> None:
        try:
            async with self._rest.call() as client:
                data = await client.http.get_message(int(found["channel_id"]), int(found["id"]))
        except (Forbidden, MessageGone):
            return  # it was deleted
        await self.on_message(self._message(data))

    async def _take_reaction(self, data: Any) -> None:
        emoji = discord.PartialEmoji.from_dict(data["emoji"])
        await self.on_raw_reaction_add(discord.RawReactionActionEvent(data, emoji, "REACTION_ADD"))

    async def _take_interaction(self, others: Sequence[int], data: Any) -> None:
        if _is_press(USED, data):
            if others and not await self._knows(data) and await self._direct.hand_over(others, USED, data):
                return
            await self.on_interaction(discord.Interaction(data=data, state=self._connection))
            return
        interaction = discord.Interaction[discord.Client](data=data, state=self._connection)
        try:
            await self._commands._call(interaction)  # noqa: SLF001  # discord.py's public way starts a task
        except app_commands.AppCommandError as error:
            await self._commands.on_error(interaction, error)


class BucketBackfill(Backfill):
    """Reads what a bucket's gateway missed, in the first one also what other buckets' people wrote directly."""

    async def run(
        self, client: discord.Client, away: int | None, threads: Sequence[ThreadKey], deliver: Deliver
    ) -> None:
        """Deliver what was written since, or hand it over; as `Backfill.run`."""
        await super().run(
            client, away, threads, client.deliver_missed if isinstance(client, BucketGateway) else deliver
        )


def _is_press(name: str, data: Mapping[str, Any]) -> bool:
    return name == USED and data["type"] in _PRESSES


async def taken(gateway: BucketGateway, event: str, data: Any, others: Sequence[int]) -> bool:
    """Let a gateway take what was handed over; False where it has to be tried again. What cannot be read is logged and done with."""
    try:
        await gateway.take(event, data, others)
    except PlatformError as error:
        _log.warning("direct message not taken yet", extra={"reason": str(error)})
        return False
    except Exception as error:  # noqa: BLE001  # it cannot be read, or its person was told that it was not taken
        _log.warning("direct message not taken", extra={"kind": event, "reason": type(error).__name__})
    return True
