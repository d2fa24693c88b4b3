"""The simulated Discord as the page shows it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from aion_bot.demo.page import discord_payload, meter
from aion_bot.demo.page.elements import Button, Html, Picture
from aion_bot.demo.page.sides import Activity, Attached, Entry, Place, clipped, command_of
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.commands import IN_CHAT
from aion_bot.simulators.discord.model import HAS_THREAD, TEXT, THREAD, Message, attached
from aion_bot.simulators.workspace import Shown, SimulatedFile, SimulatedPerson

LIMIT = meter.Limit(
    "PATCH /channels/{channel_id}/messages/{message_id}",
    5,
    5.0,
    by_channel=True,
    words="edits in five seconds, in the busiest thread",
)
"""The observed limit of one channel. Discord documents no number, only the headers of responses."""
_TYPING, _POST = "POST /channels/{channel_id}/typing", "POST /channels/{channel_id}/messages"
_TYPES_FOR = 10.0
"""Seconds that Discord shows "is typing" (Discord's documentation, *Trigger Typing Indicator*)."""

_EPOCH = 1_420_070_400.0


class DiscordSide:
    """Channels, threads and direct messages."""

    key = "discord"

    def __init__(self, workspace: SimulatedDiscord) -> None:
        self.workspace = workspace
        self.server = workspace.world.servers[workspace.world.guild]
        self._world = workspace.world

    @property
    def online(self) -> bool:
        """Whether the bot listens to the gateway."""
        return bool(self.workspace.gateway.listening)

    @property
    def reading(self) -> meter.Reading:
        """Edits against Discord's limit."""
        return meter.read(LIMIT, self.workspace.server.log, time.monotonic())

    @property
    def names(self) -> Mapping[str, str]:
        """People, the bot and channels."""
        people = {one.id: one.name for one in (*self._world.people, self._world.bot)}
        return people | {one.id: one.name for one in self._world.channels.values()}

    def places(self, person: SimulatedPerson) -> Sequence[Place]:
        """Channels with their threads, and this person's direct messages."""
        direct = Place(self._world.direct(person).id, self._world.bot.name, "direct")
        return [*self._channels(), direct]

    def entries(self, place: Place, person: SimulatedPerson) -> Sequence[Entry]:
        """Messages of a channel, of a thread with its first message, or of the direct messages."""
        found = (self._entry(one, place, person) for one in self.workspace.thread(place.id))
        return [one for one in found if one is not None and one.shown.only_for in {None, person.id}]

    def visit(self, place: Place, person: SimulatedPerson) -> None:
        """Discord tells nobody of it."""

    def draw(self, shown: Shown, button: Button, picture: Picture) -> Html:
        """Draw content, pictures, embeds and components."""
        seen = [(picture(one.content), one.description) for one in shown.pictures]
        return discord_payload.draw(shown.payload, self.names, button, seen)

    def prefix(self, place: Place) -> str:
        """The command in a channel; in a thread a mention, without which the bot cannot read the words."""
        return {"channel": "/ask", "thread": f"@{self._world.bot.name}"}.get(place.kind, "")

    def activity(self, place: Place) -> Activity | None:
        """Whether the bot types: for some seconds, or until it writes."""
        now = time.monotonic()
        for call in reversed(self.workspace.log):
            if now - call.at > _TYPES_FOR:
                break
            if call.channel == place.id and call.name in {_TYPING, _POST}:
                return Activity(f"{self._world.bot.name} is typing…") if call.name == _TYPING else None
        return None

    async def say(
        self, person: SimulatedPerson, place: Place, words: str, files: Sequence[SimulatedFile] = ()
    ) -> str:
        """Use /ask in a channel, mention the bot in a thread, send it a direct message, or use `/aion`.

        Files go with a message: in a channel that is a mention.
        """
        if (command := command_of(words)) is not None:
            await self.workspace.command(person, command, thread=place.id)
            return place.id
        if files:
            text = words if place.kind == "direct" else f"{self._mention} {words}"
            said = self.workspace.say(person, text.strip(), place.id, **attached(files))
            return said.id if place.kind == "channel" else place.id
        if place.kind == "thread":
            await self.workspace.reply(person, place.id, words)
            return place.id
        if place.kind == "direct":
            return await self.workspace.direct_message(person, words)
        return await self.workspace.ask(person, words, channel=place.id)

    async def ask_about(self, person: SimulatedPerson, place: Place, message: str) -> str:
        """Use the command in the message's menu."""
        del place
        return await self.workspace.ask_about(person, message)

    def edit(self, message: str, words: str) -> None:
        """Edit a message as its writer."""
        mentions = self._mention in self._world.anywhere(message).content
        (self.workspace.edit_message if mentions else self.workspace.rewrite)(message, words)

    async def stop(self, person: SimulatedPerson, place: Place) -> None:
        """Discord has no Stop of its own."""
        raise LookupError(f"no Stop in {place.id} for {person.name}")

    @property
    def _mention(self) -> str:
        return f"<@{self._world.bot.id}>"

    def _channels(self) -> Iterator[Place]:
        for channel in tuple(self._world.channels.values()):
            if channel.kind == TEXT:
                yield Place(channel.id, channel.name, "channel")
                yield from self._threads(channel.id)

    def _threads(self, channel: str) -> Iterator[Place]:
        for one in self._world.channels.values():
            if one.kind == THREAD and one.parent == channel:
                yield Place(one.id, clipped(one.name), "thread", channel)

    def _entry(self, shown: Shown, place: Place, person: SimulatedPerson) -> Entry | None:
        message = self._world.anywhere(shown.id)
        if message.seen_in is not None and message.seen_in != place.id:
            return None
        return Entry(
            replace(shown, payload=_whole(message)),
            (int(message.id) >> 22) / 1000 + _EPOCH,
            above=self._above(message),
            thread=message.id if self._opens_thread(message) and message.id != place.id else "",
            replies=len(self._world.messages.get(message.id, ())),
            marks=message.reactions,
            attached=() if shown.by_bot else [Attached(one.name, one.content) for one in message.contents],
            own=message.content.removeprefix(self._mention).strip() if message.author == person else None,
        )

    def _above(self, message: Message) -> str:
        if message.replied_to is not None:
            return f"in reply to {message.replied_to.author.name}"
        used = (
            one for one in self._world.interactions.values() if one.answer is message and "name" in one.data
        )
        command = next(used, None)
        if command is None:
            return ""
        sign = "/" if command.data.get("type") == IN_CHAT else ""
        return f"{command.person.name} used {sign}{command.data['name']}"

    def _opens_thread(self, message: Message) -> bool:
        return bool(message.flags & HAS_THREAD) and message.id in self._world.channels


def _whole(message: Message) -> Mapping[str, object]:
    """Merge the bodies that the bot sent: an edit names only what it changes."""
    return {
        **message.payload,
        "content": message.content,
        "embeds": message.embeds,
        "components": message.components,
        "flags": message.flags,
    }
