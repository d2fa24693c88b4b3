"""What one side of the page shows of its workspace, the same for every platform. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aion_bot.demo.page.elements import Button, Html
from aion_bot.demo.page.meter import Reading
from aion_bot.simulators.workspace import Shown, SimulatedPerson, Workspace

TITLE = 44
"""Characters of a thread's name in the list of places."""


@dataclass(frozen=True, slots=True)
class Place:
    """A "channel", a "thread" of the place `parent`, or the "direct" messages of a person."""

    id: str
    name: str
    kind: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A message in a place: its time (seconds of the epoch), a note above it, and its thread below it."""

    shown: Shown
    since: float
    above: str = ""
    thread: str = ""
    replies: int = 0


class Side(Protocol):
    """One workspace as the page shows it to one person. Private replies to others are never in it.

    `key` names the side in addresses and in the style sheet; `prefix` is what people write before a question.
    """

    key: str
    server: str
    prefix: str

    @property
    def workspace(self) -> Workspace:
        """The simulator behind it."""

    @property
    def online(self) -> bool:
        """Whether a bot is connected."""

    @property
    def reading(self) -> Reading:
        """The bot's requests against the platform's limit."""

    @property
    def names(self) -> Mapping[str, str]:
        """The names that a person reads instead of ids."""

    def places(self, person: SimulatedPerson) -> Sequence[Place]:
        """The places that this person can see, threads after their channel; never empty."""

    def entries(self, place: Place, person: SimulatedPerson) -> Sequence[Entry]:
        """What this person sees in a place, oldest first."""

    def draw(self, shown: Shown, button: Button) -> Html:
        """Render a message's newest payload."""

    async def say(self, person: SimulatedPerson, place: Place, words: str) -> str:
        """Ask the bot there; returns the place of the answer.

        Raises TimeoutError if the platform would report that the bot did not respond.
        """


def find(side: Side, person: SimulatedPerson, place: str) -> Place:
    """The place with this id, or the first one if this person cannot see it."""
    places = side.places(person)
    return next((one for one in places if one.id == place), places[0])


def who(side: Side, name: str) -> SimulatedPerson:
    """The person with this name, or the first one."""
    people = side.workspace.people
    return next((one for one in people if one.name == name), people[0])


def clipped(title: str) -> str:
    """Shorten the name of a thread."""
    words = " ".join(title.split())
    return words if len(words) <= TITLE else words[: TITLE - 1].rstrip() + "…"
