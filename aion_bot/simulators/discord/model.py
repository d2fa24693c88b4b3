"""The state of a simulated Discord: a server, its channels, messages, commands and interactions. No I/O."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aion_bot.simulators.discord.errors import (
    missing_access,
    missing_permissions,
    unknown_channel,
    unknown_message,
)
from aion_bot.simulators.workspace import ShownPicture, SimulatedFile, SimulatedPerson

TEXT, DIRECT, VOICE, THREAD, PRIVATE_THREAD = 0, 1, 2, 11, 12
THREADS = {THREAD, PRIVATE_THREAD}
THREAD_STARTER = 21
"""Type of the notice at the top of a thread that shows the message from which it was opened."""
EPHEMERAL, SUPPRESS_EMBEDS, HAS_THREAD = 1 << 6, 1 << 2, 1 << 5
ACKNOWLEDGE_WITHIN = 3.0
"""Seconds in which an interaction must be answered (Discord's documentation, *Receiving and Responding*)."""
_EPOCH = 1_420_070_400_000


@dataclass(slots=True)
class Channel:
    """A channel, a thread (`parent` is its channel) or a direct conversation (`person` is the other side)."""

    id: str
    kind: int
    name: str
    guild: str | None = None
    parent: str | None = None
    person: SimulatedPerson | None = None
    archived: bool = False
    locked: bool = False
    owner: str = ""
    archive_after: int = 1_440


@dataclass(slots=True)
class Message:
    """A message. `asked_by` used the command that it answers; `seen_in` is a thread that shows it too.

    `forwarded` is the message that it forwards; `contents` are the files of the names in `attachments`, where a person
    attached them.
    """

    id: str
    channel: str
    author: SimulatedPerson
    content: str
    kind: int = 0
    embeds: list[Any] = field(default_factory=list)
    components: list[Any] = field(default_factory=list)
    flags: int = 0
    attachments: tuple[str, ...] = ()
    contents: tuple[SimulatedFile, ...] = ()
    replied_to: "Message | None" = None
    forwarded: "Message | None" = None
    nonce: str | None = None
    edited: str | None = None
    only_for: str | None = None
    asked_by: SimulatedPerson | None = None
    seen_in: str | None = None
    versions: list[str] = field(default_factory=list)
    pings: list[str] = field(default_factory=list)
    payload: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[ShownPicture, ...] = ()
    buttons: set[str] = field(default_factory=set)
    reactions: list[str] = field(default_factory=list)

    def file_id(self, at: int) -> str:
        """The id of an attachment, by its place."""
        # Far from the ids of the messages of the same millisecond.
        return str(int(self.id) + ((at + 1) << 12))


@dataclass(slots=True)
class Interaction:
    """Somebody used a command or pressed a button."""

    id: str
    token: str
    kind: int
    person: SimulatedPerson
    channel: str
    data: Mapping[str, Any]
    message: Message | None = None
    answer: Message | None = None
    answered: bool = False
    late: bool = False
    expired: bool = False
    since: float = field(default_factory=time.monotonic)

    @property
    def too_late(self) -> bool:
        """Whether a first response is refused."""
        return self.late or time.monotonic() - self.since > ACKNOWLEDGE_WITHIN


class World:
    """Everything that exists, by id.

    `removed`: the bot was removed from the server; `invited_to` are the private threads that it is in; `read_only` are channels
    where it may not write, `without_threads` those where it may open no threads; `typing` is where it showed that it types,
    oldest first. `servers` are the names of those that the bot is in, by id, `joined` since when it is in them, long ago where
    nothing stands; `system_channels` are those of them that have one; `status` stands beside the bot's name; `public`: anybody may invite it, unless `code_grant`:
    then the link does not work; `interactions_endpoint` is an address that commands go to; `muted` are people who may read and
    use commands but not write, `timed_out` those who may not for a while whatever their roles say; `absent` are servers and
    people who are not in them; `roles` are the names of the first server's roles by id, `holders` the people who have each.
    `cdn` serves files at addresses with the newest `signature`; `command_files` are those of commands, by id.
    """

    def __init__(self, server: str, bot: str, people: tuple[str, ...], channels: tuple[str, ...]) -> None:
        self._last_id = 0
        self.guild = self.new_id()
        self.servers = {self.guild: server}
        self.joined: dict[str, str] = {}
        self.system_channels: dict[str, str] = {}
        self.public = False
        self.status = ""
        self.code_grant = False
        self.interactions_endpoint: str | None = None
        self.muted: set[str] = set()
        self.timed_out: set[str] = set()
        self.absent: set[tuple[str, str]] = set()
        self.roles: dict[str, str] = {}
        self.holders: dict[str, set[str]] = {}
        self.bot = SimulatedPerson(self.new_id(), bot)
        self.bot_role = self.new_id()
        self.application = self.bot.id
        self.people = tuple(SimulatedPerson(self.new_id(), name) for name in people)
        self.other_bots: list[SimulatedPerson] = []
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, list[Message]] = {}
        self.commands: list[dict[str, Any]] = []
        self.interactions: dict[str, Interaction] = {}
        self.closed_to_bot: set[str] = set()
        self.modals: dict[str, tuple[Interaction, Mapping[str, Any]]] = {}
        """By person: the press that had a modal opened, and the modal."""
        self.removed = False
        self.read_only: set[str] = set()
        self.invited_to: set[str] = set()
        self.without_threads: set[str] = set()
        self.typing: list[str] = []
        self.cdn = "https://cdn.discordapp.com"
        self.signature = "1"
        self.command_files: dict[str, SimulatedFile] = {}
        for name in channels:
            self.add(Channel(self.new_id(), TEXT, name, self.guild))

    def new_id(self) -> str:
        """Make an id as Discord does: milliseconds since 2015, and a counter."""
        now = int(time.time() * 1000) - _EPOCH
        self._last_id = max(self._last_id + 1, now << 22)
        return str(self._last_id)

    def new_id_of(self, shard: int, shards: int) -> str:
        """Make the id of a server that belongs to a shard: those of the next milliseconds belong to the others."""
        made = int(self.new_id())
        # No later id may be the same, as of a server that is made within these milliseconds.
        self._last_id = made + ((shard - (made >> 22)) % shards << 22)
        return str(self._last_id)

    def roles_of(self, person: str) -> list[str]:
        """The ids of a person's roles, oldest first."""
        return [role for role, holders in self.holders.items() if person in holders]

    def add(self, channel: Channel) -> Channel:
        """Add a channel."""
        self.channels[channel.id] = channel
        self.messages[channel.id] = []
        return channel

    def channel(self, channel: str) -> Channel:
        """Find a channel by id. Raises ApiError."""
        if channel not in self.channels:
            raise unknown_channel()
        return self.channels[channel]

    def open_to_bot(self, channel: str, *, writing: bool = False) -> Channel:
        """Find a channel that the bot may see, and write in. Raises ApiError."""
        found = self.channel(channel)
        if self.removed and found.guild is not None:
            raise missing_access()
        if found.kind == PRIVATE_THREAD and found.id not in self.invited_to:
            raise missing_access()
        if writing and self.read_only & {found.id, found.parent}:
            raise missing_permissions()
        return found

    def named(self, name: str) -> Channel:
        """Find a channel by the name that people use, or by id. Raises LookupError."""
        for channel in self.channels.values():
            if name.removeprefix("#") in {channel.id, channel.name}:
                return channel
        raise LookupError(f"no channel {name!r}")

    def message(self, channel: str, message: str) -> Message:
        """Find a message that everybody sees. Raises ApiError."""
        for found in self.messages.get(channel, []):
            if found.id == message and found.only_for is None:
                return found
        raise unknown_message()

    def anywhere(self, message: str) -> Message:
        """Find a message by its id alone. Raises LookupError."""
        for found in self.everything():
            if found.id == message:
                return found
        raise LookupError(f"no message {message!r}")

    def file(self, file: str) -> SimulatedFile | None:
        """Find an attached file by its id, of a message that still exists or of a command."""
        for message in self.everything():
            for at, name in enumerate(message.attachments):
                if file == message.file_id(at):
                    return message.contents[at] if message.contents else SimulatedFile(name)
        return self.command_files.get(file)

    def everything(self) -> list[Message]:
        """All messages of all channels, oldest first."""
        found = [message for inside in self.messages.values() for message in inside]
        return sorted(found, key=lambda message: int(message.id))

    def direct(self, person: SimulatedPerson) -> Channel:
        """Find or create the direct messages of a person and the bot."""
        for channel in self.channels.values():
            if channel.person == person:
                return channel
        return self.add(Channel(self.new_id(), DIRECT, person.name, person=person))

    def command(self, name: str, kind: int) -> dict[str, Any]:
        """Find a registered command. Raises LookupError: nobody can use what Discord does not show."""
        for command in self.commands:
            if command["name"] == name and command.get("type", 1) == kind:
                return command
        raise LookupError(f"no command {name!r} is registered")

    def find_user(self, user: str) -> SimulatedPerson | None:
        """Find a person or bot."""
        return next((one for one in (*self.people, *self.other_bots, self.bot) if one.id == user), None)

    def is_bot(self, someone: SimulatedPerson) -> bool:
        """Whether this is a bot."""
        return someone == self.bot or someone in self.other_bots


def attached(files: Sequence[SimulatedFile]) -> dict[str, Any]:
    """The fields of a message with these files."""
    return {"attachments": tuple(one.name for one in files), "contents": tuple(files)}
