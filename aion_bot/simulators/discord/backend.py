"""Changes in the simulated server, by anybody: messages, threads, and the gateway events that report them."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aion_bot.simulators.discord import limits, payloads, pings
from aion_bot.simulators.discord.errors import (
    ApiError,
    closed_to_you,
    invalid_form,
    not_yours,
    thread_archived,
    thread_exists,
    unknown_emoji,
    wrong_channel_type,
)
from aion_bot.simulators.discord.gateway import DIRECT_MESSAGES, GUILD_MESSAGES, GUILDS, Gateway
from aion_bot.simulators.discord.model import (
    DIRECT,
    EPHEMERAL,
    HAS_THREAD,
    TEXT,
    THREAD,
    Channel,
    Message,
    World,
)
from aion_bot.simulators.visible_changes import ChangeListeners, VisibleChange
from aion_bot.simulators.workspace import ShownPicture, SimulatedFile, SimulatedPerson

Body = Mapping[str, Any]
STARTER = 21
"""Type of the notice at the top of a thread that was opened from a message."""


class Backend:
    """Changes the world, dispatches gateway events, and shows the bot's messages to `listeners` at `clock`'s time."""

    def __init__(self, world: World, gateway: Gateway, clock: Callable[[], float] = time.monotonic) -> None:
        self.world = world
        self.gateway = gateway
        self.listeners = ChangeListeners()
        self._clock = clock
        self._nonces: dict[tuple[str, str], Message] = {}

    def post(self, message: Message, body: Body) -> Message:
        """Add a message to its channel. Raises ApiError."""
        limits.check_message(body)
        channel = self.world.channel(message.channel)
        beside = [*message.embeds, *message.attachments, message.forwarded]
        limits.check_not_empty(message.content, [one for one in beside if one])
        if channel.person is not None and channel.person.id in self.world.closed_to_bot:
            raise closed_to_you()
        if channel.archived:
            self.update(channel, {"archived": False})
        self._count_pings(message, body)
        self.world.messages[channel.id].append(message)
        if message.only_for is None:
            self._send_event("MESSAGE_CREATE", message)
        self._changed(message)
        return message

    def post_as_bot(
        self, channel: str, body: Body, *, files: Mapping[str, bytes] | None = None, **about: Any
    ) -> Message:
        """Post a message of the bot; an enforced nonce makes one message, however often it is sent."""
        nonce = str(body["nonce"]) if body.get("nonce") is not None else None
        known = (
            self._nonces.get((channel, nonce)) if nonce is not None and body.get("enforce_nonce") else None
        )
        if known is not None:
            return known
        flags = int(body.get("flags") or 0)
        message = Message(
            id=self.world.new_id(),
            channel=channel,
            author=self.world.bot,
            content=str(body.get("content") or "").strip(),
            embeds=list(body.get("embeds") or []),
            components=list(body.get("components") or []),
            flags=flags,
            nonce=nonce,
            replied_to=self._reference(body),
            **about,
        )
        _attach(message, body, files or {})
        if flags & EPHEMERAL and message.asked_by is not None:
            message.only_for = message.asked_by.id
        self.post(message, body)
        if nonce is not None:
            self._nonces[channel, nonce] = message
        return message

    def forget(self) -> None:
        """Expire all nonces, as Discord does after some minutes."""
        self._nonces.clear()

    def say(self, person: SimulatedPerson, channel: Channel, text: str, **about: Any) -> Message:
        """Post a message of a person."""
        return self.post(Message(self.world.new_id(), channel.id, person, text, **about), {})

    def edit(self, message: Message, body: Body, files: Mapping[str, bytes] | None = None) -> Message:
        """Edit a message of the bot, and give it `files` where there are any. Raises ApiError."""
        if message.author != self.world.bot:
            raise not_yours()
        if self.world.channel(message.channel).archived:
            raise thread_archived()
        limits.check_message(body)
        content = str(body["content"] or "").strip() if "content" in body else message.content
        embeds = list(body["embeds"] or []) if "embeds" in body else message.embeds
        limits.check_not_empty(content, embeds)
        message.content, message.embeds, message.edited = content, embeds, _now()
        if files:
            _attach(message, body, files)
        if "components" in body:
            message.components = list(body["components"] or [])
        message.flags = int(body["flags"] or 0) if "flags" in body else message.flags
        self._count_pings(message, body)
        self._send_event("MESSAGE_UPDATE", message)
        self._changed(message)
        return message

    def rewrite(self, message: Message, text: str) -> None:
        """Edit a message as its author."""
        message.content, message.edited = text, _now()
        message.versions.append(text)
        self._send_event("MESSAGE_UPDATE", message)

    def preview(self, message: Message) -> None:
        """Add the preview of a link, as Discord does after a while; this does not count as an edit."""
        message.embeds = [{"type": "link", "url": "https://aion.example", "title": "Aion"}]
        self._send_event("MESSAGE_UPDATE", message)

    def react(self, message: Message, emoji: str) -> None:
        """Add a reaction of the bot."""
        if emoji not in message.reactions:
            message.reactions.append(emoji)
        self.gateway.changed.set()

    def unreact(self, message: Message, emoji: str) -> None:
        """Remove a reaction of the bot. Raises ApiError."""
        if emoji not in message.reactions:
            raise unknown_emoji()
        message.reactions.remove(emoji)
        self.gateway.changed.set()

    def delete(self, message: Message) -> None:
        """Delete a message."""
        self.world.messages[message.channel].remove(message)
        channel = self.world.channel(message.channel)
        data = {"id": message.id, "channel_id": channel.id}
        data |= {} if channel.guild is None else {"guild_id": channel.guild}
        self.gateway.dispatch("MESSAGE_DELETE", data, _messages_intent(channel))
        self._changed(message, gone=True)

    def purge(self, channel: Channel, messages: Sequence[Message]) -> None:
        """Delete several messages of a channel at once."""
        for message in messages:
            self.world.messages[channel.id].remove(message)
        data = {"ids": [one.id for one in messages], "channel_id": channel.id, "guild_id": channel.guild}
        self.gateway.dispatch("MESSAGE_DELETE_BULK", data, GUILD_MESSAGES)

    def close_thread(self, thread: Channel) -> None:
        """Delete a thread with its messages."""
        del self.world.channels[thread.id], self.world.messages[thread.id]
        data = {"id": thread.id, "guild_id": thread.guild, "parent_id": thread.parent, "type": thread.kind}
        self.gateway.dispatch("THREAD_DELETE", data, GUILDS)

    def invite(self, server: str, channel: str, shard: tuple[int, int] | None = None) -> Channel:
        """Add the bot to another server, with one channel; returns that. `shard`: the server's, and of how many."""
        guild = self.world.new_id() if shard is None else self.world.new_id_of(*shard)
        added = Channel(self.world.new_id(), TEXT, channel, guild)
        self.world.servers[str(added.guild)] = server
        self.world.joined[str(added.guild)] = datetime.now(UTC).isoformat()
        self.world.system_channels[str(added.guild)] = added.id
        self.world.add(added)
        told = payloads.guild(self.world, str(added.guild))
        del told["unavailable"]  # it is there only for a server that the bot was in before
        self.gateway.dispatch("GUILD_CREATE", told, GUILDS)
        return added

    def remove_bot(self) -> None:
        """Remove the bot from the server."""
        self.world.removed = True
        self.gateway.dispatch("GUILD_DELETE", {"id": self.world.guild}, GUILDS)

    def open_thread(self, message: Message, body: Body, *, by: SimulatedPerson | None = None) -> Channel:
        """Open a thread from a message, as the bot or as a person; it gets the message's id. Raises ApiError."""
        limits.check_thread(body)
        parent = self.world.channel(message.channel)
        if parent.kind != TEXT:
            raise wrong_channel_type()
        if message.id in self.world.channels:
            raise thread_exists()
        thread = self.world.add(
            Channel(message.id, THREAD, str(body["name"]), parent.guild, parent=parent.id)
        )
        thread.owner = (by or self.world.bot).id
        thread.archive_after = int(body.get("auto_archive_duration", thread.archive_after))
        message.flags |= HAS_THREAD
        self.gateway.dispatch("THREAD_CREATE", payloads.channel(thread) | {"newly_created": True}, GUILDS)
        self._send_event("MESSAGE_UPDATE", message)
        notice = Message(self.world.new_id(), thread.id, message.author, "", kind=STARTER, replied_to=message)
        self._send_event("MESSAGE_CREATE", notice)
        return thread

    def update(self, channel: Channel, body: Body) -> Channel:
        """Change a thread."""
        if "name" in body:
            limits.check_thread(body)
            channel.name = str(body["name"])
        channel.archived = bool(body.get("archived", channel.archived))
        channel.locked = bool(body.get("locked", channel.locked))
        self.gateway.dispatch("THREAD_UPDATE", payloads.channel(channel), GUILDS)
        return channel

    def _reference(self, body: Body) -> Message | None:
        reference = body.get("message_reference")
        if not reference:
            return None
        try:
            return self.world.message(str(reference["channel_id"]), str(reference["message_id"]))
        except ApiError:
            if reference.get("fail_if_not_exists", True):
                raise invalid_form(
                    "message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message"
                ) from None
            return None

    def _count_pings(self, message: Message, body: Body) -> None:
        """Record the history: texts, buttons, notified people."""
        people = {one.id for one in self.world.people}
        answered = message.replied_to.author.id if message.replied_to is not None else None
        text = "\n".join([message.content, *limits.embed_texts(message.embeds)]).strip()
        if message.versions[-1:] != [text]:
            message.versions.append(text)
        message.payload = dict(body)
        message.buttons |= {str(one["custom_id"]) for row in message.components for one in row["components"]}
        if message.author == self.world.bot:
            message.pings += pings.pinged(message.content, body.get("allowed_mentions"), people, answered)

    def _changed(self, message: Message, *, gone: bool = False) -> None:
        """Wake waiting tests, and show the message as Discord's Markdown to listeners."""
        self.gateway.changed.set()
        if self.listeners and message.author == self.world.bot:
            asker = "" if gone else message.versions[-1]
            bystanders = "" if message.only_for else asker
            thread = message.seen_in or message.channel
            self.listeners.notify(
                VisibleChange(self._clock(), message.channel, thread, message.id, asker, bystanders)
            )

    def _send_event(self, kind: str, message: Message) -> None:
        channel = self.world.channel(message.channel)
        self.gateway.dispatch(kind, payloads.event(message, self.world), _messages_intent(channel))


def _attach(message: Message, body: Body, files: Mapping[str, bytes]) -> None:
    """Give a message of the bot files: those that the body describes are pictures, the others texts."""
    described = {
        one["filename"]: one["description"] for one in body.get("attachments") or [] if one.get("description")
    }
    message.attachments = tuple(files)
    message.contents = tuple(SimulatedFile(name, content) for name, content in files.items())
    message.files = {name: content.decode() for name, content in files.items() if name not in described}
    message.pictures = tuple(ShownPicture(name, "", said, files[name]) for name, said in described.items())


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _messages_intent(channel: Channel) -> int:
    return DIRECT_MESSAGES if channel.kind == DIRECT else GUILD_MESSAGES
