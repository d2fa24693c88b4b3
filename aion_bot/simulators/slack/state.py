"""The state of a simulated workspace: channels and messages. No I/O."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aion_bot.simulators.slack.stream import Stream
from aion_bot.simulators.workspace import SimulatedPerson

TEAM = "T0SITEOPS"
OTHER_TEAM = "T0ROOFERS"
"""Another organisation, with which channels may be shared."""
TEAM_NAME = "Site Operations"
APP = "A0AION"
BOT = SimulatedPerson("U0AION", "aion")
BOT_ID = "B0AION"
SLACKBOT = SimulatedPerson("USLACKBOT", "Slackbot")


@dataclass(frozen=True, slots=True)
class Team:
    """A workspace in which the app is installed: `bot` is the app's user there, and `bot_id` what it writes as.

    `mark` follows the first letter in the ids of its channels. `organisation` is the id of the one that it belongs to, and
    for which the app was installed.
    """

    id: str = TEAM
    name: str = TEAM_NAME
    bot: SimulatedPerson = BOT
    bot_id: str = BOT_ID
    mark: str = "0"
    organisation: str = ""

    @property
    def domain(self) -> str:
        """The first part of its host name."""
        return self.name.lower().replace(" ", "-")

    @property
    def general(self) -> str:
        """The id of the channel in which everybody is."""
        return f"C{self.mark}GENERAL"


HOME = Team()
"""The only workspace, where a simulation has one."""

KINDS = {"channel": "message.channels", "group": "message.groups", "im": "message.im", "mpim": "message.mpim"}
"""Kinds of conversations as `channel_type` names them, and the event that reports messages there."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation. `member`: the bot is in it; `shared`: another organisation is.

    Nobody writes in an `archived` channel. `guests` are the ids of those who belong to the other organisation.
    """

    id: str
    name: str
    kind: str = "channel"
    member: bool = True
    shared: bool = False
    archived: bool = False
    guests: frozenset[str] = frozenset()
    home: Team = HOME


@dataclass(slots=True)
class Message:
    """One message; `versions` are its bodies, newest last.

    `team` is the id of its author's organisation, by default that of its workspace (`home`).

    `reactions` are those of the bot; `buried` is a deleted message whose thread remains; `stream` is the native stream of a
    streamed message.
    """

    ts: str
    channel: str
    author: SimulatedPerson
    versions: list[Mapping[str, Any]]
    thread_ts: str | None = None
    only_for: str | None = None
    metadata: Mapping[str, Any] | None = None
    files: tuple[Mapping[str, Any], ...] = ()
    pings: list[str] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)
    buried: bool = False
    stream: Stream | None = None
    team: str = ""
    home: Team = HOME

    def __post_init__(self) -> None:
        self.team = self.team or self.home.id

    @property
    def by_bot(self) -> bool:
        """Whether the bot under test wrote it."""
        return self.author == self.home.bot

    @property
    def body(self) -> Mapping[str, Any]:
        """The newest body."""
        return self.versions[-1]

    def shown_to(self, person: str | None) -> Mapping[str, Any]:
        """The body that a person sees, by id; None is anybody to whom it is not streamed."""
        return self.body if self.stream is None else self.stream.shown(self.body, person)


@dataclass(slots=True)
class Forms:
    """The modals that people see, by person, and the triggers that have opened one; `slow`: each new one comes too late."""

    open: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    slow: bool = False


class Clock:
    """Makes `ts` values: the time in microseconds, never the same twice."""

    def __init__(self) -> None:
        self._last = 0

    def begin_at(self, seconds: float) -> None:
        """Make no earlier one than this time, in seconds since the epoch."""
        self._last = max(self._last, int(seconds * 1_000_000))

    def ts(self) -> str:
        """The next one."""
        self._last = max(self._last + 1, time.time_ns() // 1_000)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"


class Conversations:
    """Every channel and message of the workspace, oldest first; `groups` are handles of user groups by id.

    `members` are the ids of the people in each group, `guests` those of people who are guests of the workspace,
    `single_channel_guests` those of guests in one channel alone, `admins` those of admins, `bots` those of people who are users
    of other apps, `deactivated` those whose accounts are closed.

    `page`: the most messages of a thread that Slack lists at once, 15 to apps outside of its Marketplace that others
    install (since 2025-05-29), and 999 to the others.
    """

    def __init__(self, people: Sequence[SimulatedPerson], team: Team = HOME) -> None:
        self.team = team
        self.clock = Clock()
        self.page = 15
        self.channels: dict[str, Channel] = {}
        self.messages: list[Message] = []
        self.deleted: list[Message] = []
        self.sessions: dict[tuple[str, str], str] = {}
        self.session_titles: dict[tuple[str, str], str] = {}
        self.forms = Forms()
        self.homes: dict[str, Mapping[str, Any]] = {}
        """What each person's Home tab of the app shows."""
        self.groups: dict[str, str] = {}
        self.members: dict[str, set[str]] = {}
        self.guests: set[str] = set()
        self.bots: set[str] = set()
        self.single_channel_guests: set[str] = set()
        self.admins: set[str] = set()
        self.deactivated: set[str] = set()
        self.removed: set[tuple[str, str]] = set()
        """People who were removed from a channel: its id and theirs. All others are in every channel."""
        self.closed: set[str] = set()
        """Direct messages that take nothing of the app: its Messages tab is switched off."""
        self.people = {person.id: person for person in people}
        self.add(Channel(team.general, "general"))
        for person in people:
            self.add(Channel(direct_channel(person.id), person.name, kind="im"))

    def add(self, channel: Channel) -> Channel:
        """Open a channel."""
        self.channels[channel.id] = channel = replace(channel, home=self.team)
        return channel

    def find_channel(self, name: str) -> Channel | None:
        """The channel with this id; for a person's id the direct conversation with the bot."""
        return self.channels.get(direct_channel(name) if name in self.people else name)

    def find(self, channel: str, ts: str) -> Message | None:
        """The message with this `ts`."""
        return next((m for m in self.messages if (m.channel, m.ts) == (channel, ts)), None)

    def thread(self, ts: str) -> list[Message]:
        """The message with this `ts`, its replies, and ephemeral messages for its author in the channel."""
        return [m for m in self.messages if ts in {m.ts, m.thread_ts} or self._answered(m) == ts]

    def _answered(self, private: Message) -> str | None:
        """The message to which an ephemeral message in the channel must be the answer: its reader's last."""
        if private.only_for is None or private.thread_ts is not None:
            return None
        said = (m for m in self.messages if (m.channel, m.author.id) == (private.channel, private.only_for))
        return max((m.ts for m in said if m.thread_ts is None and m.ts < private.ts), default=None)

    def remove(self, message: Message) -> None:
        """Delete a message; one with replies becomes a tombstone, as Slack shows it."""
        self.deleted.append(replace(message, versions=list(message.versions)))
        if any(message.ts == other.thread_ts for other in self.messages):
            message.buried, message.author = True, SLACKBOT
            message.versions.append({"text": "This message was deleted."})
        else:
            self.messages.remove(message)

    def names(self) -> Mapping[str, str]:
        """The names that a person reads instead of ids."""
        known: Iterable[SimulatedPerson] = (*self.people.values(), self.team.bot)
        return {someone.id: someone.name for someone in known} | {
            c.id: c.name for c in self.channels.values()
        }


def team_of(person: str, channel: Channel) -> str:
    """Id of the team that somebody in a channel belongs to."""
    return OTHER_TEAM if person in channel.guests else channel.home.id


def direct_channel(person: str) -> str:
    """The id of the direct messages of a person with the bot."""
    return "D" + person[1:]
